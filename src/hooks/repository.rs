//! What the hooks of a repository would run: what the user is shown, and trusts by its content.
//!
//! The content is the hooks themselves, in one form whatever the file looks like, and the files of the
//! workspace that their commands name, such as `sh .ollacode/format.sh`. Another rule in the same file
//! does not end the trust; another line of the script does. What those start in turn, such as the
//! targets of a makefile that `make lint` finds, is not part of it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::words::{LineWord, all_words};
use crate::jail::{EntryKind, Jail, WorkspacePath};
use crate::permission::Hook;
use crate::text::clip::first_line;
use crate::visible::escape_hidden;

/// Most files that the commands of a repository's hooks may name,
const MOST_FILES: usize = 32;
/// and the largest, in bytes.
const LARGEST: usize = 1 << 20;
/// Most words of all commands: each is looked for.
const MOST_WORDS: usize = 500;
/// Most folders that a command may name: its words are looked for in each.
const MOST_FOLDERS: usize = 8;
/// Most characters of a command in a message.
const LONGEST_SHOWN: usize = 80;

/// What the hooks of a repository would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookContent {
    /// The files that they name, each with its number of lines.
    pub files: Vec<(String, usize)>,
    bytes: Vec<u8>,
}

impl HookContent {
    /// What is trusted: equal bytes run the same.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A hook in the form that is hashed.
#[derive(Serialize)]
struct HashedHook<'a> {
    on: &'static str,
    tools: &'a [String],
    paths: &'a [String],
    command: &'a str,
    seconds: u64,
    on_error: &'static str,
}

#[derive(Serialize)]
struct HashedContent<'a> {
    hooks: Vec<HashedHook<'a>>,
    /// Paths, and hashes of contents.
    files: Vec<(&'a str, String)>,
}

/// Reads what hooks would run. Looks at the disk.
///
/// # Errors
///
/// Why that cannot be told, in words: then they are not to be trusted.
pub fn content(jail: &Jail, hooks: &[Hook]) -> Result<HookContent, String> {
    let count: usize = hooks
        .iter()
        .map(|hook| words(hook.command.text()).len())
        .sum();
    if count > MOST_WORDS {
        return Err(format!("their commands have more than {MOST_WORDS} words"));
    }
    let mut all: BTreeSet<String> = BTreeSet::new();
    for hook in hooks {
        check_names(jail, hook.command.text())?;
        all.extend(names(jail, hook.command.text())?);
    }
    let mut found: Vec<(String, usize, String)> = Vec::new();
    for name in all {
        let Some(path) = named_file(jail, &name) else {
            continue;
        };
        if found.len() == MOST_FILES {
            return Err(format!("they name more than {MOST_FILES} files"));
        }
        let file = jail.read_bytes(&path).map_err(|error| error.to_string())?;
        if file.bytes.len() > LARGEST {
            return Err(format!("`{path}`, which they name, is larger than 1 MB"));
        }
        let lines = String::from_utf8_lossy(&file.bytes).lines().count();
        let hash = blake3::hash(&file.bytes).to_hex().to_string();
        found.push((name, lines, hash));
    }
    let hashed = HashedContent {
        hooks: hooks.iter().map(hashed).collect(),
        files: found
            .iter()
            .map(|(path, _, hash)| (path.as_str(), hash.clone()))
            .collect(),
    };
    let bytes = serde_json::to_vec(&hashed).map_err(|error| error.to_string())?;
    Ok(HookContent {
        files: found
            .into_iter()
            .map(|(path, lines, _)| (path, lines))
            .collect(),
        bytes,
    })
}

fn hashed(hook: &Hook) -> HashedHook<'_> {
    HashedHook {
        on: hook.on.name(),
        tools: &hook.tools,
        paths: &hook.paths,
        command: hook.command.text(),
        seconds: hook.timeout.as_secs(),
        on_error: hook.on_error.name(),
    }
}

