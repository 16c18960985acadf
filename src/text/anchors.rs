//! Anchors of lines: the number of a line and a short checksum of its text, as in `12ab|let a = 1;`.

/// What stands behind an anchor.
const MARK: char = '|';
/// Different checksums.
const CHECKSUMS: u64 = 26 * 26;

/// The checksum of a line: two letters. White space at its end does not count.
pub fn checksum(line: &str) -> String {
    // FNV-1a.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in line.trim_end().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let sum = (hash ^ (hash >> 32)) % CHECKSUMS;
    let letter = |value: u64| char::from(b'a' + u8::try_from(value).unwrap_or(0));
    [letter(sum / 26), letter(sum % 26)].iter().collect()
}

/// A line with its anchor; what is shown of it may differ from its text.
pub fn anchored(number: usize, text: &str, shown: &str) -> String {
    format!("{number}{}{MARK}{shown}", checksum(text))
}

/// The number, the checksum and the rest of a line that begins with an anchor.
pub fn split_anchor(line: &str) -> Option<(usize, &str, &str)> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let number = line[..digits].parse::<usize>().ok()?;
    let rest = &line[digits..];
    let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    let text = rest.get(2..)?.strip_prefix(MARK)?;
    (letters == 2).then(|| (number, &rest[..2], text))
}

/// The lines of a text without the anchors before them. Each line that is not empty has one, and one
/// of them at least is that of its line: nothing else looks like that.
pub fn without_anchors(text: &str) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let mut is_certain = false;
    let mut lines = Vec::new();
    for line in body.split('\n') {
        match split_anchor(line) {
            Some((_, sum, rest)) => {
                is_certain |= checksum(rest) == sum;
                lines.push(rest);
            }
            None if line.trim().is_empty() => lines.push(line),
            None => return None,
        }
    }
    is_certain.then(|| format!("{}{}", lines.join("\n"), &text[body.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_of_the_text_of_a_line() {
        assert_eq!(checksum("let a = 1;"), checksum("let a = 1;  "));
        assert_ne!(checksum("let a = 1;"), checksum("let a = 2;"));
        assert_ne!(checksum("let a = 1;"), checksum("  let a = 1;"));
        let sums: std::collections::BTreeSet<String> = (0..2_000)
            .map(|number| checksum(&format!("line {number}")))
            .collect();
        assert!(sums.len() > 600, "{}", sums.len());
        let is_letter = |letter: char| letter.is_ascii_lowercase();
        assert!(
            sums.iter()
                .all(|sum| sum.len() == 2 && sum.chars().all(is_letter))
        );
    }

    #[test]
    fn anchors_come_off_as_they_went_on() {
        let lines = ["fn f() {", "    a | b", "", "}"];
        let shown: Vec<String> = (7..)
            .zip(lines)
            .map(|(number, line)| anchored(number, line, line))
            .collect();
        let first = split_anchor(&shown[0]).expect("an anchor");
        assert_eq!(first, (7, checksum("fn f() {").as_str(), "fn f() {"));
        let text = format!("{}\n", shown.join("\n"));
        let bare = format!("{}\n", lines.join("\n"));
        assert_eq!(without_anchors(&text), Some(bare));
        // A line that was changed keeps the others' proof.
        let changed = text.replace("a | b", "a & b");
        assert!(without_anchors(&changed).is_some_and(|text| text.contains("\n    a & b\n")));
        for text in [
            "",
            "a",
            "12ab",
            "10kg|x\n20kg|y",
            "12→a",
            "12abc|x",
            "x 12ab|y",
        ] {
            assert_eq!(without_anchors(text), None, "{text}");
        }
    }
}
