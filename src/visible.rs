//! Makes untrusted text safe: hidden characters become visible, and chat-template markers are
//! broken.
//!
//! Both functions borrow ordinary text unchanged, and are idempotent.

use std::borrow::Cow;

/// Escapes control characters (except line feed and tab), text direction marks and other characters
/// without width: `\u{202e}`.
///
/// Joiners inside an emoji stay.
pub fn escape_hidden(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut copied = 0;
    let mut before = None;
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        if is_hidden(character) && !is_emoji_part(before, character, &text[end..]) {
            shown.push_str(&text[copied..at]);
            shown.extend(character.escape_unicode());
            copied = end;
        }
        before = Some(character);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[copied..]);
    Cow::Owned(shown)
}

/// Breaks the markers that chat templates and parsers of tool calls use for roles and calls:
/// `<|im_start|>` becomes `<\|im_start|>`.
///
/// Only whole markers are changed: operators such as `<|` and `<|>` are code.
pub fn defang_chat_markers(text: &str) -> Cow<'_, str> {
    let mut broken = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices(['<', '[']) {
        if starts_with_marker(&text[at..]) {
            broken.push_str(&text[copied..=at]);
            broken.push('\\');
            copied = at + 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    broken.push_str(&text[copied..]);
    Cow::Owned(broken)
}

/// Whether a character is invisible or changes the text direction: Unicode's
/// `Default_Ignorable_Code_Point`, direction controls and control characters.
pub(crate) fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control() && !matches!(character, '\n' | '\t');
    }
    matches!(character,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The ASCII character that a character looks like: quotes, dashes.
pub(crate) fn plain_sign(character: char) -> char {
    match character {
        '\u{2018}'..='\u{201b}' | '′' => '\'',
        '\u{201c}'..='\u{201f}' | '″' => '"',
        '\u{2010}'..='\u{2015}' | '−' => '-',
        other => other,
    }
}

/// Whether a hidden character belongs to an emoji: `⚠` + U+FE0F, or U+200D between two of them.
fn is_emoji_part(before: Option<char>, character: char, after: &str) -> bool {
    let after = after.chars().next();
    match character {
        '\u{fe0e}' | '\u{fe0f}' => {
            before.is_some_and(is_pictograph) || after.is_some_and(|next| next == '\u{20e3}')
        }
        '\u{200d}' => {
            before.is_some_and(|last| is_pictograph(last) || last == '\u{fe0f}')
                && after.is_some_and(is_pictograph)
        }
        _ => false,
    }
}

pub(crate) fn is_pictograph(character: char) -> bool {
    matches!(
        character,
        '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '\u{2190}'..='\u{2bff}' | '〰' | '〽' | '㊗' | '㊙'
            | '\u{1f000}'..='\u{1faff}'
    )
}

/// Longest name between `<|` and `|>`, in bytes.
const LONGEST_NAME: usize = 64;

/// Literal markers. Those between bars need no list.
const MARKERS: &[&str] = &[
    // Qwen, Hermes, GLM, DeepSeek.
    "<tool_call>",
    "</tool_call>",
    "<tool_calls>",
    "</tool_calls>",
    "<tool_response>",
    "</tool_response>",
    "<function=",
    "</function>",
    "<parameter=",
    "</parameter>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<think>",
    "</think>",
    "<｜",
    // MiniMax, Seed, Nemotron, and forms that models write by themselves.
    "<minimax:tool_call>",
    "</minimax:tool_call>",
    "<seed:tool_call>",
    "</seed:tool_call>",
    "<TOOLCALL>",
    "</TOOLCALL>",
    "<function_calls>",
    "</function_calls>",
    "<invoke name=",
    "</invoke>",
    // Llama 2, Mistral.
    "<s>",
    "</s>",
    "<<SYS>>",
    "<</SYS>>",
    "[INST]",
    "[/INST]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_CALLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CONTENT]",
    "[/TOOL_CONTENT]",
    "[THINK]",
    "[/THINK]",
    // Gemma.
    "<bos>",
    "<eos>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<turn|>",
    "<tool|>",
    "<tool_call|>",
    "<tool_response|>",
    "<channel|>",
];

/// Whether a text begins with a marker of a chat template.
pub(crate) fn starts_with_marker(text: &str) -> bool {
    match text.strip_prefix("<|") {
        Some(rest) => starts_with_barred_name(rest),
        None => MARKERS.iter().any(|marker| text.starts_with(marker)),
    }
}

/// Whether a name follows that ends as in `<|im_start|>` or `<|turn>`.
fn starts_with_barred_name(text: &str) -> bool {
    let is_end =
        |character: char| matches!(character, '<' | '|' | '>') || character.is_whitespace();
    let Some(end) = text.find(is_end) else {
        return false;
    };
    let closing = &text[end..];
    (1..=LONGEST_NAME).contains(&end) && (closing.starts_with("|>") || closing.starts_with('>'))
}

/// Escapes hidden characters in a name; the result is one line.
pub fn visible_name(name: &str) -> String {
    escape_hidden(name)
        .replace('\n', "\\n")
        .replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown() {
        for (text, shown) in [
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("a\r\n\tb", "a\\u{d}\n\tb"),
            (
                "nul\0 bell\u{7} del\u{7f}",
                "nul\\u{0} bell\\u{7} del\\u{7f}",
            ),
            ("c1\u{9b}31m", "c1\\u{9b}31m"),
            (
                "if a\u{202e}b\u{2066}c\u{2069}",
                "if a\\u{202e}b\\u{2066}c\\u{2069}",
            ),
            ("rm\u{200b} -rf", "rm\\u{200b} -rf"),
            ("a\u{ad}b\u{feff}c\u{2060}", "a\\u{ad}b\\u{feff}c\\u{2060}"),
            ("let \u{3164} = 1", "let \\u{3164} = 1"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("line\u{2028}next", "line\\u{2028}next"),
            ("🙂\u{e0101}\u{fe01}", "🙂\\u{e0101}\\u{fe01}"),
            ("⚠\u{fe0f}\u{fe0f}", "⚠\u{fe0f}\\u{fe0f}"),
            ("a\u{200d}b", "a\\u{200d}b"),
        ] {
            assert_eq!(escape_hidden(text), shown);
            assert_eq!(escape_hidden(shown), shown, "twice");
        }
    }

    #[test]
    fn ordinary_text_is_borrowed() {
        for text in [
            "",
            "fn main() {\n\tgo(\"hi\");\n}\n",
            "grüße 한국어 日本語　全角 العربية",
            "⚠\u{fe0f} 👩\u{200d}💻 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3} 👍🏽",
            "├──\u{a0}src",
        ] {
            assert!(
                matches!(escape_hidden(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn markers_are_broken_and_can_still_be_read() {
        for (text, broken) in [
            // Qwen, Kimi.
            ("<|im_start|>system", "<\\|im_start|>system"),
            ("<|im_end|>", "<\\|im_end|>"),
            (
                "<|tool_calls_section_begin|>",
                "<\\|tool_calls_section_begin|>",
            ),
            ("<tool_call>{}</tool_call>", "<\\tool_call>{}<\\/tool_call>"),
            (
                "<function=run><parameter=a>1</parameter></function>",
                "<\\function=run><\\parameter=a>1<\\/parameter><\\/function>",
            ),
            ("</think>", "<\\/think>"),
            // Llama.
            (
                "<|eot_id|><|start_header_id|>",
                "<\\|eot_id|><\\|start_header_id|>",
            ),
            ("<|python_tag|>", "<\\|python_tag|>"),
            ("<<SYS>> x <</SYS>>", "<\\<SYS>> x <\\</SYS>>"),
            // Mistral.
            ("</s>[INST] hi [/INST]", "<\\/s>[\\INST] hi [\\/INST]"),
            ("[TOOL_CALLS]run[ARGS]{}", "[\\TOOL_CALLS]run[ARGS]{}"),
            // Gemma.
            (
                "<end_of_turn>\n<start_of_turn>user",
                "<\\end_of_turn>\n<\\start_of_turn>user",
            ),
            ("<|turn>user<turn|>", "<\\|turn>user<\\turn|>"),
            ("<|\"|>", "<\\|\"|>"),
            // DeepSeek.
            ("<｜User｜>", "<\\｜User｜>"),
            ("<｜tool▁calls▁begin｜>", "<\\｜tool▁calls▁begin｜>"),
            ("<｜DSML｜invoke", "<\\｜DSML｜invoke"),
            // GPT-OSS.
            (
                "<|start|>assistant<|channel|>commentary to=functions.run<|message|>{}<|call|>",
                "<\\|start|>assistant<\\|channel|>commentary to=functions.run<\\|message|>{}<\\|call|>",
            ),
            // One inside another.
            ("<|<|im_end|>", "<|<\\|im_end|>"),
            ("<<|im_end|>", "<<\\|im_end|>"),
        ] {
            assert_eq!(defang_chat_markers(text), broken);
            assert_eq!(defang_chat_markers(broken), broken, "twice");
        }
    }

    #[test]
    fn code_is_not_changed() {
        for text in [
            "f <| g x |> h",
            "parser <|> other <||> third",
            "a <|b c|> d",
            "xs |> Enum.map(&(&1 <> \"x\"))",
            "match x { A | B => 1, _ if a<b || c>d => 2 }",
            "Vec<Option<&str>>",
            "map[inst] = args[0]; usage: x [OPTIONS] [ARGS]...",
            "<html><parameter name=\"a\"><span></span>",
            "<function name='a'>",
            "if (a < s && b > c) {}",
            "<",
            "<|",
            "<|x",
        ] {
            assert!(
                matches!(defang_chat_markers(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
        let long = format!("<|{}|>", "x".repeat(LONGEST_NAME + 1));
        assert_eq!(defang_chat_markers(&long), long);
    }

    #[test]
    fn any_text_is_taken_and_the_second_time_changes_nothing() {
        let pieces = [
            "<", "|", ">", "im", "[", "INST]", "s>", "/", "\\", "\u{202e}", "\r", "é",
        ];
        for seed in 0..20_736_usize {
            let mut rest = seed;
            let mut text = String::new();
            for _ in 0..4 {
                text.push_str(pieces[rest % pieces.len()]);
                rest /= pieces.len();
            }
            let once = defang_chat_markers(&escape_hidden(&text)).into_owned();
            assert_eq!(defang_chat_markers(&escape_hidden(&once)), once, "{text:?}");
        }
    }
}
