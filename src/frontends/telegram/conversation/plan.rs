//! A plan: offered when a turn ends with one, and carried out if it is still the last thing said.

use super::super::buttons::Choice;
use super::super::questions::{Answer, Asked};
use super::super::rich::Rich;
use super::{Conversation, Mail};
use crate::engine::Question;
use crate::frontends::words::mode_name;
use crate::session::SessionId;

impl Conversation {
    /// Asks whether the plan is to be carried out; the answer comes by mail.
    pub(super) fn offer_plan(&mut self) {
        let Some(held) = &self.held else {
            return;
        };
        let (session, turn) = (held.session.id.clone(), held.session.turn);
        let mode = mode_name(self.work_mode);
        let text = format!("? Carry out this plan, in mode `{mode}`?");
        let asked = Asked {
            who: self.who,
            session: session.to_string(),
            hash: blake3::hash(session.as_str().as_bytes())
                .to_hex()
                .to_string(),
            text: Rich::plain_text(&text),
            choices: vec![vec![
                (Choice::Once, "Carry it out".to_owned()),
                (Choice::Deny, "Not now".to_owned()),
            ]],
            takes_text: false,
        };
        let (questions, mail) = (self.hub.questions.clone(), self.mail.clone());
        let offer = tokio::spawn(async move {
            if questions.ask(asked).await == Answer::Pressed(Choice::Once) {
                // Where the conversation has ended, so has the plan.
                let _ = mail.send(Mail::CarryOut { session, turn }).await;
            }
        });
        self.plan_offer = Some(offer.abort_handle());
    }

    /// The plan is not the last thing that was said any more.
    pub(super) fn withdraw_plan(&mut self) {
        if let Some(offer) = self.plan_offer.take() {
            offer.abort();
        }
    }

    pub(super) async fn carry_out(&mut self, session: &SessionId, turn: u32) {
        let is_open = self.running.is_none() && self.session.as_ref() == Some(session);
        if is_open && let Err(error) = self.hold().await {
            return self.say_error(&error);
        }
        let held = self
            .held
            .as_ref()
            .filter(|held| is_open && held.session.id == *session && held.session.turn == turn);
        let Some(held) = held else {
            return self.say("that plan is not the last thing that was said: ask for it again");
        };
        let question = Question::carry_out(&held.session);
        self.plans = false;
        self.is_mode_chosen = true;
        self.start(question);
    }
}
