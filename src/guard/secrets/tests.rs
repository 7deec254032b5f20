//! What holds for all rules together.

use super::samples::expand;
use super::*;
use base64::Engine as _;
use proptest::prelude::*;

#[track_caller]
fn check(template: &str, expected: &str) {
    let text = expand(template);
    assert_eq!(redact(&text), expand(expected), "{text}");
}

/// With the words that scanners look for.
fn whole(text: &str) -> String {
    text.replace("P_KEY", "PRIVATE KEY")
}

/// Nothing in it is redacted.
#[track_caller]
fn check_left(template: &str) {
    check(template, template);
}

#[test]
fn secrets_are_redacted_by_the_span() {
    check("a ghp_<alnum:36> b", "a [REDACTED:github-pat] b");
    check(
        "KEY='sk-ant-api03-<word:93>AA';",
        "KEY='[REDACTED:anthropic-api-key]';",
    );
    check("x AKIA<base32:16>.", "x [REDACTED:aws-access-key].");
    check(
        "password = \"<alnum:20>\"",
        "password = \"[REDACTED:generic-api-key]\"",
    );
    check("Bearer <alnum:32>!", "Bearer [REDACTED:authorization]!");
}

#[test]
fn logins_in_urls() {
    for host in [
        "registry.invalid",
        "svc.cluster.local",
        "dbserver",
        "localhost",
        "api.example.com",
    ] {
        check(
            &format!("https://deploy:<letter:18>@{host}/v2/"),
            &format!("https://deploy:[REDACTED:url-password]@{host}/v2/"),
        );
    }
    check(
        "amqp://app:tomatosoup@dbserver",
        "amqp://app:[REDACTED:url-password]@dbserver",
    );

    check(
        "postgres://app:Kq8zz81x@db/shop",
        "postgres://app:[REDACTED:url-password]@db/shop",
    );
    check(
        "redis://:<alnum:12>@cache:6379/0",
        "redis://:[REDACTED:url-password]@cache:6379/0",
    );
    check(
        "https://deploy:p%40ss%2Fw0rd1@h.io/v2/",
        "https://deploy:[REDACTED:url-password]@h.io/v2/",
    );
    check(
        "mongodb+srv://u:a/b#c9xK@h.io/",
        "mongodb+srv://u:[REDACTED:url-password]@h.io/",
    );
    check(
        "amqp://u:p@ss1word@h.io",
        "amqp://u:[REDACTED:url-password]@h.io",
    );
    check(
        "https://<alnum:40>@h.io/a",
        "https://[REDACTED:url-password]@h.io/a",
    );
    check(
        "https://<alnum:40>:x-oauth-basic@h.io/a",
        "https://[REDACTED:url-password]:x-oauth-basic@h.io/a",
    );
    check(
        "?u=https%3A%2F%2Fu%3Ahunter2x%40h.io",
        "?u=https%3A%2F%2Fu%3A[REDACTED:url-password]%40h.io",
    );
    for text in [
        "https://example.com/a:b@c",
        "postgres://user:password@localhost/db",
        "https://user:${PASSWORD}@h.io",
        "ssh://git@github.com/a/b",
        "http://localhost:3000/@vite/client",
        "postgres://postgres:postgres@localhost/db",
        "https://user:<password>@h.io",
        "http://a:b@h.io",
        "http://user:pass@example.com",
        "https://{user}:{pw}@h.io",
        "https://u:%s@h.io",
        "see https://h.io: mail me@h.io",
        "http://[::1]:80/@x",
        "'http://' + a + ':' + b + '@' + c",
        "https://registry:5000/a@sha256:<hex:64>",
        "https://h.io/@scope/pkg@1.2.3",
    ] {
        check_left(text);
    }
}

fn pem(label: &str, lines: usize, join: &str) -> String {
    let body = vec![expand("<base64:64>"); lines].join(join);
    format!("-----BEGIN {label}-----{join}{body}{join}-----END {label}-----")
}

