//! The wire types: requests and answers.
//!
//! Servers in use are years apart, so answers are parsed liberally: fields may be missing or null,
//! and unknown ones are ignored.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::http::null_as_default;

/// Whether two names mean the same model: `x` is `x:latest`, and case does not count.
pub fn same_model(left: &str, right: &str) -> bool {
    full_name(left) == full_name(right)
}

fn full_name(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let name = name.strip_prefix("registry.ollama.ai/").unwrap_or(&name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    if last.contains(':') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

/// Answer of `/api/version`.
#[derive(Debug, Deserialize)]
pub(super) struct VersionAnswer {
    pub version: String,
}

/// Answer of `/api/tags`.
#[derive(Debug, Deserialize)]
pub(super) struct TagsAnswer {
    #[serde(deserialize_with = "null_as_default")]
    pub models: Vec<LocalModel>,
}

/// A model of the server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LocalModel {
    /// Name with its tag.
    pub name: String,
    /// Identifies the exact weights and settings.
    #[serde(deserialize_with = "null_as_default")]
    pub digest: String,
    /// Size on disk in bytes.
    #[serde(deserialize_with = "null_as_default")]
    pub size: u64,
    /// The host where it runs, if the server only forwards to it.
    pub remote_host: Option<String>,
    /// Format, family and sizes.
    #[serde(deserialize_with = "null_as_default")]
    pub details: ModelDetails,
    /// What it can do; empty on servers before 0.30, which only `/api/show` tells.
    #[serde(deserialize_with = "null_as_default")]
    pub capabilities: Vec<String>,
}

/// Format, family and sizes of a model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelDetails {
    /// Architecture family such as `bert`.
    #[serde(deserialize_with = "null_as_default")]
    pub family: String,
    /// Such as `23M`.
    #[serde(deserialize_with = "null_as_default")]
    pub parameter_size: String,
    /// Such as `Q4_K_M`.
    #[serde(deserialize_with = "null_as_default")]
    pub quantization_level: String,
    /// The longest window it was trained for, in tokens.
    pub context_length: Option<u64>,
    /// Dimensions of its vectors.
    pub embedding_length: Option<u64>,
}

/// The host where a model runs, if the server only forwards to it.
pub(super) fn remote_host<'a>(local: &'a LocalModel, info: &'a ModelInfo) -> Option<&'a str> {
    let host = local.remote_host.as_deref().filter(|host| !host.is_empty());
    host.or(info.remote_host.as_deref())
        .filter(|host| !host.is_empty())
}

/// Request of `/api/show`.
#[derive(Debug, Serialize)]
pub(super) struct ShowRequest<'a> {
    pub model: &'a str,
}

/// Answer of `/api/show`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelInfo {
    /// What it can do: `completion`, `tools`, `thinking`, `embedding` and so on.
    #[serde(deserialize_with = "null_as_default")]
    pub capabilities: Vec<String>,
    /// Format, family and sizes.
    #[serde(deserialize_with = "null_as_default")]
    pub details: ModelDetails,
    /// The model's own parameters, a line each: `num_ctx    256`.
    #[serde(deserialize_with = "null_as_default")]
    pub parameters: String,
    /// What the model was made from, a line each: `FROM /…/blobs/sha256-…`.
    #[serde(deserialize_with = "null_as_default")]
    pub modelfile: String,
    /// Metadata of the weights, by names such as `bert.context_length`.
    #[serde(deserialize_with = "null_as_default")]
    pub model_info: Map<String, Value>,
    /// The host where it runs, if the server only forwards to it.
    pub remote_host: Option<String>,
    /// How a conversation is written for it, as a Go template.
    #[serde(deserialize_with = "null_as_default")]
    pub template: String,
    /// The renderer that replaces the template, on servers with one of their own.
    #[serde(deserialize_with = "null_as_default")]
    pub renderer: String,
}

impl ModelInfo {
    /// The digests of the weights, which stay the same when only the rest of a model is published
    /// again; `None` if the server does not say.
    pub fn weights(&self) -> Option<String> {
        let blobs = self.modelfile.lines().filter_map(|line| {
            let (_, digest) = line.trim().strip_prefix("FROM ")?.rsplit_once("sha256-")?;
            let is_digest = digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit());
            is_digest.then_some(digest)
        });
        let blobs = blobs.collect::<Vec<_>>().join(" ");
        (!blobs.is_empty()).then_some(blobs)
    }

    /// The longest window that the model was trained for, in tokens.
    pub fn context_length(&self) -> Option<u64> {
        self.number("context_length")
            .or(self.details.context_length)
            .filter(|&length| length > 0)
    }

    /// The dimensions of the model's vectors.
    pub fn embedding_length(&self) -> Option<u64> {
        // Models with a projection after the last layer say its width apart.
        let length = self
            .number("embedding_length_out")
            .or(self.number("embedding_length"));
        length
            .or(self.details.embedding_length)
            .filter(|&length| length > 0)
    }

    /// Gives a number among the model's own parameters.
    pub fn parameter<T: FromStr>(&self, name: &str) -> Option<T> {
        self.parameters.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
        })
    }

    /// Gives a whole number of the metadata, by its name without the architecture.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let architecture = self.model_info.get("general.architecture")?.as_str()?;
        self.model_info
            .get(&format!("{architecture}.{name}"))?
            .as_u64()
    }
}

