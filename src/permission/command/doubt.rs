//! Commands whose text does not show what they execute: an interpreter with input made at run time,
//! an option that names a program. If a rule denies a command, such commands need approval, because
//! they could run the denied one.
//!
//! What a *file* runs (a script, a makefile) is not checked here: in the sandbox, the supervisor
//! refuses to execute denied programs.

mod tables;

use super::building::building;
use super::git::effects::effects;
use super::shell::{ShellCommand, ShellInput, shell_commands};
use tables::{INTERPRETERS, OPTIONS, SHELLS, STARTING, VARIABLES, WRAPPERS, lists};

/// Most levels of code within code.
const DEEPEST: usize = 8;

type Words = [Option<String>];

/// Why the text of a command does not show what it executes, as the beginning of a sentence; `None`
/// if it does. `is_held`: denied programs are refused when they are executed.
pub(in crate::permission) fn doubt(command: &str, is_held: bool) -> Option<String> {
    if !is_held && let Some(program) = building(command) {
        return Some(format!("`{program}` runs commands from files"));
    }
    of_text(command, is_held, 0)
}

fn of_text(text: &str, is_held: bool, depth: usize) -> Option<String> {
    let found = shell_commands(text).filter(|_| depth < DEEPEST);
    let Some(found) = found else {
        return Some("the command could not be parsed".to_owned());
    };
    let doubt = Doubt {
        all: &found,
        is_held,
        depth,
    };
    found.iter().find_map(|command| doubt.of_command(command))
}

struct Doubt<'a> {
    all: &'a [ShellCommand],
    is_held: bool,
    depth: usize,
}