#[test]
fn keys_go_whole_and_leave_their_lines() {
    let breaks = "\n".repeat(21);
    for label in [
        "RSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
    ] {
        let text = format!("a\n{}\nb", pem(label, 20, "\n"));
        assert_eq!(
            redact(&text),
            format!("a\n[REDACTED:private-key]{breaks}\nb")
        );
    }
    for join in ["\\n", "\\\\n", "\\r\\n", " "] {
        let text = format!("K=\"{}\"\nb=1", pem("EC PRIVATE KEY", 3, join));
        assert_eq!(redact(&text), "K=\"[REDACTED:private-key]\"\nb=1", "{join}");
    }
    let code = format!("k = {}\nb", pem("EC PRIVATE KEY", 3, "\" +\n  \""));
    assert_eq!(redact(&code), "k = [REDACTED:private-key]\n\n\n\n\nb");
    // in JSON with letters and dashes escaped
    let text = pem("RSA PRIVATE KEY", 3, "\\n")
        .replacen("B", "\\u0042", 1)
        .replace('/', "\\/");
    assert_eq!(redact(&text), "[REDACTED:private-key]");
}

#[test]
fn torn_keys_end_with_their_last_line() {
    let whole = pem("RSA PRIVATE KEY", 4, "\n");
    let torn = &whole[..whole.len() - 80];
    assert_eq!(
        redact(&format!("{torn}\n\nfn main() {{}}\n")),
        "[REDACTED:private-key]\n\n\n\n\n\nfn main() {}\n"
    );
    assert_eq!(redact(torn), "[REDACTED:private-key]\n\n\n\n");
    let headed = whole.replacen(
        "-----\n",
        "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n",
        1,
    );
    assert_eq!(redact(&headed), "[REDACTED:private-key]\n\n\n\n\n\n\n\n");
    let one = whole.lines().take(2).collect::<Vec<_>>().join("\\n");
    assert_eq!(
        redact(&format!("x=\"{one}\" and")),
        "x=\"[REDACTED:private-key]\" and"
    );
}

#[test]
fn mentions_of_keys_are_left() {
    for text in [
        "-----BEGIN RSA P_KEY-----",
        "-----BEGIN RSA P_KEY-----\n...\n-----END RSA P_KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n<base64:64>\n",
        "-----BEGIN CERTIFICATE-----\n<base64:64>\n-----END CERTIFICATE-----",
        "if line == '-----BEGIN P_KEY-----': return",
        "-----BEGIN P_KEY-----\nMIIE<your key>\n-----END P_KEY-----",
    ] {
        check_left(&whole(text));
    }
}

#[test]
fn keys_of_putty() {
    let public = expand(
        "PuTTY-User-Key-File-3: ssh-rsa\nComment: x\nPublic-Lines: 1\n<base64:60>\nPrivate-Lines: 2\n",
    );
    let private = expand("<base64:64>\n<base64:64>\nPrivate-MAC: <hex:64>\n");
    assert_eq!(
        redact(&format!("{public}{private}")),
        format!("{public}[REDACTED:putty-private-key]\n\n\n")
    );
}

#[test]
fn what_hides_a_secret_does_not_help_it() {
    check(
        "a\u{200b}g\u{200b}hp_<alnum:36> b",
        "a\u{200b}[REDACTED:github-pat] b",
    );
    check("gh<U+202E>p_<alnum:36>", "[REDACTED:github-pat]");
    for between in [
        "\\x1b[0m",
        "\\x1B[38;5;1m",
        "\\x7f",
        "\\x9b31m",
        "\u{1b}[0m",
        "\u{9b}1m",
        "\u{8}",
        "\u{85}",
        "\u{2028}",
        "\u{fff9}",
        "\u{1d173}",
    ] {
        check(&format!("gh{between}p_<alnum:36>"), "[REDACTED:github-pat]");
    }
    // what is no control character, and what only looks like one, parts
    for between in ["\\x41", "\\x1", "\\x0a"] {
        let text = format!("gh{between}p_<alnum:36>");
        check(&text, &text);
    }
    check(
        "{\"a\": \"\\u0067hp_<alnum:36>\"}",
        "{\"a\": \"[REDACTED:github-pat]\"}",
    );
    let inner = expand("export T=ghp_<alnum:36> and more");
    let run = base64::engine::general_purpose::STANDARD.encode(&inner);
    assert_eq!(
        redact(&format!("blob: {run}\n")),
        "blob: [REDACTED:github-pat]\n"
    );
    let run = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&inner);
    assert_eq!(redact(&format!("(x/{run})")), "([REDACTED:github-pat])");
}

