//! Warns about environment variables that look like misspelled settings.

use super::{Environment, SETTINGS};

const PREFIX: &str = "OLLACODE_";
/// Names with the prefix that are not settings: set for commands, tests and benchmarks.
const OTHERS: &[&str] = &["OLLACODE_RUN", "OLLACODE_TEST_", "OLLACODE_BENCH_"];
/// Settings of other programs with similar names.
const NOT_OURS: &[&str] = &["OLLAMA_MODELS"];
/// Maximum edit distance of a misspelled name.
const FAR: usize = 3;

/// Warnings about variables that have no effect. Values are not repeated.
pub(super) fn warnings(environment: &Environment) -> Vec<String> {
    let names = environment
        .variables()
        .filter_map(|(name, _)| name.to_str());
    names.filter_map(warning).collect()
}

fn warning(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let is_known = SETTINGS.iter().any(|setting| setting.name == name);
    let is_other = OTHERS.iter().any(|other| name.starts_with(other)) || NOT_OURS.contains(&name);
    if is_known || is_other {
        return None;
    }
    let distance = |known: &str| strsim::damerau_levenshtein(known, &upper);
    let nearest = SETTINGS
        .iter()
        .map(|setting| (distance(setting.name), setting.name))
        .min()?;
    let is_ours = upper.starts_with(PREFIX);
    let far = if is_ours { FAR } else { 1 };
    let (distance, nearest) = nearest;
    if distance > far && !is_ours {
        return None;
    }
    let instead = if distance <= far {
        format!("; did you mean `{nearest}`?")
    } else {
        "; `.env.example` lists the settings".to_owned()
    };
    Some(format!(
        "environment variable `{name}` is not a setting of ollacode and has no effect{instead}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_settings_are_told_with_what_is_meant() {
        for (name, meant) in [
            ("OLLACODE_SANBOX", "OLLACODE_SANDBOX"),
            ("OLLACODE_OFLINE", "OLLACODE_OFFLINE"),
            ("ollacode_sandbox", "OLLACODE_SANDBOX"),
            ("OLLACODE_DATADIR", "OLLACODE_DATA_DIR"),
            ("OLLAMA_HOSTS", "OLLAMA_HOST"),
            ("OLAMA_HOST", "OLLAMA_HOST"),
            ("OLLAMA_APIKEY", "OLLAMA_API_KEY"),
            ("TELEGRAM_BOT_TOKNE", "TELEGRAM_BOT_TOKEN"),
            ("MAX_CONTEXT_TOKEN", "MAX_CONTEXT_TOKENS"),
            ("COMPACTMODE", "COMPACT_MODE"),
        ] {
            let said = warning(name).unwrap_or_default();
            assert!(said.contains(&format!("`{meant}`")), "{name}: {said}");
        }
        let said = warning("OLLACODE_NONSENSE").unwrap_or_default();
        assert!(said.contains("not a setting"), "{said}");
    }

    #[test]
    fn settings_and_what_is_of_others_are_not() {
        let settings = SETTINGS.iter().map(|setting| setting.name);
        let others = [
            "OLLAMA_MODELS",
            "OLLAMA_DEBUG",
            "OLLAMA_KEEP_ALIVE",
            "WORKSPACE",
            "WORKSPACE_ID",
            "TELEGRAM_CHAT_ID",
            "COLOR",
            "PATH",
            "HOME",
            "OLLACODE_RUN",
            "OLLACODE_TEST_KILLS",
        ];
        for name in settings.chain(others) {
            assert_eq!(warning(name), None, "{name}");
        }
    }
}
