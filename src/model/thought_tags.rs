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

/// Whether a template, of Go or Jinja, ends with the start tag of thoughts, so that a reply has only the end tag:
/// after the tag come only closing parts of the template.
pub(in crate::model) fn ends_within_thoughts(template: &str) -> bool {
    let template = template.to_ascii_lowercase();
    let tags = THOUGHT_TAGS.iter().filter(|tags| tags.ends_alone);
    tags.filter_map(|tags| {
        let (_, behind) = template.rsplit_once(tags.begin)?;
        Some(behind)
    })
    .any(|behind| {
        let parts = behind.replace("\\n", "\n");
        let mut rest = parts.as_str();
        // The end of the expression that the tag stands in.
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "\"'+-}".contains(c));
        while let Some((end, after)) = rest
            .strip_prefix("{{")
            .and_then(|inner| inner.split_once("}}"))
            .or_else(|| rest.strip_prefix("{%")?.split_once("%}"))
        {
            let word = end.trim_matches(['-', ' ', '\t', '\n']);
            if !matches!(word, "end" | "endif" | "endfor") {
                return false;
            }
            rest = after.trim_start();
        }
        rest.is_empty()
    })
}
