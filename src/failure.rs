//! A failure: a code for programs, a sentence for people, and a hint.

use std::fmt;

macro_rules! failure_codes {
    ($($variant:ident $name:literal $meaning:literal),* $(,)?) => {
        /// The kind of a failure: a closed list, part of the stable JSON format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FailureCode { $(#[doc = $meaning] $variant),* }

        impl FailureCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[FailureCode] = &[$(FailureCode::$variant),*];

            /// The name used in JSON.
            pub fn name(self) -> &'static str {
                match self { $(FailureCode::$variant => $name),* }
            }

            /// One line that says what the code covers.
            pub fn meaning(self) -> &'static str {
                match self { $(FailureCode::$variant => $meaning),* }
            }
        }
    };
}

failure_codes! {
    ServerUnreachable "server_unreachable" "The server does not answer, or no connection can be made.",
    ServerTimedOut "server_timed_out" "The server accepted the request and then sent nothing for too long.",
    ServerRefused "server_refused" "The server refused the request.",
    ServerBusy "server_busy" "The server is busy, or a quota is used up.",
    NotAuthorized "not_authorized" "The server requires an API key, or rejects this one.",
    AnswerInvalid "answer_invalid" "The response does not follow the protocol.",
    AnswerIncomplete "answer_incomplete" "The connection or the response was interrupted.",
    Offline "offline" "The request would leave this machine, and `--offline` is set.",
    ModelMissing "model_missing" "The server does not have the model.",
    ModelUnsuitable "model_unsuitable" "The model does not support this: chat, tools or embedding.",
    ModelFailed "model_failed" "The server reported an error while it ran the model.",
    OutOfMemory "out_of_memory" "The model does not fit the memory.",
    ContextTooLong "context_too_long" "The conversation does not fit the context window.",
    ReplyEndless "reply_endless" "The reply did not end, and was stopped.",
    ReplyTooLong "reply_too_long" "The reply reached its limit before it was complete.",
    ReplyUnusable "reply_unusable" "The reply is empty, or its tool call cannot be read.",
    LoopDetected "loop_detected" "The model made the same call too often in a turn.",
    ToolFailed "tool_failed" "A tool failed internally.",
    JobFailed "job_failed" "A command such as `/commit` could not do what it is for.",
    SecretsNotChecked "secrets_not_checked" "A text could not be checked for secrets, and was not sent.",
    QuestionMissing "question_missing" "There is no question.",
    QueryInvalid "query_invalid" "The query has an unknown language or an invalid glob.",
    SessionNotFound "session_not_found" "There is no such session.",
    SessionAmbiguous "session_ambiguous" "Several sessions match the given name.",
    SessionInUse "session_in_use" "Another process has the session open.",
    SessionUnreadable "session_unreadable" "The session cannot be opened.",
    SessionNotWritten "session_not_written" "The journal of the session cannot be written.",
    IndexBusy "index_busy" "Another process writes the index.",
    IndexFailed "index_failed" "The index cannot be read or written.",
    SettingInvalid "setting_invalid" "A setting is invalid.",
    WorkspaceInvalid "workspace_invalid" "The workspace cannot be opened or read.",
    NotConfined "not_confined" "Commands cannot be confined as required.",
    Stopped "stopped" "The work was stopped.",
    Other "other" "Anything else.",
}

/// Something that went wrong. Shown as one line, the hint follows the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: FailureCode,
    /// The sentence, without its period.
    pub message: String,
    /// What to do, if known.
    pub hint: Option<String>,
}

impl Failure {
    pub fn new(code: FailureCode, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
            hint: None,
        }
    }

    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Failure {
        Failure {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, "; {hint}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_snake_case_and_unique() {
        let names: BTreeSet<&str> = FailureCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), FailureCode::ALL.len());
        for name in names {
            let is_plain = |sign: char| sign == '_' || sign.is_ascii_lowercase();
            assert!(name.chars().all(is_plain), "{name}");
        }
    }

    #[test]
    fn the_hint_follows_the_sentence() {
        let failure = Failure::new(FailureCode::ModelMissing, "there is no model");
        assert_eq!(failure.to_string(), "there is no model");
        let failure = failure.with_hint("get it");
        assert_eq!(failure.to_string(), "there is no model; get it");
    }
}
