//! The models that the scripted server has, as its endpoints describe them.

use serde_json::{Value, json};

use super::CHAT_MODEL;

/// A model of the scripted server.
#[derive(Clone, Debug)]
pub struct ServedModel {
    /// With its tag.
    pub name: String,
    /// What identifies its weights.
    pub digest: &'static str,
    /// As `/api/show` lists them.
    pub capabilities: Vec<&'static str>,
    /// Such as `30.5B`.
    pub parameter_size: &'static str,
    /// Size on disk in bytes.
    pub size: u64,
    /// The longest window that it was trained for.
    pub context_length: u64,
    /// The longest window that it is loaded with.
    pub most_loaded: u64,
    /// The window that it has in memory, if it is there.
    pub loaded: Option<u64>,
    /// The parameters of its Modelfile.
    pub parameters: &'static str,
    /// Where it really runs.
    pub remote_host: Option<&'static str>,
    /// Whether the server is one of older times, that says less.
    pub is_old: bool,
    /// Which server it runs on.
    pub generation: Generation,
    /// Its Go template, if that is what writes its conversations.
    pub template: &'static str,
    /// Whether the server's parser keeps calls of tools that were not offered to itself, and sends a
    /// blank before those that it hands on.
    pub swallows: bool,
    /// The name by which its runner was loaded, if that is another one.
    pub loaded_as: Option<&'static str>,
}

/// Servers that answer differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generation {
    /// 0.24: lists no capabilities, and says no numbers of a request that is too long.
    V24,
    /// 0.33.
    #[default]
    V33,
}

impl Generation {
    pub(super) fn version(self) -> &'static str {
        match self {
            Generation::V24 => "0.24.0",
            Generation::V33 => "0.33.0",
        }
    }

    /// What it says of a request that is too long.
    pub(super) fn overflow(self, needed: u64, window: u64) -> Value {
        let text = match self {
            Generation::V24 => "the prompt is longer than the context length currently available \
                                to the model; raise it"
                .to_owned(),
            Generation::V33 => json!({"error": {
                "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": needed,
                "n_ctx": window, "message": format!("request ({needed} tokens) exceeds the \
                available context size ({window} tokens), try increasing it"),
            }})
            .to_string(),
        };
        json!({ "error": text })
    }
}

impl Default for ServedModel {
    fn default() -> ServedModel {
        ServedModel {
            name: CHAT_MODEL.to_owned(),
            digest: "sha256:cccc",
            capabilities: vec!["completion", "tools"],
            parameter_size: "30.5B",
            size: 18_000_000_000,
            context_length: 32_768,
            most_loaded: 32_768,
            loaded: None,
            parameters: "",
            remote_host: None,
            is_old: false,
            generation: Generation::default(),
            template: "",
            swallows: false,
            loaded_as: None,
        }
    }
}

impl ServedModel {
    /// An able model of some name.
    pub fn named(name: &str) -> ServedModel {
        ServedModel {
            name: name.to_owned(),
            ..ServedModel::default()
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        let base = |name: &str| name.strip_suffix(":latest").unwrap_or(name).to_lowercase();
        base(&self.name) == base(name)
    }

    pub(super) fn listed(&self) -> Value {
        let mut listed = json!({
            "name": self.name, "model": self.name, "size": self.size,
            "digest": self.digest, "details": self.details(),
        });
        if let Some(host) = self.remote_host {
            listed["remote_host"] = json!(host);
        }
        if !self.is_old && self.generation == Generation::V33 {
            listed["capabilities"] = json!(self.capabilities);
            listed["details"]["context_length"] = json!(self.context_length);
        }
        listed
    }

    pub(super) fn shown(&self) -> Value {
        let mut shown = json!({
            "parameters": self.parameters, "details": self.details(), "template": self.template,
            "model_info": {
                "general.architecture": "scripted",
                "scripted.context_length": self.context_length,
            },
        });
        if !self.is_old {
            shown["capabilities"] = json!(self.capabilities);
        }
        shown
    }

    pub(super) fn in_memory(&self) -> Option<Value> {
        let loaded = self.loaded?;
        let name = self.loaded_as.unwrap_or(&self.name);
        let mut model = json!({
            "name": name, "model": name, "digest": self.digest, "size": 1_000, "size_vram": 750,
        });
        if !self.is_old {
            model["context_length"] = json!(loaded);
        }
        Some(model)
    }

    fn details(&self) -> Value {
        json!({"family": "scripted", "families": null, "parameter_size": self.parameter_size})
    }

    /// What the server says to a request that the model cannot serve.
    pub(super) fn refusal(&self, body: &Value) -> Option<String> {
        let can = |wanted: &str| self.capabilities.contains(&wanted);
        let name = &self.name;
        let wants_tools = body["tools"].as_array().is_some_and(|it| !it.is_empty());
        if !can("completion") {
            Some(format!("\"{name}\" does not support chat"))
        } else if wants_tools && !can("tools") {
            Some(format!(
                "registry.ollama.ai/library/{name} does not support tools"
            ))
        } else {
            None
        }
    }
}

impl ServedModel {
    /// What a client must not ask of it, though the server takes it: pictures that it cannot see.
    pub(super) fn violation(&self, body: &Value) -> Option<String> {
        let mut messages = body["messages"].as_array().into_iter().flatten();
        let has_pictures = messages.any(|message| message["images"].is_array());
        let is_blind = !self.capabilities.contains(&"vision");
        (has_pictures && is_blind).then(|| "pictures for a model that sees none".to_owned())
    }
}

pub(super) fn not_found(name: &str) -> Value {
    json!({"error": format!("model '{name}' not found")})
}