impl Doubt<'_> {
    fn of_command(&self, command: &ShellCommand) -> Option<String> {
        let names_program = |(name, value): &&(String, Option<String>)| {
            let is_harmless = matches!(value.as_deref(), Some("" | "cat" | "less" | "true"));
            is_variable_of_program(name) && !is_harmless
        };
        if let Some((name, _)) = command.assigned.iter().find(names_program) {
            return Some(format!("`{name}` can choose which program runs"));
        }
        self.of_words(&command.words, &command.input)
    }

    fn of_words(&self, words: &Words, input: &ShellInput) -> Option<String> {
        let (program, arguments) = words.split_first()?;
        let Some(program) = program.as_deref().filter(|name| !name.contains('{')) else {
            return Some("which program it starts is known only when it runs".to_owned());
        };
        let name = name_of(program);
        let name = name.as_str();
        self.by_options(name, arguments).or_else(|| match name {
            "git" => of_git(arguments),
            "eval" => self.of_code(arguments),
            "trap" | "alias" => self.of_code(&arguments[..arguments.len().min(1)]),
            "source" | "." => self.of_file(name, arguments.first()),
            "awk" | "gawk" | "mawk" | "nawk" => self.of_awk(name, arguments),
            "sed" => self.of_sed(arguments),
            "make" | "gmake" => of_make(arguments),
            _ if lists(SHELLS, name) => self.of_shell(name, arguments, input),
            _ if lists(STARTING, name) => Some(format!("`{name}` starts other programs")),
            _ if lists(WRAPPERS, name) => self.of_wrapper(name, arguments, input),
            _ => match INTERPRETERS.iter().find(|row| row.0 == name) {
                Some(row) => self.of_interpreter(row, arguments, input),
                None if program.contains('/') => self.of_file(program, None),
                None => None,
            },
        })
    }

    /// Checks options that name a program. A word known only at run time may be one.
    fn by_options(&self, name: &str, arguments: &Words) -> Option<String> {
        let (_, options) = OPTIONS.iter().find(|row| row.0 == name)?;
        arguments.iter().find_map(|word| match word {
            None => Some(format!(
                "an argument of `{name}` is known only when it runs"
            )),
            Some(word) => {
                let mut options = options.split_ascii_whitespace();
                let option = options.find(|option| word.starts_with(option))?;
                Some(format!("`{name} {option}` can choose which program runs"))
            }
        })
    }

    /// Checks words that are run as shell code.
    fn of_code(&self, words: &Words) -> Option<String> {
        let text: Option<Vec<&str>> = words.iter().map(Option::as_deref).collect();
        match text {
            Some(text) => of_text(&text.join(" "), self.is_held, self.depth + 1),
            None => Some("it runs code that is known only when it runs".to_owned()),
        }
    }

    fn of_file(&self, name: &str, file: Option<&Option<String>>) -> Option<String> {
        let is_made = matches!(file, Some(None));
        let is_other = matches!(file, Some(Some(file)) if is_input(file));
        (!self.is_held || is_made || is_other)
            .then(|| format!("`{name}` runs commands from a file"))
    }

    fn of_shell(&self, name: &str, arguments: &Words, input: &ShellInput) -> Option<String> {
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            let Some(word) = word.as_deref() else {
                return self.of_file(name, Some(&None));
            };
            let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            match (letters, word) {
                (Some(letters), _) if letters.contains('c') => {
                    let code = rest.next().cloned();
                    return self.of_code(&[code.flatten()]);
                }
                (Some("o" | "O"), _) | (_, "+o" | "+O") => {
                    rest.next();
                }
                (_, "--rcfile" | "--init-file") => return self.of_file(name, rest.next()),
                (Some(letters), _) if letters.contains('s') || letters.is_empty() => break,
                _ if word.starts_with(['-', '+']) => {}
                _ if is_input(word) => break,
                _ => return self.of_file(name, Some(&Some(word.to_owned()))),
            }
        }
        match self.text_of(input) {
            Ok(Some(text)) => of_text(&text, self.is_held, self.depth + 1),
            Ok(None) => None,
            Err(()) if *input == ShellInput::File => self.of_file(name, None),
            Err(()) => Some(format!("`{name}` runs commands piped into it")),
        }
    }

    /// The text of an input; `None` without one.
    fn text_of(&self, input: &ShellInput) -> Result<Option<String>, ()> {
        match input {
            ShellInput::None => Ok(None),
            ShellInput::Text(Some(text)) => Ok(Some(text.clone())),
            ShellInput::Pipe(Some(before)) => {
                let words = self.all.get(*before).map(|command| &command.words);
                let words: Option<Vec<&str>> =
                    words.ok_or(())?.iter().map(Option::as_deref).collect();
                match words.as_deref() {
                    Some(["echo" | "printf", said @ ..]) => {
                        let said = said.join(" ");
                        // Escapes stand for other characters.
                        (!said.contains(['\\', '%']))
                            .then_some(Some(said))
                            .ok_or(())
                    }
                    _ => Err(()),
                }
            }
            ShellInput::Text(None) | ShellInput::Pipe(None) | ShellInput::File => Err(()),
        }
    }

    fn of_interpreter(
        &self,
        (name, letters, words): &(&str, &str, &[&str]),
        arguments: &Words,
        input: &ShellInput,
    ) -> Option<String> {
        for word in arguments {
            let Some(word) = word.as_deref() else {
                return self.of_file(name, Some(&None));
            };
            let cluster = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            let is_inline = cluster.is_some_and(|rest| rest.contains(|c| letters.contains(c)))
                || words
                    .iter()
                    .any(|option| word.split('=').next() == Some(*option));
            if is_inline {
                return Some(format!("`{name} {word}` runs code that is not shell code"));
            }
            if !word.starts_with('-') && !is_input(word) {
                return self.of_file(name, Some(&Some(word.to_owned())));
            }
            if matches!(cluster, Some("m")) {
                return self.of_file(name, None);
            }
        }
        let is_fed = *input != ShellInput::None;
        let says = arguments
            .iter()
            .flatten()
            .any(|word| matches!(word.as_str(), "--version" | "-V" | "-v" | "--help" | "-h"));
        (is_fed && !says).then(|| format!("`{name}` runs commands from its input"))
    }

    fn of_wrapper(&self, name: &str, arguments: &Words, input: &ShellInput) -> Option<String> {
        let is_told =
            |word: &&String| is_variable_of_program(word.split('=').next().unwrap_or(word));
        let mut set = arguments.iter().flatten().filter(|word| word.contains('='));
        if let Some(set) = set.find(is_told).filter(|_| name == "env") {
            return Some(format!("`env {set}` can choose which program runs"));
        }
        if reads_programs(name, arguments, input) {
            return Some(format!("`{name}` runs commands from its input"));
        }
        for (at, word) in arguments.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| arguments[at].as_deref());
            let is_executed = matches!(before, Some("-exec" | "-execdir" | "-ok" | "-okdir"));
            let Some(word) = word.as_deref() else {
                let is_first = arguments[..at].iter().flatten().all(|word| {
                    word.starts_with('-')
                        || word.contains('=')
                        || word.starts_with(char::is_numeric)
                });
                if is_executed || (is_first && name != "find" && name != "fd") {
                    return Some("which program it starts is known only when it runs".to_owned());
                }
                continue;
            };
            let is_speaking = is_speaking(&name_of(word)) && (name != "find" || is_executed);
            if is_speaking || (is_executed && word.contains('{')) {
                return self.of_words(&arguments[at..], input);
            }
        }
        None
    }

    fn of_awk(&self, name: &str, arguments: &Words) -> Option<String> {
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            match word.as_deref() {
                Some("-F" | "-v") => {
                    rest.next();
                }
                Some(option) if option.starts_with("-f") || option.starts_with("--f") => {
                    return self.of_file(name, rest.next());
                }
                Some(option) if option.starts_with('-') && option.len() > 1 => {}
                Some(program) => {
                    let starts = program.contains("system")
                        || program.contains("getline")
                        || program.replace("||", "").contains('|');
                    return starts.then(|| format!("the script of `{name}` can start programs"));
                }
                None => return Some(format!("the script of `{name}` is known only when it runs")),
            }
        }
        None
    }

    fn of_sed(&self, arguments: &Words) -> Option<String> {
        let mut scripts = Vec::new();
        let mut rest = arguments.iter();
        let mut operands = Vec::new();
        while let Some(word) = rest.next() {
            match word.as_deref() {
                Some("-e" | "--expression") => scripts.extend(rest.next()),
                Some("-f" | "--file") => return self.of_file("sed", rest.next()),
                Some(option) if option.starts_with('-') && option.len() > 1 => {}
                _ => operands.push(word),
            }
        }
        if scripts.is_empty() {
            scripts.extend(operands.first());
        }
        scripts.into_iter().find_map(|script| match script {
            None => Some("the script of `sed` is known only when it runs".to_owned()),
            Some(script) => {
                sed_executes(script).then(|| "the script of `sed` can start programs".to_owned())
            }
        })
    }
}

