//! Approval requests, questions and plan offers of a conversation, shown with buttons.

use super::super::approver::{ApprovalTarget, decide, option};
use super::super::buttons::ButtonChoice;
use super::super::formatted_text::FormattedText;
use super::super::questions::{AskedQuestion, QuestionAnswer};
use super::{Chat, ConversationMessage};
use crate::conversation::{PlanOffer, PlanWay};
use crate::engine::event::AskId;
use crate::permission::ApprovalRequest;

/// The button that carries a plan out in steps.
const IN_STEPS: ButtonChoice = ButtonChoice::Option(0);

impl Chat {
    /// Asks for approval. The request is withdrawn when nobody waits for the answer any more.
    pub(super) fn ask_approval(&self, id: AskId, request: &ApprovalRequest) {
        let (phone, request) = (self.phone(), request.clone());
        let answers = self.conversation.answers().clone();
        let closed = answers.closed(id);
        tokio::spawn(async move {
            if let Some(decision) = closed.run_until_cancelled(decide(&phone, &request)).await {
                answers.decide(id, decision);
            }
        });
    }

    /// Asks a question of the model.
    pub(super) fn ask_in_words(&self, id: AskId, question: &str, options: &[String]) {
        let (phone, question, options) = (self.phone(), question.to_owned(), options.to_vec());
        let answers = self.conversation.answers().clone();
        let closed = answers.closed(id);
        tokio::spawn(async move {
            let answer = option(&phone, &question, &options);
            if let Some(answer) = closed.run_until_cancelled(answer).await {
                answers.answer(id, answer);
            }
        });
    }

    fn phone(&self) -> ApprovalTarget {
        let session = self.conversation.session();
        ApprovalTarget {
            who: self.who,
            session: session.map(ToString::to_string).unwrap_or_default(),
            questions: self.context.questions.clone(),
            outbox: self.context.outbox.clone(),
        }
    }

    /// Offers to carry out a plan; the answer arrives as [`ConversationMessage::CarryOut`].
    pub(super) fn offer_plan(&mut self, plan: PlanOffer) {
        let mode = plan.mode.name();
        let text = format!("? Carry out this plan in mode `{mode}`?");
        let mut choices = vec![(ButtonChoice::Once, "Carry it out".to_owned())];
        if plan.has_steps {
            choices.push((IN_STEPS, "In steps".to_owned()));
        }
        choices.push((ButtonChoice::Deny, "Not now".to_owned()));
        let asked = AskedQuestion {
            who: self.who,
            session: plan.session.to_string(),
            hash: blake3::hash(plan.session.as_str().as_bytes())
                .to_hex()
                .to_string(),
            text: FormattedText::plain_text(&text),
            choices: vec![choices],
            takes_text: false,
        };
        let (questions, mailbox) = (self.context.questions.clone(), self.mailbox.clone());
        let offer = tokio::spawn(async move {
            let way = match questions.ask(asked).await {
                QuestionAnswer::Pressed(ButtonChoice::Once) => PlanWay::AtOnce,
                QuestionAnswer::Pressed(IN_STEPS) => PlanWay::InSteps,
                _ => return,
            };
            // The conversation may have ended.
            let _ = mailbox.send(ConversationMessage::CarryOut(plan, way)).await;
        });
        self.plan_offer = Some(offer.abort_handle());
    }

    /// Withdraws the plan offer.
    pub(super) fn withdraw_plan(&mut self) {
        if let Some(offer) = self.plan_offer.take() {
            offer.abort();
        }
    }

    pub(super) async fn carry_out(&mut self, plan: &PlanOffer, way: PlanWay) {
        let carried_out = self.conversation.carry_out(plan, way).await;
        self.show_opened();
        match carried_out {
            Ok(true) => self.begin_turn(),
            Ok(false) => {
                self.say("this plan is out of date: ask for a new one");
            }
            Err(error) => self.say_error(&error),
        }
    }
}
