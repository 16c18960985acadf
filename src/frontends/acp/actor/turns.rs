//! Turns: their events, what the user is asked in them, and their end.

use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{CreateElicitationResponse, SessionUpdate, StopReason};
use futures::FutureExt;

use super::super::answers;
use super::super::replies;
use super::{Current, OpenQuestion, PromptStep, QuestionStep, SessionActor, Work};
use crate::conversation::messages::{error_words, opened_warnings};
use crate::conversation::{EndReason, FinishedTurn, PlanOffer, PlanWay, Update};
use crate::engine::event::{AskId, Event, TurnEnd};
use crate::permission::{ApprovalRequest, Decision};
use crate::session::SessionId;

impl SessionActor {
    pub(super) fn update(&mut self, update: Update) {
        match update {
            Update::Opened => self.note_opened(),
            Update::Event(numbered) => self.event(&numbered.event),
            Update::Ended(finished) => self.ended(finished),
        }
    }

    /// Tells what should be known of a session that was opened.
    pub(super) fn note_opened(&mut self) {
        let Some(opened) = self.conversation.take_opened() else {
            return;
        };
        for warning in opened_warnings(&opened) {
            self.note(&format!("⚠ {warning}"));
        }
        self.choices.model.clone_from(&opened.model.name);
        self.tell_choices();
    }

    fn event(&mut self, event: &Event) {
        let updates = self.converter.event(event);
        self.editor.show(updates);
        match event {
            Event::ApprovalAsked { id, request } => self.ask_approval(*id, request),
            Event::QuestionAsked {
                id,
                question,
                options,
            } => self.ask_question(*id, question, options),
            _ => {}
        }
    }

    /// Asks whether a call may run. The answer goes to the turn, unless that is over before.
    fn ask_approval(&mut self, id: AskId, request: &ApprovalRequest) {
        let pending = self.conversation.answers().clone();
        let asked = self.converter.asked_call(request);
        if !asked.is_whole {
            let why = "it is too large to be shown whole in an editor; start the turn at the \
                       terminal to approve it, or have the model make smaller changes";
            pending.decide(id, Decision::Deny(Some(why.to_owned())));
            return self.note(&format!("a call was denied: {why}"));
        }
        let can_remember = request.remember.is_some();
        let options = answers::call_options(request.remember.as_deref());
        let choice = self.editor.choose(asked.call, options);
        let closed = pending.closed(id);
        tokio::spawn(async move {
            if let Some(outcome) = closed.run_until_cancelled(choice).await {
                pending.decide(id, answers::decision(&outcome, can_remember));
            }
        });
    }

    fn ask_question(&mut self, id: AskId, question: &str, options: &[String]) {
        let Some(current) = &self.current else {
            // Nobody waits for the turn any more.
            self.conversation.answers().answer(id, None);
            return;
        };
        let form = self.editor.abilities.has_forms.then(|| {
            let call = self.converter.open_call();
            let form = answers::form(&self.editor.session, call, question, options);
            self.editor.ask(form)
        });
        let is_form = form.is_some();
        self.question = Some(OpenQuestion {
            id,
            question: question.to_owned(),
            options: options.to_vec(),
            stop: current.prompt.stop.clone(),
            form,
        });
        if !is_form {
            self.ask_in_text();
        }
    }

    /// Asks in a message; the next prompt is the answer. The turn goes on with that one.
    fn ask_in_text(&mut self) {
        let Some(question) = &mut self.question else {
            return;
        };
        question.form = None;
        let text = answers::question_text(&question.question, &question.options);
        self.say(&text);
        // One that was stopped is answered at its end.
        if let Some(current) = self.current.take_if(|current| !current.is_stopping) {
            current.prompt.answer(StopReason::EndTurn);
        }
    }

    pub(super) fn question_step(&mut self, step: QuestionStep) {
        match step {
            QuestionStep::Cancelled => {
                self.question = None;
                self.conversation.stop();
            }
            QuestionStep::Answered(answer) => self.answered(answer),
        }
    }

    fn answered(&mut self, answer: Result<CreateElicitationResponse, Error>) {
        match answer {
            Ok(response) => {
                if let Some(question) = self.question.take() {
                    let answer = answers::answer_in(&response, &question.options);
                    self.conversation.answers().answer(question.id, answer);
                }
            }
            Err(error) => {
                tracing::debug!("the form was not answered: {error}");
                self.ask_in_text();
            }
        }
    }

