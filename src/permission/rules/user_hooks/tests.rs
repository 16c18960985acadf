use proptest::prelude::*;

use super::super::file::parse_user;
use super::super::repository::RepositoryRules;
use super::*;
use crate::permission::command::parts;

fn parsed(text: &str) -> (Vec<Hook>, Vec<String>) {
    let (user, problems) = parse_user(text, &"config.toml", None);
    let problems = problems.into_iter();
    let said = problems.map(|problem| format!("{}: {}", problem.line, problem.what));
    (user.hooks, said.collect())
}

fn line(text: &str) -> HookLine {
    HookLine::parse(text).expect(text)
}

#[test]
fn hooks_are_read_in_their_order() {
    let (hooks, problems) = parsed(
        "[[hook]]\non = 'after_edit'\ntool = 'edit_file | write_file'\npaths = ['*.rs', 'src/']\n\
         command = ' rustfmt {path} '\ntimeout = 0x1e\n\
         [[hook]]\non = 'before_tool'\ntool = ['run_command', 'github.*']\ncommand = 'sh guard.sh'\n\
         [[hook]]\non = 'before_commit'\ncommand = 'make lint'\non_error = 'continue'\n",
    );
    assert_eq!(problems, Vec::<String>::new());
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        hooks,
        [
            Hook {
                on: HookPoint::AfterEdit,
                tools: names(&["edit_file", "write_file"]),
                paths: names(&["*.rs", "src/"]),
                command: line("rustfmt {path}"),
                timeout: Duration::from_secs(30),
                on_error: HookFailure::Continue,
            },
            Hook {
                on: HookPoint::BeforeTool,
                tools: names(&["run_command", "github.*"]),
                paths: Vec::new(),
                command: line("sh guard.sh"),
                timeout: Duration::from_secs(10),
                on_error: HookFailure::Block,
            },
            Hook {
                on: HookPoint::BeforeCommit,
                tools: Vec::new(),
                paths: Vec::new(),
                command: line("make lint"),
                timeout: Duration::from_secs(10),
                on_error: HookFailure::Continue,
            },
        ]
    );
}

/// Tables that are wrong, and a part of what is said.
const WRONG: &[(&str, &str)] = &[
    ("hook = 1", "1: `hook` must be a list of tables: `[[hook]]`"),
    ("[hook]\non = 'turn_end'", "1: `hook` must be a list"),
    ("hook = [1]", "1: `hook` must be a list"),
    (
        "[[hook]]\non = 'turn_end'",
        "1: a hook needs `on = \"after_edit\"`",
    ),
    ("[[hook]]\ncommand = 'a'", "1: a hook needs `on"),
    (
        "[[hook]]\non = 'edit'\ncommand = 'a'",
        "2: `on` must be one of `session_start`, `before_tool`",
    ),
    ("[[hook]]\non = 1\ncommand = 'a'", "2: `on` must be one of"),
    (
        "[[hook]]\non = 'turn_end'\ncomand = 'a'",
        "3: there is no key `comand`; did you mean `command`?",
    ),
    (
        "[[hook]]\non = 'turn_end'\ncommand = ''",
        "3: `command`: it must be one line",
    ),
    (
        "[[hook]]\non = 'turn_end'\ncommand = \"a\\nb\"",
        "3: `command`: it must be one line",
    ),
    (
        "[[hook]]\non = 'turn_end'\ncommand = \"a \\u202e\"",
        "3: `command`: it must be one line",
    ),
    (
        "[[hook]]\non = 'turn_end'\ncommand = 'a {file}'",
        "3: `command`: `{file}` is no placeholder; there are `{path}`, `{paths}`",
    ),
    (
        "[[hook]]\non = 'turn_end'\ntool = 'a'\ncommand = 'a'",
        "1: there is no tool at `turn_end`",
    ),
    (
        "[[hook]]\non = 'before_commit'\ncommand = 'a {tool}'",
        "1: there is no tool at `before_commit`",
    ),
    (
        "[[hook]]\non = 'session_start'\ncommand = 'a {paths}'",
        "1: there are no files at `session_start`",
    ),
    (
        "[[hook]]\non = 'session_start'\npaths = '*'\ncommand = 'a'",
        "1: there are no files at `session_start`",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\ntool = 'edit file'",
        "4: `tool` must name tools",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\ntool = ['a', 1]",
        "4: `tool` must name tools",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\ntool = 'a||b'",
        "4: `tool` must name tools",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\npaths = []",
        "4: `paths` must be a glob",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\npaths = '/etc/*'",
        "4: `paths`: `/etc/*`: it must name a path in the workspace",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\npaths = '../*'",
        "4: `paths`: `../*`: write it without `..`",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\ntimeout = 0",
        "4: `timeout` must be a number of seconds from 1 to 600",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\ntimeout = 601",
        "4: `timeout` must be",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\ntimeout = '5'",
        "4: `timeout` must be",
    ),
    (
        "[[hook]]\non = 'before_tool'\ncommand = 'a'\non_error = 'ignore'",
        "4: `on_error` must be `block` or `continue`",
    ),
    (
        "[[hook]]\non = 'after_tool'\ncommand = 'a'\non_error = 'block'",
        "1: `on_error` is for `before_tool` and `before_commit`",
    ),
];

