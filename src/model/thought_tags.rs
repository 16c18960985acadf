//! Tags around thoughts that models, or servers that do not know them, leave in the text of a
//! reply.

/// A pair of tags, in lower case; matched in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThoughtTags {
    /// Before the thoughts.
    pub begin: &'static str,
    pub end: &'static str,
    /// Whether the end tag may come alone, because the template has the start tag.
    pub ends_alone: bool,
}

const fn tags(begin: &'static str, end: &'static str, ends_alone: bool) -> ThoughtTags {
    ThoughtTags {
        begin,
        end,
        ends_alone,
    }
}

/// Known tags, from the chat templates of the models.
pub const THOUGHT_TAGS: &[ThoughtTags] = &[
    tags("<think>", "</think>", true),
    tags("<thinking>", "</thinking>", true),
    tags("<thought>", "</thought>", true),
    tags("<thoughts>", "</thoughts>", true),
    tags("<reasoning>", "</reasoning>", true),
    // Seed-OSS.
    tags("<seed:think>", "</seed:think>", true),
    tags("<longcat_think>", "</longcat_think>", true),
    // Hunyuan.
    tags("<think:opensource>", "</think:opensource>", true),
    tags("<scratchpad>", "</scratchpad>", false),
    tags("<analysis>", "</analysis>", false),
    tags("<reflection>", "</reflection>", false),
    // Magistral.
    tags("[think]", "[/think]", true),
    // Kimi.
    tags("◁think▷", "◁/think▷", true),
    // Cohere, Apertus, and models that were distilled with the tags of OpenThoughts.
    tags("<|start_thinking|>", "<|end_thinking|>", true),
    tags("<|inner_prefix|>", "<|inner_suffix|>", false),
    tags("<|begin_of_thought|>", "<|end_of_thought|>", true),
    // Granite 3.2 has sentences for it.
    tags("here is my thought process:", "here is my response:", false),
    // Gemma 4.
    tags("<|channel>thought", "<channel|>", false),
    // Harmony, of gpt-oss.
    tags("<|channel|>analysis<|message|>", "<|end|>", false),
    tags(
        "<|start|>assistant<|channel|>analysis<|message|>",
        "<|end|>",
        false,
    ),
    // Solar.
    tags("<|think|>", "<|end|>", false),
];

/// Tags around the answer that some models write after their thoughts, in lower case.
pub const ANSWER_TAGS: &[(&str, &str)] = &[
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<|start_response|>", "<|end_response|>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    (
        "<|start|>assistant<|channel|>final<|message|>",
        "<|return|>",
    ),
    ("<|channel|>final<|message|>", "<|return|>"),
];
