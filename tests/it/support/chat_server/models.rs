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
        if !self.is_old {
            listed["capabilities"] = json!(self.capabilities);
            listed["details"]["context_length"] = json!(self.context_length);
        }
        listed
    }

    pub(super) fn shown(&self) -> Value {
        let mut shown = json!({
            "parameters": self.parameters, "details": self.details(),
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
        let mut model = json!({
            "name": self.name, "model": self.name, "size": 1_000, "size_vram": 750,
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
        let mut messages = body["messages"].as_array().into_iter().flatten();
        let has_pictures = messages.any(|message| message["images"].is_array());
        if !can("completion") {
            Some(format!("\"{name}\" does not support chat"))
        } else if wants_tools && !can("tools") {
            Some(format!(
                "registry.ollama.ai/library/{name} does not support tools"
            ))
        } else if has_pictures && !can("vision") {
            Some("this model is missing data required for image input".to_owned())
        } else {
            None
        }
    }
}

pub(super) fn not_found(name: &str) -> Value {
    json!({"error": format!("model '{name}' not found")})
}
