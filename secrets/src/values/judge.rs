//! Which values are secrets: by the name of the key, and by the look of the value.

use super::super::paths::masked_path;
use super::super::rules::entropy;

/// How much of a file is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretExtent {
    /// Everything that says something.
    All,
    /// What a key calls so, and what was drawn: the rest are settings and names.
    Some,
}

impl SecretExtent {
    /// By the path of the file, in lower case.
    pub(super) fn of(path: &str) -> SecretExtent {
        const MIXED: &[&str] = &[
            ".tfstate",
            ".tfstate.backup",
            ".tfvars",
            ".tfvars.json",
            ".aws/config",
            ".azure/azureprofile.json",
            ".docker/config.json",
            ".kube/config",
            ".kubeconfig",
            ".oci/config",
            ".terraformrc",
            "hosts.yml",
            "kubeconfig",
            "local.settings.json",
            "settings.xml",
            "terraform.rc",
        ];
        let is_mixed = path.contains(".ssh/") || MIXED.iter().any(|end| path.ends_with(end));
        if is_mixed || masked_path(path).is_some() {
            SecretExtent::Some
        } else {
            SecretExtent::All
        }
    }
}

/// Parts of the name of a key that call its value a secret.
const SENSITIVE: &[&str] = &[
    "apikey",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "private",
    "secret",
    "token",
];

/// The same, as whole words.
const SENSITIVE_WORDS: &[&str] = &[
    "auth",
    "cookie",
    "dsn",
    "hash",
    "key",
    "keys",
    "pass",
    "pat",
    "pin",
    "pw",
    "pwd",
    "pswd",
    "salt",
    "sig",
    "signature",
    "webhook",
];

/// Last words of keys whose values are settings.
const SETTINGS: &[&str] = &[
    "account",
    "address",
    "algorithm",
    "alias",
    "apiversion",
    "bucket",
    "branch",
    "charset",
    "class",
    "cluster",
    "color",
    "compose",
    "context",
    "count",
    "database",
    "debug",
    "dir",
    "directory",
    "domain",
    "driver",
    "email",
    "encoding",
    "endpoint",
    "engine",
    "env",
    "environment",
    "file",
    "filename",
    "folder",
    "format",
    "group",
    "home",
    "host",
    "hostname",
    "hosts",
    "image",
    "instance",
    "interval",
    "kind",
    "lang",
    "language",
    "length",
    "level",
    "limit",
    "locale",
    "login",
    "machine",
    "mode",
    "model",
    "module",
    "name",
    "namespace",
    "node",
    "origin",
    "output",
    "path",
    "platform",
    "port",
    "prefix",
    "profile",
    "project",
    "protocol",
    "provider",
    "region",
    "registry",
    "release",
    "replicas",
    "repository",
    "role",
    "root",
    "schema",
    "scheme",
    "scope",
    "server",
    "service",
    "size",
    "stage",
    "status",
    "tag",
    "theme",
    "timeout",
    "timezone",
    "title",
    "ttl",
    "type",
    "tz",
    "uri",
    "url",
    "user",
    "username",
    "version",
    "workspace",
    "zone",
];

/// Values that stand in every text.
const COMMON: &[&str] = &[
    "admin",
    "administrator",
    "allow",
    "always",
    "basic",
    "bearer",
    "changeme",
    "debug",
    "default",
    "demo",
    "dev",
    "development",
    "disable",
    "disabled",
    "docker",
    "elasticsearch",
    "enable",
    "enabled",
    "error",
    "example",
    "false",
    "guest",
    "http",
    "https",
    "info",
    "json",
    "kafka",
    "local",
    "localhost",
    "main",
    "mariadb",
    "master",
    "memcached",
    "mongo",
    "mongodb",
    "mysql",
    "never",
    "none",
    "null",
    "oauth2",
    "password",
    "passwd",
    "placeholder",
    "postgres",
    "postgresql",
    "prefer",
    "private",
    "prod",
    "production",
    "public",
    "rabbitmq",
    "redis",
    "required",
    "root",
    "sample",
    "secret",
    "service_account",
    "sqlite",
    "staging",
    "string",
    "test",
    "testing",
    "text",
    "token",
    "trace",
    "true",
    "undefined",
    "user",
    "username",
    "utf-8",
    "verbose",
    "warn",
    "warning",
];

