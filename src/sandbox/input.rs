//! What a command reads: written while it runs, whether it reads it or not.

use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::capture::HeadAndTail;
use super::{CommandAccess, RunError, RunLimits, RunOutput, Sandbox};

/// The input of a command that is being written; dropping it ends that.
pub(super) struct GivenInput(JoinHandle<()>);

impl GivenInput {
    /// Writes an input and ends it. To be called within a runtime.
    pub fn start(mut pipe: ChildStdin, input: Vec<u8>) -> GivenInput {
        GivenInput(tokio::spawn(async move {
            // A command may end, or close its input, before it has read everything.
            let _ = pipe.write_all(&input).await;
        }))
    }
}

impl Drop for GivenInput {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sandbox {
    /// As [`Sandbox::run`], for a command that reads something, and whose output nobody watches
    /// meanwhile.
    pub async fn run_with_input(
        &self,
        command: &str,
        access: &CommandAccess,
        limits: &RunLimits,
        input: Vec<u8>,
        stop: &CancellationToken,
    ) -> Result<RunOutput, RunError> {
        let kept = || HeadAndTail::new(limits.output);
        let output = (kept(), kept());
        self.run_to_end(command, access, limits.timeout, output, Some(input), stop)
            .await
    }
}