    fn ended(&mut self, finished: FinishedTurn) {
        let updates: Vec<SessionUpdate> = self.converter.end();
        self.editor.show(updates);
        self.question = None;
        self.say(&replies::ending(&finished.how));
        self.begin_next_mode();
        self.tell_choices();
        let Some(current) = self
            .current
            .take_if(|current| matches!(current.work, Work::Turn))
        else {
            return;
        };
        let Current { prompt, .. } = current;
        if self.is_leaving || prompt.stop.is_cancelled() {
            return prompt.answer(StopReason::Cancelled);
        }
        match finished.plan {
            Some(plan) => {
                let work = self.offer(plan);
                self.current = Some(Current {
                    prompt,
                    work,
                    is_stopping: false,
                });
            }
            None => prompt.answer(stop_reason(&finished.how)),
        }
    }

    /// Begins the mode that was chosen while the turn ran.
    fn begin_next_mode(&mut self) {
        if let Some(mode) = self.next_mode.take()
            && let Err(error) = self.conversation.choose_mode(mode.name())
        {
            self.note(&error_words(&error));
        }
    }

    /// Asks what becomes of a plan.
    fn offer(&mut self, plan: PlanOffer) -> Work {
        let prefix = id_prefix(self.conversation.session());
        let call = answers::plan_call(&plan, &prefix, self.choices.confinement);
        self.editor.show([SessionUpdate::ToolCall(call.clone())]);
        let options = answers::plan_options(&plan);
        let choice = self.editor.choose(call.into(), options);
        let choice = choice.map(|outcome| answers::plan_way(&outcome));
        Work::Plan(plan, choice.boxed())
    }

    pub(super) async fn prompt_step(&mut self, step: PromptStep) {
        let Some(mut current) = self.current.take() else {
            return;
        };
        let plan = match &current.work {
            Work::Plan(plan, _) => Some(plan.clone()),
            Work::Turn | Work::Reply(_) => None,
        };
        match (step, plan) {
            (PromptStep::Cancelled, _) if matches!(current.work, Work::Turn) => {
                self.conversation.stop();
                current.is_stopping = true;
                self.current = Some(current);
            }
            (PromptStep::Cancelled, plan) => {
                if let Some(plan) = plan {
                    self.show_plan_over(&plan, None);
                }
                current.prompt.answer(StopReason::Cancelled);
            }
            (PromptStep::Replied(text), _) => {
                self.say(&text);
                current.prompt.answer(StopReason::EndTurn);
            }
            (PromptStep::Chosen(way), Some(plan)) => self.carry_out(current, &plan, way).await,
            (PromptStep::Chosen(_), None) => self.current = Some(current),
        }
    }

    async fn carry_out(&mut self, current: Current, plan: &PlanOffer, way: Option<PlanWay>) {
        let Current { prompt, .. } = current;
        let Some(way) = way else {
            self.show_plan_over(plan, None);
            return prompt.answer(StopReason::EndTurn);
        };
        let stop = prompt.stop.clone();
        let carrying_out = self.conversation.carry_out(plan, way);
        let begun = stop.unless_cancelled(carrying_out).await;
        let has_begun = matches!(begun, Some(Ok(true)));
        self.show_plan_over(plan, has_begun.then_some(way));
        self.note_opened();
        match begun {
            Some(Ok(true)) => {
                self.tell_choices();
                self.current = Some(Current {
                    prompt,
                    work: Work::Turn,
                    is_stopping: false,
                });
            }
            Some(Ok(false)) => {
                self.say("the plan is no longer the last thing that happened: ask for it again");
                prompt.answer(StopReason::EndTurn);
            }
            Some(Err(error)) => {
                self.say(&error_words(&error));
                prompt.answer(StopReason::EndTurn);
            }
            None => prompt.answer(StopReason::Cancelled),
        }
    }

    fn show_plan_over(&self, plan: &PlanOffer, way: Option<PlanWay>) {
        let prefix = id_prefix(self.conversation.session());
        let over = answers::plan_call_over(plan, &prefix, way);
        self.editor.show([SessionUpdate::ToolCallUpdate(over)]);
    }
}

/// What makes ids of calls that are not of the engine unique.
fn id_prefix(session: Option<&SessionId>) -> String {
    session.map(ToString::to_string).unwrap_or_default()
}

/// How a turn ended, for the editor. Why it has no answer is said in a message.
fn stop_reason(how: &EndReason) -> StopReason {
    match how {
        EndReason::Turn(TurnEnd::Cut) => StopReason::MaxTokens,
        EndReason::Turn(TurnEnd::StepLimit(_)) => StopReason::MaxTurnRequests,
        EndReason::Turn(TurnEnd::Stopped) | EndReason::NotBegun => StopReason::Cancelled,
        EndReason::Turn(
            TurnEnd::Answered | TurnEnd::Planned | TurnEnd::Stuck(_) | TurnEnd::Failed(_),
        )
        | EndReason::Compacted(_)
        | EndReason::Ran(_)
        | EndReason::Failed(_)
        | EndReason::Lost => StopReason::EndTurn,
    }
}
