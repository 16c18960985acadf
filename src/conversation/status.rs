//! The status of a conversation: model, mode, session, index.

use super::Conversation;
use super::messages::{counted, index_words};
use super::reply::ConversationStatus;
use crate::permission::Confinement;
use crate::session;

impl Conversation {
    pub(super) async fn status(&self) -> ConversationStatus {
        let open = self.open.as_ref();
        let profile = open.map(|open| open.session.model.profile().clone());
        let tokens = match open {
            Some(open) => Some(open.engine.tokens(&open.session).await),
            None => None,
        };
        ConversationStatus {
            model: profile
                .as_ref()
                .map_or_else(|| self.model_name(), |profile| profile.name.clone()),
            tokens,
            profile,
            mode: self.mode(),
            confinement: self.confinement(),
            session: self.session.clone(),
            turns: open.map(|open| open.session.turn),
            index: self.index_words().await,
            folder: self.workspace.root().to_owned(),
            is_busy: self.is_busy(),
            queued: self.queue.len(),
        }
    }

    /// The model of the next question: the chosen one, that of the session, or that of the
    /// settings.
    pub(super) fn model_name(&self) -> String {
        let of_session = || {
            let folder = self.workspace.app.sessions_folder();
            let summary = session::summary(&folder, self.session.as_ref()?).ok()?;
            Some(summary.model).filter(|name| !name.is_empty())
        };
        let open = self.open.as_ref();
        let open = open.map(|open| open.session.model.profile().name.clone());
        let named = open.or_else(|| self.model.clone()).or_else(of_session);
        named.unwrap_or_else(|| self.workspace.app.model_name().to_owned())
    }

    pub fn confinement(&self) -> Confinement {
        if let Some(open) = &self.open {
            return open.engine.confinement();
        }
        let reached = self.workspace.app.confinement();
        reached.map_or(Confinement::None, |reached| reached.level)
    }

    /// Size and state of the index.
    async fn index_words(&self) -> String {
        let state = self.workspace.index_state();
        let state = state.map(|state| format!(", {}", index_words(&state)));
        self.index_counts().await + state.unwrap_or_default().as_str()
    }

    /// Size of the index.
    pub async fn index_counts(&self) -> String {
        let index = &self.workspace.app.index;
        if !index.exists() {
            let is_built = !self.workspace.needs_leave_to_index();
            let words = if is_built { "being built" } else { "none" };
            return words.to_owned();
        }
        match index.status("").await {
            Ok(status) => {
                let files = counted(status.counts.files, "file");
                let chunks = counted(status.counts.chunks, "chunk");
                format!("{files}, {chunks}")
            }
            Err(error) => error.to_string(),
        }
    }
}
