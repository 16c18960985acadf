//! `project_map`: the most used files and what they define.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::found::Found;
use super::paths::indexed_name;
use super::render;
use super::search_codebase::failed;
use super::{PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Effect;
use crate::project_map::{BUDGETS, MapOrder, map};

/// Tokens of a map: larger ones confuse models more than they help.
const TOKENS: u32 = 2_000;

/// Tokens of a result for what is said around the map.
const AROUND: u32 = 60;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "project_map",
    aliases: &["repo_map", "repository_map", "codebase_map", "map"],
    description: "Show the most used files with their main definitions.",
    parameters: &[ParameterDeclaration {
        name: "path",
        aliases: arguments::PATH,
        kind: ParameterKind::Text,
        description: "Begin with this file or folder and what it uses or is used by",
        required: false,
    }],
    is_core: false,
};

pub(super) struct ProjectMapTool;

impl Tool for ProjectMapTool {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let path = arguments::optional_text(call, "path");
            let path = path.map(|given| indexed_name(&context.jail, given));
            let what = path.as_deref().map_or_else(String::new, render::name);
            Ok(PreparedCall::reading(
                what,
                Effect::Read,
                Box::new(move |running| run(path, running).boxed()),
            ))
        }
        .boxed()
    }
}

async fn run(path: Option<String>, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    let code = &running.context.code;
    let found = tokio::select! {
        found = code.files(&|_| {}) => found.map_err(|error| failed(&error))?,
        () = running.stop.cancelled() => return Err(ToolError::TellModel("stopped".to_owned())),
    };
    let Some((files, notes)) = found else {
        return Err(ToolError::TellModel(
            "this folder is not indexed yet; use list_directory".to_owned(),
        ));
    };
    let focus = match path.as_deref().filter(|path| ![".", "/"].contains(path)) {
        Some(path) => files.named(path).map_err(not_named)?,
        None => Vec::new(),
    };
    let said: u32 = notes.iter().map(|note| note.len() as u32).sum();
    let room = running.tokens.saturating_sub(AROUND.saturating_add(said));
    if room < *BUDGETS.start() {
        return Err(ToolError::TellModel(
            "there is no room for a map; use list_directory or search_codebase".to_owned(),
        ));
    }
    let budget = room.min(TOKENS);
    let map = map(&files, &MapOrder { budget, focus });
    let mut text = map.text();
    if map.files.is_empty() {
        let list = running.recipient.names.list_directory;
        text.push_str(&format!(
            "No code is indexed here; {list} shows the files.\n"
        ));
    }
    for note in &notes {
        text.push_str(&format!("({note})\n"));
    }
    let summary = render::count(map.files.len(), "file", "files");
    running.recipient.put(|| Found::Map { map, notes });
    Ok(ToolOutput {
        text,
        summary,
        ..ToolOutput::default()
    })
}

/// Where there is nothing similar, the model can look for what is not indexed.
fn not_named(error: String) -> ToolError {
    ToolError::TellModel(match error.contains("; similar: ") {
        true => error,
        false => format!("{error}; search_files finds files by name"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tools::tests_support::{Bench, call};

    #[tokio::test]
    async fn without_an_index_it_says_what_to_do() {
        let bench = Bench::new();
        bench.file("src/a.rs", "fn run() {}\n");
        let error = failure(&bench, json!({})).await;
        assert!(error.contains("list_directory"), "{error}");
    }

    /// What a call is told that does not work.
    async fn failure(bench: &Bench, arguments: serde_json::Value) -> String {
        let result = bench.call(&call("project_map", arguments)).await;
        result.expect_err("it fails").to_string()
    }

    async fn shop(bench: &Bench) {
        bench.file("src/cart.rs", "pub struct Cart;\n");
        bench.file(
            "src/order.rs",
            "use crate::cart::Cart;\npub fn order(cart: Cart) {}\n",
        );
        bench.index().await;
    }

    #[tokio::test]
    async fn the_map_is_shown_as_a_whole_or_around_a_path() {
        let bench = Bench::new();
        shop(&bench).await;
        let whole = bench.call(&call("project_map", json!({}))).await;
        let whole = whole.expect("a map");
        assert!(
            whole.text.starts_with("src/cart.rs\n  1 pub struct Cart\n"),
            "{}",
            whole.text
        );
        assert_eq!(whole.summary, "2 files");
        let full = bench.root().join("src/order.rs").display().to_string();
        for path in ["./src/order.rs", &full, "`src/order.rs:2`"] {
            let around = call("project_map", json!({"path": path}));
            let around = bench.call(&around).await.expect("a map");
            assert!(around.text.starts_with("src/order.rs\n"), "{}", around.text);
            assert!(around.text.contains("src/cart.rs\n"), "{}", around.text);
        }
        let root = json!({"path": bench.root().display().to_string()});
        let root = bench.call(&call("project_map", root)).await;
        assert_eq!(root.expect("a map").text, whole.text);
        let error = failure(&bench, json!({"path": "src/none.rs"})).await;
        assert!(
            error.contains("no indexed file is called `src/none.rs`"),
            "{error}"
        );
        let error = failure(&bench, json!({"path": "src/odrer.rs"})).await;
        assert!(error.contains("similar: `src/order.rs`"), "{error}");
        let error = failure(&bench, json!({"path": "qqqqqqqqqqqq"})).await;
        assert!(
            error.contains("search_files finds files by name"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn where_there_is_no_room_it_says_so() {
        let bench = Bench::new().narrow(200);
        shop(&bench).await;
        let error = failure(&bench, json!({})).await;
        assert!(error.contains("no room"), "{error}");
    }
}
