//! Hooks in words, for people who want to know what runs.

use crate::permission::{Hook, HookFailure};
use crate::visible::visible_name;

/// Hooks, two lines each: the point with the command, and what it is for.
pub fn listed(hooks: &[Hook]) -> String {
    let lines = hooks.iter().map(|hook| {
        let command = visible_name(hook.command.text());
        format!("{}  {command}\n    {}\n", hook.on.name(), conditions(hook))
    });
    lines.collect()
}

/// What a hook is for, besides its point, and how long it may take.
fn conditions(hook: &Hook) -> String {
    let mut words: Vec<String> = Vec::new();
    if !hook.tools.is_empty() {
        words.push(format!("tools {}", hook.tools.join(", ")));
    }
    if !hook.paths.is_empty() {
        words.push(format!("files {}", visible_name(&hook.paths.join(", "))));
    }
    words.push(format!("at most {} s", hook.timeout.as_secs()));
    if hook.on.guards() {
        words.push(match hook.on_error {
            HookFailure::Block => "blocks if it cannot run".to_owned(),
            HookFailure::Continue => "is passed over if it cannot run".to_owned(),
        });
    }
    words.join("; ")
}

/// The names of tools in hooks that none of the known ones has: such a hook never runs. Names of servers
/// are not known here.
pub fn unknown_tools(hooks: &[Hook], known: &[String]) -> Vec<String> {
    let names = hooks.iter().flat_map(|hook| &hook.tools);
    let is_unknown = |name: &&String| !name.contains(['*', '.']) && !known.contains(name);
    let mut unknown: Vec<String> = names.filter(is_unknown).cloned().collect();
    unknown.sort();
    unknown.dedup();
    unknown
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::permission::{HookLine, HookPoint};

    fn hook(on: HookPoint, tools: &[&str], paths: &[&str]) -> Hook {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Hook {
            on,
            tools: owned(tools),
            paths: owned(paths),
            command: HookLine::parse("sh guard.sh").expect("a line"),
            timeout: Duration::from_secs(10),
            on_error: HookFailure::Block,
        }
    }

    #[test]
    fn hooks_are_listed_with_what_they_are_for() {
        let hooks = [
            hook(HookPoint::BeforeTool, &["run_command", "git.*"], &[]),
            hook(HookPoint::AfterEdit, &[], &["*.rs", "a\u{202e}b"]),
        ];
        assert_eq!(
            listed(&hooks),
            "before_tool  sh guard.sh\n    tools run_command, git.*; at most 10 s; blocks if it cannot \
             run\nafter_edit  sh guard.sh\n    files *.rs, a\\u{202e}b; at most 10 s\n"
        );
    }

    #[test]
    fn a_name_that_no_tool_has_is_told() {
        let hooks = [
            hook(HookPoint::BeforeTool, &["bash", "run_command"], &[]),
            hook(
                HookPoint::BeforeTool,
                &["edit_*", "github.search", "bash"],
                &[],
            ),
        ];
        let known = ["run_command".to_owned(), "edit_file".to_owned()];
        assert_eq!(unknown_tools(&hooks, &known), ["bash"]);
    }
}
