//! The editor at the other end, as a session sees it.

use agent_client_protocol::v1::schema::{
    ClientCapabilities, CreateElicitationRequest, CreateElicitationResponse, PermissionOption,
    RequestPermissionOutcome, RequestPermissionRequest, SessionId, SessionNotification,
    SessionUpdate, ToolCallUpdate,
};
use agent_client_protocol::{Client, Error, v1};
use futures::FutureExt;
use futures::future::BoxFuture;

/// What an editor can do besides what all can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EditorAbilities {
    /// It shows notices apart from the answer.
    pub has_notices: bool,
    /// It asks the user with forms.
    pub has_forms: bool,
}

impl EditorAbilities {
    pub fn of(capabilities: &ClientCapabilities) -> EditorAbilities {
        let session = capabilities.session.as_ref();
        let elicitation = capabilities.elicitation.as_ref();
        EditorAbilities {
            has_notices: session.is_some_and(|session| session.notices.is_some()),
            has_forms: elicitation.is_some_and(|forms| forms.supports_form()),
        }
    }
}

/// Sends the updates and the questions of one session. Clones are the same.
#[derive(Clone)]
pub struct Editor {
    connection: v1::ConnectionTo<Client>,
    pub session: SessionId,
    pub abilities: EditorAbilities,
}

impl Editor {
    pub fn new(
        connection: v1::ConnectionTo<Client>,
        session: SessionId,
        abilities: EditorAbilities,
    ) -> Editor {
        Editor {
            connection,
            session,
            abilities,
        }
    }

    /// Sends updates, in order with the responses. Without an editor they are lost.
    pub fn show(&self, updates: impl IntoIterator<Item = SessionUpdate>) {
        for update in updates {
            let told = SessionNotification::new(self.session.clone(), update);
            if let Err(error) = self.connection.send_notification(told) {
                tracing::debug!("an update was not sent: {error}");
                return;
            }
        }
    }

    /// Asks the user to choose. Dropping the future withdraws the question.
    pub fn choose(
        &self,
        call: ToolCallUpdate,
        options: Vec<PermissionOption>,
    ) -> BoxFuture<'static, RequestPermissionOutcome> {
        let request = RequestPermissionRequest::new(self.session.clone(), call, options);
        let asked = self.connection.send_request(request);
        async move {
            match asked.block_task().await {
                Ok(response) => response.outcome,
                Err(error) => {
                    tracing::debug!("nobody chose: {error}");
                    RequestPermissionOutcome::Cancelled
                }
            }
        }
        .boxed()
    }

    /// Asks the user with a form. Dropping the future withdraws the question.
    pub fn ask(
        &self,
        form: CreateElicitationRequest,
    ) -> BoxFuture<'static, Result<CreateElicitationResponse, Error>> {
        let asked = self.connection.send_request(form);
        async move { asked.block_task().await }.boxed()
    }
}
