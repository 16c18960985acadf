//! The script in which somebody writes: a model that answers in another one than the user's is
//! asked once more.

use super::claims::without_code;

/// Fewer letters of a question tell nothing.
const FEWEST_ASKED: usize = 4;
/// Fewer words of a question tell nothing: `continue` is typed in any language.
const FEWEST_WORDS: usize = 3;
/// Fewer letters of an answer tell nothing.
const FEWEST_ANSWERED: usize = 24;
/// A sign of another script says as much as so many Latin letters.
const WEIGHT: usize = 3;

/// A script, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    /// Chinese, and Japanese with it.
    Han,
    Hangul,
    Cyrillic,
    Arabic,
    Other,
}

const ALL: [Script; 6] = [
    Script::Latin,
    Script::Han,
    Script::Hangul,
    Script::Cyrillic,
    Script::Arabic,
    Script::Other,
];

impl Script {
    pub(super) fn name(self) -> &'static str {
        match self {
            Script::Latin => "Latin letters",
            Script::Han => "Chinese or Japanese",
            Script::Hangul => "Korean",
            Script::Cyrillic => "Cyrillic letters",
            Script::Arabic => "Arabic letters",
            Script::Other => "another script",
        }
    }

    /// Whether a text names a language of this script, as one to answer in.
    fn is_named_in(self, text: &str) -> bool {
        let names = match self {
            Script::Latin => {
                "english 英文 英语 英語 영어 английск 法语 法語 法文 德语 德語 德文 西班牙语 \
                 意大利语 葡萄牙语 荷兰语 波兰语 越南语 フランス語 ドイツ語 スペイン語 イタリア語 \
                 ポルトガル語 프랑스어 독일어 스페인어 이탈리아어 포르투갈어 베트남어 французск \
                 немецк испанск итальянск португальск польск"
            }
            Script::Han => {
                "chinese mandarin japanese 中文 汉语 日本語 중국어 일본어 китайск японск"
            }
            Script::Hangul => "korean 한국어 韩语 韓語 韓国語 корейск",
            Script::Cyrillic => "russian ukrainian русск українськ 俄语 俄語 러시아어",
            Script::Arabic => "arabic persian farsi urdu 阿拉伯 아랍어 арабск",
            Script::Other => "hebrew hindi thai greek bengali tamil",
        };
        let lower = text.to_lowercase();
        names.split(' ').any(|name| lower.contains(name))
    }

    fn of(sign: char) -> Option<Script> {
        if !sign.is_alphabetic() {
            return None;
        }
        Some(match u32::from(sign) {
            0..=0x024f | 0x1e00..=0x1eff => Script::Latin,
            0x0400..=0x052f => Script::Cyrillic,
            0x0600..=0x06ff | 0x0750..=0x077f => Script::Arabic,
            0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7af => Script::Hangul,
            0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff => Script::Han,
            _ => Script::Other,
        })
    }
}

/// The script of an answer, if it is not the one of the question: `None` if it is, if one of them
/// says too little, or if the question or the notes of the project name a language of the other.
pub(super) fn other_script(question: &str, answer: &str, notes: &str) -> Option<Script> {
    if word_count(question) < FEWEST_WORDS {
        return None;
    }
    let own = without_names(question);
    let (asked, _) = main_script(&own, FEWEST_ASKED)?;
    let prose = without_code(answer);
    let (given, counts) = main_script(&prose, FEWEST_ANSWERED)?;
    if given == Script::Latin && has_latin_words(&own) {
        return None;
    }
    let share = |script: Script| {
        let at = ALL.iter().position(|known| *known == script);
        at.map_or(0, |at| counts[at]) * 100 / counts.iter().sum::<usize>().max(1)
    };
    let differs = given != asked && share(given) >= 60 && share(asked) < 40;
    let is_wanted = [question, notes]
        .iter()
        .any(|text| has_script(text, given) || given.is_named_in(text));
    (differs && !is_wanted && !is_about_translation(question)).then_some(given)
}

/// How many words a text has; of Chinese and Japanese, which have no spaces, each sign counts.
fn word_count(text: &str) -> usize {
    let words = text.split_whitespace().map(|word| {
        let signs = word.chars();
        let han = signs.filter(|sign| Script::of(*sign) == Some(Script::Han));
        han.count().max(1)
    });
    words.sum()
}

/// The own words of a question: without code, quotations, paths and mentions.
fn without_names(question: &str) -> String {
    let plain = without_code(question);
    let mut text = String::new();
    let mut close = None;
    for sign in plain.chars() {
        match (close, sign) {
            (None, '「') => close = Some('」'),
            (None, '『') => close = Some('』'),
            (None, _) => text.push(sign),
            (Some(end), _) if sign == end => {
                close = None;
                text.push(' ');
            }
            (Some(_), _) => {}
        }
    }
    let own = text.split_whitespace().filter(|word| !is_name(word));
    own.collect::<Vec<_>>().join(" ")
}

