//! What is no secret although it stands where one could: placeholders, variables, words, checksums.

use super::rules::{self, Check, RULES, Shape};
use aho_corasick::AhoCorasick;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What documentation writes into the place of a secret.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
    "redacted",
    "xxxx",
    "your-",
    "your_",
    "yourtoken",
    "yoursecret",
    "yourpassword",
    "yourapi",
    "yourkey",
    "dummy",
    "****",
    "....",
    "\u{2026}",
    "insert-",
    "insert_",
    "abcdefghijklmnopqrstuvwxyz",
    "notasecret",
    "not-a-secret",
];

/// Words that names and values of code are made of: gitleaks' list for its generic rule.
static STOP_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(include_str!("stopwords.txt").lines())
        .ok()
});

/// Names that have the words of secrets in them and mean something else, as gitleaks has them and some more.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    rules::compile(concat!(
        r"(?i)(?:access(?:ibility|or)|(?:access|client)[_.-]?id|random[_.-]?access|api[_.-]?(?:id|name|version)|rapid|capital|author(?:[^i]|$)|",
        r"X-MS-Exchange-Organization-Auth|WebSocket-Key|Authentication-Results|credentials?[_.-]?id|withCredentials|",
        r"(?:bucket|foreign|hot|idx|natural|primary|pub(?:lic)?|schema|sequence|cache|sort|partition|map|object|dict|i18n|translation|",
        r"message|row|group|lookup|index|route|query)[_.-]?key|turkey|whiskey|",
        r"key[_.-]?(?:alias|board|code|frame|id|length|mesh|name|pair|path|press(?:ed)?|ring|selector|signature|size|stone|storetype|",
        r"word|up|down|left|right|hash|digest|fingerprint|grip|event|map|bind(?:ing)?)|",
        r"key[_.-]?vault[_.-]?(?:id|name)|keyVaultToStoreSecrets|key(?:store|tab)[_.-]?(?:file|path)|issuerkeyhash|monkey|keying|",
        r"secret[_.-]?(?:length|name|size|id|arn|ref|version)|UserSecretsId|csrf[_.-]?token|(?:api|credentials|token)[_.-]?(?:endpoint|ur[il])|",
        r"public[_.-]?token|(?:key|token)[_.-]?(?:file|type|id|index|count|len|address|kind|name)|(?:next|page|continuation|cancel(?:lation)?|",
        r"sync|design|syntax)[_.-]?token|max[_.-]?tokens?|tokeniz|integrity|checksum|digest|keyid|etag|cursor|commit)",
    ))
    .ok()
});

/// Names that mean little but a secret: what has them may even look like a checksum.
static STRONG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    rules::compile(
        r"(?i)(?:secret|token|passw|passphrase|pwd|auth|cred|api[_.-]?key|access[_.-]?key|private[_.-]?key|signing[_.-]?key|encryption[_.-]?key|master[_.-]?key|client[_.-]?key|account[_.-]?key)",
    )
    .ok()
});

/// Files of checksums, and what others wrote: their values behind names are no secrets.
static LOCKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    rules::compile(concat!(
        r"(?i)(?:^|/)(?:go\.(?:mod|sum|work(?:\.sum)?)|gradle\.lockfile|(?:deno|poetry|cargo|pipfile|composer|gemfile|uv|pdm|flake|mix|pubspec|bun)\.lockb?|",
        r"npm-shrinkwrap\.json|package-lock\.json|packages\.lock\.json|package\.resolved|pnpm-lock\.yaml|yarn\.lock|conan\.lock|podfile\.lock|verification-metadata\.xml|",
        r"vendor/modules\.txt|node_modules/.*|bower_components/.*|vendor/(?:github\.com|golang\.org/x|google\.golang\.org|gopkg\.in|k8s\.io)/.*)$",
        r"|\.(?:svg|map|snap|min\.js|min\.css|lock|sum|po|pot|xlf|csv|tsv)$"
    ))
    .ok()
});

/// Whether `secret`, which the rule `idx` takes for one, is one. `name` is the text before it on its line, as far as it is a name.
pub(super) fn is_secret(idx: usize, secret: &[u8], name: &[u8], path: Option<&str>) -> bool {
    let rule = &RULES[idx];
    if entropy(secret) <= rule.entropy || is_placeholder(secret) || rules::is_allowed(idx, secret) {
        return false;
    }
    let is_named = matches!(rule.shape, Shape::After(_));
    // what has a vendor's own form is redacted though it is counted off; behind a name anything may stand
    if is_named && is_made_up(secret) {
        return false;
    }
    match rule.check {
        Check::Login => return is_login(secret),
        Check::Assigned => return is_assigned(secret) && !is_in(&LOCKS, path),
        Check::Quoted => {
            return is_quoted(name, rule.words) && is_assigned(secret) && !is_in(&LOCKS, path);
        }
        Check::Password => return is_password(secret) && !is_in(&LOCKS, path),
        Check::Generic => return is_generic(secret, name, path),
        Check::None => {}
    }
    // a value of letters alone behind the name of a service is a word
    !is_named || secret.iter().any(u8::is_ascii_digit)
}

