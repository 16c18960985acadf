//! Estimates how many tokens a text has.
//!
//! Fitted to the vocabularies of cl100k and o200k, which those of Qwen and Llama resemble: on
//! source code of eight languages it is within 6 %; on Chinese, Japanese, Korean and Russian prose
//! it lies between the two, which are up to 60 % apart there.

/// Estimates the tokens of a text.
///
/// Letters are counted by word, with a little more for long ones; digits count one each; runs of
/// punctuation and line ends as vocabularies merge them; other scripts by character.
pub fn estimate_text(text: &str) -> u32 {
    u32::try_from(tenths(text).div_ceil(10)).unwrap_or(u32::MAX)
}

/// The part of [`estimate_text`] for digits: vocabularies join up to three of them, so it may be
/// three times too high.
pub fn estimate_digits(text: &str) -> u32 {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    u32::try_from(digits * 9 / 10).unwrap_or(u32::MAX)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CharacterRun {
    Nothing,
    Letters,
    Digits,
    Signs,
    Spaces,
    Lines,
    Other,
}

/// Tenths of a token.
fn tenths(text: &str) -> u64 {
    let mut tenths = 0;
    let mut run = CharacterRun::Nothing;
    let (mut length, mut unbroken) = (0u32, 0u32);
    let mut lower = false;
    let mut before = None;
    for character in text.chars() {
        let kind = match character {
            'a'..='z' | 'A'..='Z' => CharacterRun::Letters,
            '0'..='9' => CharacterRun::Digits,
            '\n' | '\r' => CharacterRun::Lines,
            ' ' | '\t' => CharacterRun::Spaces,
            _ if character.is_ascii() => CharacterRun::Signs,
            _ => CharacterRun::Other,
        };
        // `camelCase` is two words.
        let hump = kind == CharacterRun::Letters && lower && character.is_ascii_uppercase();
        lower = character.is_ascii_lowercase();
        unbroken = match kind {
            CharacterRun::Letters | CharacterRun::Digits => unbroken + 1,
            _ => 0,
        };
        if kind != run || hump {
            length = 0;
            tenths += begins(kind, run);
        }
        length += 1;
        let repeats = before.replace(character) == Some(character);
        tenths += match kind {
            // Rules and boxes: vocabularies have whole runs of a sign.
            CharacterRun::Signs if repeats => 1,
            CharacterRun::Other if repeats && matches!(character, '\u{2500}'..='\u{259f}') => 1,
            // Encoded bytes are no words.
            CharacterRun::Letters if unbroken > 24 => 4,
            CharacterRun::Letters if length > 8 => 3,
            CharacterRun::Letters if length > 4 => 1,
            CharacterRun::Digits => 9,
            CharacterRun::Signs if length > 1 => 4,
            CharacterRun::Spaces if length == 2 => 6,
            CharacterRun::Other => other(character),
            _ => 0,
        };
        run = kind;
    }
    tenths
}

/// The cost of starting a run; a single space belongs to the word behind it.
fn begins(kind: CharacterRun, before: CharacterRun) -> u64 {
    match (kind, before) {
        (CharacterRun::Letters, _) => 9,
        (CharacterRun::Signs, CharacterRun::Letters | CharacterRun::Digits) => 7,
        (CharacterRun::Signs, _) => 8,
        // `;` and the line end behind it are one token.
        (CharacterRun::Lines, CharacterRun::Signs) => 3,
        (CharacterRun::Lines, _) => 8,
        _ => 0,
    }
}

/// The cost of a character beyond ASCII, by its Unicode block.
fn other(character: char) -> u64 {
    match u32::from(character) {
        0x370..=0x52f => 4,
        0x530..=0x6ff => 6,
        0x00..=0x24f | 0x3040..=0x30ff => 8,
        0x3400..=0x9fff | 0x2000..=0x206f | 0x3000..=0x303f | 0xff00..=0xffef => 9,
        0x700..=0x1fff | 0xac00..=0xd7af => 10,
        0x2500..=0x259f => 8,
        0x2100..=0x2fff => 15,
        _ => 25,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cl100k makes of the texts, and o200k.
    #[track_caller]
    fn check(text: &str, least: u32, most: u32) {
        let estimate = estimate_text(text);
        assert!(
            (least..=most).contains(&estimate),
            "{estimate} is not within {least}..={most}: {text}"
        );
    }

    #[test]
    fn words_and_code_are_near_what_vocabularies_make_of_them() {
        check("The quick brown fox jumps over the lazy dog.", 9, 11);
        check("pub fn estimate(messages: &[Message]) -> u32 {\n", 11, 15);
        check("        self.known.truncate(messages.len());\n", 8, 12);
        check("{\"name\": \"read_file\", \"count\": 12}", 11, 16);
        check("", 0, 0);
    }

    #[test]
    fn other_scripts_are_counted_by_character() {
        // 39, 44 and 48 characters.
        check(
            "请修复登录页面的错误，并运行所有测试。每个片段都有路径、起始行、结束行和符号名称。",
            24,
            41,
        );
        check(
            "로그인 페이지의 오류를 고치고 모든 테스트를 실행해 주세요. 파일이 바뀌었는지 확인합니다.",
            25,
            44,
        );
        check(
            "ログインページのエラーを修正して、すべてのテストを実行してください。最初に候補を見つけます。",
            28,
            48,
        );
    }

    #[test]
    fn rules_and_boxes_are_cheap() {
        check(&"=".repeat(80), 1, 12);
        check(&"─".repeat(80), 1, 30);
        check("┌──────────┬─────┐\n│ name     │ age │\n", 12, 36);
    }

    #[test]
    fn encoded_bytes_are_dear() {
        let encoded = "f0VMRgIBAQAAAAAAAAAAAAMAPgABAAAA0MsAAAAAAABAAAAAAAAAAPi3AgAA".repeat(10);
        let length = u32::try_from(encoded.len()).expect("short");
        assert!(estimate_text(&encoded) > length * 4 / 10);
    }
}