#[test]
fn what_is_wrong_is_said_with_its_line_and_no_hook_is_made_of_it() {
    for (text, expected) in WRONG {
        let (hooks, problems) = parsed(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(expected), "{text}: {problems:?}");
        assert!(hooks.is_empty(), "{text}: {hooks:?}");
    }
    let many = "[[hook]]\non = 'turn_end'\ncommand = 'a'\n".repeat(MOST_HOOKS + 2);
    let (hooks, problems) = parsed(&many);
    assert_eq!(hooks.len(), MOST_HOOKS);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("151: there are more than 50 hooks"));
}

#[test]
fn a_repository_lists_hooks_and_what_is_wrong_there_is_left_out() {
    let good = "[[hook]]\non = 'turn_end'\ncommand = 'make lint'\n";
    let wrong = "[[hook]]\non = 'after_edit'\npaths = 1\ncommand = 'a'\n";
    let found = RepositoryRules::parse(&format!("{wrong}{good}"));
    assert_eq!(found.hooks, parsed(good).0);
    let warning = found.warning.expect("a warning");
    assert!(
        warning.contains("line 3: `paths` must be a glob"),
        "{warning}"
    );
}

#[test]
fn globs_of_hooks_are_those_of_rules() {
    let hook = |paths: &[&str]| Hook {
        on: HookPoint::AfterEdit,
        tools: Vec::new(),
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
        command: line("a"),
        timeout: Duration::from_secs(1),
        on_error: HookFailure::Continue,
    };
    assert!(hook(&[]).files().is_none());
    for (globs, path, is_one) in [
        (&["*.rs"][..], "src/a.rs", true),
        (&["*.rs"], "src/A.RS", true),
        (&["*.rs"], "a.rs.bak", false),
        (&["src/"], "src/b/c.txt", true),
        (&["src/"], "lib/src.txt", false),
        (&["src/*.py", "lib/**"], "lib/a/b", true),
        (&["./src/*.py"], "src/a.py", true),
        (&["src/*.py"], "src/b/a.py", false),
    ] {
        let files = hook(globs).files().expect("globs");
        assert_eq!(files.names(path), is_one, "{globs:?} {path}");
    }
}

