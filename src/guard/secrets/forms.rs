//! How secrets come: dressed for readers, glued to words, escaped, in the forms of vendors and on command lines. Between `«` and `»`
//! stands what must go; what is around it must stay.

use super::samples::expand;
use super::*;
use base64::Engine as _;

#[track_caller]
fn check(templates: &[&str]) {
    let mut wrong = Vec::new();
    for template in templates {
        let text = expand(template);
        let (before, rest) = text.split_once('«').unwrap();
        let (secret, after) = rest.split_once('»').unwrap();
        let redacted = redact(&format!("{before}{secret}{after}")).into_owned();
        let kind = redacted
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .and_then(|rest| rest.strip_prefix(MARK))
            .and_then(|rest| rest.strip_suffix(']'));
        if kind.is_none_or(|kind| kind.contains(']')) {
            wrong.push(format!("{template}: {redacted}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn written_with_escapes() {
    check(&[
        "{\"a\":\"«ghp\\u005f<alnum:36>»\"}",
        "«sk\\u002dant\\u002dapi03\\u002d<alnum:93>AA»",
        "«sk\\x2dant\\x2dapi03\\x2d<alnum:93>AA»",
        "«ghp\\x5f<alnum:36>»",
        "«ghp\\x5F<alnum:36>»",
        "«ghp\\u{5f}<alnum:36>»",
        "«ghp\\137<alnum:36>»",
        "«ghp%5F<alnum:36>»",
        "?token=«ghp%5f<alnum:36>»&x",
        "«sk%2Dant%2Dapi03%2D<alnum:93>AA»",
        "«xoxb%2D<digit:12>%2D<digit:12>%2D<alnum:24>»",
        "«ghp&#95;<alnum:36>»",
        "«ghp&#x5f;<alnum:36>»",
        "«ghp&lowbar;<alnum:36>»",
        "«ghp\\_<alnum:36>»",
        "«sk\\_live\\_<alnum:24>»",
        "«xoxb\\-<digit:12>\\-<digit:12>\\-<alnum:24>»",
        "{&quot;api_key&quot;: &quot;«<alnum:40>»&quot;}",
    ]);
}

#[test]
fn short_tokens_in_base64() {
    let engine = base64::engine::general_purpose::STANDARD;
    for token in ["AKIA<base32:16>", "glpat-<alnum:20>", "sk_live_<alnum:20>"] {
        let run = engine.encode(expand(token));
        for (before, after) in [("", ""), ("data: ", "\n"), ("(x/", ")"), ("\"", "\"")] {
            let redacted = redact(&format!("{before}{run}{after}")).into_owned();
            assert!(
                redacted.contains(MARK) && redacted.ends_with(&format!("]{after}")),
                "{token}: {redacted}"
            );
        }
    }
    for text in ["a sentence, no token", "node_modules/.bin/eslint"] {
        let run = engine.encode(text);
        assert_eq!(redact(&run), run);
    }
}
