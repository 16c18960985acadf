//! The kinds of servers, and what they are called.

/// A program that serves models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServerKind {
    Ollama,
    /// `llama-server` of llama.cpp.
    LlamaServer,
    LmStudio,
    Vllm,
    /// Any other with OpenAI's `/v1`, and one that was not asked yet.
    #[default]
    OpenAi,
}

/// The kind that the user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KindChoice {
    /// The server is asked: see [`detect`](crate::model::openai::detect).
    #[default]
    Auto,
    Kind(ServerKind),
}

/// Every value of a setting for the kind.
const CHOICES: &[(&str, KindChoice)] = &[
    ("auto", KindChoice::Auto),
    ("ollama", KindChoice::Kind(ServerKind::Ollama)),
    ("llama-server", KindChoice::Kind(ServerKind::LlamaServer)),
    ("lmstudio", KindChoice::Kind(ServerKind::LmStudio)),
    ("vllm", KindChoice::Kind(ServerKind::Vllm)),
    ("openai", KindChoice::Kind(ServerKind::OpenAi)),
];

impl KindChoice {
    /// Parses the value of a setting; `None` if it is none of [`KindChoice::names`].
    pub fn parse(value: &str) -> Option<KindChoice> {
        let value = value.trim().to_ascii_lowercase();
        let found = CHOICES.iter().find(|(name, _)| *name == value);
        found.map(|&(_, choice)| choice)
    }

    /// The values that a setting may have.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CHOICES.iter().map(|&(name, _)| name)
    }
}

impl ServerKind {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            ServerKind::Ollama => "Ollama",
            ServerKind::LlamaServer => "llama.cpp's server",
            ServerKind::LmStudio => "LM Studio",
            ServerKind::Vllm => "vLLM",
            ServerKind::OpenAi => "OpenAI-compatible server",
        }
    }

    /// Its name within a sentence.
    pub fn label(self) -> &'static str {
        match self {
            ServerKind::OpenAi => "the server",
            known => known.name(),
        }
    }

    /// The value of a setting that means it.
    pub fn setting(self) -> &'static str {
        match self {
            ServerKind::Ollama => "ollama",
            ServerKind::LlamaServer => "llama-server",
            ServerKind::LmStudio => "lmstudio",
            ServerKind::Vllm => "vllm",
            ServerKind::OpenAi => "openai",
        }
    }

    /// The setting that has its address.
    pub fn address_setting(self) -> &'static str {
        match self {
            ServerKind::Ollama => "OLLAMA_HOST",
            _ => "OLLACODE_SERVER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_value_of_the_setting() {
        for kind in [
            ServerKind::Ollama,
            ServerKind::LlamaServer,
            ServerKind::LmStudio,
            ServerKind::Vllm,
            ServerKind::OpenAi,
        ] {
            assert_eq!(
                KindChoice::parse(kind.setting()),
                Some(KindChoice::Kind(kind))
            );
        }
        assert_eq!(KindChoice::parse(" Auto "), Some(KindChoice::Auto));
        assert_eq!(KindChoice::parse("gpt"), None);
        assert_eq!(KindChoice::names().count(), 6);
    }
}
