//! How the tokens of a session are used.

use super::Engine;
use super::user_words::KeptTokens;
use crate::message::Message;
use crate::model::budget::{estimate, estimate_tools};
use crate::session::Session;
use crate::text::tokens::estimate_text;

/// How the tokens of a session are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenReport {
    /// In the next request, before a question.
    pub used: u32,
    /// Size of the context window.
    pub window: u32,
    /// Of the system prompt.
    pub system: u32,
    /// Of the list of tools.
    pub tools: u32,
    /// Of the messages.
    pub history: u32,
    /// What is in them of the user and of earlier turns.
    pub kept: KeptTokens,
}

impl Engine {
    /// Counts the tokens of the next request, before a question.
    pub async fn tokens(&self, session: &Session) -> TokenReport {
        self.find_facts(session.model.profile()).await;
        self.choose_edit_form(&*session.model);
        let profile = session.model.profile();
        let tools = self.tools(profile);
        let spoken = self.uses_text_calls(profile);
        let (system, said) = match session.messages.split_first() {
            Some((Message::System { text }, said)) => (estimate_text(text), said),
            _ => {
                let (text, _) = self.fresh_system(profile, &tools, spoken);
                (estimate_text(&text), session.messages.as_slice())
            }
        };
        let native = if spoken { 0 } else { estimate_tools(&tools) };
        let [system, tools, history] = [system, native, estimate(said, &[])]
            .map(|count| session.calibration.calibrated(count));
        TokenReport {
            used: system + tools + history,
            window: profile.window,
            system,
            tools,
            history,
            kept: KeptTokens::of(said, &session.calibration),
        }
    }
}
