//! Prompts: what is meant by them, and how they begin.

use std::sync::Arc;
use std::time::Instant;

use agent_client_protocol::v1::schema::{SessionInfoUpdate, SessionUpdate, StopReason};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::super::commands::{Meant, meant};
use super::super::prompt::ReadPrompt;
use super::super::session::Prompt;
use super::super::{answers, replies};
use super::{Current, MOST_WAITING, OpenQuestion, SessionActor, Work};
use crate::conversation::SubmitResult;
use crate::conversation::commands::{SkillCommand, SlashCommand};
use crate::conversation::mentions::mentioned_files;
use crate::conversation::messages::{duration, error_words};
use crate::conversation::reply::CommandReply;
use crate::session;
use crate::visible::escape_hidden;

impl SessionActor {
    /// Takes a prompt: it begins now, answers a question, or waits.
    pub(super) async fn take(&mut self, prompt: Prompt) {
        if self.current.is_none() && self.is_asking() {
            return self.take_answer(prompt).await;
        }
        if self.waiting.len() == MOST_WAITING {
            self.note("too many messages wait already: this one was not read");
            return prompt.answer(StopReason::Refusal);
        }
        self.waiting.push_back(prompt);
    }

    /// Whether the turn waits for the next prompt.
    fn is_asking(&self) -> bool {
        let answers = self.conversation.answers();
        let is_open = |question: &OpenQuestion| {
            question.form.is_none() && !answers.closed(question.id).is_cancelled()
        };
        self.question.as_ref().is_some_and(is_open)
    }

    /// Begins prompts that wait, while nothing runs.
    pub(super) async fn begin_waiting(&mut self) {
        while self.current.is_none() && !self.conversation.is_busy() {
            let Some(prompt) = self.waiting.pop_front() else {
                return;
            };
            self.begin(prompt).await;
        }
        // Those that were given up need not wait for their turn.
        let waiting = std::mem::take(&mut self.waiting);
        for prompt in waiting {
            match prompt.stop.is_cancelled() {
                true => prompt.answer(StopReason::Cancelled),
                false => self.waiting.push_back(prompt),
            }
        }
    }

    /// Reads a prompt; what cannot be used of it is said.
    fn read(&mut self, prompt: &mut Prompt) -> ReadPrompt {
        self.converter.begin();
        for greeting in std::mem::take(&mut self.greetings) {
            self.note(&greeting);
        }
        let read = ReadPrompt::new(&self.folder, std::mem::take(&mut prompt.blocks));
        for note in &read.notes {
            self.note(note);
        }
        read
    }

    async fn begin(&mut self, mut prompt: Prompt) {
        if prompt.stop.is_cancelled() {
            return prompt.answer(StopReason::Cancelled);
        }
        let mut read = self.read(&mut prompt);
        let skills = self.known_skills(&read).await;
        let typed = command_line(&read, &skills).to_owned();
        match meant(&typed, &skills) {
            Meant::Command(command, argument) => self.command(prompt, command, argument).await,
            Meant::Skill(skill) => {
                read.question.text = skill.line();
                read.question.skill = Some(skill);
                self.ask(prompt, read).await;
            }
            Meant::Nothing(words) => self.reply(prompt, &words),
            Meant::Question if read.is_empty() => self.reply(prompt, "the message is empty"),
            Meant::Question => self.ask(prompt, read).await,
        }
    }

    /// The skills of the workspace, where a message may name one. Looks at the disk.
    async fn known_skills(&mut self, read: &ReadPrompt) -> Vec<SkillCommand> {
        let texts = [&read.text, &read.typed];
        if !texts.iter().any(|text| text.trim_start().starts_with('/')) {
            return Vec::new();
        }
        let workspace = Arc::clone(self.conversation.workspace());
        workspace.skill_commands().await
    }

    /// Says something, and that is the end of it.
    fn reply(&mut self, prompt: Prompt, markdown: &str) {
        self.say(&escape_hidden(markdown));
        prompt.answer(StopReason::EndTurn);
    }

