//! Chat has priority over indexing: background embedding leaves a server alone while it makes a reply,
//! for this process or for another one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ollacode_indexer::{ReplyMark, ReplyMarks};
use tokio::sync::watch;

/// How often the replies of other processes are looked for. A request of the indexer takes longer.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Which servers make a reply, by their addresses. Clones share the state.
#[derive(Clone, Debug)]
pub struct ChatActivity {
    /// How many replies each makes.
    replies: Arc<watch::Sender<BTreeMap<String, usize>>>,
    /// The replies of all processes, where they count.
    marks: Option<ReplyMarks>,
}

impl Default for ChatActivity {
    fn default() -> ChatActivity {
        ChatActivity {
            replies: Arc::new(watch::Sender::new(BTreeMap::new())),
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

    /// Marks a reply as being made by a server until the value is dropped.
    pub fn replying(&self, server: &str) -> Replying {
        self.replies
            .send_modify(|counts| *counts.entry(server.to_owned()).or_default() += 1);
        let mark = self.marks.as_ref().and_then(|marks| {
            // The reply is worth more than its mark.
            let marked = marks.mark(server);
            marked
                .map_err(|error| tracing::warn!(%error, "other processes do not see the reply"))
                .ok()
        });
        Replying {
            activity: self.clone(),
            server: server.to_owned(),
            mark,
        }
    }

    /// Whether a server makes a reply.
    pub fn is_replying(&self, server: &str) -> bool {
        let count = self.replies.borrow().get(server).copied();
        count.unwrap_or(0) > 0 || self.is_marked(server)
    }

    /// Waits until a server makes no reply; returns at once if that is so.
    pub async fn idle(&self, server: &str) {
        loop {
            self.wait_for(server, |count| count == 0).await;
            if !self.is_marked(server) {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until a server makes a reply; returns at once if that is so.
    pub async fn busy(&self, server: &str) {
        tokio::select! {
            () = self.wait_for(server, |count| count > 0) => {}
            () = self.marked(server) => {}
        }
    }

    async fn wait_for(&self, server: &str, holds: impl Fn(usize) -> bool) {
        let mut replies = self.replies.subscribe();
        let count = |counts: &BTreeMap<String, usize>| counts.get(server).copied().unwrap_or(0);
        // The sender is our own, so it cannot be gone.
        drop(replies.wait_for(|counts| holds(count(counts))).await);
    }

    /// Waits until a process marks a reply of a server.
    async fn marked(&self, server: &str) {
        if self.marks.is_none() {
            return std::future::pending().await;
        }
        while !self.is_marked(server) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn is_marked(&self, server: &str) -> bool {
        let Some(marks) = &self.marks else {
            return false;
        };
        marks.is_any(server).unwrap_or_else(|error| {
            tracing::debug!(%error, "replies of other processes cannot be seen");
            false
        })
    }
}

/// A reply is being made while this lives.
#[derive(Debug)]
pub struct Replying {
    activity: ChatActivity,
    server: String,
    mark: Option<ReplyMark>,
}

impl Drop for Replying {
    fn drop(&mut self) {
        // Who is woken must not see it any more.
        self.mark = None;
        self.activity.replies.send_modify(|counts| {
            if let Some(count) = counts.get_mut(&self.server) {
                *count = count.saturating_sub(1);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const HERE: &str = "here:1";
    const THERE: &str = "there:1";

    #[tokio::test]
    async fn who_waits_goes_on_when_the_last_reply_is_done() {
        let activity = ChatActivity::default();
        activity.idle(HERE).await;
        let moment = Duration::from_millis(20);
        assert!(timeout(moment, activity.busy(HERE)).await.is_err());
        let (first, second) = (activity.replying(HERE), activity.clone().replying(HERE));
        activity.busy(HERE).await;
        assert!(timeout(moment, activity.idle(HERE)).await.is_err());
        drop(first);
        assert!(timeout(moment, activity.idle(HERE)).await.is_err());
        drop(second);
        activity.idle(HERE).await;
    }

    #[tokio::test]
    async fn a_reply_leaves_other_servers_alone() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let activity = ChatActivity::across(ReplyMarks::of(folder.path()));
        let reply = activity.replying(HERE);
        activity.idle(THERE).await;
        activity.busy(HERE).await;
        assert!(futures::poll!(std::pin::pin!(activity.idle(HERE))).is_pending());
        drop(reply);
        activity.idle(HERE).await;
    }

    #[tokio::test]
    async fn replies_of_another_process_count() {
        let (moment, long) = (Duration::from_millis(20), Duration::from_secs(30));
        let folder = tempfile::tempdir().expect("temporary folder");
        // Each opens the file anew, as another process does.
        let of_process = || ChatActivity::across(ReplyMarks::of(folder.path()));
        let (chat, indexer) = (of_process(), of_process());
        indexer.idle(HERE).await;
        let mut busy = Box::pin(indexer.busy(HERE));
        assert!(timeout(moment, &mut busy).await.is_err());
        let reply = chat.replying(HERE);
        timeout(long, busy).await.expect("it is seen");
        let mut idle = Box::pin(indexer.idle(HERE));
        assert!(timeout(moment, &mut idle).await.is_err());
        drop(reply);
        timeout(long, idle).await.expect("its end is seen");
        // A process does not wait for its own mark.
        drop(indexer.replying(HERE));
        assert!(futures::poll!(std::pin::pin!(indexer.idle(HERE))).is_ready());
    }
}
