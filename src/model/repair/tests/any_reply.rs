//! Any reply in any pieces: only valid calls are extracted.

use proptest::prelude::*;

use super::*;

/// Texts of what replies consist of, in any order.
fn reply() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "\n",
        "\n\n",
        " ",
        "```",
        "```json\n",
        "```tool\n",
        "```rust\n",
        "~~~",
        "`",
        "<tool_call>",
        "</tool_call>",
        "<function=read_file>",
        "<function=run_command>\n",
        "<parameter=path>",
        "\n<parameter=path>\n",
        "<parameter=command>\n",
        "</parameter>",
        "\n</parameter>\n",
        "</function>",
        "[TOOL_CALLS]",
        "read_file[ARGS]",
        "<|python_tag|>",
        "<|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>",
        "<|tool_call_end|>",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "\\",
        ",",
        ":",
        "{\"name\": \"read_file\", \"arguments\": ",
        "{\"path\": \"x\"}",
        "}",
        "{\"tool\": \"ls\"}",
        "<think>",
        "</think>",
        "Let me see. ",
        "파일",
        "# T",
        "1",
        "null",
        "/*",
        "//",
    ];
    let part = prop_oneof![
        8 => (0..PARTS.len()).prop_map(|index| PARTS[index].to_owned()),
        2 => (0..cases().len()).prop_map(|index| cases()[index].0.to_owned()),
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_reply_is_judged(text in reply()) {
        let found = find_calls(&text, &TOOLS);
        for call in &found.calls {
            prop_assert!(is_valid(call), "{call:?}");
        }
        prop_assert!(found.text.len() <= text.len());
        prop_assert_eq!(found.calls.is_empty(), found.text == text);
        prop_assert!(call_from_format(&text, &TOOLS).is_none_or(|call| is_valid(&call)));
    }

    #[test]
    fn any_split_shows_the_beginning_of_what_is_left(text in reply(), sizes in prop::collection::vec(1usize..20, 1..20)) {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        for size in sizes.iter().cycle() {
            let end = rest.char_indices().nth(*size).map_or(rest.len(), |(end, _)| end);
            pieces.push(&rest[..end]);
            rest = &rest[end..];
            if rest.is_empty() {
                break;
            }
        }
        let (shown, held) = gated(pieces);
        prop_assert_eq!(format!("{shown}{held}"), text.as_str());
        prop_assert!(find_calls(&text, &TOOLS).text.starts_with(&shown), "{}", shown);
        // How a text comes makes no difference for what may be shown once more of it is there.
        prop_assert!(gated([text.as_str()]).0.len() >= shown.len());
    }

    #[test]
    fn a_typing_error_leaves_a_valid_call_or_none(index in 0..cases().len(), at in any::<prop::sample::Index>(), with in "[\"'{}\\[\\]<>/\\\\,:\na]{0,3}") {
        let text = cases()[index].0;
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = boundaries[at.index(boundaries.len())];
        let mut broken = text.to_owned();
        broken.insert_str(at, &with);
        for call in find_calls(&broken, &TOOLS).calls {
            prop_assert!(is_valid(&call), "{call:?}");
        }
    }
}
