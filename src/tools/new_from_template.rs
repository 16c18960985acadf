//! `new_from_template`: new files from a template, all in one change.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::draft::{apply_changes, file_to_write};
use super::{
    FileView, PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments,
    blocking, render,
};
use crate::edit::FileEdit;
use crate::jail::{WorkspacePath, protected};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Preview};
use crate::session::changes::{Blob, Change};
use crate::templates::{Library, ListedTemplate, RenderedFile, write_new};
use crate::visible::defang_chat_markers;

/// What an approval for the session covers: that of edits.
const GRANT_SCOPE: &str = "edits";
/// Most templates that a model is told of.
const MOST_LISTED: usize = 30;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: LazyLock<ToolDeclaration> = LazyLock::new(|| ToolDeclaration {
    name: "new_from_template",
    aliases: &["from_template", "use_template", "scaffold"],
    description: "Create files from a template; without `values` it says what the template wants.",
    parameters: PARAMETERS.as_slice(),
    is_core: false,
});

static PARAMETERS: LazyLock<[ParameterDeclaration; 2]> = LazyLock::new(|| {
    [
        ParameterDeclaration {
            name: "name",
            aliases: &["template", "template_name"],
            kind: ParameterKind::Text,
            description: "Name of the template; `list` names all",
            required: true,
        },
        ParameterDeclaration {
            name: "values",
            aliases: &["variables", "parameters"],
            kind: ParameterKind::Schema(json!({
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Values by name",
            })),
            description: "Values by name",
            required: false,
        },
    ]
});

pub(super) struct NewFromTemplate {
    pub library: Library,
}

impl Tool for NewFromTemplate {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let name = arguments::text(call, "name")?.trim().to_owned();
            let (library, jail) = (self.library.clone(), context.jail.clone());
            if name == "list" {
                let listed = blocking(move || library.list(&jail)).await?;
                return Ok(told("list".to_owned(), list(&listed)));
            }
            let wanted = name.clone();
            let template = blocking(move || library.find(&jail, &wanted)).await?;
            let template = template.map_err(|error| ToolError::TellModel(error.to_string()))?;
            let values = match call.arguments.get("values") {
                None | Some(Value::Null) if !template.manifest.variables.is_empty() => {
                    let listed = ListedTemplate {
                        name: name.clone(),
                        origin: template.origin,
                        error: None,
                        manifest: template.manifest,
                    };
                    return Ok(told(name, list(&[listed])));
                }
                None | Some(Value::Null) => BTreeMap::new(),
                Some(values) => texts(values)?,
            };
            let files = blocking(move || template.render(&values)).await?;
            let files = files.map_err(|error| ToolError::TellModel(error.to_string()))?;
            let mut new = Vec::new();
            for file in files {
                new.push(NewFile::at(context, file).await?);
            }
            Ok(prepared(&name, new))
        }
        .boxed()
    }
}

/// A file that is to be made.
struct NewFile {
    path: WorkspacePath,
    text: String,
}

impl NewFile {
    /// Finds out where the file goes: nothing may be there.
    async fn at(context: &ToolContext, file: RenderedFile) -> Result<NewFile, ToolError> {
        let (path, before) = file_to_write(context, &file.path).await?;
        if before.is_some() {
            let name = render::name(path.as_str());
            return Err(ToolError::TellModel(format!(
                "{name} already exists, and a template makes new files only, so nothing was \
                 written: choose other values, or edit that file"
            )));
        }
        Ok(NewFile {
            path,
            text: file.text,
        })
    }
}

fn prepared(name: &str, files: Vec<NewFile>) -> PreparedCall {
    let effects = files.iter().map(|file| Effect::Write {
        path: file.path.to_string(),
        runs_later: protected(&file.path),
    });
    let edits = files.iter().map(|file| FileEdit {
        path: file.path.to_string(),
        old: None,
        new: Some(file.text.as_str().into()),
    });
    PreparedCall {
        what: format!(
            "{name}: {}",
            render::count(files.len(), "new file", "new files")
        ),
        effects: effects.collect(),
        preview: Preview::Edits(edits.collect()),
        remember: Some(GRANT_SCOPE.to_owned()),
        run: Box::new(move |running| make(files, running).boxed()),
    }
}

/// Makes all files, or none.
async fn make(files: Vec<NewFile>, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    let context = running.context;
    let changes = files.iter().map(|file| Change {
        path: file.path.to_string(),
        before: None,
        after: Some(Blob::new(file.text.clone().into_bytes())),
    });
    // No await in here: if the call is cancelled, all is made and recorded, or nothing.
    let new = files.iter().map(|file| (&file.path, file.text.as_str()));
    let new: Vec<(&WorkspacePath, &str)> = new.collect();
    apply_changes(context, changes.collect(), |jail| write_new(jail, &new))?;
    let mut text = String::from("Created:\n");
    let mut lines = 0;
    for file in &files {
        let blob = Blob::new(file.text.clone().into_bytes());
        let view = FileView::written(file.path.as_str(), None, (blob.hash, &file.text));
        context.knowledge().add(view);
        let count = file.text.lines().count();
        lines += count;
        let name = render::name(file.path.as_str());
        text.push_str(&format!(
            "- {name} ({})\n",
            render::count(count, "line", "lines")
        ));
    }
    text.push_str("Read them before you change them.\n");
    Ok(ToolOutput {
        text,
        summary: format!("{}, +{lines}", render::count(files.len(), "file", "files")),
        ..ToolOutput::default()
    })
}

