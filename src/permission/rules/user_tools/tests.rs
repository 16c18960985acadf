//! Tables `[[tool]]`, and what is said of those that are wrong.

use super::super::file::parse_user;
use super::*;

#[track_caller]
fn parsed(text: &str) -> (Vec<UserTool>, Vec<String>) {
    let home = Some(std::path::Path::new("/nowhere/me"));
    let (user, problems) = parse_user(text, &"config.toml", home);
    let problems = problems.into_iter();
    let said = problems.map(|problem| format!("{}: {}", problem.line, problem.what));
    (user.tools, said.collect())
}

fn text(text: &str) -> WordPart {
    WordPart::Text(text.to_owned())
}

fn value(name: &str) -> WordPart {
    WordPart::Value(name.to_owned())
}

fn parameter(name: &str, kind: ToolParameterKind, required: bool) -> ToolParameter {
    ToolParameter {
        name: name.to_owned(),
        kind,
        description: String::new(),
        required,
        choices: Vec::new(),
        default: None,
        flag: None,
    }
}

#[test]
fn a_tool_is_read() {
    let (tools, problems) = parsed(
        r#"
        [[tool]]
        name = "json_query"
        description = " Filters a JSON file with jq. "
        command = ["jq", "--indent={indent}", "{raw}", "--", "{filter}", "{path}"]
        timeout = 10

        [tool.parameters]
        path = { type = "path", description = "The JSON file" }
        filter = "text"
        raw = { type = "boolean", flag = "-r" }
        indent = { type = "integer", default = 2 }
        "#,
    );
    assert_eq!(problems, Vec::<String>::new());
    let query = UserTool {
        name: "json_query".to_owned(),
        description: "Filters a JSON file with jq.".to_owned(),
        words: vec![
            ToolWord(vec![text("jq")]),
            ToolWord(vec![text("--indent="), value("indent")]),
            ToolWord(vec![value("raw")]),
            ToolWord(vec![text("--")]),
            ToolWord(vec![value("filter")]),
            ToolWord(vec![value("path")]),
        ],
        // Those first that every call must have.
        parameters: vec![
            parameter("filter", ToolParameterKind::Text, true),
            ToolParameter {
                description: "The JSON file".to_owned(),
                ..parameter("path", ToolParameterKind::Path, true)
            },
            ToolParameter {
                default: Some(vec!["2".to_owned()]),
                ..parameter("indent", ToolParameterKind::Integer, false)
            },
            ToolParameter {
                flag: Some("-r".to_owned()),
                ..parameter("raw", ToolParameterKind::Boolean, false)
            },
        ],
        timeout: Duration::from_secs(10),
    };
    assert_eq!(tools, [query]);
    assert_eq!(tools[0].program(), "jq");
}

#[test]
fn a_program_may_be_in_the_home_folder() {
    let (tools, problems) = parsed(
        r#"
        [[tool]]
        name = "lint"
        description = "Lints files."
        command = ["~/bin/lint", "{level}", "{paths}"]
        parameters = { level = { type = "text", enum = ["low", "high"], required = false, flag = "--level=" }, paths = "paths" }
        "#,
    );
    assert_eq!(problems, Vec::<String>::new());
    let lint = UserTool {
        name: "lint".to_owned(),
        description: "Lints files.".to_owned(),
        words: vec![
            ToolWord(vec![text("/nowhere/me/bin/lint")]),
            ToolWord(vec![value("level")]),
            ToolWord(vec![value("paths")]),
        ],
        parameters: vec![
            parameter("paths", ToolParameterKind::Paths, true),
            ToolParameter {
                choices: vec!["low".to_owned(), "high".to_owned()],
                flag: Some("--level=".to_owned()),
                ..parameter("level", ToolParameterKind::Text, false)
            },
        ],
        timeout: USUAL_TIMEOUT,
    };
    assert_eq!(tools, [lint]);
}

/// A file with one tool, in which one line is another.
fn with(line: &str) -> String {
    let key = line.split(' ').next().unwrap_or_default();
    let lines = [
        "name = 'a_tool'",
        "description = 'A tool.'",
        "command = ['a', '{x}']",
        "parameters = { x = 'text' }",
    ];
    let lines = lines.map(|known| match !key.is_empty() && known.starts_with(key) {
        true => line,
        false => known,
    });
    format!("[[tool]]\n{}\n", lines.join("\n"))
}