#[test]
fn places_are_filled_in_with_quoted_words() {
    let paths = ["a b.rs".to_owned(), "-x".to_owned(), "c.rs".to_owned()];
    let values = HookValues {
        path: "it's $(x).rs",
        paths: &paths,
        tool: "github.search",
        workspace: "/home/me/my code",
    };
    for (text, filled) in [
        ("rustfmt {path}", "rustfmt 'it'\\''s $(x).rs'"),
        ("a --file={path};b", "a --file='it'\\''s $(x).rs';b"),
        ("a {paths} >&2", "a 'a b.rs' ./-x c.rs >&2"),
        ("a {tool} {workspace}", "a github.search '/home/me/my code'"),
        ("$(cat {path})", "$(cat 'it'\\''s $(x).rs')"),
        (
            "echo \"$HOME ${HOME}\" {tool}",
            "echo \"$HOME ${HOME}\" github.search",
        ),
        (
            "echo ${path} \"${path}\" {a,b} {} { print }",
            "echo ${path} \"${path}\" {a,b} {} { print }",
        ),
        ("echo \"`x`\" $'a' # c", "echo \"`x`\" $'a' # c"),
    ] {
        assert_eq!(line(text).filled(&values), filled, "{text}");
    }
    let empty = HookValues::default();
    assert_eq!(line("a {path} {paths}").filled(&empty), "a '' ");
    // It is a file, not a variable for what follows.
    let path = "LD_PRELOAD=x.so";
    let values = HookValues { path, ..empty };
    assert_eq!(line("{path} a").filled(&values), "'LD_PRELOAD=x.so' a");
}

#[test]
fn a_place_where_quotes_mean_something_else_is_refused() {
    for (text, why) in [
        ("a '{path}'", "within ' here"),
        ("a \"{path}\"", "within \" here"),
        ("a \"x {paths} y\"", "within \" here"),
        ("a \\{path}", "leave out the backslash"),
        ("a \"\\{path}\"", "leave out the backslash"),
        ("a `cat {path}`", "backquotes"),
        ("a \"`cat \"{path}\"`\"", "backquotes"),
        ("a \"$(cat \"{path}\")\"", "`$(c` does not go"),
        ("a \"${x:-\"{path}\"}\"", "`${x` does not go"),
        ("a $(({path}))", "`$((` does not go"),
        ("a $[{path}]", "`$[{` does not go"),
        ("(( {path} ))", "`((` does not go"),
        ("a $'x' {path}", "`$'x` does not go"),
        ("cat <<E {path}", "`<<` does not go"),
        ("a # {path}", "a comment does not go"),
        ("a 'x {path}", "within ' here"),
        ("a {path} 'x", "the quote ' has no end"),
    ] {
        let error = HookLine::parse(text).expect_err(text);
        assert!(error.contains(why), "{text}: {error}");
    }
}

proptest! {
    /// Whatever the name of a file, the shell reads it as one word.
    #[test]
    fn a_filled_in_path_is_one_word(path in "[^\\x00]{1,40}") {
        let values = HookValues { path: &path, ..HookValues::default() };
        let filled = line("{path}").filled(&values);
        let expected = if path.starts_with('-') { format!("./{path}") } else { path.clone() };
        let word = match filled.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            // Between the quotes, a quote is only where the word is left and entered again.
            Some(inside) => {
                prop_assert!(!inside.replace("'\\''", "").contains('\''));
                inside.replace("'\\''", "'")
            }
            None => {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./=:@%+,-".contains(c);
                prop_assert!(!filled.is_empty() && filled.chars().all(is_plain));
                filled.clone()
            }
        };
        prop_assert_eq!(word, expected);
    }

    #[test]
    fn any_line_is_taken_or_refused(text in "(\\{path\\}|\\{|\\}|'|\"|`|\\$|\\(|\\)|\\\\|a| |#|<|é){0,20}") {
        let values = HookValues { path: "x; y", ..HookValues::default() };
        if let Ok(line) = HookLine::parse(&text) {
            prop_assert!(line.has(Placeholder::Path) || line.filled(&values) == text);
        }
    }
}

/// The parser of our own rules agrees on simple lines.
#[test]
fn commands_with_places_are_read_as_they_are_meant() {
    for (path, word) in [("a b", "a b"), ("-rf", "./-rf"), ("c.rs", "c.rs")] {
        let values = HookValues {
            path,
            ..HookValues::default()
        };
        let filled = line("cat {path}").filled(&values);
        let words = parts(&filled).map(|parts| parts[0].words.clone());
        assert_eq!(words, Some(vec!["cat".to_owned(), word.to_owned()]));
    }
}
