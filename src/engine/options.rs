//! How an engine works.

use crate::git::CommitWhen;
use crate::model::EditForm;
use crate::tools::ToolSet;

/// What an engine may do and offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Most replies of the model in a turn.
    pub max_steps: usize,
    /// Most tokens of thoughts in a reply, if there is a limit; then the model is asked again with
    /// thinking off.
    pub thinking: Option<u32>,
    /// Whether the index is searched for each question.
    pub rag: bool,
    /// Whether older turns are compacted when the window is nearly full.
    pub compact: bool,
    /// The tools to offer; `None`: chosen by model and window.
    pub tools: Option<ToolSet>,
    /// The form in which files are edited; `None`: the one that suits the model.
    pub edit_form: Option<EditForm>,
    /// When what a session changed is committed by itself.
    pub commit: CommitWhen,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            max_steps: 25,
            thinking: Some(2_000),
            rag: true,
            compact: true,
            tools: None,
            edit_form: None,
            commit: CommitWhen::Off,
        }
    }
}
