//! Files that are secret by their names: left out whole, for what they hold may look like anything.
//!
//! By the name alone, never by what is inside: a person can foresee it, and nothing has to be read. So `cert.pem` is left out
//! although it may hold a public certificate, which tells a reader nothing. Examples and templates (`.env.example`) are
//! documentation, and code that is about keys (`keys.py`, `pem.rs`, `.env.d.ts`) is code.

/// Whether the file at `path` is secret by its name.
pub fn is_secret_name(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    if is_sample(name) || is_code(name) {
        return false;
    }
    let below = |parent: &str| folder == parent || folder.ends_with(&format!("/{parent}"));
    let starts = |start: &str| name.starts_with(start);
    let ends = |ends: &[&str]| {
        ends.iter()
            .any(|end| name.len() > end.len() && name.ends_with(end))
    };
    name == ".env"
        || starts(".env.")
        || name == ".envrc"
        || EXACT.contains(&name)
        || ends(ENDS)
        || starts("id_") && IDENTITIES.contains(&name)
        || name.contains(".tfstate")
        || name.contains(".tfvars")
        || name == "config" && below(".kube")
        || name == "config.json" && below(".docker")
        || name == "credentials.json"
        || (starts("client_secret") || starts("service-account") || starts("service_account"))
            && name.ends_with(".json")
        || below("private-keys-v1.d")
}

/// Files by their whole names.
const EXACT: &[&str] = &[
    ".npmrc",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    ".htdigest",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
    ".s3cfg",
    ".boto",
    ".dockercfg",
    ".dockerconfigjson",
    "credentials",
    "kubeconfig",
    ".vault-token",
    ".vault_pass",
    ".vault-password",
    ".terraformrc",
    "terraform.rc",
    "credentials.tfrc.json",
    ".yarnrc.private",
    ".remote-sync.json",
    ".ftpconfig",
    "secring.gpg",
    "secring.pgp",
    "access_tokens.db",
    "accesstokens.json",
    "azureprofile.json",
    "application_default_credentials.json",
    ".rediscli_auth",
    ".passwd-s3fs",
    ".davfs2/secrets",
    "ssh_host_rsa_key",
    "ssh_host_dsa_key",
    "ssh_host_ecdsa_key",
    "ssh_host_ed25519_key",
    ".gem/credentials",
    ".cargo-credentials",
    ".msmtprc",
    ".fetchmailrc",
    ".esmtprc",
    "wp-config.php.bak",
    "master.key",
    ".pwd",
];

/// Files by their endings.
const ENDS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".ppk",
    ".kdbx",
    ".kdb",
    ".pkcs12",
    ".p8",
    ".bcfks",
    ".ovpn",
    ".agekey",
    ".psafe3",
    ".kubeconfig",
    ".keychain",
    ".keychain-db",
    ".tblk",
    ".jceks",
    ".truststore",
    ".pk8",
    ".privkey",
    ".mobileprovision",
];

/// Keys of SSH; those with `.pub` behind are public.
const IDENTITIES: &[&str] = &[
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "id_xmss",
];

/// What shows how such a file looks.
fn is_sample(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "example", "sample", "template", "dist", "tmpl", "tpl", "defaults", "schema", "j2", "erb",
        "mustache",
    ];
    let mut parts = name.split(['.', '-', '_']);
    parts.next();
    parts.any(|part| WORDS.contains(&part))
        || name.starts_with("example.")
        || name.starts_with("sample.")
}

/// What a compiler or an interpreter reads.
fn is_code(name: &str) -> bool {
    const ENDS: &[&str] = &[
        ".rs", ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".go", ".rb",
        ".java", ".kt", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".php", ".swift", ".ex", ".exs",
        ".erl", ".scala", ".md", ".mdx", ".rst", ".html", ".vue", ".svelte",
    ];
    ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::is_secret_name;

    #[test]
    fn secret_names() {
        for path in [
            ".env",
            "app/.env",
            ".env.production",
            ".ENV",
            ".envrc",
            "a.pem",
            "tls/server.key",
            "x.p12",
            "x.PFX",
            "x.jks",
            "x.keystore",
            "a.ppk",
            "pw.kdbx",
            ".ssh/id_rsa",
            "id_ed25519",
            ".npmrc",
            ".netrc",
            "_netrc",
            ".pypirc",
            ".git-credentials",
            ".htpasswd",
            ".pgpass",
            ".aws/credentials",
            "kubeconfig",
            "home/.kube/config",
            ".docker/config.json",
            "infra/terraform.tfstate",
            "terraform.tfstate.backup",
            "prod.tfvars",
            "prod.auto.tfvars.json",
            "client_secret_12.json",
            "prod.kubeconfig",
        ] {
            assert!(is_secret_name(path), "{path}");
        }
    }

    #[test]
    fn other_names() {
        for path in [
            ".env.example",
            ".env.sample",
            ".env.template",
            ".env.dist",
            ".env.local.example",
            "keys.py",
            "src/pem.rs",
            "id_rsa.pub",
            "x.pub",
            ".env.d.ts",
            "credentials.py",
            "config.json",
            "config",
            "docker/config.json",
            "terraform.tfvars.example",
            "environment.ts",
            "key.md",
            "main.tf",
            "env",
            "a.crt",
            "monkey",
            ".npmrc.example",
            "credentials/mod.rs",
            ".pem",
            "tokens.json",
            "sample.env",
        ] {
            assert!(!is_secret_name(path), "{path}");
        }
    }
}