#[test]
fn lines_may_be_allowed() {
    check_left("t = 'ghp_<alnum:36>' # ctxpack:allow");
    check_left("t = 'ghp_<alnum:36>' // gitleaks:allow");
    check(
        "t = 'ghp_<alnum:36>'\n# ctxpack:allow",
        "t = '[REDACTED:github-pat]'\n# ctxpack:allow",
    );
}

#[test]
fn what_looks_like_a_secret_is_left() {
    for text in [
        "commit <hex:40>",
        "sha256:<hex:64>",
        "\"integrity\": \"sha512-<base64:86>==\"",
        "id: <hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>",
        "key: <hex:40>",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "${{ secrets.GITHUB_TOKEN }}",
        "api_key = process.env.OPENAI_API_KEY_2",
        "token: <YOUR_API_KEY_HERE_1234>",
        "password_reset_token_expiration_in_seconds_default = 36001",
        "ssh-ed25519 AAAA<base64:64> me",
        "cache_key = 'user-profile-v2-2024'",
        "token = generate_token_v2(user1, 'abc')",
        "<input name=\"password\" id=\"pw12345678\">",
        "\"key\": \"common.errors.notFound404\"",
        "data:image/png;base64,iVBORw0KGgo<base64:100>",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "secret: {{ .Values.secret1 }}",
        "sort_key = lambda x1: x1.name22",
        "keyCode: 1234567890123",
        "authors = [\"a1b2c3d4e5f6g7h8i9\"]",
        "",
        "token = std::env::var(\"TOKEN_1234567\")",
        "the secret: patience",
        "-api-key: string-of-words-in-4-parts",
        "sk-learn",
    ] {
        check_left(text);
    }
}

/// An earlier word of the rule looks so far ahead that a secret may begin within its view and end outside.
#[test]
fn a_secret_at_the_end_of_a_view_goes_whole() {
    let token = expand("eyJ<alnum:33>.eyJ<alnum:60>.<word:43>");
    for n in 400..700 {
        let text = format!("eyJ {} {token}", ".".repeat(n));
        assert!(redact(&text).ends_with(". [REDACTED:jwt]"), "{n}");
        let path = Some("a.yaml");
        let text = format!(
            "password: {}\npassword: {}4x",
            " ".repeat(n),
            "tomato-soup".repeat(4)
        );
        let redacted = redact_in(path, &text).0;
        assert!(
            redacted.ends_with("password: [REDACTED:settings-password]"),
            "{n}"
        );
    }
}

#[test]
fn redactions_are_told_by_line() {
    let text = expand("a\nghp_<alnum:36>\n\nAKIA<base32:16> x");
    let (redacted, found) = redact_in(None, &text);
    let lines: Vec<_> = found.iter().map(|it| (it.line, it.kind)).collect();
    assert_eq!(lines, [(2, "github-pat"), (4, "aws-access-key")]);
    assert_eq!(redactions(&redacted), found);
    assert_eq!(redactions("[REDACTED:what is this] [REDACTED:"), []);
}

#[test]
fn rules_of_some_files_are_for_them_alone() {
    let text = "DB_PASSWORD=tomato-soup";
    assert_eq!(
        redact_in(Some("deploy/dev.env"), text).0,
        "DB_PASSWORD=[REDACTED:dotenv-value]"
    );
    assert_eq!(redact_in(Some("dev.sh"), text).0, text);
    assert_eq!(redact(text), text);
}

