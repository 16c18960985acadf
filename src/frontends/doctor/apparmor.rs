//! AppArmor: on Ubuntu 23.10 and later only programs with a profile may use user namespaces.

use std::fs;
use std::path::Path;

/// The profile that packages install, for the program at [`PACKAGED`].
const PROFILE: &str = include_str!("../../../packaging/apparmor/ollacode");
const PACKAGED: &str = "/usr/bin/ollacode";

/// It is 1 where programs without a profile get a user namespace in which they may do nothing.
const SYSCTL: &str = "kernel.apparmor_restrict_unprivileged_userns";
const SYSCTL_FILE: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

/// The profile of this process.
const OWN_LABEL: &str = "/proc/self/attr/current";

/// How to lift the restriction for one program.
#[derive(Debug, PartialEq, Eq)]
pub struct Remedy {
    pub reason: String,
    /// One line, and the profile if one can be written.
    pub fix: String,
}

/// The remedy for this program, if AppArmor restricts it and it has no profile yet.
pub fn remedy() -> Option<Remedy> {
    let sysctl = fs::read_to_string(SYSCTL_FILE).ok()?;
    let label = fs::read_to_string(OWN_LABEL).unwrap_or_default();
    if !is_restricted(&sysctl, &label) {
        return None;
    }
    // AppArmor knows a program by the path without links.
    let program = std::env::current_exe().and_then(fs::canonicalize).ok()?;
    Some(remedy_for(&program))
}

/// Whether the values of the sysctl and of the process's label mean that it may not use namespaces for
/// want of a profile.
fn is_restricted(sysctl: &str, label: &str) -> bool {
    // Without AppArmor the label is empty; a container has one of its own, and no file here changes that.
    let label = label.trim_end_matches(['\0', '\n']);
    sysctl.trim() == "1" && label == "unconfined"
}

fn remedy_for(program: &Path) -> Remedy {
    let reason = format!("AppArmor forbids it: `{SYSCTL}` is 1, and ollacode has no profile");
    let file = match program == Path::new(PACKAGED) {
        true => "/etc/apparmor.d/ollacode",
        false => "/etc/apparmor.d/ollacode-local",
    };
    let fix = match profile(program) {
        Some(profile) => format!(
            "as root, write this profile to `{file}`, and run `apparmor_parser -r {file}`; until then \
             every command needs approval\n{profile}"
        ),
        None => format!(
            "move ollacode to a path of plain characters, since no profile can name `{}`",
            program.display()
        ),
    };
    Remedy { reason, fix }
}

/// The profile for the program at an absolute path without links; `None` if it has a character that
/// means something else in a profile.
fn profile(program: &Path) -> Option<String> {
    let path = program.to_str()?;
    let is_plain = |sign: char| sign.is_alphanumeric() || "/._-+~=:@% ".contains(sign);
    if !path.starts_with('/') || !path.chars().all(is_plain) {
        return None;
    }
    let name = match path.contains(' ') {
        true => format!("\"{path}\""),
        false => path.to_owned(),
    };
    Some(PROFILE.replace(PACKAGED, &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packaged_profile_is_that_of_the_packaged_program() {
        assert_eq!(profile(Path::new(PACKAGED)).as_deref(), Some(PROFILE));
        assert_eq!(PROFILE.matches(PACKAGED).count(), 1);
    }

    #[test]
    fn a_profile_names_one_path_exactly() {
        let line = |path: &str| {
            let profile = profile(Path::new(path))?;
            let line = profile.lines().find(|line| line.starts_with("profile "));
            line.map(str::to_owned)
        };
        for (path, name) in [
            (
                "/home/me/.local/bin/ollacode",
                "/home/me/.local/bin/ollacode",
            ),
            ("/opt/my tools/ollacode", "\"/opt/my tools/ollacode\""),
            ("/home/zoë/ollacode", "/home/zoë/ollacode"),
        ] {
            let expected = format!("profile {name} flags=(unconfined) {{");
            assert_eq!(line(path), Some(expected), "{path}");
        }
        for path in [
            "ollacode",
            "/opt/*/ollacode",
            "/opt/[a]/ollacode",
            "/opt/@{HOME}/ollacode",
            "/opt/a\"b/ollacode",
            "/opt/a\\b/ollacode",
            "/opt/a\nb/ollacode",
            "/opt/a,b/ollacode",
        ] {
            assert_eq!(line(path), None, "{path}");
        }
    }

    #[test]
    fn only_a_program_without_a_profile_is_restricted() {
        assert!(is_restricted("1\n", "unconfined\n\0"));
        assert!(is_restricted("1\n", "unconfined"));
        assert!(!is_restricted("0\n", "unconfined"));
        assert!(!is_restricted("1\n", "/usr/bin/ollacode (unconfined)\n"));
        assert!(!is_restricted("1\n", "docker-default (enforce)"));
        assert!(!is_restricted("1\n", ""));
    }

    #[test]
    fn the_remedy_names_the_sysctl_the_file_and_the_command() {
        let remedy = remedy_for(Path::new("/home/me/.local/bin/ollacode"));
        assert!(remedy.reason.contains(SYSCTL));
        assert!(
            remedy
                .fix
                .contains("`apparmor_parser -r /etc/apparmor.d/ollacode-local`")
        );
        let line = "\nprofile /home/me/.local/bin/ollacode flags=(unconfined) {\n";
        assert!(remedy.fix.contains(line));
        let packaged = remedy_for(Path::new(PACKAGED));
        assert!(packaged.fix.contains("`/etc/apparmor.d/ollacode`"));
        let remedy = remedy_for(Path::new("/opt/*/ollacode"));
        assert!(remedy.fix.starts_with("move ollacode"));
        assert_eq!(remedy.fix.lines().count(), 1);
    }
}
