//! Commands about the project that need no model: `/map`, `/related`, `/template`.

use anyhow::{Error, bail};

use super::Conversation;
use super::reply::CommandReply;
use crate::jail::Jail;
use crate::project_map::{MapOrder, map};
use crate::related::{self, RelatedError};
use crate::retrieval::fenced;
use crate::templates::{ListedTemplate, Template};
use crate::visible::escape_hidden;

/// Tokens of the map of `/map`: about two screens.
const MAP_TOKENS: u32 = 1_000;

impl Conversation {
    /// The most used files, or those around one.
    pub(super) async fn map(&mut self, focus: &str) -> Result<CommandReply, Error> {
        let code = self.workspace.app.code_index();
        let Some((files, notes)) = code.files(&|_| {}).await? else {
            bail!("this folder is not indexed yet; /index indexes it");
        };
        let focus = match focus {
            "" => Vec::new(),
            path => match files.named(path) {
                Ok(focus) => focus,
                Err(error) => return Err(self.unindexed(error, path).await),
            },
        };
        let budget = MAP_TOKENS;
        let text = map(&files, &MapOrder { budget, focus }).text();
        let mut report = match text.trim_end() {
            "" => "There is no code in the index.".to_owned(),
            text => fenced(text, ""),
        };
        for note in notes {
            report.push_str(&format!("\n\n{note}"));
        }
        Ok(CommandReply::Report(report))
    }

    /// The files that belong to a file.
    pub(super) async fn related(&mut self, path: &str) -> Result<CommandReply, Error> {
        if path.is_empty() {
            return Ok(CommandReply::Usage(
                "usage: /related PATH, for example: /related src/main.rs",
            ));
        }
        let app = &self.workspace.app;
        let stop = self.shared.stop.child_token();
        let found = app.related(path, related::USUAL, &|_| {}, &stop).await;
        match found {
            Err(RelatedError::NotIndexed) => {
                bail!("this folder is not indexed yet; /index indexes it")
            }
            Err(RelatedError::Index(error)) => Err(error.into()),
            Err(error @ RelatedError::NoFile { .. }) => {
                Err(self.unindexed(error.to_string(), path).await)
            }
            found => Ok(CommandReply::Report(found?.markdown())),
        }
    }

    /// An error about a path that the index has not, with why that is so.
    async fn unindexed(&self, error: String, path: &str) -> Error {
        let (app, path) = (self.workspace.app.clone(), path.to_owned());
        let explaining = tokio::task::spawn_blocking(move || app.explain_unindexed(&error, &path));
        match explaining.await {
            Ok(text) => Error::msg(text),
            Err(crashed) => crashed.into(),
        }
    }

    /// The templates, or one of them. A model uses them with a tool, the command line with
    /// `ollacode template new`.
    pub(super) async fn template(&mut self, name: &str) -> Result<CommandReply, Error> {
        let library = self.workspace.app.templates();
        let (root, name) = (self.workspace.root().to_owned(), name.to_owned());
        let reading = tokio::task::spawn_blocking(move || {
            let jail = Jail::open(&root)?;
            if name.is_empty() {
                return Ok(template_list(&library.list(&jail)));
            }
            Ok(template_text(&library.find(&jail, &name)?))
        });
        let text: Result<String, Error> = reading.await?;
        Ok(CommandReply::Report(escape_hidden(&text?).into_owned()))
    }
}

fn template_list(listed: &[ListedTemplate]) -> String {
    let row = |template: &ListedTemplate| {
        let what = template.error.as_ref();
        let what = what.unwrap_or(&template.manifest.description);
        format!(
            "- `{}` ({}): {what}\n",
            template.name,
            template.origin.words()
        )
    };
    let rows: String = listed.iter().map(row).collect();
    format!("{rows}\nAsk for one by its name, for example: a new `endpoint-go` for orders.\n")
}

fn template_text(template: &Template) -> String {
    let manifest = &template.manifest;
    let mut text = format!("**{}**: {}\n\n", template.name, manifest.description);
    for (name, variable) in &manifest.variables {
        let default = match &variable.default {
            Some(default) => format!(" (default: `{default}`)"),
            None => String::new(),
        };
        text.push_str(&format!("- `{name}`: {}{default}\n", variable.description));
    }
    for file in &template.files {
        text.push_str(&format!("\n`{}`\n\n", file.path));
        text.push_str(&fenced(&file.text, ""));
        text.push('\n');
    }
    text
}