/// Whether a word is a path, a mention or an identifier.
fn is_name(word: &str) -> bool {
    let has_extension = word
        .match_indices('.')
        .any(|(at, _)| word[at + 1..].starts_with(char::is_alphanumeric));
    has_extension || word.starts_with('@') || word.contains(['/', '\\', '_'])
}

/// Whether somebody writes in Latin letters, whatever he names: the first word is in them, or two
/// words are.
fn has_latin_words(own: &str) -> bool {
    let is_latin = |word: &&str| {
        let mut scripts = word.chars().filter_map(Script::of).peekable();
        scripts.peek().is_some() && scripts.all(|script| script == Script::Latin)
    };
    let is_first = own
        .split_whitespace()
        .next()
        .is_some_and(|word| is_latin(&word));
    is_first || own.split_whitespace().filter(is_latin).count() >= 2
}

/// The script with the most weight, and the weight of each; `None` for too few letters.
fn main_script(text: &str, fewest: usize) -> Option<(Script, [usize; 6])> {
    let mut counts = [0; 6];
    for script in text.chars().filter_map(Script::of) {
        let weight = if script == Script::Latin { 1 } else { WEIGHT };
        if let Some(at) = ALL.iter().position(|known| *known == script) {
            counts[at] += weight;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let at = counts.iter().position(|count| *count == most)?;
    (counts.iter().sum::<usize>() >= fewest).then_some((ALL[at], counts))
}

/// Whether a text has words of a script other than Latin, which stands in every text about code.
fn has_script(text: &str, script: Script) -> bool {
    script != Script::Latin && text.chars().any(|sign| Script::of(sign) == Some(script))
}

/// Whether a text is about translations, of which any script may come.
fn is_about_translation(text: &str) -> bool {
    let lower = text.to_lowercase();
    "translat localiz localis i18n 翻译 翻訳 번역 перевед перевод"
        .split(' ')
        .any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_another_script_is_seen() {
        let chinese = "我已经修复了这个错误，现在函数返回正确的平均值。";
        let english = "I fixed the mean; it returns the right value for each list now.";
        let korean = "평균 함수의 오류를 고쳤습니다. 이제 올바른 값을 돌려줍니다.";
        for (question, answer, expected) in [
            ("Fix the mean function.", chinese, Some(Script::Han)),
            ("Fix `mean` in stats.py.", korean, Some(Script::Hangul)),
            ("평균 함수를 고쳐 주세요", english, Some(Script::Latin)),
            ("修复 stats.py 里的 mean 函数", english, Some(Script::Latin)),
            ("Исправь функцию среднего", english, Some(Script::Latin)),
            ("Fix the mean function.", english, None),
            ("평균 함수를 고쳐 주세요", korean, None),
            // Said, quoted, or too short.
            ("Fix the mean function. Answer in Chinese.", chinese, None),
            ("What does 平均 mean here?", chinese, None),
            ("用英文回答：平均函数有什么问题？", english, None),
            ("Translate the README.", chinese, None),
            ("ok", chinese, None),
            ("Fix the mean function.", "好的。", None),
            ("修复平均函数", "`src/stats.py:3`", None),
        ] {
            assert_eq!(other_script(question, answer, ""), expected, "{question}");
        }
        let notes = "Answer in Chinese.";
        assert_eq!(other_script("Fix the mean function.", chinese, notes), None);
    }

    #[test]
    fn names_in_a_question_are_not_its_language() {
        let english = "I fixed the mean; it returns the right value for each list now.";
        let korean = "평균 함수의 오류를 고쳤습니다. 이제 올바른 값을 돌려줍니다.";
        let french = "La fonction divise par le nombre de valeurs, ce qui est correct.";
        for (question, answer, expected) in [
            ("fix 设计文档.md", english, None),
            ("fix the text in docs/设计文档.md please", english, None),
            ("What does 连接超时错误 mean", english, None),
            ("Explain the log line: エラーが発生しました", english, None),
            ("What does 「エラーが発生しました」 say?", english, None),
            ("Explain @设计文档 in short", english, None),
            // Typed in any session.
            ("continue", korean, None),
            ("commit it", korean, None),
            ("修复 `stats.py` 里的平均函数", english, Some(Script::Latin)),
            ("이 함수의 오류를 고쳐 주세요", english, Some(Script::Latin)),
            // Languages with Latin letters.
            ("用法语回答：平均函数有什么问题？", french, None),
            ("평균 함수를 독일어로 설명해 주세요", french, None),
        ] {
            assert_eq!(other_script(question, answer, ""), expected, "{question}");
        }
    }

    #[test]
    fn code_and_names_do_not_make_a_script() {
        let answer = "함수를 고쳤습니다:\n```python\ndef mean(values):\n    return sum(values) / \
                      len(values)\n```\n`stats.mean_of_all_values` 참고하세요.";
        assert_eq!(other_script("평균 함수를 고쳐 주세요", answer, ""), None);
        let mixed = "Fixed `mean` in stats.py: it divided by the wrong number. 完成";
        assert_eq!(other_script("Fix the mean function.", mixed, ""), None);
    }
}
