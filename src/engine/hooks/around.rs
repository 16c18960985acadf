//! Hooks around a session and a turn: at its beginning, before a commit, and at its end.

use super::RepositoryTrust;
use crate::engine::clip::{clipped_to, first_line};
use crate::engine::event::{Event, TurnEnd};
use crate::engine::step::StepReply;
use crate::engine::task::is_plan;
use crate::engine::turn::Turn;
use crate::hooks::fit::HookEvent;
use crate::hooks::input::HookSubject;
use crate::model::budget::part;
use crate::permission::HookPoint;
use crate::session::changes::ChangeRecord;
use crate::tools::named_changes;
use crate::visible::{defang_chat_markers, escape_hidden};

/// How often hooks may have the model go on in a turn.
const MOST_ROUNDS: u32 = 2;
/// Percent of the window for what they object.
const SAID_PERCENT: u32 = 15;
/// Most characters of a notice.
const LONGEST_NOTICE: usize = 300;
/// Under which name it is kept that the hooks of a repository were mentioned.
const MENTIONED: &str = ".ollacode/config.toml (hooks)";

impl Turn<'_> {
    /// Runs the hooks of the beginning, before the first turn of an open session; and says once that a
    /// repository has hooks that do not run.
    pub(in crate::engine) async fn begin_session(&mut self) -> Result<(), TurnEnd> {
        if !self.engine.hooks.begins() {
            return Ok(());
        }
        self.mention_untrusted().await;
        if !self.engine.hooks.has(HookPoint::SessionStart) {
            return Ok(());
        }
        let subject = HookSubject {
            resumed: Some(self.session.turn > 1),
            ..HookSubject::default()
        };
        let event = self.event_without_files(HookPoint::SessionStart);
        let runs = self.run_hooks(&event, subject).await?;
        if runs.is_stopped {
            return Err(TurnEnd::Stopped);
        }
        for objection in &runs.objections {
            let notice = first_line(objection, LONGEST_NOTICE);
            self.notice(escape_hidden(&notice).into_owned()).await;
        }
        self.note_changes(&runs.changed);
        Ok(())
    }

    /// Says that the repository has hooks that are not trusted; once for each content.
    async fn mention_untrusted(&mut self) {
        let count = self.engine.hooks.setup.repository.len();
        if count == 0 || self.repository_trust().await == RepositoryTrust::Trusted {
            return;
        }
        let content = match self.repository_content().await {
            Ok(content) => blake3::hash(content.bytes()),
            Err(why) => blake3::hash(why.as_bytes()),
        };
        let hash = content.to_hex().to_string();
        if !self.engine.trust.is_news(MENTIONED, &hash) {
            return;
        }
        let hooks = match count {
            1 => "a hook".to_owned(),
            count => format!("{count} hooks"),
        };
        self.notice(format!(
            "this repository brings {hooks} in `.ollacode/config.toml`, and does not run any that you \
             have not trusted: `ollacode hooks` lists them, `ollacode hooks trust` shows and trusts them"
        ))
        .await;
    }

    /// Runs the hooks of the end where the model has answered, before its changes are checked; whether
    /// they object, and the model was told. `may_ask`: a step is left for that.
    pub(in crate::engine) async fn feeds_back_hooks(
        &mut self,
        reply: &StepReply,
        may_ask: bool,
    ) -> Result<bool, TurnEnd> {
        if !self.engine.hooks.has(HookPoint::TurnEnd) {
            return Ok(false);
        }
        let end = match reply.is_cut {
            true => "cut",
            false if self.plan && is_plan(&reply.text) => "planned",
            false => "answered",
        };
        let (event, subject) = self.end_of_turn(end);
        let runs = self.run_hooks(&event, subject).await?;
        if runs.is_stopped {
            return Err(TurnEnd::Stopped);
        }
        if runs.objections.is_empty() {
            self.note_changes(&runs.changed);
            return Ok(false);
        }
        if !may_ask || reply.is_cut || self.hooks.rounds >= MOST_ROUNDS {
            self.note_changes(&runs.changed);
            self.show_objections(&runs.objections).await;
            return Ok(false);
        }
        self.hooks.rounds += 1;
        let round = self.hooks.rounds;
        let why = format!(
            "a hook objects to the end of this turn; the model is asked to see to that ({round} of \
             {MOST_ROUNDS})"
        );
        self.events.send(Event::AskedAgain { why }).await;
        let most = part(self.window(), SAID_PERCENT);
        let said = runs.objections.join("\n\n");
        let changed = named_changes(&self.engine.context, &runs.changed);
        let note = format!(
            "The user has set up a check of each turn, and it objects. See to what it says, then write \
             the whole answer again. Do not go around it.\n\n{}\n{changed}",
            clipped_to(&said, most)
        );
        let note = escape_hidden(note.trim_end());
        self.add_engine_note(&defang_chat_markers(&note))?;
        Ok(true)
    }

    /// Runs the hooks of the end where a turn ends without an answer. The user stopped it? Then nothing
    /// runs any more.
    pub(in crate::engine) async fn run_late_hooks(&mut self, end: &TurnEnd) {
        let end = match end {
            TurnEnd::StepLimit(_) => "step_limit",
            TurnEnd::Stuck(_) => "stuck",
            TurnEnd::Failed(_) => "failed",
            TurnEnd::Answered | TurnEnd::Cut | TurnEnd::Planned | TurnEnd::Stopped => return,
        };
        if !self.engine.hooks.has(HookPoint::TurnEnd) {
            return;
        }
        let (event, subject) = self.end_of_turn(end);
        // The turn has its end, whatever becomes of its hooks.
        if let Ok(runs) = self.run_hooks(&event, subject).await {
            self.note_changes(&runs.changed);
            self.show_objections(&runs.objections).await;
        }
    }

    async fn show_objections(&self, objections: &[String]) {
        for objection in objections {
            let notice = first_line(objection, LONGEST_NOTICE);
            let notice = format!("the turn ended all the same: {notice}");
            self.notice(escape_hidden(&notice).into_owned()).await;
        }
    }

    /// What hooks are told of the end of a turn.
    fn end_of_turn(&self, end: &'static str) -> (HookEvent, HookSubject) {
        let context = &self.engine.context;
        let counts = context.changes.lock().turn_counts();
        let mut event = self.event_without_files(HookPoint::TurnEnd);
        for file in counts {
            if context.keeps_back(&file.path) {
                continue;
            }
            match file.is_removed {
                true => event.removed.push(file.path),
                false => event.files.push(file.path),
            }
        }
        let subject = HookSubject {
            end: Some(end),
            round: Some(self.hooks.rounds),
            ..HookSubject::default()
        };
        (event, subject)
    }

    /// An event that is about no tool and, so far, no files.
    pub(in crate::engine) fn event_without_files(&self, on: HookPoint) -> HookEvent {
        HookEvent {
            on,
            tools: Vec::new(),
            files: Vec::new(),
            removed: Vec::new(),
            root: self.root(),
        }
    }

    /// Tells the model with the next question that hooks changed files, where it cannot be told now.
    fn note_changes(&mut self, changed: &[ChangeRecord]) {
        let told = named_changes(&self.engine.context, changed);
        if !told.is_empty() {
            self.session.remarks.push(told.trim_end().to_owned());
        }
    }
}