/// Whether `xargs` or `parallel` uses its input as a program or in shell code.
fn reads_programs(name: &str, arguments: &Words, input: &ShellInput) -> bool {
    let words: Vec<&str> = arguments.iter().flatten().map(String::as_str).collect();
    let (replaced, rest) = match words.iter().position(|word| word.starts_with("-I")) {
        _ if name == "parallel" && *input != ShellInput::None => ("{", &words[..]),
        Some(at) if name == "xargs" && words[at] == "-I" => {
            let replaced = words.get(at + 1).copied().unwrap_or("{");
            (replaced, words.get(at + 2..).unwrap_or_default())
        }
        Some(at) if name == "xargs" => (&words[at][2..], &words[at + 1..]),
        _ => return false,
    };
    let program = rest.iter().find(|word| !word.starts_with('-'));
    let runs_text = rest.iter().any(|word| lists(SHELLS, &name_of(word)));
    program.is_none_or(|program| program.contains(replaced)) || runs_text
}

/// Whether a sed script has the command `e` or the flag of that name.
fn sed_executes(script: &str) -> bool {
    script.split(['\n', ';', '{', '}']).any(|part| {
        let is_address = |c: char| c.is_ascii_digit() || c.is_whitespace() || "$!,~+".contains(c);
        let mut part = part.trim_start_matches(is_address);
        while let Some((_, rest)) = part.strip_prefix('/').and_then(|rest| rest.split_once('/')) {
            part = rest.trim_start_matches(|c: char| is_address(c) || c == 'I');
        }
        let mut letters = part.chars();
        match (letters.next(), letters.next()) {
            (Some('e'), _) => true,
            (Some('s'), Some(end)) => part.rsplit(end).next().is_some_and(|flags| {
                flags.len() <= 6
                    && flags.contains('e')
                    && flags.chars().all(|c| c.is_alphanumeric())
            }),
            _ => false,
        }
    })
}

