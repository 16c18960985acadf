//! The context of a question: named files, attachments and search results.

use std::sync::Arc;

use ollacode_indexer::{Freshness, SearchRequest, SearchResults};
use ollacode_secrets::redact;

use super::Question;
use super::clip::clipped_to;
use super::event::Event;
use super::prompt::{PLAN, READ_ONLY};
use super::retrieval_query::{RetrievalQuery, last_exchange, retrieval_query};
use super::turn::Turn;
use super::user_message::UserMessage;
use crate::jail::{EntryKind, JailError, WorkspacePath, is_secret};
use crate::message::Source;
use crate::model::EditForm;
use crate::model::budget::part;
use crate::retrieval::{self, ContextStyle, context, fenced, relevant};
use crate::text::hits::{HEADING, INTRODUCTION, NOTHING_FITS};
use crate::text::tokens::estimate_text;
use crate::text::with_causes;
use crate::tools::{FileView, references};
use crate::visible::{defang_chat_markers, escape_hidden};

/// Most search hits requested; how many are used depends on the budget.
const HITS: usize = 12;
/// Longest search query, in characters: pasted text behind a question is of little use in it.
const LONGEST_QUERY: usize = 2_000;
/// Follow-ups with fewer letters are not searched for: `yes`, `go on`.
const SHORTEST_QUERY: usize = 10;
/// In smaller windows search results are outlines first.
const SMALL_WINDOW: u32 = 16_384;
/// Most files that a question may name.
const MOST_FILES: usize = 10;

impl Turn<'_> {
    /// Composes the user message; `skill` is the section of the skill that it starts.
    pub(super) async fn opening(
        &mut self,
        question: &Question,
        skill: Option<String>,
    ) -> UserMessage {
        let mut sections = std::mem::take(&mut self.session.remarks);
        for given in question.files.iter().take(MOST_FILES) {
            let files = u32::try_from(question.files.len().min(MOST_FILES)).unwrap_or(1);
            match self.mentioned(given, part(self.window(), 25) / files) {
                Ok(section) => sections.push(section),
                Err(why) => {
                    let given = escape_hidden(given);
                    let notice = format!("`{given}` was not sent to the model: {why}");
                    self.notice(notice).await;
                }
            }
        }
        sections.extend(self.editor_texts(&question.editor_texts).await);
        self.engine.context.knowledge().end_question();
        sections.extend(self.attached(&question.attachments).await);
        sections.extend(self.pictured(question.images.len()));
        if self.engine.options.rag && !question.without_search {
            sections.extend(self.found(question.words()).await);
        }
        UserMessage {
            context: sections.join("\n\n"),
            request: self.request(&question.text, skill).await,
            ..UserMessage::default()
        }
    }

    /// The question, cut if it would leave no room for a reply. A skill is never cut: it fits.
    async fn request(&mut self, text: &str, skill: Option<String>) -> String {
        let most = part(self.window(), 50);
        let text = text.trim();
        let request = if let Some(skill) = skill {
            format!("{}\n\n{skill}", self.typed(text))
        } else if estimate_text(text) > most {
            self.notice("the question is longer than half of the window: its middle is left out")
                .await;
            clipped_to(text, most).into_owned()
        } else {
            text.to_owned()
        };
        match (self.plan, self.read_only) {
            (true, _) => format!("{request}\n\n{PLAN}"),
            (false, true) => format!("{request}\n\n{READ_ONLY}"),
            (false, false) => request,
        }
    }

    /// A file that the user mentions, with numbered lines, in a number of tokens.
    pub(super) fn mentioned(&mut self, given: &str, tokens: u32) -> Result<String, String> {
        let context = &self.engine.context;
        let jail = &context.jail;
        let wrong = |error: JailError| with_causes(&error);
        let path = jail.path(given).map_err(wrong)?;
        let name = safe_name(path.as_str());
        if jail.kind(&path).map_err(wrong)? == Some(EntryKind::Folder) {
            return Ok(format!("The user mentions the folder `{name}`."));
        }
        let file = jail.read(&path).map_err(wrong)?;
        // The name may be a link to something else.
        if is_secret(&path) || is_secret(&file.path) {
            return Err("it may hold secrets; the model can ask to read it".to_owned());
        }
        let is_kept = |path: &WorkspacePath| context.rules.hides(path.as_str());
        if is_kept(&path) || is_kept(&file.path) {
            return Err("a rule hides it from the model".to_owned());
        }
        let clean = redact(&file.text);
        let texts = (file.text.as_str(), &*clean.text);
        let (lines, count) = numbered(context.edit_form(), texts, tokens);
        if count > 0 {
            let path = file.path.as_str();
            let view = FileView::shown(path, file.hash, &file.text, 1..count + 1);
            context.knowledge().add(view);
            self.add_sources([Source {
                path: path.to_string(),
                start_line: 1,
                end_line: u32::try_from(count).unwrap_or(u32::MAX),
                symbol: None,
            }]);
        }
        let body = fenced(&lines.join("\n"), "");
        Ok(format!("## `{name}`, mentioned by the user\n\n{body}"))
    }

    /// Hits of the index for a question, or what else is asked for: the uses of a name, or changes
    /// that git knows.
    pub(super) async fn found(&mut self, text: &str) -> Option<String> {
        let before = last_exchange(&self.session.messages);
        let query = match retrieval_query(text, before.as_ref()) {
            RetrievalQuery::Nothing => return None,
            RetrievalQuery::Git(range) => return self.shown_by_git(&range).await,
            RetrievalQuery::Search(query) => query,
            RetrievalQuery::Uses {
                name,
                is_sure,
                otherwise,
            } => match self.uses(&name, is_sure).await {
                Some(section) => return Some(section),
                None => otherwise,
            },
        };
        let query: String = query.chars().take(LONGEST_QUERY).collect();
        let answer = self.searched(&query).await?;
        let has_files = answer.counts.files > 0;
        for note in answer.notes {
            self.notice_once(note).await;
        }
        let style = if self.window() < SMALL_WINDOW {
            ContextStyle::Outlines
        } else {
            ContextStyle::Bodies
        };
        let hits = relevant(&query, answer.hits);
        let room = self.room_for_hits() as usize;
        let found = context(&hits, room, style, self.engine.context.edit_form());
        self.add_sources(found.sources.iter().cloned());
        let retrieved = Event::Retrieved {
            sources: found.sources,
        };
        self.events.send(retrieved).await;
        if hits.is_empty() {
            return has_files.then(|| format!("{HEADING}\n\n{NOTHING_FITS}"));
        }
        (!found.text.is_empty()).then(|| format!("{HEADING}\n\n{INTRODUCTION}\n\n{}", found.text))
    }

    /// What the index has for a query; `None` if it fails or the turn is stopped.
    async fn searched(&self, query: &str) -> Option<SearchResults> {
        let request = SearchRequest {
            query: query.to_owned(),
            also: Vec::new(),
            limit: HITS,
            globs: Vec::new(),
            languages: Vec::new(),
            freshness: Freshness::Refresh,
        };
        let search = self.engine.context.code.search(&request);
        match self.stop.run_until_cancelled(search).await? {
            Ok(answer) => Some(answer),
            Err(error) => {
                let why = with_causes(&error);
                self.notice_once(format!("the index could not be searched: {why}"))
                    .await;
                None
            }
        }
    }

    /// The uses of a name; `None` if it has none, or if it is a plain word that nothing defines.
    async fn uses(&mut self, name: &str, is_sure: bool) -> Option<String> {
        let tokens = self.room_for_hits();
        let context = Arc::clone(&self.engine.context);
        let output = references(&context, name, tokens, &self.stop).await.ok()?;
        let is_definition = |source: &Source| source.symbol.is_some();
        let is_used = !output.sources.iter().all(is_definition);
        if !is_used || !is_sure && !output.sources.iter().any(is_definition) {
            return None;
        }
        self.add_sources(output.sources.iter().cloned());
        let sources = output.sources.into_iter().take(HITS).collect();
        self.events.send(Event::Retrieved { sources }).await;
        let name = safe_name(name);
        let uses = fenced(&output.text, "");
        Some(format!(
            "{HEADING}\n\nUses of `{name}`, {}\n\n{uses}",
            output.summary
        ))
    }

    /// Tokens for hits: a part of the window; after the first question at most a quarter of the
    /// request.
    fn room_for_hits(&mut self) -> u32 {
        let most = self.window() / 8;
        let most = if self.session.turn > 1 {
            most.min(self.used() / 3)
        } else {
            most
        };
        most.clamp(300, 6_000)
    }
}