/// Each within the time that any test has: what is not linear here would take minutes.
#[test]
fn hostile_texts_take_no_longer_than_others() {
    let n = 60_000;
    for piece in [
        "password",
        "key ",
        "api_key='",
        "-----BEGIN RSA P_KEY-----\n",
        "a:",
        "://",
        "://a:a@",
        "xoxb-1111111111-",
        "eyJ",
        "eyJaaaaaaaaaaaaaaaaaa.",
        "AKIA",
        "curl -u ",
        "Cookie: ",
        "machine ",
        "password=",
        "\\u0041",
        "\\x2d",
        "\\u{",
        "a\\_",
        "&#95;",
        "%5F",
        "| key | ",
        "<td>key</td>",
        "**key** ",
        "key is ",
        "_ghp_",
        "xeyJaaaaaaaaaaaaaaaaaa.eyJ",
        "DB_PASSWORD=a1",
        "A_SECRET: ",
        "mysql -p",
        "docker login ",
        "?password=a",
        "a:5432:b:",
        "root:$6$a",
        "1/111111111111",
        "aaa8Q~",
        "%3A%2F%2F",
        "\u{200b}",
        "ghp_",
        "kind: secret\n",
        "kind: secret\ndata:\n  a: |\n   a\n",
        "name: password value: ",
        "password ?: ",
        "auth=('a', '",
        "Username: a\nPassword: ",
        "$krb5tgs$23$",
        "\"d\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "AKIAQQQQQQQQQQQQQQQQ,",
        "sig=",
        "QUtJQQ",
        "[REDACTED:x]",
        "AIzaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let text = whole(piece).repeat(n / piece.len());
        let found = find(&text);
        assert!(
            found.iter().all(|secret| secret.range.end <= text.len()),
            "{piece}"
        );
        let _ = redact(&text);
    }
}

const PIECES: &str = "(AKIA|ghp_|sk-|sk-ant-api03-|eyJ|\\.|-----BEGIN |RSA PRIVATE KEY-----|-----END |\n|://|a:|@|token=|api_key = \"|password: |\"|'|é|\u{200b}| |\
    ;|Password=|Server=x;|AIza|xoxb-1|Bearer |Authorization: |Basic |https://|curl -u |SG\\.|\\\\u0041|\\\\n|\\\\x2d|%3A%2F%2F|%5F|&#95;|&quot;|\\*\\*|\\||_|</td><td>| is |DB_PASSWORD=|SECRET: |\\?password=|sshpass -p |<U\\+202E>|\\[REDACTED:|\\]|\
    [a-zA-Z0-9]{1,45}|[A-Z0-9]{16}|[a-f0-9]{32}|[A-Za-z0-9+/]{40,90}|[a-z0-9]{35,36}){0,24}";

proptest! {
    #[test]
    fn ranges_are_in_order_and_nothing_is_found_twice(text in PIECES) {
        let mut end = 0;
        for secret in find(&text) {
            prop_assert!(secret.range.start >= end && secret.range.end > secret.range.start);
            prop_assert!(text.is_char_boundary(secret.range.start) && text.is_char_boundary(secret.range.end));
            end = secret.range.end;
        }
        let redacted = redact(&text);
        prop_assert_eq!(redacted.matches('\n').count(), text.matches('\n').count());
        prop_assert_eq!(redact(&redacted), redacted.as_ref());
    }

    #[test]
    fn lines_are_redacted_together_as_they_are_alone(
        lines in proptest::collection::vec(PIECES.prop_map(|text| text.replace('\n', " ")), 0..8),
        n_others in 0..80_usize,
    ) {
        let others = (0..n_others).map(|n| format!("src/part{}/a.rs", n / 7));
        let lines: Vec<String> = others.chain(lines).collect();
        let alone: Vec<(usize, String)> = (lines.iter().enumerate())
            .filter_map(|(idx, line)| match redact(line) {
                Cow::Owned(redacted) => Some((idx, redacted)),
                Cow::Borrowed(_) => None,
            })
            .collect();
        prop_assert_eq!(redact_lines(&lines), alone);
    }

    #[test]
    fn any_text_will_do(text in ".{0,400}") {
        let redacted = redact(&text);
        prop_assert_eq!(redact(&redacted), redacted.as_ref());
    }
}