fn of_git(arguments: &Words) -> Option<String> {
    let words: Option<Vec<&str>> = arguments.iter().map(Option::as_deref).collect();
    let Some(words) = words else {
        return Some("an argument of `git` is known only when it runs".to_owned());
    };
    let effects = effects(&words);
    match effects.starts {
        Some(starts) => Some(format!("`{starts}` can start programs")),
        None if effects.is_known || words.is_empty() => None,
        None => Some(format!("`git {}` may be an alias", words.join(" "))),
    }
}

fn of_make(arguments: &Words) -> Option<String> {
    let mut files = arguments.iter().zip(arguments.iter().skip(1));
    let is_file =
        |word: &Option<String>| matches!(word.as_deref(), Some("-f" | "--file" | "--makefile"));
    let is_read = |word: &Option<String>| word.as_deref().is_none_or(is_input);
    // The grammar takes a `-` before a here-document for a part of that.
    let reads = arguments.last().is_some_and(is_file)
        || files.any(|(option, file)| is_file(option) && is_read(file))
        || arguments.iter().flatten().any(|word| {
            let joined = word
                .strip_prefix("-f")
                .or_else(|| word.split_once('=').map(|both| both.1));
            joined.is_some_and(|file| !file.is_empty() && is_input(file))
        });
    reads.then(|| "`make` runs commands from its input".to_owned())
}

/// Whether a path is standard input or a part of a process.
fn is_input(file: &str) -> bool {
    file == "-"
        || file.starts_with("/dev/stdin")
        || file.starts_with("/dev/fd/")
        || file.starts_with("/proc/")
}

/// Whether a program may run code in its arguments.
fn is_speaking(name: &str) -> bool {
    matches!(
        name,
        "awk" | "eval" | "gawk" | "git" | "make" | "mawk" | "nawk" | "sed" | "source"
    ) || lists(SHELLS, name)
        || lists(WRAPPERS, name)
        || lists(STARTING, name)
        || INTERPRETERS.iter().any(|row| row.0 == name)
        || OPTIONS.iter().any(|row| row.0 == name)
}

/// The name of a program, without its folder and version.
fn name_of(program: &str) -> String {
    let name = program
        .rsplit('/')
        .next()
        .unwrap_or(program)
        .to_ascii_lowercase();
    let plain = name.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
    match plain {
        "" | "7z" => name,
        plain => plain.to_owned(),
    }
}

fn is_variable_of_program(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let ends = [
        "_COMMAND", "_PAGER", "_EDITOR", "_WRAPPER", "_RUNNER", "_LINKER", "_ASKPASS",
    ];
    let of_git = name.starts_with("GIT_")
        && ![
            "GIT_AUTHOR_",
            "GIT_COMMITTER_",
            "GIT_TERMINAL_",
            "GIT_OPTIONAL_",
        ]
        .iter()
        .any(|harmless| name.starts_with(harmless));
    lists(VARIABLES, &name)
        || name.starts_with("LD_")
        || name.starts_with("DYLD_")
        || of_git
        || ends.iter().any(|end| name.ends_with(end))
}