/// Answer of `/api/ps`.
#[derive(Debug, Deserialize)]
pub(super) struct ProcessesAnswer {
    #[serde(deserialize_with = "null_as_default")]
    pub models: Vec<LoadedModel>,
}

/// A loaded model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoadedModel {
    /// Name with its tag.
    pub name: String,
    /// Size in memory in bytes.
    #[serde(deserialize_with = "null_as_default")]
    pub size: u64,
    /// How much of it is on the graphics card.
    #[serde(deserialize_with = "null_as_default")]
    pub size_vram: u64,
    /// The actual context window of requests, in tokens.
    pub context_length: Option<u64>,
    /// Identifies the exact weights and settings.
    #[serde(deserialize_with = "null_as_default")]
    pub digest: String,
}

impl LoadedModel {
    /// Whether it is this model. A server lists it under the name by which it was loaded first,
    /// though other names may exist for the same weights.
    pub fn is(&self, name: &str, digest: &str) -> bool {
        let bare = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
        same_model(&self.name, name) || (!digest.is_empty() && bare(&self.digest) == bare(digest))
    }
}

/// Request of `/api/embed`.
#[derive(Debug, Serialize)]
pub(super) struct EmbedRequest<'a> {
    pub model: &'a str,
    pub input: &'a [String],
    pub truncate: bool,
    pub keep_alive: &'a str,
    pub options: EmbedOptions,
}

/// How an embedding model is loaded. Another value reloads it, so one model keeps one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EmbedOptions {
    /// The window in tokens.
    pub num_ctx: usize,
    /// Tokens per batch; below the window, longer texts are cut silently or crash the model's
    /// process.
    pub num_batch: usize,
}

/// Answer of `/api/embed`.
#[derive(Debug, Deserialize)]
pub struct EmbedAnswer {
    /// One vector per input, in order.
    #[serde(deserialize_with = "null_as_default")]
    pub embeddings: Vec<Vec<f32>>,
    /// Tokens of all inputs together.
    #[serde(default)]
    pub prompt_eval_count: Option<u64>,
}

/// Request of `/api/pull`.
#[derive(Debug, Serialize)]
pub(super) struct PullRequest<'a> {
    pub model: &'a str,
    pub stream: bool,
}

/// A line of `/api/pull`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PullLine {
    pub status: String,
    pub digest: Option<String>,
    pub total: Option<u64>,
    pub completed: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_ollama_does() {
        for (left, right, same) in [
            ("all-minilm", "all-minilm:latest", true),
            (
                "All-MiniLM",
                "registry.ollama.ai/library/all-minilm:latest",
                true,
            ),
            ("hf.co/a/b", "hf.co/a/b:latest", true),
            ("localhost:5000/a", "localhost:5000/a:latest", true),
            ("qwen3-embedding:0.6b", "qwen3-embedding", false),
            ("a/x", "x", false),
        ] {
            assert_eq!(same_model(left, right), same, "{left} {right}");
        }
    }

    #[test]
    fn answers_of_old_and_new_servers_are_read() {
        let tags = r#"{"models":[{"name":"a:latest","details":{"families":null}},
            {"name":"b","digest":"d","size":1,"capabilities":null,"details":null}]}"#;
        let tags: TagsAnswer = serde_json::from_str(tags).expect("tags");
        assert_eq!(tags.models.len(), 2);
        let none: TagsAnswer = serde_json::from_str(r#"{"models":null}"#).expect("no tags");
        assert!(none.models.is_empty());
        let show = r#"{"parameters":"stop  \"x\"\nnum_ctx                        256",
            "model_info":{"general.architecture":"bert","bert.context_length":512,
            "bert.embedding_length":384,"tokenizer.ggml.tokens":null}}"#;
        let show: ModelInfo = serde_json::from_str(show).expect("show");
        assert_eq!(show.parameter::<u64>("num_ctx"), Some(256));
        assert_eq!(show.parameter::<u64>("stop"), None);
        assert_eq!(
            (show.context_length(), show.embedding_length()),
            (Some(512), Some(384))
        );
        let empty: ModelInfo = serde_json::from_str("{}").expect("an empty show");
        assert_eq!(
            (empty.context_length(), empty.embedding_length()),
            (None, None)
        );
    }
}
