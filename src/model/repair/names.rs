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
