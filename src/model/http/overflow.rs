//! Recognises errors about the window, which servers report in words.

/// Errors for a request over the window; those about what is kept are LM Studio's.
const OVERFLOWS: &[&str] = &[
    "exceeds the context length",
    "exceeds the available context size",
    "exceed_context_size",
    "longer than the context length",
    "longer than the model's context length",
    "n_keep",
    "to keep the first",
    "maximum context length",
    "context_length_exceeded",
];

/// Words before the number of tokens of the request.
const NEEDED: [&str; 5] = [
    "n_prompt_tokens",
    "request (",
    "n_keep",
    "to keep the first",
    "The input (",
];

/// Words after it: vLLM and OpenAI tell that of the request and the longest reply together first.
const NEEDED_BEFORE: [&str; 4] = [
    " in the messages",
    " in your prompt",
    " in the input",
    " input tokens",
];

/// Words before the number of tokens of the window.
const WINDOW: [&str; 5] = [
    "n_ctx",
    "context size (",
    "maximum context length is",
    "context length of only",
    "model's context length (",
];

/// The tokens of the request and of the window, each if given, if an error is about the window.
///
/// llama-server's error is JSON in a string in JSON, so keys are searched for in the text.
pub(crate) fn overflow(text: &str) -> Option<(Option<u32>, Option<u32>)> {
    if !OVERFLOWS.iter().any(|phrase| text.contains(phrase)) {
        return None;
    }
    let after = |words: &[&str]| words.iter().find_map(|word| number_after(text, word));
    let before = || {
        NEEDED_BEFORE
            .iter()
            .find_map(|word| number_before(text, word))
    };
    let needed = after(&NEEDED).or_else(before);
    Some((
        needed.or_else(|| number_after(text, "requested")),
        after(&WINDOW),
    ))
}

/// The first number right after a key or a word, ignoring quotes, parentheses and the like.
fn number_after(text: &str, key: &str) -> Option<u32> {
    text.match_indices(key).find_map(|(at, _)| {
        let rest = text[at + key.len()..].trim_start_matches(|c: char| "\\\": =(".contains(c));
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

/// The number right before a word.
fn number_before(text: &str, word: &str) -> Option<u32> {
    let (before, _) = text.split_once(word)?;
    let start = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    before[start..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_an_overflow_are_found_in_every_shape() {
        let inner = r#"{"error":{"code":400,"message":"request (9001 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9001,"n_ctx":8192}}"#;
        let twice = serde_json::json!({ "error": inner }).to_string();
        let thrice = serde_json::json!({ "error": twice }).to_string();
        let words =
            "request (9001 tokens) exceeds the available context size (8192 tokens), try again";
        for text in [inner, &twice, &thrice, words] {
            assert_eq!(overflow(text), Some((Some(9001), Some(8192))), "{text}");
        }
        let fixed = "the prompt is longer than the context length currently available to the model";
        assert_eq!(overflow(fixed), Some((None, None)));
        let vllm = "This model's maximum context length is 4096 tokens. However, you requested 5000 \
                    tokens (4488 in the messages, 512 in the completion). Please reduce the length";
        assert_eq!(overflow(vllm), Some((Some(4488), Some(4096))));
        let newer = "This model's maximum context length is 4096 tokens and your request has 900 \
                     input tokens (8192 > 4096 - 900).";
        assert_eq!(overflow(newer), Some((Some(900), Some(4096))));
        let input = "This model's maximum context length is 512 tokens. However, you requested 600 \
                     tokens for embedding generation";
        assert_eq!(overflow(input), Some((Some(600), Some(512))));
        let trained = r#"exceed_context_size n_ctx_train: 5, "n_ctx": 4096"#;
        assert_eq!(overflow(trained), Some((None, Some(4096))));
        let kept = "Trying to keep the first 10136 tokens when context the overflows. However, the \
                    model is loaded with context length of only 7866 tokens, which is not enough.";
        assert_eq!(overflow(kept), Some((Some(10_136), Some(7866))));
        let newer = "Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)";
        assert_eq!(overflow(newer), Some((Some(15_028), Some(7424))));
        let sglang =
            "The input (5000 tokens) is longer than the model's context length (4096 tokens).";
        assert_eq!(overflow(sglang), Some((Some(5000), Some(4096))));
        assert_eq!(overflow("model 'x' not found"), None);
    }
}