/// Demands that a line is the only thing that is wrong, and what is said of it.
#[track_caller]
fn expect_wrong(lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        let (tools, problems) = parsed(&with(line));
        assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        assert!(problems[0].starts_with(expected), "{line}: {problems:?}");
        assert!(tools.is_empty(), "{line}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    expect_wrong(&[
        ("name = 'A'", "2: the `name` of a tool has 2 to 41"),
        ("name = 'a'", "2: the `name` of a tool"),
        ("name = 'a-b'", "2: the `name` of a tool"),
        ("name = '1ab'", "2: the `name` of a tool"),
        ("name = 3", "2: the `name` of a tool"),
        ("description = ''", "3: `description` must be one line"),
        (
            "description = \"a\\nb\"",
            "3: `description` must be one line",
        ),
        ("description = \"a\\u202eb\"", "3: `description` must be"),
        ("command = 'jq .'", "4: `command` must be a list of words"),
        ("command = []", "4: `command` must be a list of words"),
        ("command = ['a', 1]", "4: `command` must be a list of words"),
        (
            "command = ['{x}']",
            "4: the program must be the same in every",
        ),
        (
            "command = ['a{x}']",
            "4: the program must be the same in every",
        ),
        (
            "command = ['jq -r', '{x}']",
            "4: there is no program `jq -r`",
        ),
        ("command = ['cd', '{x}']", "4: `cd` is a word of the shell"),
        (
            "command = ['eval', '{x}']",
            "4: `eval` is a word of the shell",
        ),
        (
            "command = ['A=b', '{x}']",
            "4: `A=b` is no name of a program",
        ),
        ("command = ['-x', '{x}']", "4: `-x` is no name of a program"),
        ("command = ['', '{x}']", "4: `` is no name of a program"),
        ("command = ['a', '{y}', '{x}']", "4: `{y}` is no parameter"),
        (
            "command = ['a']",
            "4: no word of `command` has the parameter `x`",
        ),
        ("command = ['a', \"\\u0007{x}\"]", "4: a word has at most"),
    ]);
    let (tools, problems) = parsed(&with(""));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(tools.len(), 1);
}

#[test]
fn what_is_wrong_with_parameters_is_said_with_its_line() {
    expect_wrong(&[
        ("parameters = 'x'", "5: `parameters` must be a table"),
        (
            "parameters = { x = 'number' }",
            "5: the type of `x` must be one",
        ),
        (
            "parameters = { X = 'text' }",
            "5: `X` is no name of a parameter",
        ),
        (
            "parameters = { x = { flag = '-x' } }",
            "5: `x` needs `type`",
        ),
        (
            "parameters = { x = { type = 'text', flags = '-x' } }",
            "5: there is no key `flags`; did you mean `flag`?",
        ),
        (
            "parameters = { x = { type = 'text', flag = '-x y' } }",
            "5: `flag` must be one word",
        ),
        (
            "parameters = { x = { type = 'integer', enum = ['1'] } }",
            "5: only a parameter of the type `text`",
        ),
        (
            "parameters = { x = { type = 'text', enum = [] } }",
            "5: `enum` must be a list of 1 to 50",
        ),
        (
            "parameters = { x = { type = 'text', enum = ['a', 'a'] } }",
            "5: `a` is twice in `enum`",
        ),
        (
            "parameters = { x = { type = 'text', enum = ['a'], default = 'b' } }",
            "5: `b` is not in `enum`",
        ),
        (
            "parameters = { x = { type = 'integer', default = 'b' } }",
            "5: the default of `x` must be a number",
        ),
        (
            "parameters = { x = { type = 'text', default = 'b', required = true } }",
            "5: `x` has a default, so no call needs it",
        ),
        (
            "parameters = { x = { type = 'text', required = 1 } }",
            "5: `required` must be true or false",
        ),
    ]);
}

#[test]
fn what_may_be_several_words_is_a_word_of_its_own() {
    for parameters in [
        "x = 'texts'",
        "x = 'paths'",
        "x = { type = 'boolean', flag = '-x' }",
    ] {
        let text = format!(
            "[[tool]]\nname = 'a_tool'\ndescription = 'A.'\ncommand = ['a', '-{{x}}']\n\
             parameters = {{ {parameters} }}\n"
        );
        let (_, problems) = parsed(&text);
        assert_eq!(problems.len(), 1, "{parameters}: {problems:?}");
        assert!(
            problems[0].contains("must be a word of its own"),
            "{problems:?}"
        );
        let (tools, problems) = parsed(&text.replace("-{x}", "{x}"));
        assert_eq!((tools.len(), problems.len()), (1, 0), "{problems:?}");
    }
}

#[test]
fn tables_and_keys_are_told_from_others() {
    for (text, expected) in [
        ("tool = 1", "1: `tool` must be a list of tables"),
        ("[tool]\nname = 'ab'", "1: `tool` must be a list of tables"),
        ("tool = [1]", "1: every entry of `tool` must be a table"),
        (
            "[[tool]]\nname = 'ab'\ncommand = ['a']",
            "1: this `tool` needs `description`",
        ),
        (
            "[[tool]]\nname = 'ab'\ndescription = 'A.'\ncommand = ['a']\nargs = []",
            "5: there is no key `args`",
        ),
        (
            "[[tool]]\nname = 'ab'\ndescription = 'A.'\ncommand = ['a']\ntimeout = 0",
            "5: `timeout` must be a number of seconds, 1 to 3600",
        ),
    ] {
        let (tools, problems) = parsed(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].starts_with(expected), "{text}: {problems:?}");
        assert!(tools.is_empty(), "{text}");
    }
    let one =
        |name: &str| format!("[[tool]]\nname = '{name}'\ndescription = 'A.'\ncommand = ['a']\n");
    let (tools, problems) = parsed(&[one("run_it"), one("runit")].concat());
    assert_eq!(tools.len(), 1);
    assert!(
        problems[0].starts_with("5: models could take `runit`"),
        "{problems:?}"
    );
    let many: String = (0..=MOST_TOOLS)
        .map(|number| one(&format!("a{number}")))
        .collect();
    let (tools, problems) = parsed(&many);
    assert_eq!(tools.len(), MOST_TOOLS);
    assert!(problems[0].contains("more than 20 tables"), "{problems:?}");
}
