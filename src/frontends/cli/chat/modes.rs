//! How much is asked: the commands that change it, and what is said about it.

use anyhow::Error;

use super::super::warn;
use super::slash::Next;
use super::talk::Chat;
use crate::frontends::words::{mode_name, mode_words, unasked};
use crate::permission::{Confinement, Mode};

/// The modes in which work is done.
const MODES: [Mode; 3] = [Mode::Ask, Mode::AutoEdit, Mode::AutoApprove];

pub async fn approve(chat: &mut Chat, wanted: &str) -> Result<Next, Error> {
    let Some(mode) = wanted_mode(wanted, chat.work_mode) else {
        chat.note("the modes are `ask`, `auto-edit` and `auto-approve`");
        return Ok(Next::Line);
    };
    chat.work_mode = mode;
    if chat.session.mode != Mode::Plan {
        chat.session.set_mode(mode)?;
    }
    say_mode(chat, mode);
    Ok(Next::Line)
}

pub async fn plan(chat: &mut Chat) -> Result<Next, Error> {
    let mode = if chat.session.mode == Mode::Plan {
        chat.work_mode
    } else {
        Mode::Plan
    };
    chat.session.set_mode(mode)?;
    say_mode(chat, mode);
    Ok(Next::Line)
}

/// Warns if commands run unasked from now on.
pub fn warn_of(chat: &Chat, mode: Mode) {
    if let Some(risk) = unasked(mode, chat.engine.confinement()) {
        warn(&risk);
    }
}

fn say_mode(chat: &Chat, mode: Mode) {
    let said = words(mode, chat.session.mode, chat.engine.confinement());
    chat.note(&said);
    warn_of(chat, mode);
}

/// What is said of a mode that was chosen, while the session is in `current`.
fn words(mode: Mode, current: Mode, confinement: Confinement) -> String {
    let (name, meaning) = (mode_name(mode), mode_words(mode, confinement));
    if current == Mode::Plan && mode != Mode::Plan {
        format!("mode {name} holds after the plan: {meaning}")
    } else {
        format!("mode {name}: {meaning}")
    }
}

/// The mode of this name; the one after `current` if no name is given.
fn wanted_mode(name: &str, current: Mode) -> Option<Mode> {
    if name.is_empty() {
        let at = MODES.iter().position(|mode| *mode == current);
        return Some(MODES[(at.unwrap_or(0) + 1) % MODES.len()]);
    }
    MODES.into_iter().find(|mode| mode_name(*mode) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_plan_a_mode_holds_afterwards() {
        assert_eq!(
            words(Mode::AutoEdit, Mode::Plan, Confinement::None),
            "mode auto-edit holds after the plan: edits run unasked, commands are asked about"
        );
        assert_eq!(
            words(Mode::Plan, Mode::Plan, Confinement::None),
            "mode plan: nothing is written or run"
        );
        assert_eq!(
            words(Mode::Ask, Mode::Ask, Confinement::None),
            "mode ask: edits and commands are asked about"
        );
        assert_eq!(
            words(Mode::AutoEdit, Mode::Ask, Confinement::Full),
            "mode auto-edit: edits and most commands run unasked"
        );
    }

    #[test]
    fn modes_are_named_or_come_in_turn() {
        for (name, current, expected) in [
            ("", Mode::Ask, Some(Mode::AutoEdit)),
            ("", Mode::AutoApprove, Some(Mode::Ask)),
            ("auto-approve", Mode::Ask, Some(Mode::AutoApprove)),
            ("plan", Mode::Ask, None),
            ("all", Mode::Ask, None),
        ] {
            assert_eq!(wanted_mode(name, current), expected, "{name}");
        }
    }
}
