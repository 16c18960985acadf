//! Files that are more than texts: what they hold runs later, or is secret. Judged by the path
//! alone, so also before they exist.

use ollacode_indexer::secrets::secret_path;

use super::WorkspacePath;

const GIT: &str = "is git's own: hooks and settings in it run commands";
const OWN: &str = "is ollacode's own: it decides what is asked and what runs";
const EDITOR: &str = "is read by editors, which run commands it names";
const CI: &str = "is read by a build server, which runs what it says";
const SHELL: &str = "runs when a shell starts";
const ENVIRONMENT: &str = "sets the environment of programs";
const HOOKS: &str = "holds commands that run on their own";
const TOOLCHAIN: &str = "decides which compiler and which programs a build runs";
const BUILD: &str = "runs when the project is built or opened";
const PACKAGES: &str = "can hold scripts that package managers run";
const KEYS: &str = "decides who may log in";

/// Folders in which everything counts, wherever they are.
const FOLDERS: &[(&str, &str)] = &[
    (".cargo", TOOLCHAIN),
    (".circleci", CI),
    (".claude", EDITOR),
    (".devcontainer", EDITOR),
    (".direnv", ENVIRONMENT),
    (".fleet", EDITOR),
    (".git", GIT),
    // The name that some disks give `.git` besides.
    ("git~1", GIT),
    (".githooks", HOOKS),
    (".husky", HOOKS),
    (".idea", EDITOR),
    (".mvn", BUILD),
    (".ollacode", OWN),
    (".ssh", KEYS),
    (".vscode", EDITOR),
    (".yarn", PACKAGES),
    (".zed", EDITOR),
];

/// Folders in which everything counts, in one other folder.
const FOLDERS_OF_FOLDERS: &[(&str, &str, &str)] = &[
    (".config", "fish", SHELL),
    (".forgejo", "workflows", CI),
    (".gitea", "workflows", CI),
    (".github", "actions", CI),
    (".github", "workflows", CI),
    ("gradle", "wrapper", BUILD),
    ("node_modules", ".bin", PACKAGES),
];

const FILES: &[(&str, &str)] = &[
    (".appveyor.yml", CI),
    (".bash_aliases", SHELL),
    (".bash_login", SHELL),
    (".bash_logout", SHELL),
    (".bash_profile", SHELL),
    (".bashrc", SHELL),
    (".bazelrc", BUILD),
    (".cshrc", SHELL),
    (".dir-locals.el", EDITOR),
    (".drone.yml", CI),
    (".emacs", EDITOR),
    (".exrc", EDITOR),
    (".gdbinit", HOOKS),
    (".gitconfig", GIT),
    (".gitlab-ci.yml", CI),
    (".gitmodules", GIT),
    (".inputrc", SHELL),
    (".kshrc", SHELL),
    (".lldbinit", HOOKS),
    (".login", SHELL),
    (".logout", SHELL),
    (".mcp.json", HOOKS),
    (".mise.toml", TOOLCHAIN),
    (".npmrc", PACKAGES),
    (".nvimrc", EDITOR),
    (".pnpmfile.cjs", PACKAGES),
    (".pre-commit-config.yaml", HOOKS),
    (".profile", SHELL),
    (".pypirc", PACKAGES),
    (".tcshrc", SHELL),
    (".tmux.conf", HOOKS),
    (".tool-versions", TOOLCHAIN),
    (".travis.yml", CI),
    (".vimrc", EDITOR),
    (".woodpecker.yml", CI),
    (".yarnrc", PACKAGES),
    (".yarnrc.yml", PACKAGES),
    (".zlogin", SHELL),
    (".zlogout", SHELL),
    (".zprofile", SHELL),
    (".zshenv", SHELL),
    (".zshrc", SHELL),
    ("appveyor.yml", CI),
    ("azure-pipelines.yml", CI),
    ("binding.gyp", PACKAGES),
    ("bitbucket-pipelines.yml", CI),
    ("build.gradle", BUILD),
    ("build.gradle.kts", BUILD),
    ("build.rs", BUILD),
    ("composer.json", PACKAGES),
    ("config.fish", SHELL),
    ("gradlew", BUILD),
    ("jenkinsfile", CI),
    ("lefthook.yml", HOOKS),
    ("mise.toml", TOOLCHAIN),
    ("mvnw", BUILD),
    ("package.json", PACKAGES),
    ("pip.conf", PACKAGES),
    ("rust-toolchain", TOOLCHAIN),
    ("rust-toolchain.toml", TOOLCHAIN),
    ("settings.gradle", BUILD),
    ("settings.gradle.kts", BUILD),
    ("setup.py", PACKAGES),
    ("sitecustomize.py", HOOKS),
    ("usercustomize.py", HOOKS),
];