/// What may be names in a command: as they stand between quotes and signs, and as a shell reads them.
fn words(command: &str) -> BTreeSet<String> {
    let ends = |c: char| c.is_whitespace() || "'\"`;|&()<>=,:".contains(c);
    let plain = command.split(ends).map(str::to_owned);
    let read = all_words(command);
    let read = read
        .iter()
        .flat_map(|(word, _)| word.pieces().map(str::to_owned));
    let words = plain.chain(read);
    // `$(pwd)/x` ends in `/x`.
    let words = words.flat_map(|word| [word.trim_start_matches('/').to_owned(), word]);
    words.filter(|word| !word.is_empty()).collect()
}

/// Refuses a command that does not write out the names of its files.
fn check_names(jail: &Jail, command: &str) -> Result<(), String> {
    let is_unclear = |(word, depth): &(LineWord, usize)| match depth {
        0 => word.expands || word.is_made_later(),
        // It may as well be a text, such as a regular expression.
        _ => (word.expands || word.is_made_later()) && is_in_folder(jail, &word.text),
    };
    match all_words(command).iter().any(is_unclear) {
        false => Ok(()),
        true => Err(format!(
            "`{}` names files by a pattern or a variable, so that it is not certain what it runs: write \
             out their names",
            escape_hidden(&first_line(command, LONGEST_SHOWN))
        )),
    }
}

/// Whether what a word begins with is a folder of the workspace: `tools/*`.
fn is_in_folder(jail: &Jail, word: &str) -> bool {
    let known = word.split(['*', '?', '[', '{', '\0']).next();
    let folder = known.and_then(|known| known.rsplit_once('/'));
    folder.is_some_and(|(folder, _)| named(jail, folder, EntryKind::Folder).is_some())
}

/// What may be paths in a command: its words, and its words in the folders that it names, such as in
/// `cd tools && sh format.sh`.
fn names(jail: &Jail, command: &str) -> Result<Vec<String>, String> {
    let words = words(command);
    let mut folders = vec![String::new()];
    let mut at = 0;
    while at < folders.len() {
        for word in &words {
            let Some(folder) = named(jail, &beneath(&folders[at], word), EntryKind::Folder) else {
                continue;
            };
            if folder.is_root() || folders.iter().any(|known| known == folder.as_str()) {
                continue;
            }
            if folders.len() > MOST_FOLDERS {
                return Err(format!("a command names more than {MOST_FOLDERS} folders"));
            }
            folders.push(folder.to_string());
        }
        at += 1;
    }
    let names = folders
        .iter()
        .flat_map(|folder| words.iter().map(move |word| beneath(folder, word)));
    Ok(names.collect())
}

fn beneath(folder: &str, word: &str) -> String {
    match folder {
        "" => word.to_owned(),
        folder => format!("{folder}/{word}"),
    }
}

/// Where a name leads, if it is that of a file of the workspace.
fn named_file(jail: &Jail, name: &str) -> Option<WorkspacePath> {
    named(jail, name, EntryKind::File)
}

