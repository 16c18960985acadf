//! What handlers ask of a room.

use std::sync::Arc;

use anyhow::Error;
use serde_json::json;

use super::super::event;
use super::super::messages::{
    AnswerResult, AskResult, AskedQuestion, CommandFailure, CommandOutcome, GivenAnswer, Reply,
    RoomMessage, RoomSnapshot,
};
use super::{OpenAsk, QueuedMessage, RoomActor};
use crate::conversation::commands::{CommandScope, ParsedInput, unknown};
use crate::conversation::mentions::mentioned_files;
use crate::conversation::{CommandReply, OpenedSession, PlanWay, StopResult, SubmitResult};
use crate::engine::Question;
use crate::engine::event::AskId;
use crate::permission::Decision;
use crate::session::changes::Undone;
use crate::skills::SkillCall;

/// Messages of clients whose ids are remembered.
const MOST_CLIENTS: usize = 256;
const NOT_A_DECISION: &str = "a question of the model is answered with `text`";

impl RoomActor {
    pub(super) async fn handle(&mut self, message: RoomMessage) {
        self.catch_up().await;
        match message {
            RoomMessage::Ask(asked, reply) => send(reply, self.ask(asked).await),
            RoomMessage::Stop(reply) => send(reply, self.stop()),
            RoomMessage::Unqueue(client, reply) => send(reply, self.unqueue(&client)),
            RoomMessage::Answer(given, reply) => send(reply, self.answered(given)),
            RoomMessage::Command {
                line,
                read_only,
                reply,
            } => send(reply, self.command(&line, read_only).await),
            RoomMessage::Mode(name, reply) => send(reply, self.choose_mode(&name)),
            RoomMessage::CarryOut(way, reply) => send(reply, self.carry_out(way).await),
            RoomMessage::Revert(path, reply) => send(reply, self.revert(&path).await),
            RoomMessage::Changes(reply) => {
                let changes = self.conversation.file_diffs().await;
                self.show_opened();
                send(reply, changes);
            }
            RoomMessage::Snapshot(reply) => send(reply, self.snapshot().await),
        }
    }

    async fn ask(&mut self, asked: AskedQuestion) -> AskResult {
        if let Some(client) = &asked.client
            && let Some((_, result)) = self.clients.iter().find(|(known, _)| known == client)
        {
            return *result;
        }
        let root = self.conversation.workspace().root().to_owned();
        let files = mentioned_files(&asked.text, root, Arc::default(), &self.room.stop).await;
        let attached = asked.attachments.iter().map(|it| it.name.clone());
        let names: Vec<String> = attached.chain(asked.image_names).collect();
        let question = self.conversation.question(asked.text, CommandScope::Page);
        let question = Question {
            files: files.ok().flatten().unwrap_or_default(),
            attachments: asked.attachments,
            images: asked.images,
            read_only: asked.read_only,
            without_search: asked.without_search,
            ..question.await
        };
        self.messages = self.messages.wrapping_add(1);
        let number = self.messages;
        let (text, client) = (question.text.clone(), asked.client);
        let result = match self.conversation.ask(Some(number), question) {
            SubmitResult::Started => {
                self.wants_open = false;
                self.begin(&text, client.as_deref(), &names);
                AskResult::Started
            }
            SubmitResult::Queued => {
                self.queued.push_back(QueuedMessage {
                    number,
                    client: client.clone(),
                    text,
                    names,
                });
                self.tell_queue();
                AskResult::Queued
            }
            // It can be sent again later.
            SubmitResult::Refused => return AskResult::Refused,
        };
        if let Some(client) = client {
            self.clients.push_back((client, result));
            if self.clients.len() > MOST_CLIENTS {
                self.clients.pop_front();
            }
        }
        result
    }

    fn stop(&mut self) -> StopResult {
        let stopped = self.conversation.stop();
        self.drop_queue();
        stopped
    }

    fn drop_queue(&mut self) {
        if !self.queued.is_empty() {
            self.queued.clear();
            self.tell_queue();
        }
    }

    fn unqueue(&mut self, client: &str) -> bool {
        let is_it = |queued: &QueuedMessage| queued.client.as_deref() == Some(client);
        let Some(at) = self.queued.iter().position(is_it) else {
            return false;
        };
        if let Some(queued) = self.queued.remove(at) {
            self.conversation.unqueue(queued.number);
            self.tell_queue();
        }
        true
    }

