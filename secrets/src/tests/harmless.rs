//! Text that only resembles secrets stays as it is.

use std::borrow::Cow;

use super::super::redact;

/// Lines that must stay as they are.
pub(super) const HARMLESS: &[&str] = &[
    "fn check_password(password: &str, hash: &str) -> Result<bool, PasswordError> {",
    "let token = self.next_token()?; // the token after the secret keyword",
    "commit 135abbc98a69be3eed04d646e06655ecf9a52f1f",
    "checksum = \"b3f1d6d4bb3f3f7a7ab8a5bd3f6a0a86b1f5b0e8e1a3e3b9f0f8d4a4c7b6a5d4\"",
    "\"integrity\": \"sha512-Kq5dfTPdDvk3mVE1jlVMVoVe+7V5NQJ5Yk4Yd9tRr5Fl2u8Xn1Qw3Zb7Lc0Ms6A==\",",
    "id = \"6f1c2d3e-4b5a-4978-8c6d-5e4f3a2b1c0d\"",
    "client_secret = \"6f1c2d3e-4b5a-4978-8c6d-5e4f3a2b1c0d\"",
    "password = \"correct horse battery staple 99\"",
    "token_kind: \"SyntaxTokenKind::LeftParenthesis2\",",
    "const TOKEN_URL: &str = \"https://example.org/oauth2/v2.0/token1\";",
    "api_key = os.environ[\"SERVICE_API_KEY_2024\"]",
    "api_key: ${SERVICE_API_KEY}",
    "password: \"{{ vault_database_password_2 }}\"",
    "secret: your-32-character-secret-key-0000",
    "token = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxx1234\"",
    "access_token = \"oauth2_access_token_v2_refresh\"",
    "postgres://user:password@localhost/db",
    "https://user:${PASSWORD}@host/path",
    "https://<user>:<password>@host/path",
    "amqp://guest:guest@localhost:5672/",
    "format!(\"{scheme}://{user}:{password}@{host}\")",
    "mysql://root:****@127.0.0.1/test",
    "http://localhost:8080/@scope/package",
    "git@github.com:owner/repository.git",
    "Authorization: Bearer <token>",
    "headers[\"Authorization\"] = f\"Bearer {token}\"",
    "Basic authentication needs a password",
    ".task-list-item, .sk-fading-circle { color: red }",
    "asyncio.run(main(), debug=True)",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----",
    "const BEGIN: &str = \"-----BEGIN PRIVATE KEY-----\";\nconst END: &str = \"-----END PRIVATE KEY-----\";",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJq3v1Xy2Zk7Wm5Tn8Qp4Rb6Sc9Ld0Me1Nf2Og3Ph me@host",
    "hf_hub_download(repo_id=\"org/model\", filename=\"config.json\")",
    "npm_config_registry=https://registry.npmjs.org/",
    "secret_name = \"projects/my-project/secrets/my-secret\"",
    "csrf_token=\"{% csrf_token %}\"",
    "key-value pairs, and the key-0 that comes first",
    "GET /a%20task-0123456789abcdef0123456789abcdef01?b=%3Ddesk-0123456789abcdef0123456789abcdef01",
    "\"C:\\new\\task-0123456789abcdef0123456789abcdef01\"",
    "\"\\u0022risk-0123456789abcdef0123456789abcdef01\\u0022 and \\x22monkey-0123456789abcdef0123456789abcdef\"",
];

#[test]
fn ordinary_text_is_borrowed() {
    for text in HARMLESS {
        let redacted = redact(text);
        assert_eq!(redacted.text, *text);
        assert!(matches!(redacted.text, Cow::Borrowed(_)));
        assert!(redacted.findings.is_empty());
    }
}

/// A word that begins like a key at each step, and is none: it must not be read to its end each time.
#[test]
fn a_long_word_is_not_read_from_each_of_its_parts() {
    let text = "sk-proj-".repeat(100_000);
    let start = std::time::Instant::now();
    assert!(matches!(redact(&text).text, Cow::Borrowed(_)));
    assert!(start.elapsed() < std::time::Duration::from_secs(8));
}
