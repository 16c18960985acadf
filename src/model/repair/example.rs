//! Decides whether the text before a call makes it an example.

/// Phrases anywhere in the paragraph before an example.
const ANYWHERE: &[&str] = &[
    "for example",
    "for instance",
    "e.g.",
    "an example",
    "example:",
    "example call",
    "example of",
    "hypothetical",
    "例如",
    "比如",
    "示例",
    "例えば",
    "예를 들",
    "예시",
    "zum beispiel",
    "par exemple",
    "por ejemplo",
    "per esempio",
    "por exemplo",
    "например",
];

/// Phrases in the sentence before a call that is not meant to run.
const BEFORE: &[&str] = &[
    "you would",
    "you'd",
    "you could",
    "you can",
    "you may",
    "you might",
    "you should",
    "you must",
    "you have to",
    "one would",
    "one could",
    "one can",
    "users can",
    "we could",
    "we would",
    "could be",
    "would be",
    "would look",
    "would send",
    "would call",
    "would write",
    "would use",
    "would have",
    "could look",
    "can be called",
    "might look",
    "looks like",
    "look like",
    "look as follows",
    "such as",
    "the format",
    "the syntax",
    "i called",
    "i sent",
    "i ran",
    "i had",
    "was sent",
    "was called",
    "were called",
    "has been",
    "previous",
    "earlier",
    "last time",
    "the file says",
    "it says",
    "it reads",
    "documentation",
    "你可以",
    "您可以",
    "可以发送",
    "すれば",
    "できます",
    "수 있습니다",
    "würde",
    "könnte",
    "kannst du",
    "vous pouvez",
    "on pourrait",
    "podrías",
    "puedes",
    "можно",
];

/// Phrases that announce an action.
const ANNOUNCING: &[&str] = &[
    "i will",
    "i'll",
    "let me",
    "let us",
    "let's",
    "i need to",
    "i am going",
    "i'm going",
    "i should",
    "i want to",
    "now i",
    "next i",
    "first i",
    "i can",
];

/// Whether a text announces an action.
pub(super) fn announces(text: &str) -> bool {
    let text = text.to_lowercase().replace('’', "'");
    ANNOUNCING.iter().any(|words| text.contains(words))
}

/// Negations.
const NOT: &[&str] = &[
    "not",
    "never",
    "without",
    "avoid",
    "cannot",
    "instead",
    "rather",
    "don't",
    "won't",
    "can't",
    "wouldn't",
    "shouldn't",
    "couldn't",
    "mustn't",
    "didn't",
    "doesn't",
    "isn't",
    "refuse",
];

/// Prefixes of verbs for making a call.
const DONE: &[&str] = &[
    "call", "run", "send", "sent", "use", "using", "make", "making", "execut", "invok", "issu",
    "writ", "do", "this", "that", "delet",
];

/// How many words a negation covers.
const REACH: usize = 4;

/// Longest text checked before a call, in bytes.
const LOOKED_AT: usize = 600;

/// Whether a text makes the call right after it an example.
pub(super) fn introduces(text: &str) -> bool {
    let text = text.trim_end();
    let start = text.ceil_char_boundary(text.len().saturating_sub(LOOKED_AT));
    let text = text[start..].to_lowercase().replace('’', "'");
    let paragraph = text.rsplit("\n\n").next().unwrap_or(&text);
    if ANYWHERE.iter().any(|words| paragraph.contains(words)) {
        return true;
    }
    let sentence = last_sentence(paragraph);
    BEFORE.iter().any(|words| has(sentence, words)) || is_negated(sentence)
}

/// Whether the text right after a call revokes it.
pub(super) fn takes_back(text: &str) -> bool {
    const BACK: &[&str] = &[
        "an example",
        "only example",
        "for illustration",
        "not executed",
        "will not run",
        "did not run",
        "not a real call",
        "do not run",
        "don't run",
        "not applied",
        "not apply",
        "n't apply",
        "apply it yourself",
        "have not changed",
        "haven't changed",
        "not made",
    ];
    let paragraph = text.trim_start().split("\n\n").next().unwrap_or_default();
    let paragraph = paragraph.to_lowercase().replace('’', "'");
    BACK.iter().any(|words| paragraph.contains(words))
}

fn last_sentence(paragraph: &str) -> &str {
    let inner = paragraph.trim_end_matches(|c: char| c.is_whitespace() || ".:!?。：".contains(c));
    let start = inner
        .rmatch_indices(['.', '!', '?', '。', '\n'])
        .find(|(at, mark)| {
            let after = inner[at + mark.len()..].chars().next();
            after.is_none_or(char::is_whitespace) || *mark == "。" || *mark == "\n"
        })
        .map_or(0, |(at, mark)| at + mark.len());
    inner[start..].trim()
}

/// Whether a sentence has these words as whole words, in scripts with spaces.
fn has(sentence: &str, words: &str) -> bool {
    sentence.match_indices(words).any(|(at, _)| {
        let is_letter = |c: char| c.is_ascii_alphabetic();
        let before = sentence[..at].chars().next_back();
        let after = sentence[at + words.len()..].chars().next();
        let would_like = sentence[at + words.len()..].starts_with(" like to");
        !before.is_some_and(is_letter) && !after.is_some_and(is_letter) && !would_like
    })
}

fn is_negated(sentence: &str) -> bool {
    let words: Vec<&str> = sentence
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    words.iter().enumerate().any(|(at, word)| {
        let reach = words.iter().skip(at + 1).take(REACH);
        let is_done = |word: &&str| DONE.iter().any(|done| word.starts_with(done));
        NOT.contains(word) && reach.clone().any(is_done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_told_from_an_announcement() {
        for text in [
            "To write a file you would send:",
            "For example:",
            "I would not call this:",
            "I will not run the following:",
            "You can call it like this:\n",
            "Never send this:",
            "The agent could call tools, e.g. this one.",
            "Models are trained. Such a call would look as follows:",
            "例如：",
            "예를 들어:",
            "Zum Beispiel:",
            "Don’t run this:",
        ] {
            assert!(introduces(text), "{text}");
        }
        for text in [
            "",
            "I will read it now.",
            "I would like to read the file first:",
            "Let me look at the file:",
            "To see what it does, I will read the file.",
            "This does not compile. I read it again:",
            "You would get an error.\n\nI read the file:",
            "I don't know the file yet. Let me read it:",
            "1. Read it:",
            "The test fails without a network, so I look at it:",
            "좋습니다. 파일을 읽겠습니다.",
        ] {
            assert!(!introduces(text), "{text}");
        }
        for (text, expected) in [
            ("\nThis is only an example.\n", true),
            ("I have not applied it.", true),
            ("I did not apply this.", true),
            ("I didn’t apply it yet.", true),
            ("You can apply it yourself.", true),
            ("I have not changed the file.", true),
            ("I haven't changed anything.", true),
            ("The change is not made yet.", true),
            ("\nThis will show its contents.\n", false),
            ("It applies to both functions.", false),
        ] {
            assert_eq!(takes_back(text), expected, "{text}");
        }
    }
}
