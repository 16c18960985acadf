//! `edit_file`: a text in place of another one.

use std::ops::Range;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::writing::{Draft, check_breaks, check_omissions, check_stand_ins, target, was_read};
use super::{Prepared, Tool, ToolContext, ToolError, arguments, blocking, files, shown, spelling};
use crate::edit::{EditError, Edited, Matched, edit};
use crate::jail::{TextFile, is_secret};
use crate::message::ToolCall;
use crate::model::{Parameter, ParameterKind, ToolSpec};
use crate::visible::neutral;

/// Lines of a near place that are shown.
const NEAR_LINES: usize = 12;

static SPEC: ToolSpec = ToolSpec {
    name: "edit_file",
    aliases: arguments::EDIT_NAMES,
    description: "Replace a text that is in a file once. Copy `search` exactly, without line \
                  numbers.",
    parameters: &[
        Parameter {
            name: "path",
            aliases: arguments::PATH,
            kind: ParameterKind::Text,
            description: "A file",
            required: true,
        },
        Parameter {
            name: "search",
            aliases: &["old_content", "old_string", "old_str", "old", "old_text"],
            kind: ParameterKind::Text,
            description: "Whole lines, few but unique",
            required: true,
        },
        Parameter {
            name: "replace",
            aliases: &[
                "new_content",
                "new_string",
                "new_str",
                "new",
                "new_text",
                "replacement",
            ],
            kind: ParameterKind::Text,
            description: "What comes in its place",
            required: true,
        },
        Parameter {
            name: "all",
            aliases: &["replace_all"],
            kind: ParameterKind::Boolean,
            description: "Everywhere in the file",
            required: false,
        },
    ],
};

/// The tool.
pub(super) struct EditFile;

impl Tool for EditFile {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Prepared, ToolError>> {
        async move {
            let given = arguments::text(call, "path")?;
            let wish = Wish {
                search: arguments::text(call, "search")?.to_owned(),
                replace: arguments::text(call, "replace")?.to_owned(),
                all: arguments::flag(call, "all"),
            };
            let (path, before) = target(context, given).await?;
            let Some(file) = before else {
                return Err(files::missing(context, &path).await?);
            };
            let was_read = was_read(context, &file)?;
            // Whether an edit fits tells what the file holds.
            if !was_read && is_secret(&path) {
                return Err(ToolError::TellModel(format!(
                    "`{path}` may hold secrets: read_file it first, which the user is asked about"
                )));
            }
            let (file, edited) = blocking(move || {
                let edited = wish.edited(&file, was_read);
                (file, edited)
            })
            .await?;
            let edited = edited?;
            let draft = Draft {
                path,
                after: file.as_written(&edited.text).into_owned(),
                said: Some(said(&edited)),
                before: Some(file),
            };
            Ok(draft.prepared())
        }
        .boxed()
    }
}

/// What is to be replaced, as the model wrote it.
struct Wish {
    search: String,
    replace: String,
    all: bool,
}

impl Wish {
    fn edited(&self, file: &TextFile, was_read: bool) -> Result<Edited, ToolError> {
        let (search, replace) = self.as_meant(&file.text);
        check_stand_ins(&search, &file.text)?;
        check_stand_ins(&replace, &file.text)?;
        check_omissions(&replace, &file.text)?;
        check_breaks(&replace, &file.text)?;
        let edited = edit(&file.text, &search, &replace, self.all);
        let edited = edited.map_err(|error| told(&error, file))?;
        if !was_read && edited.matched != Matched::Exact {
            return Err(ToolError::TellModel(format!(
                "the text to search for is not in `{0}` exactly, and you have not read it: \
                 read_file `{0}` first, then copy the lines",
                file.path
            )));
        }
        Ok(edited)
    }

    /// Both texts as they would be in the file: without the numbers of the lines, if they were
    /// copied with them, and with its own markers.
    fn as_meant(&self, file: &str) -> (String, String) {
        let in_file = |text: &str| shown::as_in_file(text, file).into_owned();
        let numbered = !file.contains(&self.search);
        let plain = spelling::with_breaks(&self.search);
        if let Some(search) = plain.filter(|plain| numbered && file.contains(plain.as_str())) {
            let replace = spelling::with_breaks(&self.replace);
            return (search, replace.unwrap_or_else(|| self.replace.clone()));
        }
        match shown::without_numbers(&self.search).filter(|_| numbered) {
            Some(search) => {
                let replace = shown::without_numbers(&self.replace);
                let replace = replace.as_deref().unwrap_or(&self.replace);
                (in_file(&search), in_file(replace))
            }
            None => (in_file(&self.search), in_file(&self.replace)),
        }
    }
}

