//! Chat has priority over indexing: background embedding waits while a reply is being made.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether a reply is being made. Clones share the state.
#[derive(Clone, Debug)]
pub struct ChatActivity {
    replies: Arc<watch::Sender<usize>>,
}

impl Default for ChatActivity {
    fn default() -> ChatActivity {
        ChatActivity {
            replies: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl ChatActivity {
    /// Marks a reply as being made until the value is dropped.
    pub fn replying(&self) -> Replying {
        self.replies.send_modify(|count| *count += 1);
        Replying {
            activity: self.clone(),
        }
    }

    /// Waits until no reply is being made; returns at once if that is so.
    pub async fn idle(&self) {
        self.wait_for(|count| count == 0).await;
    }

    /// Waits until a reply is being made; returns at once if that is so.
    pub async fn busy(&self) {
        self.wait_for(|count| count > 0).await;
    }

    async fn wait_for(&self, holds: impl Fn(usize) -> bool) {
        let mut replies = self.replies.subscribe();
        // The sender is our own, so it cannot be gone.
        drop(replies.wait_for(|count| holds(*count)).await);
    }
}

/// A reply is being made while this lives.
#[derive(Debug)]
pub struct Replying {
    activity: ChatActivity,
}

impl Drop for Replying {
    fn drop(&mut self) {
        self.activity
            .replies
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
