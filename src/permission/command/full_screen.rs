//! Full-screen programs: without a terminal they wait for keys that never come.

use super::words;

/// Such programs, and the options with which they need no terminal.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("btop", &[]),
    ("emacs", &["--batch", "-batch", "--script", "-script"]),
    ("htop", &[]),
    ("hx", &[]),
    ("joe", &[]),
    ("mc", &[]),
    ("micro", &[]),
    ("nano", &[]),
    ("nvim", EX),
    ("pico", &[]),
    ("screen", &["-ls", "-list", "-dmS", "-dm"]),
    ("tmux", &["-V", "ls", "new-session", "kill-server"]),
    ("top", &["-b", "-l"]),
    ("vi", EX),
    ("view", EX),
    ("vim", EX),
    ("vimdiff", EX),
    ("watch", &[]),
];
const EX: &[&str] = &["-e", "-E", "-es", "-Es", "--headless"];
/// With these options a program only prints something.
const SAYING: &[&str] = &["--help", "-h", "--version", "-V", "-v"];

/// The program of a command that takes over a terminal, if there is one.
pub fn full_screen(command: &str) -> Option<&'static str> {
    let vectors = words::vectors(command)?;
    vectors.iter().find_map(|vector| {
        let (program, arguments) = vector.words.split_first()?;
        let program = program.rsplit('/').next()?;
        let (name, without) = PROGRAMS.iter().find(|row| row.0 == program)?;
        let does_without = |given: &String| {
            let given = given.as_str();
            SAYING.contains(&given) || without.iter().any(|option| given.starts_with(option))
        };
        (!arguments.iter().any(does_without)).then_some(*name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_terminal_is_known_by_its_program() {
        for (command, expected) in [
            ("vi src/main.rs", Some("vi")),
            ("/usr/bin/vim +10 a", Some("vim")),
            ("cd src && nano a.rs", Some("nano")),
            ("top", Some("top")),
            ("watch -n 1 ls", Some("watch")),
            ("emacs -nw a", Some("emacs")),
            ("vim -es -c '%s/a/b/' -c wq a", None),
            ("emacs --batch -l a.el", None),
            ("top -bn1", None),
            ("vim --version", None),
            ("cargo watch --help", None),
            ("grep vi a", None),
            ("ls | less", None),
            ("", None),
        ] {
            assert_eq!(full_screen(command), expected, "{command}");
        }
    }
}
