//! The command `/hooks`.

use anyhow::Error;
use tokio::task::spawn_blocking;

use super::Conversation;
use super::reply::CommandReply;
use crate::app::HookList;
use crate::hooks::listing::listed;
use crate::text::fenced;

const NONE: &str = "There are no hooks. `[[hook]]` in config.toml sets up commands that run at points of \
                    a turn.";

impl Conversation {
    /// Lists the hooks, and says whether those of the repository run.
    pub(super) async fn hooks(&mut self) -> Result<CommandReply, Error> {
        let app = self.workspace.app.clone();
        let list = spawn_blocking(move || app.hook_list()).await?;
        Ok(CommandReply::Report(markdown(&list)))
    }
}

fn markdown(list: &HookList) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut add = |title: &str, text: &str| {
        parts.push(format!("{title}\n\n{}", fenced(text.trim_end(), "text")));
    };
    if !list.own.is_empty() {
        add("**Your hooks** (`config.toml`):", &listed(&list.own));
    }
    if !list.repository.is_empty() {
        let words = match (&list.content, list.is_trusted) {
            (_, true) => "trusted".to_owned(),
            (Ok(_), false) => {
                "not trusted, so they do not run; `ollacode hooks trust` shows and trusts them"
                    .to_owned()
            }
            (Err(why), false) => format!("they do not run, and cannot be trusted: {why}"),
        };
        let title = format!("**Hooks of this repository** (`.ollacode/config.toml`), {words}:");
        add(&title, &listed(&list.repository));
    }
    if parts.is_empty() {
        parts.push(NONE.to_owned());
    }
    for name in &list.unknown_tools {
        parts.push(format!("Note: no tool of ollacode is named `{name}`."));
    }
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::permission::{Hook, HookFailure, HookLine, HookPoint};

    fn list(own: usize, repository: usize, is_trusted: bool) -> HookList {
        let hook = Hook {
            on: HookPoint::AfterEdit,
            tools: Vec::new(),
            paths: Vec::new(),
            command: HookLine::parse("echo {path}").expect("a line"),
            timeout: Duration::from_secs(10),
            on_error: HookFailure::Continue,
        };
        HookList {
            own: vec![hook.clone(); own],
            repository: vec![hook; repository],
            content: Err("too large".to_owned()),
            is_trusted,
            unknown_tools: Vec::new(),
        }
    }

    #[test]
    fn both_kinds_are_listed_and_what_does_not_run_says_so() {
        assert_eq!(markdown(&list(0, 0, false)), NONE);
        let own = markdown(&list(1, 0, false));
        assert_eq!(
            own,
            "**Your hooks** (`config.toml`):\n\n```text\nafter_edit  echo {path}\n    at most 10 s\n```"
        );
        let both = markdown(&list(1, 2, false));
        assert!(both.starts_with(&own), "{both}");
        assert!(
            both.contains("they do not run, and cannot be trusted: too large:"),
            "{both}"
        );
        let trusted = markdown(&list(0, 1, true));
        assert!(
            trusted.contains("(`.ollacode/config.toml`), trusted:"),
            "{trusted}"
        );
    }

    #[test]
    fn a_name_that_no_tool_has_is_noted() {
        let list = HookList {
            unknown_tools: vec!["bash".to_owned()],
            ..list(1, 0, false)
        };
        assert!(markdown(&list).ends_with("Note: no tool of ollacode is named `bash`."));
    }
}
