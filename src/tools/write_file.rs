//! `write_file`: a whole file.

mod refusal;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::draft::{
    Draft, check_literal_newlines, check_omissions, check_placeholders, edit_call, file_to_write,
    was_read,
};
use super::{
    PreparedCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking, render, spelling,
};
use crate::jail::{TextFile, WorkspacePath};
use crate::message::ToolCall;
use crate::model::{EditForm, ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Effect;
use crate::visible::defang_chat_markers;
use refusal::edit_instead;

/// Most places of a file that are named.
const MOST_RANGES: usize = 5;
/// Most lines of a file that is written anew: of a longer one, models forget parts.
const MOST_ANEW: usize = 30;
/// The same for a model that edits files in this way.
pub(super) const LONGEST_WHOLE: usize = 200;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

/// For models that edit by writing whole files.
static WHOLE: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    description: format!(
        "Create a file, or change one of up to {LONGEST_WHOLE} lines that you have read: give all of \
         its lines, also those that stay. Missing folders are created."
    ),
    ..DECLARATION.spec()
});

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "write_file",
    aliases: &[
        "write",
        "create_file",
        "create_new_file",
        "save_file",
        "write_to_file",
        "create",
        "new_file",
        "file_write",
        "fs_write",
    ],
    description: "Create a file, or replace a short one. Missing folders are created.",
    parameters: &[
        ParameterDeclaration {
            name: "path",
            aliases: arguments::PATH,
            kind: ParameterKind::Text,
            description: "Path of the file, relative to the workspace root",
            required: true,
        },
        ParameterDeclaration {
            name: "content",
            aliases: &["text", "contents", "file_text", "new_content"],
            kind: ParameterKind::Text,
            description: "Complete content of the file",
            required: true,
        },
    ],
    is_core: true,
};

pub(super) struct WriteFile;

impl Tool for WriteFile {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn spec_in(&self, form: EditForm) -> &ToolSpec {
        match form {
            EditForm::Whole => &WHOLE,
            EditForm::Search | EditForm::Anchors => &SPEC,
        }
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let content = arguments::text(call, "content")?;
            let path = arguments::text(call, "path")?;
            // A block of Markdown around it.
            let fenced = spelling::without_fence(content);
            let fenced = fenced.filter(|_| !spelling::has_fences(path));
            let content = fenced.unwrap_or(content);
            // Lines that were copied as they were shown.
            let bare = render::without_numbers(content);
            let content = bare.as_deref().unwrap_or(content);
            let (path, before) = file_to_write(context, path).await?;
            let Some(file) = before else {
                check_placeholders(content, "")?;
                check_omissions(content, "")?;
                check_literal_newlines(content, "")?;
                let draft = Draft {
                    path,
                    before: None,
                    after: render::without_breaks(content).into_owned(),
                    match_description: None,
                };
                return Ok(draft.prepared());
            };
            overwriting(context, path, file, content).await
        }
        .boxed()
    }
}

async fn overwriting(
    context: &ToolContext,
    path: WorkspacePath,
    file: TextFile,
    content: &str,
) -> Result<PreparedCall, ToolError> {
    check_seen(context, &path, &file)?;
    check_omissions(content, &file.text)?;
    check_literal_newlines(content, &file.text)?;
    let content = render::as_in_file(content, &file.text);
    check_placeholders(&content, &file.text)?;
    let after = file.as_written(&content).into_owned();
    if after == file.text {
        return Ok(unchanged(&path));
    }
    let (file, after, needs_leave) = check_long(context, file, after).await?;
    let count = file.text.lines().count();
    let draft = Draft {
        path,
        before: Some(file),
        after,
        match_description: None,
    };
    let (draft, lost) = blocking(move || {
        let lost = draft.lost_content();
        (draft, lost)
    })
    .await?;
    let lost = lost.or_else(|| {
        needs_leave.then(|| format!("its present text: all {count} lines are replaced"))
    });
    let path = draft.path.to_string();
    let mut prepared = draft.prepared();
    prepared
        .effects
        .extend(lost.map(|what| Effect::Loss { path, what }));
    Ok(prepared)
}

/// Refuses to write a long file anew, unless the user's words ask for it; gives the edits instead.
/// Where the model insists, the user is asked: then the flag is set.
async fn check_long(
    context: &ToolContext,
    file: TextFile,
    after: String,
) -> Result<(TextFile, String, bool), ToolError> {
    let form = context.edit_form();
    let most = match form {
        EditForm::Whole => LONGEST_WHOLE,
        EditForm::Search | EditForm::Anchors => MOST_ANEW,
    };
    let is_long = file.text.lines().nth(most).is_some();
    let path = file.path.as_str();
    if !is_long || context.knowledge().leave.is_wanted(path) {
        return Ok((file, after, false));
    }
    if context.knowledge().leave.tell(path) {
        return Ok((file, after, true));
    }
    let text = blocking(move || edit_instead(&file, &after, (most, form))).await?;
    Err(ToolError::TellModel(text))
}

/// Refuses to write over what the model was not shown, or does not have in its conversation any
/// more; says how to go on.
fn check_seen(
    context: &ToolContext,
    path: &WorkspacePath,
    file: &TextFile,
) -> Result<(), ToolError> {
    let was_read = was_read(context, file)?;
    let count = file.text.lines().count();
    let unseen = context.knowledge().unseen(file.path.as_str(), count);
    if was_read && unseen.is_empty() {
        return Ok(());
    }
    let first = unseen.first().map_or(1, |lines| lines.start);
    let hidden = unseen.iter().map(|lines| {
        let last = lines.end - 1;
        if lines.start == last {
            last.to_string()
        } else {
            format!("{}-{last}", lines.start)
        }
    });
    let hidden: Vec<String> = hidden.take(MOST_RANGES).collect();
    let what = if was_read {
        let hidden = hidden.join(", ");
        format!(
            "lines {hidden} of its {count} lines were not shown to you, or have been cut since then"
        )
    } else {
        "you have not read it, or what you read has been cut since then".to_owned()
    };
    let read = json!({"path": path.as_str(), "start_line": first});
    Err(ToolError::TellModel(format!(
        "`{path}` already exists, and {what}: replacing it would lose what you have not seen. To \
         change a part of it: {}\nTo see the rest: read_file {}",
        edit_call(path.as_str(), context.edit_form()),
        defang_chat_markers(&read.to_string()),
    )))
}

/// There is nothing to do, and nothing to ask.
fn unchanged(path: &WorkspacePath) -> PreparedCall {
    let name = render::name(path.as_str());
    let output = ToolOutput {
        text: format!("{name} already has this content; nothing was written."),
        summary: "no change".to_owned(),
        ..ToolOutput::default()
    };
    PreparedCall::reading(
        name,
        Effect::Read,
        Box::new(move |_| async move { Ok::<_, ToolError>(output) }.boxed()),
    )
}
