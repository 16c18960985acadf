//! Commands about the project that need no model: `/map`, `/related`, `/template`.

use anyhow::{Error, bail};

use super::Conversation;
use super::reply::CommandReply;
use crate::jail::Jail;
use crate::retrieval::fenced;
use crate::templates::{ListedTemplate, Template};
use crate::visible::escape_hidden;

impl Conversation {
    pub(super) async fn map(&mut self, _focus: &str) -> Result<CommandReply, Error> {
        bail!("this is not available yet")
    }

    pub(super) async fn related(&mut self, _path: &str) -> Result<CommandReply, Error> {
        bail!("this is not available yet")
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