/// Says what a file does besides being a text, if it does: `it` and these words are a sentence.
///
/// Case makes no difference, nor do endings and characters that some disks pass over.
pub fn protected(path: &WorkspacePath) -> Option<&'static str> {
    let names: Vec<String> = path.names().map(folded).collect();
    let of_folder = names.iter().enumerate().find_map(|(at, name)| {
        let parent = at.checked_sub(1).map_or("", |above| names[above].as_str());
        look_up(FOLDERS, name).or_else(|| {
            let mut rows = FOLDERS_OF_FOLDERS.iter();
            let row = rows.find(|(above, folder, _)| *above == parent && folder == name);
            row.map(|row| row.2)
        })
    });
    of_folder.or_else(|| {
        let file = names.last()?;
        if file.starts_with(".env") {
            return Some(ENVIRONMENT);
        }
        // Python runs lines of these whenever it starts.
        if file.ends_with(".pth") {
            return Some(HOOKS);
        }
        look_up(FILES, file)
    })
}

/// Tells whether a file likely holds secrets, by its path.
pub fn is_secret(path: &WorkspacePath) -> bool {
    is_secret_name(path.as_str())
}

/// The same for a relative path that the system gave, which need not be one that can be asked for.
pub(super) fn is_secret_name(path: &str) -> bool {
    let names: Vec<String> = path.split('/').map(folded).collect();
    let folded = names.join("/");
    secret_path(&folded).is_some() || (folded != path && secret_path(path).is_some())
}

fn look_up(rows: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    rows.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// A name as the most forgiving disk takes it.
pub(crate) fn folded(name: &str) -> String {
    let seen: String = name.chars().filter(|c| !is_passed_over(*c)).collect();
    // Upper case first: that is where `ſ` meets `s`, and `ß` meets `ss`.
    let folded = seen.to_uppercase().to_lowercase();
    folded.trim_end_matches(['.', ' ']).to_owned()
}

/// Characters that have no part in a name on some disks, as git found out (CVE-2014-9390).
fn is_passed_over(character: char) -> bool {
    matches!(
        character,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(given: &str) -> WorkspacePath {
        WorkspacePath::parse(given, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn what_runs_later_is_known() {
        for given in [
            ".git/config",
            ".git/hooks/pre-commit",
            "vendor/lib/.git/hooks/post-checkout",
            ".git",
            ".GIT/config",
            ".Git/hooks/x",
            "git~1/config",
            ".git./config",
            ".git /config",
            ".g\u{200c}it/config",
            ".ollacode/settings.toml",
            ".OllaCode/x",
            ".oLLacode",
            ".env",
            ".env.local",
            ".ENV",
            ".envrc",
            "deploy/.env.production",
            ".bashrc",
            "home/.BASHRC",
            ".ba\u{17f}hrc",
            ".zshenv",
            ".profile",
            ".config/fish/functions/x.fish",
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/ci.yml",
            ".vscode/tasks.json",
            "sub/.vscode/settings.json",
            ".idea/workspace.xml",
            ".cargo/config.toml",
            ".cargo/config",
            "crates/a/.cargo/config.toml",
            "rust-toolchain.toml",
            "rust-toolchain",
            "build.rs",
            "crates/a/build.rs",
            "Build.rs",
            "build.r\u{17f}",
            "package.json",
            "web/package.json",
            "setup.py",
            ".npmrc",
            ".husky/pre-commit",
            ".ssh/authorized_keys",
            "lib/evil.pth",
            "Jenkinsfile",
            ".gitlab-ci.yml",
            ".gitmodules",
        ] {
            assert!(protected(&path(given)).is_some(), "{given}");
        }
    }

    #[test]
    fn ordinary_files_are_not() {
        for given in [
            ".",
            "src/main.rs",
            "Cargo.toml",
            "README.md",
            ".gitignore",
            ".gitattributes",
            "git/config",
            "docs/git.md",
            "src/build.rs.md",
            "env.rs",
            "environment.ts",
            "workflows/ci.yml",
            "github/workflows/x.yml",
            "package-lock.json",
            "src/rebuild.rs",
            "src/vscode/tasks.json",
            "path.py",
        ] {
            assert_eq!(protected(&path(given)), None, "{given}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_paths() {
        for given in [
            ".env",
            ".ENV.production",
            ".env.",
            "deploy/key.pem",
            "deploy/KEY.PEM ",
            "id_ed25519",
            ".netrc",
            "a/.ssh/known_hosts",
            ".aws/credentials",
        ] {
            assert!(is_secret(&path(given)), "{given}");
        }
        for given in ["src/main.rs", ".env.example", "keys.rs", "."] {
            assert!(!is_secret(&path(given)), "{given}");
        }
    }
}
