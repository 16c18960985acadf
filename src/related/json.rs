//! The JSON of related files; `docs/related.md` describes it.

use serde::Serialize;

use super::RelatedAnswer;

/// Raised when a field changes its meaning or is taken away.
const VERSION: u32 = 1;

/// Related files as `ollacode related --json` prints them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelatedJson {
    pub version: u32,
    pub path: String,
    /// Commits that were looked at; `null` without a history.
    pub commits: Option<usize>,
    pub files: Vec<FileJson>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileJson {
    pub path: String,
    /// Only the order means something.
    pub score: f64,
    pub reasons: Vec<ReasonJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReasonJson {
    pub kind: &'static str,
    pub words: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Places, or commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

impl RelatedJson {
    pub fn new(answer: &RelatedAnswer) -> RelatedJson {
        let files = answer.files.iter().map(|file| FileJson {
            path: file.path.clone(),
            // More digits are noise.
            score: (file.score * 1e4).round() / 1e4,
            reasons: file
                .reasons
                .iter()
                .map(|reason| ReasonJson {
                    kind: reason.name(),
                    words: reason.to_string(),
                    names: reason.names().to_vec(),
                    count: reason.count(),
                })
                .collect(),
        });
        RelatedJson {
            version: VERSION,
            path: answer.path.clone(),
            commits: answer.commits,
            files: files.collect(),
            notes: answer.notes.clone(),
        }
    }
}