fn is_in(set: &LazyLock<Option<Regex>>, path: Option<&str>) -> bool {
    path.zip(set.as_ref())
        .is_some_and(|(path, regex)| regex.is_match(path.as_bytes()))
}

fn is_generic(secret: &[u8], name: &[u8], path: Option<&str>) -> bool {
    let says = |set: &LazyLock<Option<Regex>>| set.as_ref().is_some_and(|set| set.is_match(name));
    let has = |is: fn(&u8) -> bool| secret.iter().filter(|b| is(b)).count();
    let n_digits = has(u8::is_ascii_digit);
    let is_plain = n_digits < 2 && !(n_digits == 1 && is_mixed(secret));
    if is_plain || has(u8::is_ascii_alphabetic) < 2 || says(&NAMES) {
        return false;
    }
    if is_in(&LOCKS, path) {
        return false;
    }
    if is_sum(secret) {
        return says(&STRONG);
    }
    // dots, dashes and underscores part words: what is left must be random in one piece
    let longest = secret
        .split(|b| b"._-=/".contains(b))
        .map(<[u8]>::len)
        .max();
    if longest.unwrap_or(0) < 8 || is_dotted(secret) {
        return false;
    }
    !is_worded(secret)
}

/// Small and large letters in no order: names change between them with each word, at most once in three letters.
fn is_mixed(value: &[u8]) -> bool {
    let changes = |pair: &&[u8]| pair[0].is_ascii_lowercase() != pair[1].is_ascii_lowercase();
    value.len() >= 24 && value.windows(2).filter(changes).count() * 5 >= value.len() * 2
}

/// Whether it is put together of words. In a long value a short word may come by chance: one in a hundred random ones has such.
fn is_worded(value: &[u8]) -> bool {
    let Some(words) = STOP_WORDS.as_ref() else {
        return false;
    };
    let found = || words.find_iter(value).map(|word| word.len());
    let covered: usize = found().sum();
    covered > 0 && (value.len() < 20 || found().any(|len| len > 4) || covered * 4 >= value.len())
}

/// A checksum, an identifier of git or a UUID by its look.
fn is_sum(value: &[u8]) -> bool {
    let is_hex = value.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    is_hex && value.len() >= 16
        || value.starts_with(b"sha") && value.get(3).is_some_and(u8::is_ascii_digit)
}

/// `a.b.c`, `1.2.3-rc1`: a path through objects, or a version.
fn is_dotted(value: &[u8]) -> bool {
    value.iter().filter(|b| **b == b'.').count() >= 2
        && value
            .split(|b| *b == b'.')
            .any(|part| part.len() < 8 || !part.iter().any(u8::is_ascii_digit))
}

/// Small and large letters, digits and other characters: three kinds of them at least, with a digit and one of the last.
fn is_password(value: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| value.iter().any(is);
    let is_other = |b: &u8| b.is_ascii_punctuation() && !b"_-./:,".contains(b);
    let is_odd = |b: &u8| b"<>(){}[]|\\`\"'; ".contains(b);
    has(u8::is_ascii_digit)
        && value.iter().any(is_other)
        && (has(u8::is_ascii_lowercase) || has(u8::is_ascii_uppercase))
        && !value.iter().any(is_odd)
        && !value.contains(&b'%')
}

