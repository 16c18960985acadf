//! What people are told of a commit: its files, its place, its hooks.

use super::files::Gathered;
use crate::git::GitOperation;
use crate::git::commit::Committed;
use crate::visible::escape_hidden;

/// Most files that are listed.
const MOST_LISTED: usize = 40;

impl Gathered {
    /// The files as a list in Markdown: those of the commit, then those that are left out.
    pub fn list(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for file in self.taken() {
            lines.push(format!("- {}", file.change().line()));
        }
        for file in self.files.iter().filter(|file| !file.is_taken) {
            let why = file.note_words().unwrap_or_else(|| "left out".to_owned());
            lines.push(format!("- not: {}: {why}", shown_name(&file.path)));
        }
        let more = lines.len().saturating_sub(MOST_LISTED);
        lines.truncate(MOST_LISTED);
        if more > 0 {
            lines.push(format!("- … {more} more"));
        }
        lines.join("\n")
    }

    /// Why there is nothing to commit.
    pub fn nothing(&self) -> String {
        if self.files.is_empty() {
            return "Nothing to commit: no file that this session changed differs from the last \
                    commit."
                .to_owned();
        }
        format!("Nothing to commit by itself:\n\n{}", self.list())
    }

    /// Where the commit goes, and what is out of the ordinary.
    pub fn place(&self) -> String {
        let mut place = match &self.state.branch {
            Some(branch) => format!("on `{}`", shown_name(branch)),
            None => "on no branch, because `HEAD` is detached".to_owned(),
        };
        if self.state.head.is_none() {
            place.push_str(", as the first commit");
        }
        if self.state.operation == Some(GitOperation::Bisect) {
            place.push_str(", in the middle of a bisection");
        }
        place
    }

    /// What hooks lack in the sandbox; empty if there is nothing to say.
    pub fn hooks_words(&self) -> String {
        let folder = shown_name(&self.hooks.folder.to_string_lossy());
        match &self.hooks.names[..] {
            [] => String::new(),
            names if !self.hooks.can_run => format!(
                "the hooks in `{folder}` ({}) cannot be seen by commands, so git would commit \
                 without them; a `read` rule in config.toml shows them, or commit yourself",
                names.join(", ")
            ),
            _ => String::new(),
        }
    }

    /// What a hook said, and what may be the reason.
    pub fn hook_said(&self, said: &str) -> String {
        if self.git.has_network() {
            return said.to_owned();
        }
        format!("{said}\n(hooks have no network here, as commands have none; `--network` opens it)")
    }

    /// What is said of a commit that was made.
    pub fn report(&self, committed: &Committed, message: &str) -> String {
        let subject = message.lines().next().unwrap_or_default();
        let hash = committed.hash.get(..10).unwrap_or(&committed.hash);
        let mut text = format!(
            "Committed as `{hash}` {}: {subject}\n\n{}",
            self.place(),
            self.list()
        );
        if !committed.added.is_empty() {
            let names: Vec<String> = committed
                .added
                .iter()
                .map(|path| shown_name(path))
                .collect();
            text.push_str(&format!(
                "\n\nA hook added more files: {}.",
                names.join(", ")
            ));
        }
        text
    }
}

fn shown_name(name: &str) -> String {
    escape_hidden(name).replace('\n', "\\n")
}