fn named(jail: &Jail, name: &str, kind: EntryKind) -> Option<WorkspacePath> {
    let real = jail.path(name).and_then(|path| jail.resolve(&path)).ok()?;
    let found = jail.kind(&real).ok()?;
    (found == Some(kind)).then_some(real)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::permission::{HookFailure, HookLine, HookPoint, RepositoryRules, UserRules};

    const FILE: &str = ".ollacode/config.toml";

    /// A workspace with a file of settings and a script.
    fn workspace(settings: &str, script: &str) -> (TempDir, Jail) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(".ollacode")).expect("a folder");
        fs::write(folder.path().join(FILE), settings).expect("a file");
        fs::write(folder.path().join("format.sh"), script).expect("a file");
        let jail = Jail::open(folder.path()).expect("a jail");
        (folder, jail)
    }

    fn read(settings: &str, script: &str) -> HookContent {
        let (_folder, jail) = workspace(settings, script);
        let hooks = RepositoryRules::read(&jail).hooks;
        content(&jail, &hooks).expect("a content")
    }

    const HOOK: &str = "[[hook]]\non = 'after_edit'\ncommand = 'sh ./format.sh {path}'\n";

    #[test]
    fn the_same_hooks_are_the_same_content_whatever_stands_around_them() {
        let plain = read(HOOK, "echo\n");
        assert_eq!(plain.files, [("./format.sh".to_owned(), 1)]);
        for same in [
            format!("# a comment\n{HOOK}"),
            format!("[[deny]]\nread = 'x'\n{HOOK}timeout = 10\n"),
            "[[hook]]\ncommand = \"sh ./format.sh {path}\"\non = \"after_edit\"\n".to_owned(),
        ] {
            assert_eq!(read(&same, "echo\n"), plain, "{same}");
        }
    }

    #[test]
    fn another_hook_or_another_script_is_another_content() {
        let plain = read(HOOK, "echo\n");
        for other in [
            HOOK.replace("after_edit", "after_tool"),
            HOOK.replace("format.sh", "./format.sh"),
            format!("{HOOK}timeout = 11\n"),
            format!("{HOOK}tool = 'edit_file'\n"),
            format!("{HOOK}paths = '*.rs'\n"),
            format!("{HOOK}{HOOK}"),
        ] {
            assert_ne!(read(&other, "echo\n").bytes(), plain.bytes(), "{other}");
        }
        assert_ne!(read(HOOK, "echo 2\n").bytes(), plain.bytes());
        let guard = HOOK.replace("after_edit", "before_tool");
        let loose = format!("{guard}on_error = 'continue'\n");
        assert_ne!(read(&loose, "").bytes(), read(&guard, "").bytes());
    }

    #[test]
    fn a_file_in_a_folder_that_the_command_enters_counts() {
        let settings = "[[hook]]\non = 'turn_end'\ncommand = 'cd tools/ && sh format.sh'\n";
        let (folder, jail) = workspace(settings, "");
        fs::create_dir(folder.path().join("tools")).expect("a folder");
        fs::write(folder.path().join("tools/format.sh"), "echo\n").expect("a file");
        let hooks = RepositoryRules::read(&jail).hooks;
        let before = content(&jail, &hooks).expect("a content");
        let names: Vec<&str> = before.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["format.sh", "tools/format.sh"]);
        fs::write(folder.path().join("tools/format.sh"), "other\n").expect("a file");
        assert_ne!(content(&jail, &hooks).expect("a content"), before);
    }

    /// What a command names, or why it is not trusted.
    fn named_by(command: &str) -> Result<Vec<String>, String> {
        let (folder, jail) = workspace("", "");
        fs::create_dir_all(folder.path().join("tools/sub")).expect("a folder");
        for path in ["tools/fmt.sh", "tools/my fmt.sh", "tools/sub/x.sh"] {
            fs::write(folder.path().join(path), "").expect("a file");
        }
        let hook = Hook {
            command: HookLine::parse(command).expect("a line"),
            on: HookPoint::AfterEdit,
            tools: Vec::new(),
            paths: Vec::new(),
            timeout: Duration::from_secs(1),
            on_error: HookFailure::Continue,
        };
        let names = content(&jail, &[hook])?.files.into_iter();
        Ok(names.map(|(path, _)| path).collect())
    }

    #[test]
    fn a_file_counts_however_the_shell_is_told_its_name() {
        for (command, expected) in [
            ("sh 'tools/my fmt.sh'", "tools/my fmt.sh"),
            ("sh tools/my\\ fmt.sh {path}", "tools/my fmt.sh"),
            ("sh tools/'f'mt.\"sh\"", "tools/fmt.sh"),
            ("sh tools/fm\\t.sh", "tools/fmt.sh"),
            ("sh {workspace}/tools/fmt.sh", "./tools/fmt.sh"),
            ("sh \"$PWD/tools/my fmt.sh\"", "./tools/my fmt.sh"),
            ("sh $(pwd)/tools/fmt.sh", "tools/fmt.sh"),
            ("bash -c 'sh \"tools/my fmt.sh\"'", "tools/my fmt.sh"),
            ("cd tools && cd sub && sh x.sh", "tools/sub/x.sh"),
            ("run --config='tools/my fmt.sh'", "tools/my fmt.sh"),
        ] {
            let names = named_by(command).unwrap_or_else(|why| panic!("{command}: {why}"));
            assert!(names.contains(&expected.to_owned()), "{command}: {names:?}");
        }
    }

    #[test]
    fn a_command_that_does_not_write_out_its_files_is_not_trusted() {
        for command in [
            "sh tools/fm?.sh",
            "sh tools/*.sh",
            "sh tools/{fmt,lint}.sh",
            "x=tools; sh $x/fmt.sh",
            "sh tools/{tool}.sh",
            "sh ~/fmt.sh",
            "bash -c 'sh tools/f*'",
        ] {
            let why = named_by(command).expect_err(command);
            assert!(why.contains("write out their names"), "{command}: {why}");
        }
        for command in [
            "for f in {paths}; do echo \"formatting $f\"; rustfmt \"$f\"; done",
            "grep -E 'a.* b' {path} || exit 2",
            "find . -name '*.rs' -exec rustfmt {} +",
            "test $? = 0 && awk '{ print $1 }'",
        ] {
            assert_eq!(named_by(command), Ok(Vec::new()), "{command}");
        }
    }

    #[test]
    fn a_command_with_many_folders_hides_none() {
        let (folder, jail) = workspace("", "");
        let names: Vec<String> = (0..=MOST_FOLDERS).map(|at| format!("d{at}")).collect();
        for name in &names {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let why = super::names(&jail, &format!("echo {}", names.join(" "))).expect_err("too many");
        assert!(why.contains("more than 8 folders"), "{why}");
        let all = super::names(&jail, &format!("echo {}", names[1..].join(" ")));
        assert!(all.is_ok_and(|all| all.contains(&"d8/d1".to_owned())));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_counts_as_the_file_that_it_leads_to() {
        let settings = HOOK.replace("./format.sh", "link.sh");
        let (folder, jail) = workspace(&settings, "echo\n");
        std::os::unix::fs::symlink("format.sh", folder.path().join("link.sh")).expect("a link");
        let hooks = RepositoryRules::read(&jail).hooks;
        let before = content(&jail, &hooks).expect("a content");
        assert_eq!(before.files, [("link.sh".to_owned(), 1)]);
        fs::write(folder.path().join("format.sh"), "other\n").expect("a file");
        assert_ne!(content(&jail, &hooks).expect("a content"), before);
    }

    #[test]
    fn what_is_too_much_to_look_at_is_not_trusted() {
        let (folder, jail) = workspace(HOOK, &"x".repeat(LARGEST + 1));
        let hooks = RepositoryRules::read(&jail).hooks;
        let error = content(&jail, &hooks).expect_err("too large");
        assert!(error.contains("larger than 1 MB"), "{error}");
        let names: Vec<String> = (0..=MOST_FILES)
            .map(|number| format!("f{number}"))
            .collect();
        for name in &names {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let line = format!(
            "[[hook]]\non = 'turn_end'\ncommand = 'cat {}'\n",
            names.join(" ")
        );
        fs::write(folder.path().join(FILE), line).expect("a file");
        let hooks = RepositoryRules::read(&jail).hooks;
        let error = content(&jail, &hooks).expect_err("too many");
        assert!(error.contains("more than 32 files"), "{error}");
        let words: Vec<String> = (0..=MOST_WORDS).map(|number| number.to_string()).collect();
        let hooks: String = words
            .chunks(100)
            .map(|words| {
                format!(
                    "[[hook]]\non = 'turn_end'\ncommand = '{}'\n",
                    words.join(" ")
                )
            })
            .collect();
        fs::write(folder.path().join(FILE), hooks).expect("a file");
        let hooks = RepositoryRules::read(&jail).hooks;
        let error = content(&jail, &hooks).expect_err("too many");
        assert!(error.contains("more than 500 words"), "{error}");
    }

    #[test]
    fn hooks_of_the_users_file_are_the_same_type() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        fs::write(&file, HOOK).expect("a file");
        let user = UserRules::read(Path::new(&file), None).expect("rules");
        let (_other, jail) = workspace(HOOK, "");
        assert_eq!(user.hooks, RepositoryRules::read(&jail).hooks);
    }
}
