//! The forms in which models edit files, and which of them suits a model: decided by how often edits
//! worked.

use serde::{Deserialize, Serialize};

/// Calls of a form before it is compared with another one.
pub const ENOUGH_CALLS: u32 = 20;
/// Percent of calls that work in a form that is kept.
const GOOD: u32 = 75;
/// Percent of calls below which a form has failed.
const POOR: u32 = 50;
/// Calls after which all of them count half, so that newer ones weigh more.
const MOST_CALLS: u32 = 200;

/// How a model says what is to be changed in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditForm {
    /// A text to find, and the text that replaces it.
    #[default]
    Search,
    /// The anchors of the first and the last line, and the lines that replace them.
    Anchors,
    /// All lines of a file; in long ones as with [`EditForm::Search`].
    Whole,
}

impl EditForm {
    /// In the order in which they are tried.
    pub const ALL: [EditForm; 3] = [EditForm::Search, EditForm::Anchors, EditForm::Whole];

    /// Its name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            EditForm::Search => "search",
            EditForm::Anchors => "anchors",
            EditForm::Whole => "whole",
        }
    }

    /// Its name in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            EditForm::Search => "search and replace",
            EditForm::Anchors => "line anchors",
            EditForm::Whole => "whole files",
        }
    }
}

/// Edits that were tried, and how many of them worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditCount {
    pub tried: u32,
    pub worked: u32,
}

impl EditCount {
    fn percent(self) -> u32 {
        let percent = u64::from(self.worked) * 100 / u64::from(self.tried.max(1));
        u32::try_from(percent).unwrap_or(100)
    }

    /// Whether this few edits, of a probe, say that the form is not understood.
    fn has_failed(self) -> bool {
        self.tried > 0 && self.percent() < POOR
    }
}

/// Edits by form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditCounts {
    pub search: EditCount,
    pub anchors: EditCount,
    pub whole: EditCount,
}

impl EditCounts {
    pub fn of(&self, form: EditForm) -> EditCount {
        match form {
            EditForm::Search => self.search,
            EditForm::Anchors => self.anchors,
            EditForm::Whole => self.whole,
        }
    }

    /// Counts an edit.
    pub fn note(&mut self, form: EditForm, has_worked: bool) {
        let count = match form {
            EditForm::Search => &mut self.search,
            EditForm::Anchors => &mut self.anchors,
            EditForm::Whole => &mut self.whole,
        };
        count.tried += 1;
        count.worked += u32::from(has_worked);
        if count.tried >= MOST_CALLS {
            count.tried /= 2;
            count.worked /= 2;
        }
    }
}

/// What is known of a model's edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EditExperience {
    /// Edits in sessions.
    pub real: EditCounts,
    /// Edits of a probe.
    pub probed: EditCounts,
}

impl EditExperience {
    /// The form to edit in: the first one that works in three quarters of its calls, or that was tried
    /// in fewer than [`ENOUGH_CALLS`]; else the best. A form that failed in a probe is left out until
    /// calls say otherwise, and whole files are tried only where all else failed.
    pub fn form(&self) -> EditForm {
        let is_usable = |form: &EditForm| {
            self.real.of(*form).tried >= ENOUGH_CALLS || !self.probed.of(*form).has_failed()
        };
        let mut best: Option<(u32, EditForm)> = None;
        for form in EditForm::ALL.into_iter().filter(is_usable) {
            let count = self.real.of(form);
            let has_enough = count.tried >= ENOUGH_CALLS;
            let is_better = |percent: u32| best.is_none_or(|(known, _)| percent > known);
            if form == EditForm::Whole && !has_enough && best.is_some() && !is_better(POOR) {
                continue;
            }
            if !has_enough || count.percent() >= GOOD {
                return form;
            }
            if is_better(count.percent()) {
                best = Some((count.percent(), form));
            }
        }
        best.map_or(EditForm::Search, |(_, form)| form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(worked: u32, tried: u32) -> EditCount {
        EditCount { tried, worked }
    }

    fn counts(search: EditCount, anchors: EditCount, whole: EditCount) -> EditCounts {
        EditCounts {
            search,
            anchors,
            whole,
        }
    }

    #[test]
    fn edits_decide_which_form_a_model_gets() {
        let none = count(0, 0);
        for (real, form) in [
            (counts(none, none, none), EditForm::Search),
            // Not enough of them.
            (counts(count(0, 19), none, none), EditForm::Search),
            (counts(count(15, 20), none, none), EditForm::Search),
            (counts(count(14, 20), none, none), EditForm::Anchors),
            (counts(count(14, 20), count(0, 19), none), EditForm::Anchors),
            (
                counts(count(14, 20), count(16, 20), none),
                EditForm::Anchors,
            ),
            (counts(count(14, 20), count(13, 20), none), EditForm::Search),
            (counts(count(9, 20), count(13, 20), none), EditForm::Anchors),
            (counts(count(9, 20), count(8, 20), none), EditForm::Whole),
            (
                counts(count(9, 20), count(8, 20), count(5, 20)),
                EditForm::Search,
            ),
            (
                counts(count(5, 20), count(8, 20), count(9, 20)),
                EditForm::Whole,
            ),
        ] {
            let known = EditExperience {
                real,
                ..EditExperience::default()
            };
            assert_eq!(known.form(), form, "{real:?}");
        }
    }

    #[test]
    fn a_probe_decides_where_to_begin() {
        let none = count(0, 0);
        for (probed, form) in [
            (
                counts(count(1, 2), count(2, 2), count(2, 2)),
                EditForm::Search,
            ),
            (
                counts(count(0, 2), count(2, 2), count(2, 2)),
                EditForm::Anchors,
            ),
            (
                counts(count(0, 2), count(0, 2), count(2, 2)),
                EditForm::Whole,
            ),
            (
                counts(count(0, 2), count(0, 2), count(0, 2)),
                EditForm::Search,
            ),
        ] {
            let known = EditExperience {
                probed,
                ..EditExperience::default()
            };
            assert_eq!(known.form(), form, "{probed:?}");
        }
        // Real calls weigh more.
        let known = EditExperience {
            real: counts(count(20, 20), none, none),
            probed: counts(count(0, 2), none, none),
        };
        assert_eq!(known.form(), EditForm::Search);
    }

    #[test]
    fn newer_edits_weigh_more() {
        let mut counts = EditCounts::default();
        for _ in 0..150 {
            counts.note(EditForm::Anchors, true);
        }
        for _ in 0..150 {
            counts.note(EditForm::Anchors, false);
        }
        let anchors = counts.of(EditForm::Anchors);
        assert!(
            anchors.tried < MOST_CALLS && anchors.percent() < POOR,
            "{anchors:?}"
        );
        assert_eq!(counts.of(EditForm::Search), EditCount::default());
    }
}
