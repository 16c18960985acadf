//! The modes and the options of a session, as an editor shows them. It reads and writes nothing.

use agent_client_protocol::v1::schema::{
    ConfigOptionUpdate, CurrentModeUpdate, SessionConfigOption, SessionConfigOptionCategory,
    SessionConfigSelectOption, SessionMode, SessionModeState, SessionUpdate,
};

use crate::conversation::messages::mode_words;
use crate::permission::{Confinement, Mode};
use crate::visible::visible_name;

/// The option of the mode.
pub const MODE: &str = "mode";
/// The option of the model.
pub const MODEL: &str = "model";

/// What the user has chosen, and could choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionChoices {
    pub mode: Mode,
    pub confinement: Confinement,
    pub offers_auto_approve: bool,
    pub model: String,
    /// Names of the models of the server, and facts about each; may be empty.
    pub models: Vec<(String, String)>,
}

impl SessionChoices {
    /// The modes, of which one is chosen.
    pub fn modes(&self) -> SessionModeState {
        let mode =
            |mode: Mode| SessionMode::new(mode.name(), label(mode)).description(self.meaning(mode));
        SessionModeState::new(self.mode.name(), self.offered().map(mode).collect())
    }

    /// The same as options, with the models.
    pub fn options(&self) -> Vec<SessionConfigOption> {
        let mode = |mode: Mode| {
            SessionConfigSelectOption::new(mode.name(), label(mode)).description(self.meaning(mode))
        };
        let modes: Vec<SessionConfigSelectOption> = self.offered().map(mode).collect();
        let mode = SessionConfigOption::select(MODE, "Mode", self.mode.name(), modes)
            .description("What needs your approval")
            .category(SessionConfigOptionCategory::Mode);
        let current = self.model.clone();
        let model = SessionConfigOption::select(MODEL, "Model", current, self.model_options())
            .description("The model that answers")
            .category(SessionConfigOptionCategory::Model);
        vec![mode, model]
    }

    /// The models; the chosen one is always among them.
    fn model_options(&self) -> Vec<SessionConfigSelectOption> {
        let option = |(name, facts): &(String, String)| {
            let facts = Some(facts.clone()).filter(|facts| !facts.is_empty());
            SessionConfigSelectOption::new(name.clone(), visible_name(name)).description(facts)
        };
        let mut options: Vec<SessionConfigSelectOption> = Vec::new();
        if !self.models.iter().any(|(name, _)| *name == self.model) {
            options.push(option(&(self.model.clone(), String::new())));
        }
        options.extend(self.models.iter().map(option));
        options
    }

    /// What an editor is told when something of it changed.
    pub fn updates(&self, before: &SessionChoices) -> Vec<SessionUpdate> {
        let mut updates = Vec::new();
        if self.mode != before.mode {
            let mode = CurrentModeUpdate::new(self.mode.name());
            updates.push(SessionUpdate::CurrentModeUpdate(mode));
        }
        if self != before {
            let options = ConfigOptionUpdate::new(self.options());
            updates.push(SessionUpdate::ConfigOptionUpdate(options));
        }
        updates
    }

    /// The modes to choose from.
    pub fn offered(&self) -> impl Iterator<Item = Mode> {
        let auto_approve = self.offers_auto_approve.then_some(Mode::AutoApprove);
        [Mode::Ask, Mode::AutoEdit]
            .into_iter()
            .chain(auto_approve)
            .chain([Mode::Plan])
    }

    fn meaning(&self, mode: Mode) -> String {
        let mut words = mode_words(mode, self.confinement).to_owned();
        if mode == Mode::Plan {
            words.push_str(": the answer is a plan");
        }
        words
    }
}

fn label(mode: Mode) -> &'static str {
    match mode {
        Mode::Ask => "Ask",
        Mode::AutoEdit => "Auto-edit",
        Mode::AutoApprove => "Auto-approve",
        Mode::Plan => "Plan",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn choices(offers_auto_approve: bool) -> SessionChoices {
        SessionChoices {
            mode: Mode::Ask,
            confinement: Confinement::Full,
            offers_auto_approve,
            model: "small:4b".to_owned(),
            models: vec![("large:30b".to_owned(), "up to 32,768 tokens".to_owned())],
        }
    }

    fn names(modes: &SessionModeState) -> Vec<String> {
        let names = modes.available_modes.iter();
        names.map(|mode| mode.id.to_string()).collect()
    }

    #[test]
    fn what_needs_no_approval_is_offered_only_where_it_is_allowed() {
        assert_eq!(names(&choices(false).modes()), ["ask", "auto-edit", "plan"]);
        let all = choices(true).modes();
        assert_eq!(names(&all), ["ask", "auto-edit", "auto-approve", "plan"]);
        let modes = serde_json::to_value(&all).expect("JSON");
        assert_eq!(modes["currentModeId"], json!("ask"));
        assert_eq!(
            modes["availableModes"][3],
            json!({"id": "plan", "name": "Plan", "description": "read-only: the answer is a plan"})
        );
    }

    #[test]
    fn the_chosen_model_is_among_the_options() {
        let options: Value = serde_json::to_value(choices(false).options()).expect("JSON");
        assert_eq!(
            options[1],
            json!({"id": "model", "name": "Model", "description": "The model that answers",
            "category": "model", "type": "select", "currentValue": "small:4b", "options": [
                {"value": "small:4b", "name": "small:4b"},
                {"value": "large:30b", "name": "large:30b",
                    "description": "up to 32,768 tokens"},
            ]})
        );
        assert_eq!(options[0]["currentValue"], json!("ask"));
        assert_eq!(options[0]["options"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn only_what_changed_is_told() {
        let before = choices(false);
        assert_eq!(before.updates(&before), []);
        let model = SessionChoices {
            model: "large:30b".to_owned(),
            ..before.clone()
        };
        let told = model.updates(&before);
        assert!(matches!(told[..], [SessionUpdate::ConfigOptionUpdate(_)]));
        let mode = SessionChoices {
            mode: Mode::Plan,
            ..before.clone()
        };
        let told = mode.updates(&before);
        assert!(matches!(
            told[..],
            [
                SessionUpdate::CurrentModeUpdate(_),
                SessionUpdate::ConfigOptionUpdate(_)
            ]
        ));
    }
}