/// What the model is told of an edit that does not work. What it is shown of the file is without
/// secrets: those that go over several lines are seen only in the whole of it.
fn told(error: &EditError, file: &TextFile) -> ToolError {
    let path = shown::name(file.path.as_str());
    let (why, places) = match error {
        EditError::NotFound { nearest } => ("the text to search for is not in", nearest.clone()),
        EditError::Differs { lines } => {
            let why = "what is to be changed differs from the text to search for in";
            (why, vec![lines.clone()])
        }
        _ => return ToolError::TellModel(error.to_string()),
    };
    let (text, _) = shown::without_secrets(&file.text);
    let lines: Vec<&str> = text.lines().collect();
    let mut message =
        format!("nothing was changed: {why} `{path}`. Read the file, and copy the lines exactly\n");
    for place in &places {
        message.push_str(&format!(
            "\nnear, lines {}-{}:\n",
            place.start,
            place.end - 1
        ));
        let near = lines
            .get(place.start - 1..place.end - 1)
            .unwrap_or_default();
        for (number, line) in (place.start..).zip(near).take(NEAR_LINES) {
            message.push_str(&shown::numbered(number, line));
            message.push('\n');
        }
        if near.len() > NEAR_LINES {
            let left_out = near.len() - NEAR_LINES;
            message.push_str(&format!("… {left_out} lines left out …\n"));
        }
    }
    if let [place] = &places[..] {
        message.push_str(&next_call(&path, place, file, &lines));
    }
    ToolError::TellModel(neutral(&message).into_owned())
}

/// The call that is to follow: with the lines as they are, if they can be shown whole.
fn next_call(path: &str, place: &Range<usize>, file: &TextFile, shown: &[&str]) -> String {
    let lines: Vec<&str> = file.text.lines().collect();
    let range = place.start - 1..place.end - 1;
    let can_be_copied = range.len() <= NEAR_LINES
        && shown.get(range.clone()) == lines.get(range.clone())
        && lines[range.clone()]
            .iter()
            .all(|line| line.len() <= shown::WIDEST);
    if !can_be_copied {
        let (first, last) = (place.start, place.end - 1);
        return format!(
            "\nNext call: read_file {}\n",
            json!({"path": path, "start_line": first, "end_line": last})
        );
    }
    let search = lines[range].join("\n");
    format!(
        "\nNext call, if these are the lines: edit_file {}\n",
        json!({"path": path, "search": search, "replace": "these lines with your change"})
    )
}