/// A password that may be a word or two, for it is given to the name of one: no placeholder, and nothing that stands for another value.
fn is_assigned(value: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "pass",
        "pwd",
        "secret",
        "token",
        "your",
        "fake",
        "sample",
        "test",
        "admin",
        "postgres",
        "mysql",
        "root",
        "redis",
        "guest",
        "minio",
        "default",
        "string",
        "required",
        "optional",
        "none",
        "null",
        "hidden",
        "masked",
        "encrypt",
        "hash",
        "random",
        "env.",
        "process.",
        "vault:",
        "secrets.",
        "foobar",
        "todo",
        "unset",
        "invalid",
        "value",
        "credential",
        "12345",
    ];
    let lower = value.to_ascii_lowercase();
    let holds = |word: &str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    let has = |is: fn(&u8) -> bool| value.iter().any(is);
    let is_word = |b: &u8| b.is_ascii_alphabetic() || b"_-.".contains(b);
    let turns = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    // without a digit: `SecretString`, `settings.db.pw`, `my-database` are names, `tomatosoup` is none
    let is_name = value.iter().all(is_word)
        && (value.windows(2).any(turns) || value.iter().any(|b| b"_-.".contains(b)));
    let is_constant = !has(u8::is_ascii_lowercase) && has(|b| *b == b'_');
    let all = |part: &[u8], is: fn(&u8) -> bool| part.iter().all(is);
    let is_step = |part: &[u8]| all(part, u8::is_ascii_alphabetic) || all(part, u8::is_ascii_digit);
    let is_path = matches!(value, [b'/' | b'.' | b'~', ..])
        || holds("://")
        || value.contains(&b'/') && value.split(|b| b"/-_.".contains(b)).all(is_step);
    (6..=128).contains(&value.len())
        && !is_name
        && !is_constant
        && !is_path
        && !is_dotted(value)
        && !is_counting(&lower)
        && !is_common(value)
        && !WORDS.iter().any(|word| holds(word))
        && !has(|b| b"<>(){}[]|\\`".contains(b))
        && !value.starts_with(b"$")
        && !value
            .windows(2)
            .any(|pair| pair[0] == b'$' && is_name_start(pair[1]))
}

/// Whether the text before a value opens quotes, and what is named there ends with one of the words.
fn is_quoted(name: &[u8], words: &[&str]) -> bool {
    let Some((b'"' | b'\'' | b'`', before)) = name.split_last() else {
        return false;
    };
    let len = before.iter().rposition(u8::is_ascii_alphanumeric);
    let before = &before[..len.map_or(0, |n| n + 1)];
    words.iter().any(|word| {
        let start = before.len().saturating_sub(word.len());
        before[start..].eq_ignore_ascii_case(word.as_bytes())
    })
}

/// What a variable's name begins with, behind its dollar sign.
fn is_name_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || matches!(b, b'_' | b'{' | b'(')
}

/// Whether the password at `range` is a word that the text around also gives to a user, a database or an image: what examples do
/// (`MYSQL_USER=wordpress`, `MYSQL_PASSWORD=wordpress`), and nobody who has something to hide.
pub(super) fn is_borrowed(text: &[u8], range: &Range<usize>) -> bool {
    const AROUND: usize = 2000;
    const MAX_FOUND: usize = 32;
    const NAMES: &[&[u8]] = &[b"user", b"database", b"db", b"name", b"image", b"login"];
    let value = &text[range.clone()];
    if !value.iter().all(u8::is_ascii_alphabetic) {
        return false;
    }
    let around = &text[range.start.saturating_sub(AROUND)..text.len().min(range.end + AROUND)];
    memchr::memmem::find_iter(around, value)
        .take(MAX_FOUND)
        .any(|at| {
            let before = around[..at].trim_ascii_end();
            let Some((b':' | b'=', before)) = before.split_last() else {
                return false;
            };
            let is_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
            let len = before.iter().rev().take(40).take_while(is_name).count();
            let name = before[before.len() - len..].to_ascii_lowercase();
            NAMES.iter().any(|end| name.ends_with(end))
        })
}

/// `user:password` in base64, the password none of documentation's.
fn is_login(value: &[u8]) -> bool {
    let Some(decoded) = super::views::decode(value) else {
        return false;
    };
    let Some(colon) = decoded.iter().position(|b| *b == b':') else {
        return false;
    };
    let is_text = std::str::from_utf8(&decoded).is_ok_and(|text| !text.contains(char::is_control));
    is_text && !is_common(&decoded[colon + 1..]) && decoded != b"Aladdin:open sesame"
}

/// What nobody protects anything by: the words that documentation has for passwords.
pub(super) fn is_common(password: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "",
        "password",
        "passwd",
        "passw0rd",
        "pass",
        "pw",
        "pwd",
        "secret",
        "token",
        "test",
        "tests",
        "testing",
        "user",
        "username",
        "admin",
        "root",
        "guest",
        "postgres",
        "mysql",
        "redis",
        "mongo",
        "rabbitmq",
        "login",
        "foo",
        "bar",
        "baz",
        "key",
        "mypassword",
        "mypass",
        "my-password",
        "my_password",
        "userpass",
        "1234",
        "12345",
        "123456",
        "secretpassword",
        "x-oauth-basic",
        "credentials",
        "creds",
        "auth",
        "hidden",
        "pass123",
        "password123",
        "none",
        "null",
        "undefined",
        "basic",
    ];
    let lower = password.to_ascii_lowercase();
    let is_word = WORDS.iter().any(|word| word.as_bytes() == lower);
    // `my-gitlab-token`: small letters that say what stands there
    let says = |part: &[u8]| {
        matches!(
            part,
            b"token" | b"password" | b"passwd" | b"secret" | b"pass" | b"key"
        )
    };
    let parts = || lower.split(|b| matches!(b, b'-' | b'_'));
    let is_named = parts().count() > 1
        && parts().any(says)
        && password
            .iter()
            .all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'));
    let is_same = lower.windows(2).all(|pair| pair[0] == pair[1]);
    is_word || is_named || is_same || is_placeholder(password)
}

