//! The markers around calls, by model family. A format that differs from the others only in its
//! markers is one more row here: `payload` parses all forms between markers, since models mix the
//! markers of one format with the contents of another.

/// The bar and the underscore of DeepSeek.
const BAR: char = '｜';
const UNDERSCORE: char = '▁';

/// The markers of a family, with ASCII bars and underscores.
struct Family {
    /// Before a call, at the beginning of a line, after a sentence or after another call.
    begins: &'static [&'static str],
    /// Between a name and its arguments.
    parts: &'static [&'static str],
    /// After a call, even if its start marker is missing.
    ends: &'static [&'static str],
}

const fn family(
    begins: &'static [&'static str],
    parts: &'static [&'static str],
    ends: &'static [&'static str],
) -> Family {
    Family {
        begins,
        parts,
        ends,
    }
}

const FAMILIES: &[Family] = &[
    // Hermes, Qwen, GLM, MiniMax M1, Granite 4, Ernie, EXAONE and many more.
    family(&["<tool_call>"], &[], &["</tool_call>"]),
    // Jamba, Hunyuan.
    family(
        &["<tool_calls>"],
        &["<tool_sep>"],
        &["</tool_calls>", "</tool_call>"],
    ),
    // What models without a format of their own, or of an older generation, write.
    family(
        &["<tools>", "<tool>", "<tool_code>", "<tool_use>", "<invoke>"],
        &[],
        &[
            "</tools>",
            "</tool>",
            "</tool_code>",
            "</tool_use>",
            "</invoke>",
        ],
    ),
    // OLMo, Glaive, Granite 20B.
    family(
        &["<function_call>", "<function_calls>", "<functioncall>"],
        &[],
        &[
            "</function>",
            "</function_call>",
            "</function_calls>",
            "</functioncall>",
        ],
    ),
    // MiniMax M2, Seed, Nemotron, LongCat.
    family(&["<minimax:tool_call>"], &[], &["</minimax:tool_call>"]),
    family(&["<seed:tool_call>"], &[], &["</seed:tool_call>"]),
    family(&["<TOOLCALL>"], &[], &["</TOOLCALL>"]),
    family(&["<longcat_tool_call>"], &[], &["</longcat_tool_call>"]),
    // Mistral, LM Studio.
    family(&["[TOOL_CALLS]"], &["[ARGS]"], &["[/TOOL_CALLS]", "</s>"]),
    family(&["[TOOL_REQUEST]"], &[], &["[END_TOOL_REQUEST]"]),
    // Llama.
    family(
        &["<|python_tag|>", "<|python_start|>"],
        &[],
        &[
            "<|python_end|>",
            "<|eom_id|>",
            "<|eot_id|>",
            "<|eom|>",
            "<|eot|>",
        ],
    ),
    // Granite 3, Phi, Gemma 4, LFM2.
    family(
        &["<|tool_call|>", "<|tool_call>", "<|tool_call_start|>"],
        &[],
        &[
            "<|/tool_call|>",
            "</|tool_call|>",
            "<tool_call|>",
            "<|end_of_text|>",
        ],
    ),
    family(
        &["<start_function_call>"],
        &[],
        &["<end_function_call>", "<end_of_turn>"],
    ),
    // DeepSeek, Step, Kimi.
    family(
        &[
            "<|tool_calls_begin|>",
            "<|tool_call_begin|>",
            "<|tool_calls|>",
            "<|DSML|function_calls>",
            "<|tool_calls_section_begin|>",
        ],
        &["<|tool_sep|>", "<|tool_call_argument_begin|>"],
        &[
            "<|tool_call_end|>",
            "<|tool_calls_end|>",
            "<|end_of_sentence|>",
            "</|DSML|invoke>",
            "</|DSML|function_calls>",
            "<|tool_calls_section_end|>",
        ],
    ),
    // Solar.
    family(
        &["<|tool_call:begin|>", "<|tool_calls|>"],
        &["<|tool_call:name|>", "<|tool_call:args|>"],
        &["<|tool_call:end|>", "<|calls|>"],
    ),
    // Command R, Apertus, InternLM.
    family(&["<|START_ACTION|>"], &[], &["<|END_ACTION|>"]),
    family(&["<|tools_prefix|>"], &[], &["<|tools_suffix|>"]),
    family(
        &["<|action_start|>", "<|plugin|>"],
        &[],
        &["<|action_end|>"],
    ),
    // Functionary v2.
    family(
        &["<|from|>assistant", "<|recipient|>"],
        &["<|content|>"],
        &["<|stop|>"],
    ),
    // gpt-oss.
    family(
        &[
            "<|channel|>commentary to=",
            "<|channel|>analysis to=",
            "<|start|>assistant<|channel|>commentary to=",
            "<|start|>assistant<|channel|>analysis to=",
            "<|start|>assistant to=",
        ],
        &[
            "<|channel|>commentary",
            "<|channel|>analysis",
            "<|constrain|>json",
            "<|constrain|>",
            "<|message|>",
            "<|tool_sep|>",
        ],
        &["<|call|>", "<|end|>"],
    ),
    // Models that think and act by turns, with or without a fence.
    family(&[], &["Action Input:", "```json", "```"], &[]),
    // ChatML and others, behind every reply.
    family(&[], &[], &["<|im_end|>", "<|endoftext|>"]),
];