    fn answered(&mut self, given: GivenAnswer) -> AnswerResult {
        let id = AskId(given.id);
        let (decision, text) = match self.asked.get(&given.id) {
            None => return AnswerResult::Closed,
            // Such an answer is meant for a request for approval.
            Some(OpenAsk::Question) if given.decision.is_some() => {
                return AnswerResult::Invalid(NOT_A_DECISION);
            }
            Some(OpenAsk::Question) => (None, given.text.filter(|text| !text.trim().is_empty())),
            Some(approval) => match approval.decision(&given) {
                Ok(decision) => (Some(decision), None),
                Err(why) => return AnswerResult::Invalid(why),
            },
        };
        self.asked.remove(&given.id);
        let answers = self.conversation.answers();
        let (is_taken, name) = match &decision {
            Some(decision) => (answers.decide(id, decision.clone()), name_of(decision)),
            None => {
                let name = if text.is_some() {
                    "answered"
                } else {
                    "declined"
                };
                (answers.answer(id, text.clone()), name)
            }
        };
        if !is_taken {
            self.tell(json!({"event": "decided", "id": id.0, "decision": "withdrawn"}));
            return AnswerResult::Closed;
        }
        let mut decided = json!({"event": "decided", "id": id.0, "decision": name});
        match decision {
            Some(Decision::Deny(Some(reason))) => decided["reason"] = json!(reason),
            Some(Decision::ReplaceCommand(command)) => decided["command"] = json!(command),
            _ => {}
        }
        if let Some(text) = text {
            decided["text"] = json!(text);
        }
        self.tell(decided);
        AnswerResult::Accepted
    }

    async fn command(
        &mut self,
        line: &str,
        read_only: bool,
    ) -> Result<CommandOutcome, CommandFailure> {
        let understood = self.conversation.understand(line, CommandScope::Page).await;
        let (command, argument) = match understood {
            ParsedInput::Command(command, argument) => (command, argument),
            ParsedInput::Skill(skill) => return self.skill(skill, read_only).await,
            ParsedInput::Unknown(typed, nearest) => {
                return Err(CommandFailure::Unknown(unknown(typed, &nearest)));
            }
            ParsedInput::Question => return Err(CommandFailure::NotACommand),
        };
        let conversation = &mut self.conversation;
        let replied = conversation.command_in(command, argument, read_only).await;
        if let Ok(reply) = &replied {
            self.prepare_for(reply);
        }
        let opened = self.take_opened();
        let reply = replied.map_err(CommandFailure::Failed)?;
        if matches!(reply, CommandReply::Started) {
            self.begin(line.trim(), None, &[]);
        }
        if event::is_told(&reply) {
            self.tell(json!({
                "event": "command",
                "line": line.trim(),
                "kind": event::command_kind(&reply),
                "text": reply.words(),
            }));
        }
        if matches!(reply, CommandReply::Mode(_)) {
            self.tell_mode();
        }
        Ok(CommandOutcome {
            reply,
            opened,
            workspace: Arc::clone(self.conversation.workspace()),
        })
    }

    /// Starts a skill as a message does: while a turn runs, it waits its turn.
    async fn skill(
        &mut self,
        skill: SkillCall,
        read_only: bool,
    ) -> Result<CommandOutcome, CommandFailure> {
        let asked = AskedQuestion {
            text: skill.line(),
            read_only,
            ..AskedQuestion::default()
        };
        let reply = match self.ask(asked).await {
            AskResult::Started | AskResult::Queued => CommandReply::Started,
            AskResult::Refused => CommandReply::Busy,
        };
        Ok(CommandOutcome {
            reply,
            opened: None,
            workspace: Arc::clone(self.conversation.workspace()),
        })
    }

    /// Shows the session that was opened, and returns what is known of it.
    fn take_opened(&mut self) -> Option<OpenedSession> {
        let opened = self.conversation.take_opened()?;
        self.note_opened(&opened);
        Some(opened)
    }

