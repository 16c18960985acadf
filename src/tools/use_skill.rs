//! `use_skill`: the text of a skill, or of a file of one. It is told only where the user or the repository
//! has skills, and to models with room for it.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking,
    render,
};
use crate::jail::Jail;
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Effect;
use crate::skills::{Library, Room, SkillCall, SkillError, cleaned};
use crate::text::tokens::estimate_text;

/// Its name: a system prompt that names skills names it.
pub const USE_SKILL: &str = "use_skill";

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: USE_SKILL,
    aliases: &["skill", "load_skill", "activate_skill", "read_skill"],
    description: "Get the instructions of a skill that the system message names, before you begin.",
    parameters: &[
        ParameterDeclaration {
            name: "name",
            aliases: &["skill", "skill_name"],
            kind: ParameterKind::Text,
            description: "Name of the skill",
            required: true,
        },
        ParameterDeclaration {
            name: "arguments",
            aliases: &["args", "input"],
            kind: ParameterKind::Text,
            description: "What it is to work on, in the user's words",
            required: false,
        },
        ParameterDeclaration {
            name: "file",
            aliases: &["path", "resource"],
            kind: ParameterKind::Text,
            description: "A file of the skill to read instead",
            required: false,
        },
    ],
    is_core: false,
};

pub(super) struct UseSkill {
    pub library: Library,
}

impl Tool for UseSkill {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let name = arguments::text(call, "name")?.trim();
            // Some write it as the user would.
            let name = name.trim_start_matches('/').to_owned();
            let file = arguments::optional_text(call, "file").map(str::to_owned);
            let given = arguments::optional_text(call, "arguments").unwrap_or_default();
            let used = SkillCall {
                name,
                arguments: given.to_owned(),
            };
            let what = match &file {
                Some(file) => format!("{}: {}", render::name(&used.name), render::name(file)),
                None => render::name(&used.name),
            };
            let library = self.library.clone();
            Ok(PreparedCall::reading(
                what,
                Effect::Read,
                Box::new(move |running| tell(library, used, file, running).boxed()),
            ))
        }
        .boxed()
    }
}

async fn tell(
    library: Library,
    used: SkillCall,
    file: Option<String>,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let (jail, tokens) = (running.context.jail.clone(), running.tokens);
    let reading = move || match file {
        Some(file) => file_of(&library, &jail, (&used.name, &file), tokens),
        None => instructions(&library, &jail, &used, tokens),
    };
    blocking(reading).await?
}

/// The text of a skill.
fn instructions(
    library: &Library,
    jail: &Jail,
    call: &SkillCall,
    tokens: u32,
) -> Result<ToolOutput, ToolError> {
    let tell = |error: SkillError| ToolError::TellModel(error.to_string());
    let skill = library.find(jail, &call.name).map_err(tell)?;
    if skill.manifest.is_for_user_only {
        return Err(ToolError::TellModel(format!(
            "the skill `{}` is started by the user only, as /{}: go on without it",
            skill.name, skill.name
        )));
    }
    let room = Room {
        body: tokens,
        files: 0,
        has_tool: true,
    };
    let (text, _) = library.instructions(jail, call, room).map_err(tell)?;
    Ok(output(text))
}

/// The text of a file of a skill. One that does not fit is refused: half of a reference misleads.
fn file_of(
    library: &Library,
    jail: &Jail,
    (name, file): (&str, &str),
    most: u32,
) -> Result<ToolOutput, ToolError> {
    let tell = |error: SkillError| ToolError::TellModel(error.to_string());
    let skill = library.find(jail, name).map_err(tell)?;
    let text = cleaned(&library.file(&skill, file).map_err(tell)?);
    let tokens = estimate_text(&text);
    if tokens > most {
        return Err(ToolError::TellModel(format!(
            "`{}` has about {tokens} tokens, and at most {most} fit into a result: go on without it, or \
             tell the user",
            render::name(file)
        )));
    }
    Ok(output(text))
}

fn output(text: String) -> ToolOutput {
    ToolOutput {
        summary: render::count(text.lines().count(), "line", "lines"),
        text,
        ..ToolOutput::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::tests_support::{Bench, call};

    const SKILL: &str = "---\nname: NAME\ndescription: d\nMORE---\nExplain $ARGUMENTS.\n";

    fn bench() -> Bench {
        let bench = Bench::new();
        for (name, more) in [("notes", ""), ("mine", "disable-model-invocation: true\n")] {
            let text = SKILL.replace("NAME", name).replace("MORE", more);
            bench.file(&format!(".agents/skills/{name}/SKILL.md"), &text);
        }
        bench.file(".agents/skills/notes/references/a.md", "Of a.\n");
        bench
    }

    async fn used(bench: &Bench, arguments: Value) -> Result<String, String> {
        let tool = UseSkill {
            library: Library::default(),
        };
        let call = call(USE_SKILL, arguments);
        let prepared = bench.prepare_with(&tool, &call).await;
        let prepared = prepared.map_err(|error| error.to_string())?;
        assert_eq!(prepared.effects, [Effect::Read]);
        let output = bench.run(prepared).await;
        output
            .map(|output| output.text)
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_model_gets_a_skill_and_its_files() {
        let bench = bench();
        let arguments = json!({"name": "/notes", "arguments": "main.rs"});
        let text = used(&bench, arguments).await.expect("a text");
        for part in [
            "not from the user",
            "Explain main.rs.",
            "`.agents/skills/notes/references/a.md`",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let file = json!({"name": "notes", "file": "references/a.md"});
        assert_eq!(used(&bench, file).await.as_deref(), Ok("Of a.\n"));
    }

    #[tokio::test]
    async fn what_a_model_cannot_have_is_said() {
        let bench = bench();
        for (arguments, why) in [
            (
                json!({"name": "nothing"}),
                "there is no skill `nothing`; there are: ",
            ),
            (json!({"name": "../notes"}), "there is no skill"),
            (
                json!({"name": "mine"}),
                "started by the user only, as /mine",
            ),
            (
                json!({"name": "notes", "file": "../mine/SKILL.md"}),
                "no file `../mine/SKILL.md`; there are: references/a.md",
            ),
        ] {
            let error = used(&bench, arguments).await.expect_err("it is refused");
            assert!(error.contains(why), "{error}");
        }
        let narrow = bench.narrow(20);
        let error = used(&narrow, json!({"name": "notes"})).await;
        let error = error.expect_err("it does not fit");
        assert!(error.contains("at most 20 have room"), "{error}");
    }
}