/// A name that is safe in a heading between back quotes.
pub(super) fn safe_name(name: &str) -> String {
    defang_chat_markers(&escape_hidden(name)).replace(['\n', '`'], " ")
}

/// The numbered lines of a text, of which the second one is without secrets, that fit into a number
/// of tokens, and how many they are.
fn numbered(form: EditForm, (text, clean): (&str, &str), tokens: u32) -> (Vec<String>, usize) {
    let all = clean.lines().count();
    let mut shown = Vec::new();
    let mut left = tokens;
    for (index, (line, clean)) in text.lines().zip(clean.lines()).enumerate() {
        let line = retrieval::numbered(form, index + 1, line, clean);
        match left.checked_sub(estimate_text(&line) + 1) {
            Some(rest) => left = rest,
            None => break,
        }
        shown.push(line);
    }
    let count = shown.len();
    if count < all {
        let left_out = all - count;
        shown.push(format!(
            "… {left_out} of {all} lines left out; call `read_file` to see them …"
        ));
    }
    (shown, count)
}

/// Whether a follow-up is too short to search for.
pub(super) fn says_little(text: &str) -> bool {
    // A sign of another script says as much as a few letters.
    let weight = |c: char| if c.is_ascii() { 1 } else { 3 };
    let letters: usize = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(weight)
        .sum();
    letters < SHORTEST_QUERY && !text.contains(['.', '_', '/', ':', '`'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_a_cut_is_visible() {
        let numbered = |text: &str, tokens| numbered(EditForm::Search, (text, text), tokens);
        let (lines, count) = numbered("a\nb\n", 100);
        assert_eq!((lines.join("\n").as_str(), count), ("1→a\n2→b", 2));
        let (lines, count) = numbered(&"some words\n".repeat(50), 40);
        assert!(count > 3 && count < 50);
        let last = lines.last().map(String::as_str).unwrap_or_default();
        assert!(last.ends_with("of 50 lines left out; call `read_file` to see them …"));
    }

    #[test]
    fn small_talk_is_not_searched_for() {
        for text in ["yes", "go on", "thanks!", "네", "好的"] {
            assert!(says_little(text), "{text}");
        }
        for text in [
            "fix the parser",
            "a.rs",
            "Foo::b",
            "로그인 오류",
            "修复错误",
        ] {
            assert!(!says_little(text), "{text}");
        }
    }
}
