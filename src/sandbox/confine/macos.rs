//! Confinement on macOS with `sandbox-exec` and a profile per command. Not tested on a Mac yet.

#[cfg(target_os = "macos")]
use std::ffi::OsString;
use std::fmt::Write;
#[cfg(target_os = "macos")]
use std::io;
use std::path::{Path, PathBuf};

#[cfg(target_os = "macos")]
use super::ConfinedCommand;
use super::policy::GIT_INTERNALS;
use super::{GitAccess, SandboxPolicy};
use crate::jail::closed_rows;
#[cfg(target_os = "macos")]
use crate::permission::Confinement;
use crate::sandbox::WorkspaceAccess;

/// Paths that every program may read beside its bounds.
const SYSTEM: &[&str] = &[
    "/Applications/Xcode.app",
    "/Library/Developer",
    "/Library/Frameworks",
    "/Library/Java",
    "/System",
    "/bin",
    "/dev",
    "/opt",
    "/private/etc",
    "/private/var/db/dyld",
    "/private/var/db/timezone",
    "/private/var/select",
    "/sbin",
    "/usr",
];

/// Prepares a command; see [`super::prepare`].
#[cfg(target_os = "macos")]
pub fn prepare(
    bounds: &SandboxPolicy,
    level: Confinement,
    program: &str,
    arguments: &[OsString],
) -> io::Result<ConfinedCommand> {
    if level != Confinement::Full {
        return Err(io::Error::other("macOS has only the level `full`"));
    }
    let temporary = bounds.temporary.join("tmp");
    for folder in [&temporary, &bounds.cache] {
        std::fs::create_dir_all(folder)?;
    }
    let profile =
        profile(bounds).ok_or_else(|| io::Error::other("a path of the bounds is no text"))?;
    let mut all = vec![OsString::from("-p"), OsString::from(profile)];
    all.push(OsString::from(program));
    all.extend(arguments.iter().cloned());
    Ok(ConfinedCommand {
        program: PathBuf::from("/usr/bin/sandbox-exec"),
        arguments: all,
        variables: vec![
            ("GOCACHE", bounds.cache.join("go-build").into()),
            ("TMPDIR", temporary.into()),
            ("XDG_CACHE_HOME", bounds.cache.clone().into()),
        ],
        inherited: Vec::new(),
        helper: None,
    })
}

/// Writes the profile; `None` if a path cannot be expressed in it. Later rules win.
fn profile(bounds: &SandboxPolicy) -> Option<String> {
    let system = SYSTEM.iter().map(PathBuf::from);
    let mut writable = vec![bounds.temporary.join("tmp"), bounds.cache.clone()];
    let mut shown: Vec<PathBuf> = system.chain(bounds.readable.iter().cloned()).collect();
    let theirs = [&bounds.root].into_iter().chain(&bounds.writable).cloned();
    match bounds.workspace {
        WorkspaceAccess::ReadWrite => writable.extend(theirs),
        WorkspaceAccess::ReadOnly => shown.extend(theirs),
    }
    let readable = shown.into_iter().chain(writable.iter().cloned());
    let mut text = String::from(
        "(version 1)\n(deny default)\n(allow process-fork)\n(allow process-exec)\n\
         (allow signal (target same-sandbox))\n(allow sysctl-read)\n(allow mach-lookup)\n\
         (allow file-read-metadata)\n(allow file-ioctl (literal \"/dev/null\"))\n\
         (allow file-write* (literal \"/dev/null\") (literal \"/dev/zero\"))\n",
    );
    for path in readable {
        writeln!(text, "(allow file-read* (subpath {}))", quoted(&path)?).ok()?;
    }
    for path in writable {
        writeln!(text, "(allow file-write* (subpath {}))", quoted(&path)?).ok()?;
    }
    for name in closed_names(bounds) {
        let name = name.replace('.', "\\.").replace('*', "[^/]*");
        writeln!(text, "(deny file-write* (regex #\"/{name}(/|$)\"))").ok()?;
    }
    for path in &bounds.unwritable {
        writeln!(text, "(deny file-write* (subpath {}))", quoted(path)?).ok()?;
    }
    for path in &bounds.hidden {
        writeln!(text, "(deny file-read* (subpath {}))", quoted(path)?).ok()?;
        writeln!(text, "(deny process-exec (subpath {}))", quoted(path)?).ok()?;
    }
    text.push_str(match bounds.network {
        true => "(allow network*)\n",
        false => "(allow network* (local ip \"localhost:*\"))\n",
    });
    Some(text)
}

/// Names that may not be written, at any depth.
fn closed_names(bounds: &SandboxPolicy) -> Vec<String> {
    let mut names: Vec<String> = closed_rows().map(str::to_owned).collect();
    let is_open = |name: &str| bounds.auto_executed && name != ".ollacode";
    names.retain(|name| name != ".git" && !is_open(name));
    match bounds.git {
        GitAccess::ReadOnly => names.push(".git".to_owned()),
        _ => {
            names.extend(GIT_INTERNALS.iter().map(|name| format!(".git/{name}")));
        }
    }
    names
}

/// A path as a string literal of the profile.
fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    Some(format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_denies_what_is_protected_after_it_allowed_the_rest() {
        let mut bounds =
            SandboxPolicy::new(Path::new("/Users/a/my \"work\""), Path::new("/private/t"));
        bounds.unwritable = vec![PathBuf::from("/Users/a/my \"work\"/closed")];
        bounds.hidden = vec![PathBuf::from("/Users/a/my \"work\"/.env")];
        let text = profile(&bounds).expect("all paths are text");
        let at = |line: &str| text.find(line).unwrap_or_else(|| panic!("{line}\n{text}"));
        let allowed = at("(allow file-write* (subpath \"/Users/a/my \\\"work\\\"\"))");
        assert!(allowed < at("(deny file-write* (regex #\"/\\.vscode(/|$)\"))"));
        assert!(allowed < at("(deny file-write* (regex #\"/\\.github/workflows(/|$)\"))"));
        assert!(allowed < at("(deny file-write* (regex #\"/\\.git(/|$)\"))"));
        assert!(allowed < at("(deny file-write* (subpath \"/Users/a/my \\\"work\\\"/closed\"))"));
        assert!(allowed < at("(deny file-read* (subpath \"/Users/a/my \\\"work\\\"/.env\"))"));
        assert!(!text.contains("(allow network*)"));
    }
}