/// Whether a value says something that nobody is to see.
pub(super) fn judge(key: &str, value: &str, trust: SecretExtent) -> bool {
    let length = value.chars().count();
    let lower = value.to_lowercase();
    if length < 4 || COMMON.contains(&lower.as_str()) || is_stand_in(&lower) {
        return false;
    }
    let is_drawn = is_drawn(value);
    let is_address = value.contains("://") && !value.contains('@');
    if is_path(value) || is_address {
        return is_drawn && is_address;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_number = value
        .bytes()
        .all(|byte| b"0123456789.,:-_+ T".contains(&byte));
    let name = KeyMeaning::of(key);
    if is_number {
        return digits >= 12 || (digits >= 6 && name == KeyMeaning::Sensitive);
    }
    match name {
        KeyMeaning::Sensitive => length >= 6 || (digits > 0 && digits < length),
        KeyMeaning::Setting => is_drawn,
        KeyMeaning::Unknown if trust == SecretExtent::Some => is_drawn,
        // A line of a script: `use flake`.
        KeyMeaning::Unknown if key.trim_matches('.').is_empty() && value.contains(' ') => is_drawn,
        KeyMeaning::Unknown => {
            let is_word = value.chars().all(char::is_alphabetic);
            let says_little = (is_word && length < 16) || length < 6 || value.starts_with('-');
            is_drawn || !(says_little || is_version_or_host(value) || is_mail_address(value))
        }
    }
}

/// Whether a key says that its value is a setting: a name, a place, a number.
pub(super) fn is_setting(key: &str) -> bool {
    KeyMeaning::of(key) == KeyMeaning::Setting
}

/// What a key says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyMeaning {
    Sensitive,
    Setting,
    Unknown,
}

/// Keys above others that call everything below them a secret.
const HOLDERS: &[&str] = &[
    "credentials",
    "keys",
    "passwords",
    "secrets",
    "stringdata",
    "tokens",
];

impl KeyMeaning {
    /// Judges a key with those above it, joined by dots.
    fn of(key: &str) -> KeyMeaning {
        let (above, leaf) = key.rsplit_once('.').unwrap_or(("", key));
        let is_holder = |name: &str| HOLDERS.contains(&name.to_lowercase().as_str());
        if above.split('.').any(is_holder) {
            return KeyMeaning::Sensitive;
        }
        KeyMeaning::of_words(&key_words(if leaf.is_empty() { above } else { leaf }))
    }

    fn of_words(words: &[String]) -> KeyMeaning {
        let joined = words.concat();
        let is_sensitive = |word: &String| SENSITIVE_WORDS.contains(&word.as_str());
        let last = words.last().map_or("", String::as_str);
        if SETTINGS.contains(&last) && words.len() > 1 && last != "url" && last != "uri" {
            // `TOKEN_URL`, `password_file`, `auth.provider`: a setting about a secret.
            return KeyMeaning::Setting;
        }
        if SENSITIVE.iter().any(|part| joined.contains(part)) || words.iter().any(is_sensitive) {
            KeyMeaning::Sensitive
        } else if SETTINGS.contains(&last) {
            KeyMeaning::Setting
        } else {
            KeyMeaning::Unknown
        }
    }
}

/// The words of a name, in lower case: `apiKey` and `API_KEY` have the same.
fn key_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        let begins = !character.is_alphanumeric() || (character.is_uppercase() && was_lower);
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase() || character.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a value stands for one that something else fills in.
fn is_stand_in(lower: &str) -> bool {
    let is_enclosed = |start: &str, end: &str| lower.starts_with(start) && lower.ends_with(end);
    is_enclosed("${", "}")
        || is_enclosed("$(", ")")
        || is_enclosed("<", ">")
        || is_enclosed("{{", "}}")
        || is_enclosed("<%", "%>")
        || is_enclosed("#{", "}")
        || is_enclosed("%", "%")
        || lower.starts_with("env:")
        || lower.starts_with("your-")
        || lower.starts_with("your_")
        || lower.bytes().all(|byte| byte == b'x' || byte == b'*')
}

/// Whether a value was drawn, not written.
pub(super) fn is_drawn(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let mixes = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let longest = value
        .split(|c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c))
        .map(str::len)
        .max();
    value.len() >= 16 && mixes && longest >= Some(12) && entropy(value) >= 3.0
}

fn is_path(value: &str) -> bool {
    let is_name = |name: &str| {
        name.len() <= 24
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '~'))
    };
    value.starts_with(['/', '.', '~']) && value.contains('/') && value.split('/').all(is_name)
}

fn is_mail_address(value: &str) -> bool {
    let parts = value.split_once('@');
    parts.is_some_and(|(name, host)| {
        let mut parts = host.split('.');
        let is_plain = |part: &str| part.chars().all(|c| c.is_alphanumeric() || c == '-');
        !name.contains([':', '/', ' ']) && host.contains('.') && parts.all(is_plain)
    })
}

/// `v1.2.3`, `db.internal.example.com:5432`, `us-east-1`.
fn is_version_or_host(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['.', ':', '-', '/']).collect();
    let is_plain = |part: &&str| {
        let letters = part.bytes().filter(u8::is_ascii_alphabetic).count();
        part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && (letters == 0 || letters == part.len())
    };
    let is_version = value
        .trim_start_matches('v')
        .starts_with(|c: char| c.is_ascii_digit())
        && value.contains('.')
        && value.len() <= 16;
    let has_dots = value.contains('.') && !value.contains(char::is_whitespace);
    let is_zone = parts[0].len() == 2 && parts.last().is_some_and(|last| last.len() <= 2);
    is_version || (parts.len() > 2 && parts.iter().all(is_plain) && (has_dots || is_zone))
}
