//! The last design that was drafted in a session, whose steps a task can carry out.

use super::record::Record;

/// What begins the job that drafts a design.
const DRAFTS: &str = "/design ";

/// A design that was drafted for a goal, as it was reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftedDesign {
    pub goal: String,
    pub text: String,
}

impl DraftedDesign {
    /// Follows what a record says of drafts. A later question, or a plan, takes the draft's place.
    pub(super) fn follow(draft: &mut Option<DraftedDesign>, record: &Record) {
        match (record, draft.as_mut()) {
            (Record::Job { shown }, _) => {
                if let Some(goal) = shown.strip_prefix(DRAFTS) {
                    *draft = Some(DraftedDesign {
                        goal: goal.trim().to_owned(),
                        text: String::new(),
                    });
                }
            }
            (Record::JobReport { text }, Some(open)) if open.text.is_empty() => {
                open.text.clone_from(text);
            }
            (Record::User { shown, .. }, _) if !shown.is_empty() => *draft = None,
            (Record::Planned { .. }, _) => *draft = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_stays_until_something_is_asked_or_planned() {
        let job = |shown: &str| Record::Job {
            shown: shown.to_owned(),
        };
        let report = |text: &str| Record::JobReport {
            text: text.to_owned(),
        };
        let mut draft = None;
        for record in [
            job("/check"),
            report("passed"),
            job("/design export as CSV"),
            report("1. a\n2. b"),
            job("/check"),
            report("passed"),
            job("/task"),
        ] {
            DraftedDesign::follow(&mut draft, &record);
        }
        let found = draft.clone().expect("a draft");
        assert_eq!(
            (found.goal.as_str(), found.text.as_str()),
            ("export as CSV", "1. a\n2. b")
        );
        let (text, shown) = ("Why?".to_owned(), "Why?".to_owned());
        DraftedDesign::follow(&mut draft, &Record::User { text, shown });
        assert_eq!(draft, None);
    }
}
