//! Request settings of a chat model: those that never change, since Ollama would reload the model,
//! and what its kind needs.

use serde::{Serialize, Serializer};

use super::template;
use super::wire::{LocalModel, ModelInfo};
use crate::model::model_size::{COOL, MOST_WEAK, THINKING, billions};

/// Request settings of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RequestProfile {
    /// The window in tokens.
    pub num_ctx: u32,
    /// Sampling temperature.
    pub temperature: f32,
    pub thinking: ThinkingSupport,
    /// Whether its template rejects a reply with text, thoughts and calls: gpt-oss.
    pub one_voice: bool,
    /// Whether its template drops the calls of a reply that also has text.
    pub text_hides_calls: bool,
    /// Whether its template writes tools in a form that no model was trained on.
    pub garbles_tools: bool,
}

/// Whether a model thinks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThinkingSupport {
    No,
    /// It decides itself.
    Free,
    /// It always does; only the level can be set: gpt-oss.
    Levels,
    /// It could, but thinking is off: small models use up their reply with thoughts and do not act,
    /// and on the machines that they are for, thinking is slow.
    Off,
}

/// The field `think` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThinkSetting {
    /// `false`.
    Off,
    /// The lowest level.
    Low,
}

impl Serialize for ThinkSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ThinkSetting::Off => serializer.serialize_bool(false),
            ThinkSetting::Low => serializer.serialize_str("low"),
        }
    }
}

impl ThinkingSupport {
    /// The field for a request; `None` if the model decides itself.
    ///
    /// With a format, thinking is off: a thinking model would run twice, without the format and
    /// then with it.
    pub(super) fn field(self, without_thoughts: bool) -> Option<ThinkSetting> {
        match self {
            ThinkingSupport::No => None,
            ThinkingSupport::Off => Some(ThinkSetting::Off),
            ThinkingSupport::Free => without_thoughts.then_some(ThinkSetting::Off),
            ThinkingSupport::Levels => without_thoughts.then_some(ThinkSetting::Low),
        }
    }
}

impl RequestProfile {
    /// Chooses the request settings of a model.
    pub(super) fn for_model(
        local: &LocalModel,
        info: &ModelInfo,
        num_ctx: u32,
        weak: bool,
    ) -> RequestProfile {
        let is_gpt_oss = info.details.family.replace('-', "").starts_with("gptoss")
            || local.name.to_ascii_lowercase().contains("gpt-oss");
        let can_think = info.capabilities.iter().any(|can| can == "thinking");
        let thinking = if !can_think {
            ThinkingSupport::No
        } else if is_gpt_oss {
            ThinkingSupport::Levels
        } else if weak {
            ThinkingSupport::Off
        } else {
            ThinkingSupport::Free
        };
        let own = info
            .parameter::<f32>("temperature")
            .filter(|own| (0.0..=2.0).contains(own));
        let temperature = match thinking {
            ThinkingSupport::Free | ThinkingSupport::Levels => own.unwrap_or(THINKING),
            ThinkingSupport::No | ThinkingSupport::Off => own.unwrap_or(COOL).min(COOL),
        };
        RequestProfile {
            num_ctx,
            temperature,
            thinking,
            one_voice: is_gpt_oss,
            text_hides_calls: template::text_hides_calls(info),
            garbles_tools: template::garbles_tools(info),
        }
    }
}

/// Whether leaked calls are likely, so that few tools are better: for models of up to 15 billion
/// parameters, and for local ones of unknown size.
pub(super) fn is_weak(local: &LocalModel, info: &ModelInfo, elsewhere: bool) -> bool {
    let sizes = [&info.details.parameter_size, &local.details.parameter_size];
    let counted = info
        .model_info
        .get("general.parameter_count")
        .and_then(serde_json::Value::as_f64)
        .map(|count| count / 1e9);
    let said = sizes.into_iter().find_map(|size| billions(size));
    match said.or(counted) {
        Some(billions) => billions <= MOST_WEAK,
        None => !elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn info(size: &str, capabilities: &[&str], parameters: &str, family: &str) -> ModelInfo {
        serde_json::from_value(json!({
            "details": {"parameter_size": size, "family": family},
            "capabilities": capabilities, "parameters": parameters,
        }))
        .expect("an answer of show")
    }

    fn profile_of(name: &str, info: &ModelInfo) -> RequestProfile {
        let local = LocalModel {
            name: name.to_owned(),
            ..LocalModel::default()
        };
        RequestProfile::for_model(&local, info, 8_192, is_weak(&local, info, false))
    }

    #[test]
    fn small_and_unknown_models_are_weak() {
        let local = LocalModel::default();
        for (size, elsewhere, weak) in [
            ("7.6B", false, true),
            ("14.8B", false, true),
            ("30.5B", false, false),
            ("7.6B", true, true),
            ("", false, true),
            ("", true, false),
        ] {
            let info = info(size, &[], "", "");
            assert_eq!(is_weak(&local, &info, elsewhere), weak, "{size}");
        }
        let counted = json!({"model_info": {"general.parameter_count": 32_000_000_000_u64}});
        let counted: ModelInfo = serde_json::from_value(counted).expect("an answer of show");
        assert!(!is_weak(&local, &counted, false));
    }

    #[test]
    fn each_kind_of_model_is_asked_in_its_manner() {
        let coder = profile_of(
            "qwen3-coder:30b",
            &info("30.5B", &["tools"], "temperature    0.7\n", "qwen3moe"),
        );
        assert_eq!(
            (coder.thinking, coder.temperature),
            (ThinkingSupport::No, COOL),
            "the Modelfile's number is for chatting"
        );
        assert_eq!(coder.thinking.field(true), None);
        let thinker = info("32.8B", &["tools", "thinking"], "", "qwen3");
        let thinker = profile_of("qwen3:32b", &thinker);
        assert_eq!(
            (thinker.thinking, thinker.temperature),
            (ThinkingSupport::Free, THINKING)
        );
        assert_eq!(thinker.thinking.field(false), None);
        assert_eq!(thinker.thinking.field(true), Some(ThinkSetting::Off));
        let small = profile_of("qwen3:8b", &info("8.2B", &["thinking"], "", "qwen3"));
        assert_eq!(
            (small.thinking, small.temperature),
            (ThinkingSupport::Off, COOL)
        );
        assert_eq!(small.thinking.field(false), Some(ThinkSetting::Off));
        let levels = info("20.9B", &["thinking"], "temperature 1", "gptoss");
        let levels = profile_of("my-own:latest", &levels);
        assert_eq!(
            (levels.thinking, levels.temperature),
            (ThinkingSupport::Levels, 1.0)
        );
        assert!(levels.one_voice);
        assert_eq!(levels.thinking.field(true), Some(ThinkSetting::Low));
    }
}