    /// A prompt while the turn waits for an answer: a command, or the answer.
    async fn take_answer(&mut self, mut prompt: Prompt) {
        let read = self.read(&mut prompt);
        let skills = self.known_skills(&read).await;
        let typed = command_line(&read, &skills).to_owned();
        match meant(&typed, &skills) {
            Meant::Command(command, argument) => {
                return self.command(prompt, command, argument).await;
            }
            Meant::Nothing(words) => return self.reply(prompt, &words),
            // What starts a skill answers no question.
            Meant::Skill(skill) => {
                let words = format!(
                    "the question is still open: answer it, or stop the turn, before you start `/{}`",
                    skill.name
                );
                return self.reply(prompt, &words);
            }
            Meant::Question => {}
        }
        let options = self.question.as_ref().map(|question| &question.options);
        let options = options.map(Vec::as_slice).unwrap_or_default();
        let Some(answer) = answers::answer_text(&read.text, options) else {
            return self.reply(prompt, "the answer is empty: the question is still open");
        };
        let Some(question) = self.question.take() else {
            return prompt.answer(StopReason::EndTurn);
        };
        self.conversation
            .answers()
            .answer(question.id, Some(answer));
        self.work(prompt, Work::Turn);
    }

    fn work(&mut self, prompt: Prompt, work: Work) {
        self.current = Some(Current {
            prompt,
            work,
            is_stopping: false,
        });
    }

    async fn ask(&mut self, prompt: Prompt, read: ReadPrompt) {
        let ReadPrompt {
            text, mut question, ..
        } = read;
        let root = self.folder.root.clone();
        // What exists is found without a list of the files.
        let never = CancellationToken::new();
        let naming = mentioned_files(&text, root, Arc::default(), &never);
        match prompt.stop.unless_cancelled(naming).await {
            None => return prompt.answer(StopReason::Cancelled),
            Some(Ok(named)) => {
                let known = question.files.clone();
                let named = named.unwrap_or_default().into_iter();
                question
                    .files
                    .extend(named.filter(|file| !known.contains(file)));
            }
            Some(Err(error)) => tracing::warn!("the mentioned files were not found: {error}"),
        }
        self.entitle(&text);
        match self.conversation.ask(None, question) {
            SubmitResult::Started => self.work(prompt, Work::Turn),
            SubmitResult::Queued | SubmitResult::Refused => {
                self.conversation.clear_queue();
                self.reply(
                    prompt,
                    "another turn runs: send the message again when it is over",
                );
            }
        }
    }

    /// Names the thread by its first question.
    fn entitle(&mut self, text: &str) {
        if !std::mem::replace(&mut self.has_title, true) {
            let title = session::title(&escape_hidden(text));
            let titled = SessionInfoUpdate::new().title(title);
            self.editor.show([SessionUpdate::SessionInfoUpdate(titled)]);
        }
    }

    /// Runs a slash command.
    async fn command(&mut self, prompt: Prompt, command: &'static SlashCommand, argument: &str) {
        let running = self.conversation.command(command, argument);
        let replied = prompt.stop.unless_cancelled(running).await;
        self.note_opened();
        let reply = match replied {
            None => return prompt.answer(StopReason::Cancelled),
            Some(Err(error)) => return self.reply(prompt, &error_words(&error)),
            Some(Ok(reply)) => reply,
        };
        self.note_model(&reply);
        if matches!(reply, CommandReply::Mode(_)) {
            self.next_mode = None;
        }
        self.tell_choices();
        if let Some(text) = replies::markdown(&reply) {
            return self.reply(prompt, &text);
        }
        match reply {
            CommandReply::Started | CommandReply::Compacting => {
                let typed = format!("/{} {argument}", command.name);
                self.entitle(typed.trim_end());
                self.work(prompt, Work::Turn);
            }
            other => {
                let reply = self.worked_out(other);
                self.work(prompt, Work::Reply(reply));
            }
        }
    }

    /// Works out a reply that takes a while: a search, an update of the index, a list of models.
    fn worked_out(&self, reply: CommandReply) -> BoxFuture<'static, String> {
        let workspace = Arc::clone(self.conversation.workspace());
        async move {
            match reply {
                CommandReply::Search(request) => match workspace.search(&request).await {
                    Ok(answer) => replies::hits(&request.query, &answer),
                    Err(error) => error_words(&error.into()),
                },
                CommandReply::Index(job) => {
                    let begun = Instant::now();
                    let refreshed = job.run(&|_| {}).await;
                    replies::indexed(refreshed, &duration(begun.elapsed()))
                }
                CommandReply::Models(job) => match job.run().await {
                    Ok(models) => replies::models(&models, &job.current),
                    Err(error) => error_words(&error.into()),
                },
                _ => String::new(),
            }
        }
        .boxed()
    }
}

/// What may be a command: the whole message, or what was typed beside what the editor added.
fn command_line<'a>(read: &'a ReadPrompt, skills: &[SkillCommand]) -> &'a str {
    match meant(&read.text, skills) {
        Meant::Question => &read.typed,
        Meant::Command(..) | Meant::Skill(_) | Meant::Nothing(_) => &read.text,
    }
}
