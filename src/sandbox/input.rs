//! What a command reads: written while it runs, whether it reads it or not.

use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::task::JoinHandle;

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