/// Start markers only at the beginning of a line: they are made of ordinary words.
pub(super) const LINE_BEGINS: &[&str] = &[
    // Phi.
    "functools[",
    // Command R, and models that think and act by turns.
    "Action:",
    // gpt-oss on servers that leave its signs out.
    "commentary to=functions.",
    "assistantcommentary to=functions.",
];

/// All start markers.
pub(super) fn begins() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().flat_map(|family| family.begins).copied()
}

/// All markers between names and arguments.
pub(super) fn parts() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().flat_map(|family| family.parts).copied()
}

/// The length of the end marker that a text begins with.
pub(super) fn end(text: &str) -> Option<usize> {
    // Most text after a call is not an end marker, as its first character shows.
    if !text.starts_with(['<', '[']) {
        return None;
    }
    let ends = FAMILIES.iter().flat_map(|family| family.ends);
    ends.filter_map(|end| fit(text, end).length()).max()
}

/// How far a text begins with a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// The length of the marker in the text, in bytes.
    Whole(usize),
    /// The text ends within it.
    Part,
    No,
}

impl Fit {
    pub fn length(self) -> Option<usize> {
        match self {
            Fit::Whole(length) => Some(length),
            Fit::Part | Fit::No => None,
        }
    }
}

/// Compares the beginning of a text with a marker. Bars and underscores may be DeepSeek's wide
/// ones, and letters in either case: distilled models mix them.
pub(super) fn fit(text: &str, sign: &str) -> Fit {
    let bytes = text.as_bytes();
    let mut at = 0;
    for expected in sign.bytes() {
        let (found, length) = match bytes.get(at) {
            None => return Fit::Part,
            Some(0xEF) if text[at..].starts_with(BAR) => (b'|', BAR.len_utf8()),
            Some(0xE2) if text[at..].starts_with(UNDERSCORE) => (b'_', UNDERSCORE.len_utf8()),
            Some(byte) => (*byte, 1),
        };
        if !found.eq_ignore_ascii_case(&expected) {
            return Fit::No;
        }
        at += length;
    }
    Fit::Whole(at)
}

/// A text with ASCII bars and underscores.
pub(super) fn plain(text: &str) -> String {
    text.replace(BAR, "|").replace(UNDERSCORE, "_")
}

/// Whether a text ends with a start marker.
pub(super) fn ends_with_begin(text: &str) -> bool {
    const LONGEST: usize = 80;
    let start = text.ceil_char_boundary(text.len().saturating_sub(LONGEST));
    let tail = plain(&text[start..]);
    begins().any(|sign| tail.trim_end().ends_with(sign))
}
