//! Chat has priority over indexing: background embedding waits while a reply is being made, in this
//! process or in another one.

use std::sync::Arc;
use std::time::Duration;

use ollacode_indexer::{ReplyMark, ReplyMarks};
use tokio::sync::watch;

/// How often the replies of other processes are looked for. A request of the indexer takes longer.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Whether a reply is being made. Clones share the state.
#[derive(Clone, Debug)]
pub struct ChatActivity {
    replies: Arc<watch::Sender<usize>>,
    /// The replies of all processes, where they count.
    marks: Option<ReplyMarks>,
}

impl Default for ChatActivity {
    fn default() -> ChatActivity {
        ChatActivity {
            replies: Arc::new(watch::Sender::new(0)),
            marks: None,
        }
    }
}

impl ChatActivity {
    /// The replies of this process, with those of all others that share the marks.
    pub fn across(marks: ReplyMarks) -> ChatActivity {
        ChatActivity {
            marks: Some(marks),
            ..ChatActivity::default()
        }
    }

    /// Marks a reply as being made until the value is dropped.
    pub fn replying(&self) -> Replying {
        self.replies.send_modify(|count| *count += 1);
        let mark = self.marks.as_ref().and_then(|marks| {
            // The reply is worth more than its mark.
            let marked = marks.mark();
            marked
                .map_err(|error| tracing::warn!(%error, "other processes do not see the reply"))
                .ok()
        });
        Replying {
            activity: self.clone(),
            mark,
        }
    }

    /// Waits until no reply is being made; returns at once if that is so.
    pub async fn idle(&self) {
        loop {
            self.wait_for(|count| count == 0).await;
            if !self.is_marked() {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until a reply is being made; returns at once if that is so.
    pub async fn busy(&self) {
        tokio::select! {
            () = self.wait_for(|count| count > 0) => {}
            () = self.marked() => {}
        }
    }

    async fn wait_for(&self, holds: impl Fn(usize) -> bool) {
        let mut replies = self.replies.subscribe();
        // The sender is our own, so it cannot be gone.
        drop(replies.wait_for(|count| holds(*count)).await);
    }

    /// Waits until a process marks a reply.
    async fn marked(&self) {
        if self.marks.is_none() {
            return std::future::pending().await;
        }
        while !self.is_marked() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn is_marked(&self) -> bool {
        let Some(marks) = &self.marks else {
            return false;
        };
        marks.is_any().unwrap_or_else(|error| {
            tracing::debug!(%error, "replies of other processes cannot be seen");
            false
        })
    }
}

/// A reply is being made while this lives.
#[derive(Debug)]
pub struct Replying {
    activity: ChatActivity,
    mark: Option<ReplyMark>,
}

impl Drop for Replying {
    fn drop(&mut self) {
        // Who is woken must not see it any more.
        self.mark = None;
        self.activity
            .replies
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn who_waits_goes_on_when_the_last_reply_is_done() {
        let activity = ChatActivity::default();
        activity.idle().await;
        let moment = Duration::from_millis(20);
        assert!(timeout(moment, activity.busy()).await.is_err());
        let (first, second) = (activity.replying(), activity.clone().replying());
        activity.busy().await;
        assert!(timeout(moment, activity.idle()).await.is_err());
        drop(first);
        assert!(timeout(moment, activity.idle()).await.is_err());
        drop(second);
        activity.idle().await;
    }

    #[tokio::test]
    async fn replies_of_another_process_count() {
        let (moment, long) = (Duration::from_millis(20), Duration::from_secs(30));
        let folder = tempfile::tempdir().expect("temporary folder");
        // Each opens the file anew, as another process does.
        let of_process = || ChatActivity::across(ReplyMarks::of(folder.path()));
        let (chat, indexer) = (of_process(), of_process());
        indexer.idle().await;
        let mut busy = Box::pin(indexer.busy());
        assert!(timeout(moment, &mut busy).await.is_err());
        let reply = chat.replying();
        timeout(long, busy).await.expect("it is seen");
        let mut idle = Box::pin(indexer.idle());
        assert!(timeout(moment, &mut idle).await.is_err());
        drop(reply);
        timeout(long, idle).await.expect("its end is seen");
        // A process does not wait for its own mark.
        drop(indexer.replying());
        assert!(futures::poll!(std::pin::pin!(indexer.idle())).is_ready());
    }
}