/// How the place was found.
fn said(edited: &Edited) -> String {
    let matched = edited.matched;
    match edited.count {
        0 | 1 => format!("it matched {matched}"),
        count => format!("{count} places matched {matched}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::{Effect, Preview};
    use crate::tools::tests_support::{Bench, call};

    fn edits(path: &str, search: &str, replace: &str) -> ToolCall {
        call(
            "edit_file",
            json!({"path": path, "search": search, "replace": replace}),
        )
    }

    async fn read(bench: &Bench, path: &str) -> String {
        let read = call("read_file", json!({"path": path}));
        bench.call(&read).await.unwrap().text
    }

    #[tokio::test]
    async fn an_edit_is_shown_made_and_undone() {
        let bench = Bench::new();
        let text = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";
        bench.file("a.rs", text);
        read(&bench, "a.rs").await;
        let prepared = bench
            .prepare(&edits("a.rs", "two();", "three();"))
            .await
            .unwrap();
        assert_eq!(prepared.what, "a.rs");
        let Preview::Diff(diff) = &prepared.preview else {
            panic!("a diff");
        };
        assert!(diff.contains("-    two();\n+    three();"), "{diff}");
        let output = bench.run(prepared).await.unwrap();
        assert_eq!(
            output.text,
            "a.rs: it matched exactly. It now reads:\n3→}\n4→\n5→fn b() {\n6→    three();\n7→}\n"
        );
        assert_eq!(output.summary, "+1 −1");
        assert_eq!(output.sources[0].start_line, 6);
        assert!(bench.content("a.rs").unwrap().contains("three"));
        let context = bench.context();
        context.changes.lock().unwrap().undo(&context.jail).unwrap();
        assert_eq!(bench.content("a.rs").as_deref(), Some(text));
    }

    #[tokio::test]
    async fn line_ends_and_order_marks_stay() {
        let bench = Bench::new();
        bench.file("a.txt", "\u{feff}one\r\ntwo\r\nthree");
        read(&bench, "a.txt").await;
        bench
            .call(&edits("a.txt", "one\ntwo", "1\n2\n2b"))
            .await
            .unwrap();
        assert_eq!(
            bench.content("a.txt").as_deref(),
            Some("\u{feff}1\r\n2\r\n2b\r\nthree")
        );
    }

    #[tokio::test]
    async fn line_breaks_that_are_written_out_are_breaks() {
        let bench = Bench::new();
        bench.file("a.txt", "one\ntwo\nthree\n");
        read(&bench, "a.txt").await;
        bench
            .call(&edits("a.txt", r"one\ntwo", r"1\n2\n2b"))
            .await
            .unwrap();
        assert_eq!(bench.content("a.txt").as_deref(), Some("1\n2\n2b\nthree\n"));
        let error = bench.refused(&edits("a.txt", "three", r"a\nb\nc")).await;
        assert!(error.contains("real line breaks"), "{error}");
    }

    #[tokio::test]
    async fn an_unread_file_takes_only_what_is_exact() {
        let bench = Bench::new();
        bench.file("a.rs", "fn a() {\n        one();\n}\n");
        let error = bench
            .refused(&edits(
                "a.rs",
                "fn a() {  \n        one();",
                "fn b() {\n        one();",
            ))
            .await;
        assert!(error.contains("you have not read it"), "{error}");
        bench
            .call(&edits("a.rs", "one();", "two();"))
            .await
            .unwrap();
        assert!(bench.content("a.rs").unwrap().contains("two();"));
    }

    #[tokio::test]
    async fn what_changed_on_disk_is_not_edited() {
        let bench = Bench::new();
        bench.file("a.txt", "one\ntwo\n");
        read(&bench, "a.txt").await;
        bench.file("a.txt", "one\ntwo\nthree\n");
        let error = bench.refused(&edits("a.txt", "one", "1")).await;
        assert!(error.contains("read_file it again"), "{error}");
        read(&bench, "a.txt").await;
        let prepared = bench.prepare(&edits("a.txt", "one", "1")).await.unwrap();
        bench.file("a.txt", "one\n");
        assert!(bench.run(prepared).await.is_err());
        assert_eq!(bench.content("a.txt").as_deref(), Some("one\n"));
    }

    #[tokio::test]
    async fn a_miss_shows_what_is_near_and_many_say_where() {
        let bench = Bench::new();
        bench.file("a.rs", "fn compute_total() {\n    sum();\n}\nx();\nx();\n");
        read(&bench, "a.rs").await;
        let error = bench
            .refused(&edits("a.rs", "fn compute_everything(a: u8) {", "fn b() {"))
            .await;
        assert!(error.contains("copy the lines exactly"), "{error}");
        let error = bench.refused(&edits("a.rs", "x();", "y();")).await;
        assert!(error.contains("line 4, line 5"), "{error}");
        let all = json!({"path": "a.rs", "search": "x();", "replace": "y();", "all": true});
        let output = bench.call(&call("edit_file", all)).await.unwrap();
        assert!(
            output.text.contains("2 places matched exactly"),
            "{}",
            output.text
        );
        bench.refused(&edits("a.rs", "", "y")).await;
        bench.refused(&edits("a.rs", "sum();", "sum();")).await;
    }

    #[tokio::test]
    async fn what_both_texts_leave_out_stays_in_the_file() {
        let bench = Bench::new();
        let text = "validate();\naudit(order);\ncharge();\nsend_receipt();\n";
        bench.file("a.rs", text);
        read(&bench, "a.rs").await;
        let search = "validate();\ncharge();\nsend_receipt();\n";
        let replace = search.replace("send_receipt", "send_email");
        let output = bench.call(&edits("a.rs", search, &replace)).await.unwrap();
        assert!(output.text.contains("only what differs"), "{}", output.text);
        let wanted = text.replace("send_receipt", "send_email");
        assert_eq!(bench.content("a.rs"), Some(wanted));
    }

    #[tokio::test]
    async fn what_cannot_be_merged_is_shown_with_the_next_call() {
        let bench = Bench::new();
        let text = "fn wait() {\n    sleep(30);\n    retry(3);\n}\n";
        bench.file("a.rs", text);
        read(&bench, "a.rs").await;
        let search = "fn wait() {\n    sleep(60);\n    retry(3);\n}\n";
        let error = bench
            .refused(&edits("a.rs", search, &search.replace("60", "90")))
            .await;
        assert!(error.contains("\n2→    sleep(30);\n3→"), "{error}");
        let (_, next) = error.split_once("edit_file {").expect("the next call");
        let next = format!("{{{}", next.trim_end());
        let mut next: serde_json::Value = serde_json::from_str(&next).unwrap();
        let copied = next["search"].as_str().unwrap().to_owned();
        next["replace"] = copied.replace("30", "90").into();
        bench.call(&call("edit_file", next)).await.unwrap();
        assert_eq!(bench.content("a.rs"), Some(text.replace("30", "90")));
        // Nothing is given to be copied that was not shown whole.
        let long = text.replace("30);", &format!("30); // {}", "x".repeat(500)));
        let search = format!("{search}fn other() {{}}\n");
        bench.file("c.rs", &format!("{long}fn other() {{}}\n"));
        read(&bench, "c.rs").await;
        let error = bench
            .refused(&edits(
                "c.rs",
                &search,
                &search.replace("sleep(60)", "wait()"),
            ))
            .await;
        assert!(!error.contains("edit_file {"), "{error}");
    }

    #[tokio::test]
    async fn what_was_copied_as_it_was_shown_fits() {
        let bench = Bench::new();
        bench.file("a.txt", "let start = \"<|im_start|>\";\nlet b = 2;\n");
        let text = read(&bench, "a.txt").await;
        assert!(!text.contains("<|im_start|>"), "{text}");
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let (search, replace) = (lines.join("\n"), lines.join("\n").replace('2', "3"));
        bench
            .call(&edits("a.txt", &search, &replace))
            .await
            .unwrap();
        assert_eq!(
            bench.content("a.txt").as_deref(),
            Some("let start = \"<|im_start|>\";\nlet b = 3;\n")
        );
    }

    #[tokio::test]
    async fn secrets_are_neither_guessed_nor_lost() {
        let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let bench = Bench::new();
        bench.file("a.rs", &format!("let key = \"{token}\";\nlet b = 2;\n"));
        bench.file(".env", "A=1\n");
        let text = read(&bench, "a.rs").await;
        let line = text.lines().nth(1).unwrap().split_once('→').unwrap().1;
        let error = bench.refused(&edits("a.rs", line, "let key = \"\";")).await;
        assert!(error.contains("stands in for a secret"), "{error}");
        bench
            .call(&edits("a.rs", "let b = 2;", "let b = 3;"))
            .await
            .unwrap();
        assert!(bench.content("a.rs").unwrap().contains(&token));
        let error = bench.refused(&edits(".env", "A=1", "A=2")).await;
        assert!(error.contains("read_file it first"), "{error}");
        read(&bench, ".env").await;
        let prepared = bench.prepare(&edits(".env", "A=1", "A=2")).await.unwrap();
        assert!(matches!(
            &prepared.effects[..],
            [
                Effect::Write {
                    runs_later: Some(_),
                    ..
                },
                Effect::ReadSecret { .. }
            ]
        ));
    }

    #[tokio::test]
    async fn new_syntax_errors_are_told_at_once() {
        let bench = Bench::new();
        bench.file(
            "a.rs",
            "fn a() {\n    if x {\n        one();\n    }\n}\n\nfn b() {}\n",
        );
        read(&bench, "a.rs").await;
        let output = bench
            .call(&edits(
                "a.rs",
                "        one();\n    }\n",
                "        two();\n",
            ))
            .await;
        let output = output.unwrap();
        assert!(output.text.contains("new syntax errors"), "{}", output.text);
        assert!(output.text.contains("`{` is not closed"), "{}", output.text);
        assert!(
            output.summary.contains("1 syntax error"),
            "{}",
            output.summary
        );
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_not_edited() {
        let bench = Bench::new();
        bench.file("src/a.rs", "");
        let error = bench.refused(&edits("a.rs", "a", "b")).await;
        assert!(error.contains("there is `src/a.rs`"), "{error}");
        bench.bytes("b.bin", b"a\0b");
        bench.refused(&edits("b.bin", "a", "b")).await;
        bench.bytes("latin.txt", b"caf\xe9 one\n");
        bench.refused(&edits("latin.txt", "one", "two")).await;
    }
}