/// A call that only tells something.
fn told(what: String, text: String) -> PreparedCall {
    let output = ToolOutput {
        summary: render::count(text.lines().count(), "line", "lines"),
        text,
        ..ToolOutput::default()
    };
    PreparedCall::reading(
        what,
        Effect::Read,
        Box::new(move |_| async move { Ok::<_, ToolError>(output) }.boxed()),
    )
}

/// Templates with what they want, as a model reads them. Their texts are of whoever wrote them.
fn list(listed: &[ListedTemplate]) -> String {
    let mut text = String::new();
    for template in listed.iter().take(MOST_LISTED) {
        let what = template.error.as_ref();
        let what = what.unwrap_or(&template.manifest.description);
        text.push_str(&format!(
            "{}: {}\n",
            template.name,
            render::narrow(what, 200)
        ));
        for (name, variable) in &template.manifest.variables {
            let default = match &variable.default {
                Some(default) => format!(" (default: {})", render::narrow(default, 60)),
                None => String::new(),
            };
            let what = render::narrow(&variable.description, 120);
            text.push_str(&format!("  {name}: {what}{default}\n"));
        }
    }
    let more = listed.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        text.push_str(&format!("… {more} more\n"));
    }
    if text.is_empty() {
        text.push_str("There are no templates.\n");
    }
    defang_chat_markers(&text).into_owned()
}

/// The values of a call. Numbers and truth values are taken as they are written.
fn texts(values: &Value) -> Result<BTreeMap<String, String>, ToolError> {
    let wrong = || {
        ToolError::TellModel(
            "`values` must be an object of texts, such as {\"name\": \"order\"}".to_owned(),
        )
    };
    let parsed;
    let values = match values {
        // Models write the object as a text.
        Value::String(text) => {
            parsed = serde_json::from_str::<Value>(text).map_err(|_| wrong())?;
            &parsed
        }
        values => values,
    };
    let object = values.as_object().ok_or_else(wrong)?;
    let texts = object.iter().map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(is_so) => is_so.to_string(),
            _ => return Err(wrong()),
        };
        Ok((name.clone(), text))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests_support::{Bench, call};

    fn tool() -> NewFromTemplate {
        NewFromTemplate {
            library: Library::default(),
        }
    }

    async fn prepare(bench: &Bench, arguments: Value) -> Result<PreparedCall, ToolError> {
        let call = call("new_from_template", arguments);
        bench.prepare_with(&tool(), &call).await
    }

    #[tokio::test]
    async fn all_files_are_one_change() {
        let bench = Bench::new();
        bench.file(
            ".ollacode/templates/pair/template.toml",
            "description = \"A file and its test\"\n[variables.name]\n",
        );
        bench.file(
            ".ollacode/templates/pair/files/src/{{ name|snake }}.rs",
            "pub struct {{ name|pascal }};\n",
        );
        bench.file(
            ".ollacode/templates/pair/files/tests/{{ name|snake }}.rs",
            "// {{ name }}\n",
        );
        let values = json!({"name": "pair", "values": {"name": "user account"}});
        let prepared = prepare(&bench, values.clone()).await.unwrap();
        assert_eq!(prepared.effects.len(), 2);
        let diff = prepared.preview.text().into_owned();
        assert!(diff.contains("+pub struct UserAccount;"), "{diff}");
        bench.run(prepared).await.unwrap();
        let struct_file = bench.content("src/user_account.rs");
        assert_eq!(struct_file.as_deref(), Some("pub struct UserAccount;\n"));
        let again = prepare(&bench, values).await;
        let again = again.err().map(|error| error.to_string());
        assert!(again.is_some_and(|why| why.contains("already exists")));
        let context = bench.context();
        context.changes.lock().undo(&context.jail).unwrap();
        for path in ["src/user_account.rs", "tests/user_account.rs"] {
            assert_eq!(bench.content(path), None, "{path}");
        }
    }

    #[tokio::test]
    async fn what_a_template_wants_is_told() {
        let bench = Bench::new();
        let prepared = prepare(&bench, json!({"name": "endpoint-go"}))
            .await
            .unwrap();
        let told = bench.run(prepared).await.unwrap().text;
        assert!(told.contains("  name: what it is about"), "{told}");
        for (values, why) in [
            (json!({"name": "a/b"}), "`name` does not match"),
            (json!({"title": "x"}), "it has no value `title`"),
            (json!(["x"]), "must be an object"),
            (
                json!({"name": "x", "folder": "../up"}),
                "is no path below the workspace",
            ),
        ] {
            let call = json!({"name": "endpoint-go", "values": values});
            let error = prepare(&bench, call)
                .await
                .err()
                .map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|it| it.contains(why)),
                "{error:?}"
            );
        }
        let unknown = prepare(&bench, json!({"name": "endpoint-cobol"}))
            .await
            .err();
        let unknown = unknown.map(|error| error.to_string()).unwrap_or_default();
        assert!(unknown.contains("there are: endpoint-go, "), "{unknown}");
    }
}
