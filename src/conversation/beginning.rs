//! How a conversation begins: where, with which session and model, and with whom.

use std::sync::Arc;

use super::Conversation;
use super::workspaces::OpenWorkspace;
use crate::session::SessionId;

impl Conversation {
    /// Selects the session to resume, and the model, before a session is opened.
    pub fn begin_with(&mut self, session: Option<SessionId>, model: Option<String>) {
        self.session = session;
        self.model = model;
    }

    /// Selects the only session of this conversation, before it is opened: the one of this id, or a
    /// new one that gets the id.
    pub fn begin_as(&mut self, id: SessionId) {
        self.session = Some(id.clone());
        self.own_id = Some(id);
    }

    /// Selects the workspace, before a session is opened.
    pub fn begin_in(&mut self, workspace: Arc<OpenWorkspace>) {
        self.workspace = workspace;
    }

    /// Nobody can be asked in this conversation: what needs approval is denied.
    pub fn begin_alone(&mut self) {
        self.has_user = false;
    }
}
