//! Details of the effects of a call.

use ollacode_secrets::secret_path;

use crate::jail::Jail;
use crate::model::EditForm;
use crate::permission::Effect;
use crate::tools::{PreparedCall, edit_call};

/// Marks files as protected that are so only because git runs them or a link leads to them.
pub(super) fn note_led_to(effects: &mut [Effect], jail: &Jail) {
    for effect in effects {
        if let Effect::Write {
            path,
            runs_later: protected @ None,
        } = effect
        {
            *protected = jail.protected_by_lead(path);
        }
    }
}

/// Whether an effect reads or writes a file that likely holds secrets.
pub(super) fn is_about_secrets(effect: &Effect) -> bool {
    match effect {
        Effect::ReadSecret { .. } => true,
        Effect::Write { path, .. }
        | Effect::ReadOutside { path }
        | Effect::WriteOutside { path } => secret_path(path).is_some(),
        Effect::Read
        | Effect::ReadFile { .. }
        | Effect::Loss { .. }
        | Effect::GitRisk { .. }
        | Effect::Command { .. }
        | Effect::AskUser
        | Effect::External { .. } => false,
    }
}

/// What "for this session" covers: what the tool says, but for calls that leave this program. There
/// it is the tool and its server, if that is all that the call does.
pub(super) fn covered(prepared: &PreparedCall) -> Option<String> {
    match prepared.effects.as_slice() {
        [only @ Effect::External { .. }] => only.external_grant(),
        effects if effects.iter().any(is_external) => None,
        _ => prepared.remember.clone(),
    }
}

/// The call of a command, in a line.
pub(super) fn command_title(effects: &[Effect]) -> String {
    match effects.iter().find_map(own_tool) {
        Some(tool) => format!("run your tool {tool}"),
        None => "run a command".to_owned(),
    }
}

/// Whether a call is one of the user's own tools: its command is the user's, so that no other one can
/// take its place.
pub(super) fn is_own_tool(prepared: &PreparedCall) -> bool {
    prepared
        .effects
        .iter()
        .any(|effect| own_tool(effect).is_some())
}

fn own_tool(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Command { tool, .. } => tool.as_deref(),
        _ => None,
    }
}

pub(super) fn is_external(effect: &Effect) -> bool {
    matches!(effect, Effect::External { .. })
}

/// Tells the model which edit to make if a whole-file write is refused.
pub(super) fn alternative_for(effects: &[Effect], form: EditForm) -> String {
    let loss = effects.iter().find_map(|effect| match effect {
        Effect::Loss { path, what } => Some((path, what)),
        _ => None,
    });
    loss.map_or_else(String::new, |(path, what)| {
        format!(
            "\nIt would remove {what}. If you do not want that, change only the lines that must \
             change: {}",
            edit_call(path, form)
        )
    })
}
