<?php

declare(strict_types=1);

namespace App\Mail;

use App\Contracts\Sender;
use Psr\Log\{LoggerInterface, NullLogger};
require_once __DIR__ . '/bootstrap.php';

const RETRIES = 3;
define('MAIL_DIR', '/var/mail');

/**
 * Sends letters.
 */
#[Service(name: 'mailer')]
final class Mailer extends AbstractMailer implements Sender, \Countable
{
    use LogsEvents, Retries;

    public const DEFAULT_FROM = 'post@example.org';

    private array $queue = [];

    public function __construct(
        private readonly Transport $transport,
        private ?LoggerInterface $logger = null,
    ) {
        $this->logger ??= new NullLogger();
    }

    /** Queues a letter. */
    #[Override]
    public function send(Letter $letter): bool
    {
        $check = function (Letter $l): bool {
            return $l->to !== '';
        };
        if (!$check($letter)) {
            throw new InvalidLetter("no address");
        }
        $this->queue[] = $letter;
        return self::flush($this->transport, ...$this->queue);
    }

    abstract protected function name(): string;

    private static function flush(Transport $transport, Letter ...$letters): bool
    {
        return array_all($letters, fn (Letter $l) => $transport->push($l));
    }

    public function count(): int { return \count($this->queue); }
}

interface Transport
{
    public function push(Letter $letter): bool;
}

trait Retries
{
    public function retry(callable $work): mixed
    {
        return helper\attempt($work, RETRIES);
    }
}

enum Priority: int implements HasLabel
{
    case Low = 1;
    case High = 2;

    public static function parse(string $text): self
    {
        return Priority::from((int) $text);
    }
}

function deliver(Letter $letter): void
{
    (new Mailer(Transport::create()))->send($letter);
}

$handler = function (Letter $letter) {
    deliver($letter);
};

class MailerTest extends TestCase
{
    public function testSends(): void
    {
        $this->assertTrue(true);
    }
}
?>
<p><?= deliver(new Letter()) ?></p>