    /// Forgets what a reply ends: the queue, the plan, the events of another session.
    fn prepare_for(&mut self, reply: &CommandReply) {
        if !reply.keeps_plan() {
            self.plan = None;
        }
        match reply {
            CommandReply::Stopped(_) => self.drop_queue(),
            CommandReply::ModelChosen(profile) => self.model.clone_from(&profile.name),
            reply if reply.begins_session() => {
                self.wants_open = false;
                self.tokens = None;
                self.room.log.restart();
                self.read_session();
            }
            _ => {}
        }
    }

    fn choose_mode(&mut self, name: &str) -> Result<CommandReply, Error> {
        let reply = self.conversation.choose_mode(name)?;
        if matches!(reply, CommandReply::Mode(_)) {
            self.plan = None;
            self.tell_mode();
        }
        Ok(reply)
    }

    async fn carry_out(&mut self, way: PlanWay) -> Result<bool, Error> {
        let Some(plan) = self.plan.take() else {
            return Ok(false);
        };
        let carried_out = self.conversation.carry_out(&plan, way).await;
        self.show_opened();
        match carried_out {
            Ok(true) => {
                self.tell_mode();
                let asked = match way {
                    PlanWay::AtOnce => "Carry out the plan.",
                    PlanWay::InSteps => "Carry out the plan in steps.",
                };
                self.begin(asked, None, &[]);
            }
            Ok(false) => {}
            // It can be tried again.
            Err(_) => self.plan = Some(plan),
        }
        carried_out
    }

    async fn revert(&mut self, path: &str) -> Result<Option<Undone>, Error> {
        let reverted = self.conversation.revert(path).await;
        self.show_opened();
        if let Ok(Some(_)) = &reverted {
            self.tell(json!({
                "event": "command",
                "line": "",
                "kind": "reverted",
                "path": path,
                "text": event::reverted_words(path),
            }));
        }
        reverted
    }

    async fn snapshot(&self) -> RoomSnapshot {
        let conversation = &self.conversation;
        let tokens = match conversation.open_session() {
            Some(open) => Some(open.engine.tokens(&open.session).await.into()),
            None => self.tokens,
        };
        let (last, dropped) = (self.room.log.last(), self.room.log.dropped());
        RoomSnapshot {
            session: conversation.session().cloned(),
            title: self.title.clone(),
            workspace: Arc::clone(conversation.workspace()),
            model: self.model.clone(),
            mode: conversation.mode(),
            work_mode: conversation.work_mode(),
            confinement: conversation.confinement(),
            is_busy: conversation.is_busy(),
            queued: self.queued.iter().map(|it| it.text.clone()).collect(),
            tokens,
            last,
            dropped,
            history: self.marks.before(dropped, last),
        }
    }
}

/// Sends a reply, for which nobody may wait any more.
fn send<T>(reply: Reply<T>, value: T) {
    let _ = reply.send(value);
}

impl OpenAsk {
    /// The decision that an answer stands for.
    fn decision(&self, given: &GivenAnswer) -> Result<Decision, &'static str> {
        let OpenAsk::Approval {
            is_whole,
            can_remember,
            can_replace,
        } = *self
        else {
            return Err(NOT_A_DECISION);
        };
        let given_text = |text: &Option<String>| {
            let text = text.clone();
            text.filter(|text| !text.trim().is_empty())
        };
        match given.decision.as_deref() {
            Some("once" | "session") if !is_whole => {
                Err("it cannot be shown whole, so it cannot be allowed here")
            }
            Some("once") => Ok(Decision::Once),
            Some("session") if can_remember => Ok(Decision::Session),
            Some("session") => Err("this can be allowed once only"),
            Some("deny") => Ok(Decision::Deny(given_text(&given.reason))),
            Some("replace") if can_replace => match given_text(&given.command) {
                Some(command) => Ok(Decision::ReplaceCommand(command)),
                None => Err("`command` is missing"),
            },
            Some("replace") => Err("there is no command that could be replaced"),
            _ => Err("`decision` is `once`, `session`, `deny` or `replace`"),
        }
    }
}

fn name_of(decision: &Decision) -> &'static str {
    match decision {
        Decision::Once => "once",
        Decision::Session => "session",
        Decision::Parts(_) => "parts",
        Decision::Deny(_) => "deny",
        Decision::ReplaceCommand(_) => "replace",
    }
}
