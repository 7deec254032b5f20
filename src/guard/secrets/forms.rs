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
fn dressed_for_readers() {
    check(&[
        "**COHERE_API_KEY=«<alnum:40>»**",
        "**COHERE_API_KEY**=«<alnum:40>»",
        "**COHERE_API_KEY:** «<alnum:40>»",
        "*COHERE_API_KEY*: `«<alnum:40>»`",
        "__API_KEY=«<alnum:40>__»",
        "`API_KEY=«<alnum:40>»`",
        "`API_KEY`=`«<alnum:40>»`",
        "- **api key**: **«<alnum:40>»**",
        "|API_KEY|«<alnum:40>»|",
        "| API_KEY | «<alnum:40>» |",
        "| `API_KEY` | `«<alnum:40>»` |",
        "| **API_KEY** | **«<alnum:40>»** |",
        "API_KEY,«<alnum:40>»",
        "API_KEY;«<alnum:40>»",
        "a,API_KEY=«<alnum:40>»,b",
        "a;API_KEY=«<alnum:40>»;b",
        "a|API_KEY=«<alnum:40>»|b",
        "<tr><td>API_KEY</td><td>«<alnum:40>»</td></tr>",
        "<td>API_KEY</td>\n    <td><code>«<alnum:40>»</code></td>",
        "<th>API key</th><td class=\"x\">«<alnum:40>»</td>",
        "<code>API_KEY=«<alnum:40>»</code>",
        "~~API_KEY=«<alnum:40>»~~",
        "_API_KEY=«<alnum:40>_»",
        "API_KEY -> «<alnum:40>»",
        "API_KEY → «<alnum:40>»",
        "API_KEY\t«<alnum:40>»",
        "API_KEY=[«<alnum:40>»]",
        "API_KEY=(«<alnum:40>»)",
        "api key is «<alnum:40>»",
        "the password is «Kq8#zz!81x»",
        "**PASSWORD=«Kq8#zz!81x»**",
        "|PASSWORD|«Kq8#zz!81x»|",
        "**DB_PASSWORD**: `«Kq8#zz!81x»`",
        "a,«ghp_<alnum:36>»,b",
        "a|«ghp_<alnum:36>»|b",
        "**«ghp_<alnum:36>»**",
        "_«ghp_<alnum:36>»_",
        "`«sk_live_<alnum:24>»`",
        "**«sk_live_<alnum:24>»**",
        "_«sk_live_<alnum:24>»_",
        "|«AKIA<base32:16>»|",
        "__«AKIA<base32:16>»__",
        "[«npm_<alnum:36>»](x)",
        "<td>«npm_<alnum:36>»</td>",
    ]);
}

#[test]
fn glued_to_other_words() {
    check(&[
        "my_«ghp_<alnum:36>»",
        "prefix-«sk_live_<alnum:24>»",
        "prefix_«sk_live_<alnum:24>»",
        "key_«AKIA<base32:16>»",
        "key_«AKIA<base32:16>»_old",
        "key-«AKIA<base32:16>»-old",
        "x_«npm_<alnum:36>»",
        "x_«npm_<alnum:36>»_old",
        "x_«glpat-<word:20>»",
        "x_«sk-ant-api03-<word:93>AA»",
        "x_«sk-proj-<word:120>»",
        "x_«xoxb-<digit:12>-<digit:12>-<alnum:24>»",
        "x_«eyJ<alnum:33>.eyJ<alnum:60>.<word:43>»",
        "x_«AIza<alnum:35>»",
        "x_«hf_<letter:34>»",
        "x_«SG.<alnum:22>.<alnum:43>»",
        "x_«gsk_<alnum:52>»",
        "x_«dckr_pat_<alnum:27>»",
        "x_«hvs.<alnum:24>»",
        "x_«GOCSPX-<alnum:28>»",
        "token_«pypi-AgEIcHlwaS5vcmc<alnum:60>»",
        "x_«lin_api_<alnum:40>»",
        "x_«dop_v1_<hex:64>»",
        "x_«PMAK-<hex:24>-<hex:34>»",
        "x_«pul-<hex:40>»",
        "x«ghp_<alnum:36>»",
    ]);
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
        "{\"log\": \"first\\n«sk_live_<alnum:24>»\"}",
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

#[test]
fn what_is_dressed_and_no_secret_is_left() {
    for template in [
        "| Name | Password | Token |\n| --- | --- | --- |\n| `api_key` | string | required |",
        "| `api_key` | The key of the service, version2 | `None` |",
        "**password**: at least 12 characters!",
        "<td>api_key</td><td>string(40)</td>",
        "<dt>token</dt><dd><a href=\"https://h.io/a1b2c3d4e5f6\">docs</a></dd>",
        "the token is returned by auth2.getTokenV3()",
        "the password is incorrect (401)!",
        "<Client apiKey={apiKeyV2Prod1} />",
        "type Token = Access2Token | Refresh3Token;",
        "let api_key;\nlet b1c2d3e4f5a6b7c8;",
        "path\\x2dname &quot;api_key&quot; caf&#233; 100%20sure",
        "x_hf_weights_for_the_large_model_v2",
        "_sk_live_or_test_depends_on_the_mode1",
        "PASS_2: tests/a1.rs and FAIL_SECRETS: none2",
        "RESET_PASSWORD: 'auth/reset-pw-1'",
    ] {
        assert_eq!(redact(template), template);
    }
}
