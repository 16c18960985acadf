//! Which tool a name means: models put prefixes, numbers and other spellings around it.

use crate::model::ToolSpec;

/// Longest name that is looked at, in bytes.
const LONGEST: usize = 200;

/// Finds the tool that a name means, if it is only one.
pub(super) fn resolve<'a>(given: &str, tools: &'a [ToolSpec]) -> Option<&'a ToolSpec> {
    let around = |c: char| c.is_whitespace() || "\"'`".contains(c);
    let name = given.trim_matches(around).trim_end_matches("()");
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    if let Some(tool) = named(name, tools) {
        return Some(tool);
    }
    let bare = without_number(name);
    let inner = bare.rsplit("__").next().unwrap_or(bare);
    let candidates = [
        bare,
        without_prefix(bare),
        inner,
        inner.rsplit('.').next().unwrap_or(inner),
    ];
    let found = candidates.iter().find_map(|name| named(name, tools));
    found.or_else(|| by_suffix(bare, tools))
}

/// A spelling without what models vary: `filePath` and `file-path` are `filepath`.
pub(super) fn loose(name: &str) -> String {
    name.chars()
        .filter(|c| !"_- ".contains(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// By exact name, then by alias, then by either without regard to case and to `_`.
fn named<'a>(name: &str, tools: &'a [ToolSpec]) -> Option<&'a ToolSpec> {
    let is = |tool: &&ToolSpec| tool.name == name;
    let is_alias = |tool: &&ToolSpec| tool.aliases.contains(&name);
    let exact = tools.iter().find(is);
    if let Some(tool) = exact.or_else(|| tools.iter().find(is_alias)) {
        return Some(tool);
    }
    let name = loose(name);
    let is_like = |tool: &&ToolSpec| loose(tool.name) == name;
    let has_like = |tool: &&ToolSpec| tool.aliases.iter().any(|alias| loose(alias) == name);
    let like = tools.iter().find(is_like);
    like.or_else(|| tools.iter().find(has_like))
}

/// Without `:0`, with which Kimi numbers its calls.
fn without_number(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((before, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    }
}

fn without_prefix(name: &str) -> &str {
    ["functions.", "tool:", "default_api."]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .map_or(name, str::trim)
}

/// The only tool whose name ends the given one, after a `_`, `/` or other sign.
fn by_suffix<'a>(name: &str, tools: &'a [ToolSpec]) -> Option<&'a ToolSpec> {
    let name = name.to_lowercase();
    let ends = |suffix: &str| {
        name.strip_suffix(suffix)
            .is_some_and(|before| before.ends_with(|c: char| !c.is_alphanumeric()))
    };
    let mut found = tools
        .iter()
        .filter(|tool| ends(tool.name) || tool.aliases.iter().any(|alias| ends(alias)));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
