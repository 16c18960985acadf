//! Paths that every command may read: the system and toolchains, not the home folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The system: programs, libraries, and settings without secrets.
const SYSTEM: &[&str] = &[
    "/bin",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/opt",
    "/run/current-system/sw",
    "/sbin",
    "/snap",
    "/usr",
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/locale.conf",
    "/etc/localtime",
    "/etc/login.defs",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/networks",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/perl",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf",
    "/etc/profile",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/rpc",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/static",
    "/etc/terminfo",
    "/etc/timezone",
];

/// Toolchains and their downloads below the home folder. None of these contain passwords or tokens.
const BELOW_HOME: &[&str] = &[
    ".asdf",
    ".bun/bin",
    ".bun/install",
    ".cabal/bin",
    ".cabal/packages",
    ".cabal/store",
    ".cargo/bin",
    ".cargo/env",
    ".cargo/git",
    ".cargo/registry",
    ".deno/bin",
    ".dotnet",
    ".elan",
    ".fnm",
    ".gem/ruby",
    ".ghcup",
    ".gradle/wrapper/dists",
    ".juliaup",
    ".julia/packages",
    ".julia/registries",
    ".local/bin",
    ".local/lib",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pnpm",
    ".local/share/uv",
    ".m2/repository",
    ".mix",
    ".nix-profile",
    ".nodenv",
    ".npm-global",
    ".nuget/packages",
    ".nvm",
    ".opam",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".rvm",
    ".sdkman/candidates",
    ".stack/programs",
    ".swiftly",
    ".volta",
    ".zig",
    "go/bin",
    "go/pkg/mod",
];

/// Settings below the home folder that tools need. Readable if they contain no secret.
const SETTINGS_BELOW_HOME: &[&str] = &[
    ".cargo/config",
    ".cargo/config.toml",
    ".config/git/attributes",
    ".config/git/config",
    ".config/git/ignore",
    ".gitconfig",
    ".gitignore",
    ".gitignore_global",
];

/// Settings of the system that may contain secrets.
const SYSTEM_SETTINGS: &[&str] = &["/etc/gitconfig"];

/// Variables that name a tool folder, with its readable parts.
const VARIABLES: &[(&str, &[&str])] = &[
    ("CARGO_HOME", &["bin", "env", "git", "registry"]),
    ("GOMODCACHE", &[""]),
    ("GOPATH", &["bin", "pkg/mod"]),
    ("JAVA_HOME", &[""]),
    ("NVM_DIR", &[""]),
    ("PYENV_ROOT", &[""]),
    ("RUSTUP_HOME", &[""]),
    ("VIRTUAL_ENV", &[""]),
];

/// Largest settings file checked, in bytes.
const LONGEST_SETTINGS: u64 = 256 << 10;

/// The existing paths that every command may read, from the home folder and the given variables.
///
/// A folder of `PATH` is readable unless it is the home folder or above it.
pub fn readable<'a>(
    home: Option<&Path>,
    variables: impl IntoIterator<Item = (&'a OsStr, &'a OsStr)>,
) -> Vec<PathBuf> {
    let mut paths = candidates(home, variables);
    paths.retain(|path| path.exists());
    paths
}

fn candidates<'a>(
    home: Option<&Path>,
    variables: impl IntoIterator<Item = (&'a OsStr, &'a OsStr)>,
) -> Vec<PathBuf> {
    let below_home = |names: &[&str]| -> Vec<PathBuf> {
        let home = home.into_iter();
        home.flat_map(|home| names.iter().map(|name| home.join(name)).collect::<Vec<_>>())
            .collect()
    };
    let mut paths: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    paths.extend(below_home(BELOW_HOME));
    let mut settings: Vec<PathBuf> = SYSTEM_SETTINGS.iter().map(PathBuf::from).collect();
    settings.extend(below_home(SETTINGS_BELOW_HOME));
    for (name, value) in variables {
        if name == "PATH" {
            for path in std::env::split_paths(value) {
                // Shims run what lies beside their folder.
                if path.ends_with("shims") {
                    paths.extend(path.parent().map(Path::to_owned));
                }
                paths.push(path);
            }
        }
        let row = VARIABLES.iter().find(|row| name == row.0);
        for folder in row.iter().flat_map(|row| row.1) {
            paths.extend(std::env::split_paths(value).map(|path| path.join(folder)));
        }
        if name == "CARGO_HOME" {
            settings.push(Path::new(value).join("config.toml"));
        }
    }
    settings.retain(|path| is_harmless(path));
    paths.extend(settings);
    let is_too_much = |path: &Path| {
        let climbs = path.components().any(|part| part.as_os_str() == "..");
        let is_above = home.is_some_and(|home| home.starts_with(path));
        !path.is_absolute() || climbs || is_above || path.parent().is_none()
    };
    paths.retain(|path| !is_too_much(path));
    paths.sort();
    paths.dedup();
    paths
}

/// Whether a settings file has nothing that looks like a secret.
fn is_harmless(path: &Path) -> bool {
    let length = fs::metadata(path).map(|metadata| metadata.len());
    if length.is_ok_and(|length| length > LONGEST_SETTINGS) {
        return false;
    }
    fs::read_to_string(path).is_ok_and(|text| !has_secret(&text))
}

fn has_secret(text: &str) -> bool {
    let text = text.to_lowercase();
    let words = ["token", "secret", "passw", "extraheader", "authorization"];
    // `https://name:password@host`
    let has_login = text.split("://").skip(1).any(|rest| {
        let end = rest.find(|c: char| c == '/' || c == '"' || c.is_whitespace());
        rest[..end.unwrap_or(rest.len())].contains('@')
    });
    has_login || words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        let home = Path::new("/home/someone");
        let variables = variables
            .iter()
            .map(|(name, value)| (OsStr::new(*name), OsStr::new(*value)));
        candidates(Some(home), variables)
    }

    #[test]
    fn toolchains_are_readable_and_the_home_folder_is_not() {
        let paths = chosen(&[
            (
                "PATH",
                "/usr/bin:/home/someone/tools:/home/someone:/home:/:.:bin:/a/../b",
            ),
            ("CARGO_HOME", "/data/cargo"),
            ("RUSTUP_HOME", "/data/rustup"),
        ]);
        for path in [
            "/usr",
            "/usr/bin",
            "/home/someone/tools",
            "/home/someone/.rustup",
            "/home/someone/.cargo/registry",
            "/data/cargo/registry",
            "/data/rustup",
        ] {
            assert!(paths.contains(&PathBuf::from(path)), "{path}");
        }
        for path in paths {
            let kept = [
                "/",
                "/home",
                "/home/someone",
                "/data/cargo",
                "/etc",
                "/root",
                "/var",
                "/run",
            ];
            let text = path.to_str().expect("text");
            assert!(!kept.contains(&text) && path.is_absolute(), "{text}");
            assert!(
                !text.contains("credentials") && !text.contains(".ssh"),
                "{text}"
            );
        }
    }

    #[test]
    fn settings_with_secrets_are_known() {
        for text in [
            "[registry]\ntoken = \"x\"",
            "[http]\nproxy = \"http://me:word@proxy\"",
            "[url \"https://abc@github.com/\"]",
            "[http]\n\textraHeader = AUTHORIZATION: basic x",
            "password = x",
        ] {
            assert!(has_secret(text), "{text}");
        }
        for text in [
            "[user]\n\tname = A\n\temail = a@example.org\n",
            "[source.mirror]\nregistry = \"sparse+https://mirror.example.org/index/\"",
            "",
        ] {
            assert!(!has_secret(text), "{text}");
        }
    }
}
