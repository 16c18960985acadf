//! The banner of a conversation: model, index, project instructions and mode.

use super::super::style::{BOLD, DIM, PLAIN, WARNING, count, counted, visible_name};
use super::super::wrap::wrapped;
use crate::conversation::messages::{confinement_words, mode_words, risk_warning};
use crate::permission::{Confinement, Mode};
use crate::visible::escape_hidden;

/// Indentation of the continuation of a long value.
const HANGING: &str = "        ";

#[derive(Clone, Debug)]
pub struct Banner {
    pub workspace: String,
    pub model: String,
    /// Context window in tokens.
    pub window: u32,
    /// The server, if it is not on this machine.
    pub remote: Option<String>,
    /// Where vectors are written to, if it is not on this machine.
    pub shared: Option<String>,
    /// State of the index.
    pub index: String,
    /// Path and number of lines of the project instructions.
    pub memory: Option<(String, usize)>,
    pub mode: Mode,
    /// The mode in which a plan is carried out.
    pub work_mode: Mode,
    pub confinement: Confinement,
}

impl Banner {
    /// The text for a terminal of this width; each line ends with a line break.
    pub fn text(&self, columns: usize) -> String {
        let mut out = format!(
            "{BOLD}ollacode {}{PLAIN}  {}\n",
            env!("CARGO_PKG_VERSION"),
            visible_name(&self.workspace)
        );
        let memory = match &self.memory {
            Some((path, lines)) => {
                format!(
                    "{} ({})",
                    visible_name(path),
                    counted(*lines as u64, "line")
                )
            }
            None => "no OLLACODE.md (project instructions)".to_owned(),
        };
        let rows = [
            (
                "model",
                format!(
                    "{}, context window of {} tokens",
                    visible_name(&self.model),
                    count(u64::from(self.window))
                ),
            ),
            ("index", visible_name(&self.index)),
            ("memory", memory),
            (
                "mode",
                format!(
                    "{}: {}; {}",
                    self.mode.name(),
                    mode_words(self.mode, self.confinement),
                    confinement_words(self.confinement)
                ),
            ),
        ];
        for (name, value) in rows {
            let value = wrapped(&value, HANGING.len(), HANGING, columns);
            out.push_str(&format!("{DIM}{name:<7}{PLAIN} {value}\n"));
        }
        for warning in self.warnings() {
            let warning = wrapped(&escape_hidden(&warning), "warning: ".len(), "", columns);
            out.push_str(&format!("{WARNING}warning:{PLAIN} {warning}\n"));
        }
        let help = "/help lists the commands, Ctrl-C stops the model, Ctrl-D quits";
        out.push_str(&format!("{DIM}{}{PLAIN}\n", wrapped(help, 0, "", columns)));
        out
    }

    /// Risks that the user must see.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(host) = &self.remote {
            warnings.push(format!("your code is sent to {host}"));
        }
        if let Some(place) = &self.shared {
            warnings.push(format!("vectors of your code are written to {place}"));
        }
        if let Some(risk) = risk_warning(self.mode, self.confinement) {
            warnings.push(risk);
        } else if self.mode == Mode::Plan
            && let Some(risk) = risk_warning(self.work_mode, self.confinement)
        {
            warnings.push(format!("when a plan is carried out, {risk}"));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner() -> Banner {
        Banner {
            workspace: "/home/me/shop".into(),
            model: "qwen3-coder:30b".into(),
            window: 32_768,
            remote: None,
            shared: None,
            index: "1,234 files, 5,678 chunks".into(),
            memory: Some(("OLLACODE.md".into(), 40)),
            mode: Mode::Ask,
            work_mode: Mode::Ask,
            confinement: Confinement::None,
        }
    }

    fn shown(banner: &Banner) -> String {
        anstream::adapter::strip_str(&banner.text(80)).to_string()
    }

    #[test]
    fn it_says_who_answers_and_what_may_be_done() {
        let text = shown(&banner());
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "model   qwen3-coder:30b, context window of 32,768 tokens",
                "index   1,234 files, 5,678 chunks",
                "memory  OLLACODE.md (40 lines)",
                "mode    ask: edits and commands need approval; commands are not confined",
                "/help lists the commands, Ctrl-C stops the model, Ctrl-D quits",
            ]
        );
    }

    #[test]
    fn a_long_row_goes_on_below_its_value() {
        let confined = Banner {
            confinement: Confinement::Landlock,
            ..banner()
        };
        let text = shown(&confined);
        assert!(
            text.contains(
                "mode    ask: edits and commands need approval; commands can write only in the\n        \
                 workspace\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_plan_that_will_be_worked_on_unasked_is_loud() {
        let planned = Banner {
            mode: Mode::Plan,
            work_mode: Mode::AutoApprove,
            confinement: Confinement::Full,
            ..banner()
        };
        assert_eq!(
            planned.warnings(),
            [
                "when a plan is carried out, all commands run without approval, and commands are confined"
            ]
        );
        let asked = Banner {
            work_mode: Mode::AutoEdit,
            ..planned
        };
        assert!(asked.warnings().is_empty());
    }

    #[test]
    fn what_is_risky_is_loud() {
        let risky = Banner {
            remote: Some("gpu.example.org".into()),
            shared: Some("s3://team/vectors".into()),
            mode: Mode::AutoApprove,
            ..banner()
        };
        let text = shown(&risky);
        assert!(
            text.contains("warning: your code is sent to gpu.example.org\n"),
            "{text}"
        );
        assert!(
            text.contains("warning: vectors of your code are written to s3://team/vectors\n"),
            "{text}"
        );
        assert!(
            text.contains("warning: all commands run without approval"),
            "{text}"
        );
        assert!(banner().warnings().is_empty());
    }
}