/// What stands for a secret in documentation and templates.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let holds = |word: &str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    PLACEHOLDERS.iter().any(|word| holds(word))
        || is_variable(value)
        || value.ends_with(b"...")
        || value.windows(2).all(|pair| pair[0] == pair[1])
        || memchr::memmem::find(value, b"[REDACTED").is_some()
}

/// Counted off, or put together of a few pieces.
fn is_made_up(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let holds = |word: &[u8]| memchr::memmem::find(&lower, word).is_some();
    is_counting(&lower)
        || holds(b"0000000000")
        || holds(b"abcdefghijklmnop")
        || holds(b"123456789012345")
        || holds(b"deadbeefdeadbeef")
}

/// `$NAME`, `${name}`, `{{ name }}`, `<name>`, `%NAME%`, `@NAME@`, `%(name)s`, `#{name}`.
fn is_variable(value: &[u8]) -> bool {
    let (first, last) = match value {
        [first, .., last] => (*first, *last),
        _ => return false,
    };
    let is_open = |pair: &[u8]| matches!(pair, b"${" | b"{{" | b"$(" | b"<%");
    let is_format = |three: &[u8]| three.starts_with(b"%(") && is_name_start(three[2]);
    let is_ruby = memchr::memmem::find(value, b"#{").is_some_and(|n| value[n..].contains(&b'}'));
    let has_open = is_ruby || value.windows(2).any(is_open) || value.windows(3).any(is_format);
    let is_name = |name: &[u8]| name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    has_open
        || matches!((first, last), (b'<', b'>') | (b'{', b'}') | (b'[', b']'))
        || matches!((first, last), (b'%', b'%') | (b'@', b'@'))
            && is_name(&value[1..value.len() - 1])
        || first == b'$' && is_name(&value[1..])
}

/// `123456789abcdef`, `aaaa1111`: counted or repeated, not drawn. Three in four characters follow from the ones before.
fn is_counting(value: &[u8]) -> bool {
    let follows = |pair: &&[u8]| {
        pair[1] == pair[0]
            || pair[1] == pair[0].wrapping_add(1)
            || (pair[0], pair[1]) == (b'9', b'0')
            || (pair[0], pair[1]) == (b'9', b'a')
    };
    let n = value.windows(2).filter(follows).count();
    value.len() >= 8 && n * 4 >= (value.len() - 1) * 3
}

/// In bits a character.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    value.iter().for_each(|b| counts[usize::from(*b)] += 1);
    let n = value.len() as f64;
    let used = counts.iter().filter(|n| **n > 0);
    used.map(|&count| {
        let share = f64::from(count) / n;
        -share * share.log2()
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        for value in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_xxxxxxxxxxxx",
            "your_token_here",
            "${TOKEN}",
            "$TOKEN",
            "{{ secrets.TOKEN }}",
            "<token>",
            "%TOKEN%",
            "@TOKEN@",
            "sk-ant-...",
            "abc${X}def",
            "****",
            "change-me",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        for value in ["q8Zr2Lw0Xc", "hunter2x", "a$b9X!k2", "p@ss-w0rd"] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn a_password_that_is_also_a_name() {
        let is = |text: &str| {
            let start = text.find("PASSWORD=").unwrap() + 9;
            is_borrowed(text.as_bytes(), &(start..start + 9))
        };
        assert!(is("DB_USER=wordpress\nDB_PASSWORD=wordpress"));
        assert!(is("PASSWORD=wordpress\nimage: wordpress:6"));
        assert!(!is(
            "A_PASSWORD=wordpress\nB_PASSWORD=wordpress\n# wordpress"
        ));
        assert!(!is("DB_USER=wordpres9\nDB_PASSWORD=wordpres9"));
    }

    #[test]
    fn counted_off() {
        assert!(is_made_up(b"1234567890abcdef") && is_made_up(b"xAbCdEfGhIjKlMnOpQ"));
        assert!(!is_made_up(b"q8Zr2Lw0XcV5bN1m"));
    }

    #[test]
    fn entropy_is_of_characters() {
        assert_eq!(entropy(b"aaaa"), 0.0);
        assert_eq!(entropy(b"abcd"), 2.0);
        assert_eq!(entropy(b""), 0.0);
    }
}
