//! Words as a shell reads them.

/// A word on a command line: a shell makes just this word of it, whatever it holds but NUL, which no
/// word can hold. At the beginning of a line it is the name of a program, unless it is a word of the
/// shell's own.
pub fn shell_word(word: &str) -> String {
    // Letters of other scripts are plain to a shell, too, but not to all who read the line.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./=:@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) && !is_assignment(word) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Whether a word would give a variable a value at the beginning of a line: `A=b`, `A+=b`.
fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else {
        return false;
    };
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(is_of_name)
}

/// The line for program and arguments. The program must be the name of one, and no word of the shell's
/// own.
pub fn shell_line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::words::vectors;
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn what_is_plain_stays_as_it_is() {
        for (words, line) in [
            (&["cargo", "test"][..], "cargo test"),
            (&["a", "it's", ""], "a 'it'\\''s' ''"),
            (&["jq", ".a | .b", "x.json"], "jq '.a | .b' x.json"),
            (&["a", "$(rm x)", "`x`", "*"], "a '$(rm x)' '`x`' '*'"),
            (&["a", "b\nc", "é", "~"], "a 'b\nc' 'é' '~'"),
            (&["A=b", "A+=b", "--a=b"], "'A=b' 'A+=b' --a=b"),
        ] {
            assert_eq!(shell_line(&owned(words)), line);
        }
    }

    proptest! {
        /// Who judges a line sees the words that run, or says that it does not understand it.
        #[test]
        fn a_line_is_read_as_its_words(
            program in "[a-z][a-z0-9]{0,8}",
            arguments in prop::collection::vec(
                prop_oneof!["[ -~]{0,12}", "[a-z'\"$`\\\\ \n|&;<>(){}*?~!#=-]{0,12}", "\\PC{0,6}"],
                0..5,
            ),
        ) {
            let words: Vec<String> = [program].into_iter().chain(arguments).collect();
            let line = shell_line(&words);
            if let Some(read) = vectors(&line) {
                prop_assert_eq!(read.len(), 1);
                prop_assert_eq!(&read[0].words, &words);
            }
        }

        #[test]
        fn words_of_one_line_are_all_read(
            arguments in prop::collection::vec("[ !#-&(-~]{0,12}", 0..5),
        ) {
            let words: Vec<String> = ["a".to_owned()].into_iter().chain(arguments).collect();
            let read = vectors(&shell_line(&words)).expect("plain quotes");
            prop_assert_eq!(&read[0].words, &words);
        }
    }
}
