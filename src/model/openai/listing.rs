//! What servers say of themselves and of their models, each kind in its own words.
//!
//! The longest window that a model was trained for is never taken for the real one, which a server
//! may have made smaller.

use serde_json::Value;

use super::client::ServedModel;
use crate::model::http::ServerKind;
use crate::model::model_size::billions;
use crate::model::reply::number;

/// What `/props` of llama.cpp's server says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ServerProps {
    /// Tokens of the window of a request.
    pub window: Option<u32>,
    /// How a conversation is written for the model, in Jinja.
    pub template: Option<String>,
    /// Whether tool calls work with that template; `None` if it does not say.
    pub tools: Option<bool>,
    pub vision: bool,
    /// Whether thoughts stay in the text.
    pub leaves_thoughts: bool,
    /// Such as `b6123-abcdef`.
    pub build: Option<String>,
}

/// Whether a value is what `/props` of llama.cpp's server answers.
pub(super) fn is_props(value: &Value) -> bool {
    value["default_generation_settings"].is_object()
        || (value["total_slots"].is_u64() && value["build_info"].is_string())
        || value["role"] == "router"
}

/// Reads `/props`.
pub(super) fn props(value: &Value) -> ServerProps {
    let settings = &value["default_generation_settings"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let caps = &value["chat_template_caps"];
    let can = ["supports_tools", "supports_tool_calls"].map(|key| caps[key].as_bool());
    ServerProps {
        window: tokens(&settings["n_ctx"]).or_else(|| tokens(&value["n_ctx"])),
        template: text(&value["chat_template"]),
        tools: match can {
            [None, None] => None,
            known => Some(known.into_iter().flatten().all(|can| can)),
        },
        vision: value["modalities"]["vision"] == true,
        leaves_thoughts: settings["params"]["reasoning_format"] == "none",
        build: text(&value["build_info"]),
    }
}

/// The models in a list of `/v1/models`, or of what stands in its place.
pub(super) fn models(list: &Value, kind: ServerKind) -> Option<Vec<ServedModel>> {
    let list = ["data", "models"]
        .iter()
        .find_map(|key| list[*key].as_array())
        .or(list.as_array())?;
    Some(list.iter().filter_map(|it| model(it, kind)).collect())
}

fn model(listed: &Value, kind: ServerKind) -> Option<ServedModel> {
    let name = ["id", "name", "key", "model"]
        .iter()
        .find_map(|key| listed[*key].as_str())
        .filter(|name| !name.is_empty())?;
    let meta = &listed["meta"];
    let window = match kind {
        // Newer versions say that of a slot there, beside that of the training.
        ServerKind::LlamaServer => tokens(&meta["n_ctx"]),
        _ => ["max_model_len", "context_length", "context_window"]
            .iter()
            .find_map(|key| tokens(&listed[*key])),
    };
    let state = listed["status"]["value"].as_str();
    Some(ServedModel {
        name: name.to_owned(),
        window,
        trained_window: tokens(&meta["n_ctx_train"]),
        vision: false,
        tools: None,
        // Only a router has models that are not.
        is_loaded: state.is_none_or(|state| state == "loaded"),
        size: whole(&meta["size"]).unwrap_or(0),
        parameters: whole(&meta["n_params"]),
        embeds: false,
    })
}

/// Whether a list of `/v1/models` is from vLLM.
pub(super) fn is_vllm(list: &Value) -> bool {
    let models = list["data"].as_array();
    models.is_some_and(|models| {
        let is_its_own =
            |model: &Value| model["owned_by"] == "vllm" || !model["max_model_len"].is_null();
        models.iter().any(is_its_own)
    })
}

/// Whether a list of `/v1/models` is from a server of llama.cpp that hides its other addresses.
pub(super) fn is_llama(list: &Value) -> bool {
    let models = list["data"].as_array();
    models.is_some_and(|models| models.iter().any(|model| model["owned_by"] == "llamacpp"))
}

/// Whether a value is what `/api/v1/models` of LM Studio answers.
pub(super) fn is_studio_list(value: &Value) -> bool {
    let models = value["models"].as_array();
    models.is_some_and(|models| {
        !models.is_empty() && models.iter().all(|it| it["loaded_instances"].is_array())
    })
}

/// The models in a list of LM Studio.
pub(super) fn studio_models(list: &Value) -> Vec<ServedModel> {
    let models = list["models"].as_array().into_iter().flatten();
    models.filter_map(studio_model).collect()
}

fn studio_model(listed: &Value) -> Option<ServedModel> {
    let name = listed["key"].as_str().filter(|name| !name.is_empty())?;
    let instances = listed["loaded_instances"].as_array();
    let instances = instances.map(Vec::as_slice).unwrap_or_default();
    // A request goes to one of them, and it is not said to which.
    let windows = instances
        .iter()
        .filter_map(|it| tokens(&it["config"]["context_length"]));
    let capabilities = &listed["capabilities"];
    let size = listed["params_string"].as_str().and_then(billions);
    Some(ServedModel {
        name: name.to_owned(),
        window: windows.min(),
        trained_window: tokens(&listed["max_context_length"]),
        vision: capabilities["vision"] == true,
        tools: capabilities["trained_for_tool_use"].as_bool(),
        is_loaded: !instances.is_empty(),
        size: whole(&listed["size_bytes"]).unwrap_or(0),
        parameters: size.map(|billions| (billions * 1e9) as u64),
        embeds: listed["type"] == "embedding",
    })
}

/// A number of tokens, as a number or as a text with one; not 0.
fn tokens(value: &Value) -> Option<u32> {
    // More than fits is as good as the largest that does.
    number(value).map(|count| count as u32).filter(|&it| it > 0)
}

fn whole(value: &Value) -> Option<u64> {
    number(value).map(|count| count as u64).filter(|&it| it > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_window_of_llama_server_is_that_of_a_slot() {
        let value = json!({
            "default_generation_settings": {
                "n_ctx": 8192, "params": {"reasoning_format": "none"},
            },
            "total_slots": 4, "chat_template": "{{ x }}", "build_info": "b6123-ab",
            "modalities": {"vision": true, "audio": false},
            "chat_template_caps": {"supports_tools": true, "supports_tool_calls": false},
        });
        assert!(is_props(&value));
        let expected = ServerProps {
            window: Some(8192),
            template: Some("{{ x }}".to_owned()),
            tools: Some(false),
            vision: true,
            leaves_thoughts: true,
            build: Some("b6123-ab".to_owned()),
        };
        assert_eq!(props(&value), expected);
        assert_eq!(props(&json!({})), ServerProps::default());
        for other in [json!({}), json!([]), json!({"status": "ok"}), json!("ok")] {
            assert!(!is_props(&other), "{other}");
        }
    }

    #[test]
    fn lists_are_read_whatever_their_fields_are_called() {
        for list in [
            json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}),
            json!({"models": [{"name": "a"}, {"name": "b"}]}),
            json!([{"key": "a"}, {"model": "b"}, {"id": ""}, 5]),
        ] {
            let models = models(&list, ServerKind::OpenAi).expect("a list");
            let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
            assert_eq!(names, ["a", "b"], "{list}");
        }
        for odd in [json!({"ok": true}), json!("yes"), json!(null)] {
            assert_eq!(models(&odd, ServerKind::OpenAi), None, "{odd}");
        }
    }

    #[test]
    fn the_trained_window_is_no_window() {
        let listed = json!({"data": [{
            "id": "m", "owned_by": "llamacpp", "status": {"value": "unloaded"},
            "meta": {"n_ctx_train": 131_072, "n_params": 7_615_616_512_u64, "size": 4_683_073_536_u64},
        }]});
        assert!(is_llama(&listed) && !is_vllm(&listed));
        let models = models(&listed, ServerKind::LlamaServer).expect("a list");
        let expected = ServedModel {
            name: "m".to_owned(),
            trained_window: Some(131_072),
            parameters: Some(7_615_616_512),
            size: 4_683_073_536,
            ..ServedModel::default()
        };
        assert_eq!(models, [expected]);
        let listed = json!({"data": [{"id": "m", "max_model_len": 4096, "owned_by": "me"}]});
        assert!(is_vllm(&listed) && !is_llama(&listed));
        let models = super::models(&listed, ServerKind::Vllm).expect("a list");
        assert_eq!((models[0].window, models[0].is_loaded), (Some(4096), true));
    }

    #[test]
    fn models_of_lm_studio_have_the_window_that_they_are_loaded_with() {
        let list = json!({"models": [
            {
                "type": "llm", "key": "qwen/qwen3-4b", "params_string": "4B", "size_bytes": 2_500,
                "loaded_instances": [
                    {"id": "a", "config": {"context_length": 16_384}},
                    {"id": "b", "config": {"context_length": 8_192}},
                ],
                "max_context_length": 262_144,
                "capabilities": {"vision": true, "trained_for_tool_use": true},
            },
            {"type": "embedding", "key": "nomic", "loaded_instances": []},
        ]});
        assert!(is_studio_list(&list));
        let models = studio_models(&list);
        let expected = ServedModel {
            name: "qwen/qwen3-4b".to_owned(),
            window: Some(8_192),
            trained_window: Some(262_144),
            vision: true,
            tools: Some(true),
            is_loaded: true,
            size: 2_500,
            parameters: Some(4_000_000_000),
            embeds: false,
        };
        assert_eq!(models[0], expected);
        assert!(models[1].embeds && !models[1].is_loaded && models[1].window.is_none());
        for other in [
            json!({"models": []}),
            json!({"models": [{"name": "a"}]}),
            json!({}),
        ] {
            assert!(!is_studio_list(&other), "{other}");
        }
    }
}
