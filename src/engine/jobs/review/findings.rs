//! What the model finds in changes: read from its reply, and checked against what it was shown.

use serde_json::{Map, Value, json};

use super::hunks::Hunk;
use crate::visible::escape_hidden;

/// Most findings of a batch: more is no review.
const MOST: usize = 20;
/// Most characters of a problem, or of what to do.
const LONGEST: usize = 500;

/// How bad it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// Something that is wrong with a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub severity: Severity,
    pub path: String,
    pub line: u32,
    pub problem: String,
    /// What to do; may be empty.
    pub advice: String,
}

/// What came of all batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    findings: Vec<Finding>,
    /// Findings that name a place which is not in the changes.
    dropped: usize,
    /// Batches that were read.
    pub read: usize,
    /// Batches that were not read, and why.
    pub failures: Vec<String>,
    /// Files that were not read.
    pub not_read: Vec<String>,
    /// Whether the changes were too large to be shown whole.
    pub is_cut: bool,
}

impl Severity {
    fn named(name: &str) -> Severity {
        match name.trim().to_lowercase().as_str() {
            "error" | "bug" | "critical" | "high" => Severity::Error,
            "note" | "info" | "low" => Severity::Note,
            _ => Severity::Warning,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

pub fn finding_schema() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "properties": {
            "findings": {
                "type": "array",
                "maxItems": MOST,
                "items": {
                    "type": "object",
                    "properties": {
                        "path": text,
                        "line": {"type": "integer"},
                        "severity": {"enum": ["error", "warning", "note"]},
                        "problem": text,
                        "advice": text,
                    },
                    "required": ["path", "line", "severity", "problem"],
                },
            },
        },
        "required": ["findings"],
    })
}

/// The findings in a reply whose lines were shown, and the number of the others.
pub fn findings_in(object: &Map<String, Value>, hunks: &[Hunk]) -> (Vec<Finding>, usize) {
    let listed = object.get("findings").and_then(Value::as_array);
    let (mut kept, mut dropped) = (Vec::new(), 0);
    for value in listed.into_iter().flatten().take(MOST) {
        match finding(value, hunks) {
            Some(finding) => kept.push(finding),
            None => dropped += 1,
        }
    }
    (kept, dropped)
}

fn finding(value: &Value, hunks: &[Hunk]) -> Option<Finding> {
    let text = |name: &str| {
        let words = value.get(name).and_then(Value::as_str).unwrap_or_default();
        let words: Vec<&str> = words.split_whitespace().collect();
        let line: String = words.join(" ").chars().take(LONGEST).collect();
        escape_hidden(&line).into_owned()
    };
    let line = match value.get("line")? {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        // Weak models write numbers as texts.
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let given = value.get("path").and_then(Value::as_str)?.trim();
    let is_it = |path: &str| path == given || given.strip_prefix("b/") == Some(path);
    let hunk = hunks
        .iter()
        .find(|hunk| is_it(&hunk.path) && hunk.shows(line))?;
    let problem = text("problem");
    (!problem.is_empty()).then(|| Finding {
        severity: Severity::named(value.get("severity").and_then(Value::as_str).unwrap_or("")),
        path: hunk.path.clone(),
        line,
        problem,
        advice: text("advice"),
    })
}

impl Review {
    /// One that has not begun, and will not read these files.
    pub fn without(not_read: Vec<String>) -> Review {
        Review {
            not_read,
            ..Review::default()
        }
    }

    /// Takes in what came of a batch.
    pub fn add(&mut self, findings: Vec<Finding>, dropped: usize) {
        self.read += 1;
        self.dropped += dropped;
        for finding in findings {
            let is_known = self.findings.iter().any(|known| {
                known.path == finding.path
                    && known.line == finding.line
                    && known.problem == finding.problem
            });
            if !is_known {
                self.findings.push(finding);
            }
        }
    }

    /// As it is shown: the worst first, then by place.
    pub fn markdown(&self) -> String {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort();
        let mut text = String::new();
        for finding in &findings {
            let path = escape_hidden(&finding.path);
            text.push_str(&format!(
                "- `{path}:{}` **{}**: {}",
                finding.line,
                finding.severity.word(),
                finding.problem
            ));
            if !finding.advice.is_empty() {
                text.push_str(&format!(" → {}", finding.advice));
            }
            text.push('\n');
        }
        if findings.is_empty() {
            text.push_str("Nothing was found.\n");
        }
        let mut remarks = Vec::new();
        if self.dropped > 0 {
            remarks.push(match self.dropped {
                1 => {
                    "1 finding names a line that is not in the changes, and was left out".to_owned()
                }
                number => format!(
                    "{number} findings name lines that are not in the changes, and were left out"
                ),
            });
        }
        if self.is_cut {
            remarks.push("the changes were too large to be read whole".to_owned());
        }
        for failure in &self.failures {
            remarks.push(format!("not reviewed: {}", escape_hidden(failure)));
        }
        if !self.not_read.is_empty() {
            let names: Vec<String> = self.not_read.iter().take(5).cloned().collect();
            let more = match self.not_read.len().saturating_sub(names.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let names = escape_hidden(&names.join(", ")).into_owned();
            remarks.push(format!("files that were not read: {names}{more}"));
        }
        if !remarks.is_empty() {
            text.push('\n');
        }
        for remark in remarks {
            text.push_str(&format!("({remark})\n"));
        }
        text
    }
}
