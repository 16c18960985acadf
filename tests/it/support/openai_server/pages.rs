//! What each kind of server answers to look-ups.

use ollacode::model::openai::ServerKind;
use serde_json::{Value, json};

/// The chat model that each server has.
pub const MODEL: &str = "scripted-30b";

/// The embedding model that each server has, except llama.cpp's, which has one model.
pub const EMBEDDING_MODEL: &str = "bag-of-words";

/// The page of a path.
pub fn of(kind: ServerKind, path: &str) -> (u16, Value) {
    let page = match kind {
        ServerKind::LlamaServer => llama_server(path),
        ServerKind::LmStudio => studio(path),
        ServerKind::Vllm => vllm(path),
        ServerKind::Ollama | ServerKind::OpenAi => plain(path),
    };
    let missing = match kind {
        // It answers everything with a status of success.
        ServerKind::LmStudio => (
            200,
            json!({"error": format!("Unexpected endpoint or method. (GET {path})")}),
        ),
        ServerKind::Vllm => (404, json!({"detail": "Not Found"})),
        _ => (
            404,
            json!({"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}),
        ),
    };
    page.map_or(missing, |page| (200, page))
}

/// What llama.cpp's server answers while it loads a model.
pub fn loading() -> Value {
    json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})
}

fn llama_server(path: &str) -> Option<Value> {
    match path {
        "/props" => Some(json!({
            "default_generation_settings": {
                "n_ctx": 8192, "params": {"temperature": 0.8, "reasoning_format": "auto"},
            },
            "total_slots": 4, "build_info": "b6123-abcdef0", "chat_template": "{{ messages }}",
            "modalities": {"vision": false, "audio": false},
            "chat_template_caps": {"supports_tools": true, "supports_tool_calls": true},
        })),
        "/v1/models" => Some(json!({
            "object": "list",
            "models": [{"name": format!("/models/{MODEL}.gguf")}],
            "data": [{
                "id": format!("/models/{MODEL}.gguf"), "object": "model", "owned_by": "llamacpp",
                "meta": {"n_ctx_train": 131_072, "n_params": 30_000_000_000_u64, "size": 18_000},
            }],
        })),
        _ => None,
    }
}

fn studio(path: &str) -> Option<Value> {
    match path {
        "/api/v1/models" => Some(json!({"models": [
            {
                "type": "llm", "key": MODEL, "params_string": "30B", "size_bytes": 18_000,
                "loaded_instances": [{"id": MODEL, "config": {"context_length": 16_384}}],
                "max_context_length": 131_072,
                "capabilities": {"vision": true, "trained_for_tool_use": true},
            },
            {
                "type": "embedding", "key": EMBEDDING_MODEL, "loaded_instances": [],
                "max_context_length": 512,
            },
        ]})),
        "/v1/models" => plain(path),
        _ => None,
    }
}

fn vllm(path: &str) -> Option<Value> {
    match path {
        "/version" => Some(json!({"version": "0.11.0"})),
        "/v1/models" => Some(json!({"object": "list", "data": [
            {"id": MODEL, "owned_by": "vllm", "root": MODEL, "max_model_len": 32_768},
            {"id": EMBEDDING_MODEL, "owned_by": "vllm", "max_model_len": 512},
        ]})),
        _ => None,
    }
}

fn plain(path: &str) -> Option<Value> {
    (path == "/v1/models")
        .then(|| json!({"object": "list", "data": [{"id": MODEL}, {"id": EMBEDDING_MODEL}]}))
}
