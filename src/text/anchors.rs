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

/// The lines of a text without the anchors before them: of at least half of the anchors the checksum
/// is that of the line, and each line that is not empty has one, or several are certain. Nothing else
/// looks like that.
pub fn without_anchors(text: &str) -> Option<String> {
    const SEVERAL: usize = 3;
    let anchors: Vec<(usize, &str, &str)> = text.lines().filter_map(split_anchor).collect();
    let certain = anchors
        .iter()
        .filter(|(_, sum, rest)| checksum(rest) == *sum);
    let certain = certain.count();
    let has_anchor = |line: &str| line.trim().is_empty() || split_anchor(line).is_some();
    let is_whole = text.lines().all(has_anchor);
    let is_copied = certain > 0 && certain * 2 >= anchors.len();
    (is_copied && (is_whole || certain >= SEVERAL)).then(|| stripped(text))
}

/// New lines for a file without the anchors that were copied before some of them; `given` are the
/// anchors of the lines that they replace. `None` if no line has an anchor of the file.
pub fn without_copied_anchors(new: &str, file: &str, given: &[(usize, &str)]) -> Option<String> {
    let lines: Vec<&str> = file.lines().collect();
    let is_copied = |(number, sum, rest): (usize, &str, &str)| {
        let line = number.checked_sub(1).and_then(|at| lines.get(at));
        let is_known = checksum(rest) == sum
            || given.contains(&(number, sum))
            || line.is_some_and(|line| checksum(line) == sum);
        // The file itself may have lines that look so.
        is_known && !file.contains(&format!("{number}{sum}{MARK}"))
    };
    let mut anchors = new.lines().filter_map(split_anchor);
    anchors.any(is_copied).then(|| stripped(new))
}

/// The lines of a text, each without the anchor before it, if it has one.
fn stripped(text: &str) -> String {
    let bare = |line| split_anchor(line).map_or(line, |(_, _, rest)| rest);
    let lines: Vec<&str> = text.split('\n').map(bare).collect();
    lines.join("\n")
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

    #[test]
    fn single_certain_anchors_among_many_lines_prove_nothing() {
        let data: String = (0..700)
            .map(|number| format!("{number}kg|x{number}\n"))
            .collect();
        assert_eq!(without_anchors(&data), None);
        let shown = |number: usize, line: &str| anchored(number, line, line);
        let mixed = format!(
            "{}\n{}\nnew\n{}\n",
            shown(1, "a"),
            shown(2, "b"),
            shown(3, "c")
        );
        assert_eq!(without_anchors(&mixed).as_deref(), Some("a\nb\nnew\nc\n"));
        let one = format!("{}\nnew\n", shown(1, "a"));
        assert_eq!(without_anchors(&one), None);
    }

    #[test]
    fn anchors_before_changed_lines_come_off() {
        let file = "fn f() {\n    one();\n}\n";
        let sum = checksum("    one();");
        let bare = |new: &str, given: &[(usize, &str)]| without_copied_anchors(new, file, given);
        let new = format!("2{sum}|    two();\n    three();");
        assert_eq!(bare(&new, &[]).as_deref(), Some("    two();\n    three();"));
        // The line was shown with another number.
        let new = format!("9{sum}|    two();\n");
        assert_eq!(
            bare(&new, &[(9, sum.as_str())]).as_deref(),
            Some("    two();\n")
        );
        assert_eq!(bare("    two();\n", &[]), None);
        let table = format!("a\n2{}|x\n", checksum("a"));
        let row = format!("1{}|y", checksum("a"));
        assert_eq!(
            without_copied_anchors(&row, &table, &[]).as_deref(),
            Some("y")
        );
        let own = format!("{row}\n{table}");
        assert_eq!(without_copied_anchors(&row, &own, &[]), None);
    }
}
