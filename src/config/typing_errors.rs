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
    let is_ours = upper.starts_with(PREFIX);
    let far = if is_ours { FAR } else { 1 };
    let known = SETTINGS.iter().map(|setting| setting.name);
    let nearest = known
        .filter(|known| may_be_near(known, &upper, far))
        .map(|known| (strsim::damerau_levenshtein(known, &upper), known))
        .filter(|(distance, _)| *distance <= far)
        .min();
    let instead = match nearest {
        Some((_, nearest)) => format!("; did you mean `{nearest}`?"),
        None if is_ours => "; `.env.example` lists the settings".to_owned(),
        None => return None,
    };
    Some(format!(
        "environment variable `{name}` is not a setting of ollacode and has no effect{instead}"
    ))
}

/// Whether two names may be within an edit distance. An environment has many names, and the distance takes
/// long to compute: a mistake is a letter too many, or changes two at most.
fn may_be_near(left: &str, right: &str, far: usize) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let common = left.iter().zip(right).take_while(|(l, r)| l == r).count();
    let rest = left[common..]
        .iter()
        .rev()
        .zip(right[common..].iter().rev());
    let common = common + rest.take_while(|(l, r)| l == r).count();
    let longest = left.len().max(right.len());
    left.len().abs_diff(right.len()) <= far && (far > 1 || longest - common <= 2)
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
    fn no_near_name_is_passed_over() {
        let settings: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        // Each name with a letter less, one more, another one, and two exchanged.
        for name in &settings {
            for at in 0..name.len() - 1 {
                let (before, behind) = name.split_at(at);
                let mut exchanged = name.as_bytes().to_vec();
                exchanged.swap(at, at + 1);
                let exchanged = String::from_utf8(exchanged).expect("ASCII");
                for mistyped in [
                    format!("{before}{}", &behind[1..]),
                    format!("{before}X{behind}"),
                    format!("{before}X{}", &behind[1..]),
                    exchanged,
                ] {
                    for known in &settings {
                        let is_near = strsim::damerau_levenshtein(known, &mistyped) <= 1;
                        assert!(!is_near || may_be_near(known, &mistyped, 1), "{mistyped}");
                    }
                }
            }
        }
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
