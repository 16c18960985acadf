//! The user's own tools: commands of `config.toml` that a model fills in.
//!
//! No argument is more than a word of the command, or a part of one: the words are quoted for the shell,
//! and the line is judged and run as one of `run_command`.

mod arguments;
mod spec;
#[cfg(test)]
mod tests;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::run_command::{CommandLine, OUTPUT, refuse_full_screen};
use super::{PreparedCall, Tool, ToolContext, ToolError};
use crate::message::ToolCall;
use crate::model::ToolSpec;
use crate::permission::UserTool;
use crate::permission::command::shell_line;
use crate::sandbox::RunLimits;
use arguments::{filled, values};

/// Longest command line, in bytes; longer ones are not judged, either.
const LONGEST_LINE: usize = 64 << 10;

pub(super) struct OwnTool {
    tool: UserTool,
    spec: ToolSpec,
}

impl OwnTool {
    pub(super) fn new(tool: &UserTool) -> OwnTool {
        OwnTool {
            spec: spec::spec(tool),
            tool: tool.clone(),
        }
    }
}

impl Tool for OwnTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn runs_command(&self) -> bool {
        true
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let values = values(&self.tool, call, context).await?;
            let text = shell_line(&filled(&self.tool, &values)?);
            if text.len() > LONGEST_LINE {
                return Err(ToolError::TellModel(format!(
                    "the command would have {} bytes, and at most {LONGEST_LINE} are possible: give \
                     shorter arguments",
                    text.len()
                )));
            }
            refuse_full_screen(&text)?;
            let line = CommandLine {
                text,
                limits: RunLimits {
                    timeout: self.tool.timeout,
                    output: OUTPUT,
                },
                tool: Some(self.tool.name.clone()),
            };
            Ok(line.prepared(context).await)
        }
        .boxed()
    }
}
