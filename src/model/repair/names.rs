//! Resolves tool names: models add prefixes and numbers, and vary the spelling.

use crate::model::ToolSpec;

/// Longest name checked, in bytes.
const LONGEST: usize = 200;

/// Prefixes of tool names from training: the namespaces of OpenAI (`functions`), Google
/// (`default_api`) and MCP, and our own name. Nothing else is removed: `preview_delete_file` or
/// `files__read_file` is another tool, not ours.
const NAMESPACES: &[&str] = &[
    "functions",
    "function",
    "tools",
    "tool",
    "default_api",
    "api",
    "ollacode",
    "mcp__ollacode",
    "mcp.ollacode",
];

/// Separators between namespace and name.
const SEPARATORS: &[&str] = &["::", ":", ".", "/", "__"];

/// What the words in the name of a tool that does not exist say that its call is for.
struct Purpose {
    words: &'static [&'static str],
    /// Continues "to".
    aim: &'static str,
    /// The tools for it, the best first.
    tools: &'static [&'static str],
}

const PURPOSES: &[Purpose] = &[
    Purpose {
        words: &[
            "edit", "replace", "modify", "update", "patch", "change", "insert", "append", "diff",
        ],
        aim: "change a file",
        tools: &["edit_file"],
    },
    Purpose {
        words: &["write", "create", "save", "overwrite", "new"],
        aim: "create a file",
        tools: &["write_file"],
    },
    Purpose {
        words: &["delete", "remove", "rm", "unlink"],
        aim: "delete a file",
        tools: &["delete_file", "run_command"],
    },
    Purpose {
        words: &["move", "rename", "mv"],
        aim: "move a file",
        tools: &["move_file", "run_command"],
    },
    Purpose {
        words: &["list", "ls", "dir", "tree"],
        aim: "list a folder",
        tools: &["list_directory", "run_command"],
    },
    Purpose {
        words: &["grep", "rg", "ripgrep", "regex"],
        aim: "search file contents",
        tools: &["grep_search"],
    },
    Purpose {
        words: &["find", "glob", "locate"],
        aim: "find files by name",
        tools: &["search_files", "run_command"],
    },
    Purpose {
        words: &["symbol", "symbols", "definition", "definitions", "outline"],
        aim: "find a definition",
        tools: &["find_symbol", "search_codebase"],
    },
    Purpose {
        words: &["search", "query", "lookup", "codebase"],
        aim: "search the code",
        tools: &["search_codebase", "grep_search"],
    },
    Purpose {
        words: &[
            "read", "open", "view", "show", "cat", "get", "load", "head", "tail",
        ],
        aim: "read a file",
        tools: &["read_file"],
    },
    Purpose {
        words: &[
            "run", "execute", "exec", "shell", "bash", "terminal", "command", "test", "tests",
            "pytest", "build", "compile", "lint", "format", "python", "node", "npm", "pip",
            "cargo", "git", "install",
        ],
        aim: "run a command",
        tools: &["run_command"],
    },
    Purpose {
        words: &["ask", "clarify", "confirm"],
        aim: "ask the user",
        tools: &["ask_user"],
    },
];

/// Verbs that say nothing without their object: `get_weather`, `create_issue`.
const VAGUE: &[&str] = &[
    "create", "new", "get", "load", "update", "delete", "remove", "move", "change", "show", "open",
    "list", "find", "edit", "insert", "append",
];

/// What these verbs do something to here.
const OBJECTS: &[&str] = &[
    "file",
    "files",
    "text",
    "code",
    "content",
    "contents",
    "line",
    "lines",
    "source",
    "script",
    "folder",
    "directory",
    "path",
    "document",
];

/// What no tool here is for.
const ELSEWHERE: &[&str] = &[
    "web", "internet", "google", "browser", "url", "http", "email", "issue", "weather",
];

/// What to call in place of a tool that does not exist: what its name says that it is for, and the
/// tool for that.
pub(super) fn instead<'a>(
    given: &str,
    tools: &'a [ToolSpec],
) -> Option<(&'static str, &'a ToolSpec)> {
    let words = words(given);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if has(ELSEWHERE) {
        return None;
    }
    let is_vague = |word: &str| VAGUE.contains(&word) && words.len() > 1 && !has(OBJECTS);
    let named = words.iter().map(String::as_str);
    named.filter(|word| !is_vague(word)).find_map(|word| {
        let purpose = PURPOSES
            .iter()
            .find(|purpose| purpose.words.contains(&word))?;
        let mut wanted = purpose.tools.iter();
        let tool = wanted.find_map(|name| tools.iter().find(|tool| tool.name == *name))?;
        Some((purpose.aim, tool))
    })
}

/// The words of a name, in lower case: `readFile` has two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for character in name.chars().take(LONGEST) {
        let begins = character.is_uppercase() && before.is_lowercase();
        if begins || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && character.is_alphanumeric()
        {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Finds the tool of a name, if there is exactly one.
pub(super) fn resolve<'a>(given: &str, tools: &'a [ToolSpec]) -> Option<&'a ToolSpec> {
    let around = |c: char| c.is_whitespace() || "\"'`".contains(c);
    let name = given.trim_matches(around).trim_end_matches("()");
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    if let Some(tool) = tool_named(name, tools) {
        return Some(tool);
    }
    // gpt-oss writes on where the name should end: `read_file<|channel|>json`.
    let name = name.split_once("<|").map_or(name, |(name, _)| name);
    let bare = without_number(name);
    tool_named(bare, tools).or_else(|| tool_named(without_namespace(bare)?, tools))
}

/// Whether two names are the same but for what models vary, so that a call could mean either.
pub fn is_same_name(one: &str, other: &str) -> bool {
    without_separators(one) == without_separators(other)
}

/// A normalised spelling: `filePath` and `file-path` are `filepath`.
pub(super) fn without_separators(name: &str) -> String {
    name.chars()
        .filter(|c| !"_- ".contains(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Finds a tool by name, by alias, or by either, ignoring case and `_`.
fn tool_named<'a>(name: &str, tools: &'a [ToolSpec]) -> Option<&'a ToolSpec> {
    let is = |tool: &&ToolSpec| tool.name == name;
    let is_alias = |tool: &&ToolSpec| tool.aliases.iter().any(|alias| alias == name);
    let exact = tools.iter().find(is);
    if let Some(tool) = exact.or_else(|| tools.iter().find(is_alias)) {
        return Some(tool);
    }
    let name = without_separators(name);
    let is_like = |tool: &&ToolSpec| without_separators(&tool.name) == name;
    let has_like = |tool: &&ToolSpec| {
        tool.aliases
            .iter()
            .any(|alias| without_separators(alias) == name)
    };
    let like = tools.iter().find(is_like);
    like.or_else(|| tools.iter().find(has_like))
}

/// Removes `:0`, with which Kimi numbers its calls.
fn without_number(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((before, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    }
}

/// The name after a namespace, if there is one.
fn without_namespace(name: &str) -> Option<&str> {
    NAMESPACES.iter().find_map(|namespace| {
        let rest = name.strip_prefix(namespace)?;
        let inner = SEPARATORS.iter().find_map(|it| rest.strip_prefix(it))?;
        Some(inner.trim())
    })
}
