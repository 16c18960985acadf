//! A change of a file of which the user takes only parts.

use std::sync::Arc;

use super::draft::{Draft, file_to_edit};
use super::{PreparedCall, ToolContext, ToolError, blocking};
use crate::edit::{FileEdit, with_hunks};

/// Prepares the parts of a change that the user took, by their numbers; see [`crate::edit::hunks`].
/// The file must be as it was when the change was proposed.
pub async fn edit_parts(
    context: &ToolContext,
    edit: &FileEdit,
    taken: &[usize],
) -> Result<PreparedCall, ToolError> {
    let file = file_to_edit(context, &edit.path).await?;
    let (Some(old), Some(new)) = (&edit.old, &edit.new) else {
        return Err(ToolError::TellModel(
            "not run: only the change of a file has parts".to_owned(),
        ));
    };
    if file.text.as_str() != &**old {
        return Err(ToolError::TellModel(format!(
            "not run: `{}` has changed while the user was asked. Read it again, then repeat the call",
            file.path
        )));
    }
    let (old, new, taken) = (Arc::clone(old), Arc::clone(new), taken.to_vec());
    let after = blocking(move || with_hunks(&old, &new, &taken)).await?;
    let draft = Draft {
        path: file.path.clone(),
        after: file.as_written(&after).into_owned(),
        match_description: Some("the user took parts of the change".to_owned()),
        before: Some(file),
    };
    Ok(draft.prepared())
}
