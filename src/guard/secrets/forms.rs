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
    for token in [
        "AKIA<base32:16>",
        "glpat-<alnum:20>",
        "sk_live_<alnum:20>",
        "fc-<hex:32>",
    ] {
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
fn in_the_forms_of_vendors() {
    check(&[
        "DD_API_KEY=«<hex:32>»",
        "DD_APP_KEY=«<hex:40>»",
        "DATADOG_API_KEY=«<hex:32>»",
        "datadog_app_key: «<hex:40>»",
        "dd-api-key: «<hex:32>»",
        "«nvapi-<word:64>»",
        "«CCIPAT_<alnum:22>_<hex:40>»",
        "«CCIPRJ_<alnum:22>_<hex:40>»",
        "CIRCLE_TOKEN=«<hex:40>»",
        "«squ_<hex:40>»",
        "«sqp_<hex:40>»",
        "«sqa_<hex:40>»",
        "«bkua_<hex:40>»",
        "«phx_<alnum:43>»",
        "«ATTA<hex:60><HEX:8>»",
        "«csk-<lower:48>»",
        "«fw_<alnum:22>»",
        "FIREWORKS_API_KEY=«fw_<alnum:22>»",
        "«fc-<hex:32>»",
        "DEEPSEEK_API_KEY=«sk-<hex:32>»",
        "«sk-<hex:32>»",
        "WANDB_API_KEY=«<hex:40>»",
        "wandb login «<hex:40>»",
        "«waka_<hex:8>-<hex:4>-4<hex:3>-a<hex:3>-<hex:12>»",
        "«WPL_AP1.<alnum:16>.<alnum:6>==»",
        "«tfp_<alnum:44>»",
        "«rnd_<alnum:32>»",
        "«aio_<alnum:28>»",
        "«1/1<digit:15>:<hex:32>»",
        "«2/1<digit:15>/1<digit:15>:<hex:32>»",
        "ASANA_TOKEN=«0/<hex:32>»",
        "Bot «M<alnum:23>.<alnum:6>.<alnum:38>»",
        "client.login('«MTA<alnum:23>.<alnum:6>.<alnum:38>»')",
        "«sbp_<hex:40>»",
        "«sb_secret_<alnum:31>»",
        "«gsk_<alnum:52>»",
        "«r8_<alnum:37>»",
        "«hf_<letter:34>»",
        "«pplx-<alnum:48>»",
        "«xai-<alnum:80>»",
        "«sk-or-v1-<hex:64>»",
        "«napi_<lower:64>»",
        "«pscale_tkn_<alnum:43>»",
        "«re_<alnum:8>_<alnum:24>»",
        "«sk_live_<alnum:42>»",
        "«sk_test_<alnum:42>»",
        "«tvly-dev-<alnum:32>»",
        "VERCEL_TOKEN=«<alnum:24>»",
        "«vcp_<alnum:56>»",
        "«nfp_<alnum:36>»",
        "«dckr_pat_<alnum:27>»",
        "«dckr_oat_<alnum:32>»",
        "AccountKey=«<base64:86>==»;",
        "?sv=2022-11-02&sig=«<alnum:40>%3D»",
        "client_secret = '«<alnum:3>8Q~<alnum:34>»'",
        "AZURE_CLIENT_SECRET=«<alnum:3>8Q~<alnum:34>»",
        "|«<alnum:3>8Q~<alnum:34>»|",
        "«GOCSPX-<alnum:28>»",
        "«eyJ<alnum:33>.eyJ<alnum:60>.<word:43>»",
        "«AGE-SECRET-KEY-1<bech32:58>»",
        "//registry.npmjs.org/:_authToken=«<hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>»",
        "«pypi-AgEIcHlwaS5vcmc<alnum:60>»",
        "machine api.h.io\n  login bob\n  password «hunter2x»",
        "admin:«$2y$05$<alnum:53>»",
        "admin:«$apr1$<alnum:8>$<alnum:22>»",
        "root:«$6$<alnum:16>$<alnum:86>»:19000:0:99999:7:::",
        "root:«$y$j9T$<alnum:22>$<alnum:43>»:19000:0:99999:7:::",
        "root:«$5$<alnum:16>$<alnum:43>»:19000:0:99999:7:::",
        "Server=db;Database=x;User Id=sa;Password=«Kq8-zz81x»;",
        "jdbc:mysql://db/x?user=app&password=«Kq8zz81xyz»",
        "jdbc:postgresql://db:5432/x?user=app&password=«tomatosoup»",
        "jdbc:sqlserver://db;user=sa;password=«Kq8zz81x»",
        "host=db user=app password=«Kq8zz81x» dbname=shop",
        "Authorization: Basic «<login:alice:Tr0ub4dor-3>»",
        "Authorization: Bearer «<alnum:40>»",
        "Cookie: theme=dark; sessionid=«<lower:32>»",
        "Cookie: connect.sid=«s%3A<alnum:32>.<alnum:43>»",
        "Set-Cookie: PHPSESSID=«<lower:26>»; path=/",
        "curl -u «admin:Kq8zz81x» https://h/",
        "curl --user «admin:Kq8zz81x» https://h/",
        "mysql -u root -p«Kq8zz81x» shop",
        "mysqldump -uroot -p«tomatosoup1» shop",
        "mysql --password=«Kq8zz81x» shop",
        "sshpass -p «Kq8zz81x» ssh a@b",
        "sshpass -p '«Kq8zz81x»' ssh a@b",
        "docker login -u bob -p «Kq8zz81x» r.io",
        "docker login --username bob --password «Kq8zz81x» r.io",
        "echo «Kq8zz81x» | docker login --password-stdin",
        "PGPASSWORD=«Kq8zz81x» psql -h db",
        "redis-cli -a «Kq8zz81xyz» ping",
        "db.h.io:5432:shop:app:«Kq8zz81x»",
        "helm upgrade x --set db.password=«Kq8zz81x»",
        "az login --service-principal -u x -p «<alnum:3>8Q~<alnum:34>»",
        "aws configure set aws_secret_access_key «<base64:40>»",
        "«SG.<alnum:22>.<alnum:43>»",
        "«figd_<alnum:40>»",
        "«ntn_<digit:11><alnum:35>»",
        "«lin_api_<alnum:40>»",
        "«sk-svcacct-<word:120>»",
        "«AQ.Ab8RN6<word:44>»",
        "«tskey-auth-<alnum:12>CNTRL-<alnum:32>»",
        "«ops_eyJ<alnum:300>»",
        "«dp.st.dev.<alnum:43>»",
        "«rpa_<upper:40><lower:6>»",
        "«jina_<hex:32><alnum:28>»",
        "MISTRAL_API_KEY=«<alnum:32>»",
        "COHERE_API_KEY=«<alnum:40>»",
        "TOGETHER_API_KEY=«<hex:64>»",
        "EXA_API_KEY=«<hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>»",
        "PINECONE_API_KEY=«<hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>»",
        "ALGOLIA_ADMIN_KEY=«<hex:32>»",
        "SEGMENT_WRITE_KEY=«<alnum:32>»",
        "LAUNCHDARKLY_SDK_KEY=«sdk-<hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>»",
        "«sdk-<hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>»",
        "«glsa_<alnum:32>_<hex:8>»",
        "«EAAA<word:60>»",
        "«shpat_<hex:32>»",
        "«dop_v1_<hex:64>»",
        "«key-<hex:32>»",
        "«whsec_<alnum:32>»",
        "«ghs_<alnum:36>»",
        "FlyV1 «fm2_<base64:100>»",
        "«ddp_<alnum:36>»",
        "«ddo_<alnum:36>»",
        "«cal_live_<hex:32>»",
        "«tr_dev_<alnum:24>»",
        "«tr_prod_<alnum:24>»",
        "«apify_api_<alnum:36>»",
        "«lsv2_sk_<hex:32>_<hex:10>»",
        "«sk-lf-<hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>»",
        "PAGERDUTY_TOKEN=«u+<alnum:18>»",
        "«e2b_<hex:40>»",
        "«ABSK<alnum:110>»",
        "docker swarm join --token «SWMTKN-1-<lower:50>-<lower:25>» 10.0.0.1:2377",
        "Endpoint=https://x.azconfig.io;Id=a-l0-s0:b;Secret=«<base64:43>=»",
        "\"access_token\": \"«sl.u.AF<word:133>»\"",
        "«mdb_sa_sk_<alnum:40>»",
        "«pk_<digit:8>_<upper:32>»",
        "«secret-live-<word:43>=»",
        "SECRET_KEY = '«django-insecure-<lower:40>@#!$%^&*(-»'",
        "define('NONCE_SALT',       '«x<(|<alnum:60>»');",
        "vault write auth/approle/login role_id=a secret_id=«<hex:8>-<hex:4>-<hex:4>-<hex:4>-<hex:12>»",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"«<word:43>»\"}",
        "Authorization: Bearer «q<alnum:17>-Z<alnum:44>_g»",
        "hashed_password: \"«$2b$12$<alnum:53>»\"",
    ]);
}

#[test]
fn passwords_of_environments() {
    check(&[
        "STAGING_PASSWORD=«hunter2hunter2»",
        "export DB_PASSWORD=«tomatosoup»",
        "DB_PASSWD=«correcthorse»",
        "ADMIN_PWD: «tomatosoup9»",
        "- STAGING_PASSWORD=«hunter2hunter2»",
        "the login is STAGING_PASSWORD=«hunter2hunter2» on staging",
        "`STAGING_PASSWORD=«hunter2hunter2»`",
        "      MYSQL_ROOT_PASSWORD: «tomatosoup9»",
        "      MYSQL_ROOT_PASSWORD: \"«tomatosoup9»\"",
        "    - POSTGRES_PASSWORD=«tomatosoup9»",
        "ENV DB_PASSWORD=«tomatosoup9»",
        "docker run -e POSTGRES_PASSWORD=«tomatosoup9» postgres",
        "set DB_PASSWORD=«tomatosoup9»",
        "$env:DB_PASSWORD = '«tomatosoup9»'",
        "APP_SECRET=«tomatosoup9»",
    ]);
}

#[test]
fn passwords_of_environments_are_no_code() {
    let text = "DB_PASSWORD = \"tomatosoup9\"";
    for path in [None, Some("notes.md"), Some("ci.yml"), Some("Dockerfile")] {
        let (redacted, _) = redact_in(path, text);
        assert_eq!(redacted, "DB_PASSWORD = \"[REDACTED:env-password]\"");
    }
    for path in ["settings.py", "src/a.rs", "a.test.ts"] {
        assert_eq!(redact_in(Some(path), text).0, text);
    }
    let text = "MYSQL_USER=wordpress\nMYSQL_PASSWORD=wordpress\n";
    assert_eq!(redact(text), text);
}

#[test]
fn passwords_of_settings_and_code() {
    for (path, text) in [
        ("sftp.json", "\"password\": \"«hunter22»\","),
        ("app.properties", "spring.datasource.password=«tomatosoup9»"),
        ("settings.xml", "<password>«G!t_lE-k$%»</password>"),
        (
            "servers.xml",
            "<Pass encoding=\"base64\">«VG9tYXRvczk=»</Pass>",
        ),
        ("Dockerfile", "ENV DB_PASSWORD «tomatosoup9»"),
        ("build.gradle", "credentials { password '«tomatosoup9»' }"),
        (
            "main.tf",
            "variable \"db_password\" {\n  default = \"«tomatosoup9»\"\n}",
        ),
        ("src/db.py", "password = '«4ian1234»'"),
        (
            "k8s/app.yaml",
            "data:\n  any: «S3E4enozMQ==»\nkind: Secret\n",
        ),
    ] {
        let (before, rest) = text.split_once('«').unwrap();
        let (secret, after) = rest.split_once('»').unwrap();
        let text = [before, secret, after].concat();
        let (redacted, found) = redact_in(Some(path), &text);
        let kind = found.first().map_or("", |it| it.kind);
        assert_eq!(redacted, format!("{before}{MARK}{kind}]{after}"), "{path}");
    }
    for (path, text) in [
        (
            "de.json",
            "\"password\": \"Passwort\", \"passwordHint\": \"8-mal\"",
        ),
        (
            "app.yaml",
            "password: ${DB_PASSWORD}\nother_password: !secret db1",
        ),
        ("tests/a.py", "password = '4ian1234'"),
        ("src/a.py", "password = read('4ian1234')"),
        ("README.md", "kind: Secret\ndata:\n  any: S3E4enozMQ==\n"),
    ] {
        assert_eq!(redact_in(Some(path), text).0, text, "{path}");
    }
}

#[test]
fn settings_in_base64() {
    let engine = base64::engine::general_purpose::STANDARD;
    let inner = engine.encode(expand("user_secret=\"<alnum:40>\""));
    for text in [inner.clone(), engine.encode(&inner)] {
        let redacted = redact(&format!("config: {text}\n")).into_owned();
        assert_eq!(redacted, "config: [REDACTED:generic-api-key]\n");
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
