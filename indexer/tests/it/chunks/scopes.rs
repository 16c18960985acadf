//! A chunk knows what it stands in, and neighbours are merged only within it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ollacode_indexer::ChunkKind;

use super::shape;
use crate::support::{assert_covers, cut_once};

/// A type with `count` methods, each well over the size below which neighbours are merged.
struct ClassForm {
    path: &'static str,
    open: &'static str,
    method: &'static str,
    statement: &'static str,
    end_method: &'static str,
    close: &'static str,
    label: &'static str,
}

const CLASSES: &[ClassForm] = &[
    ClassForm {
        path: "a.rs",
        open: "impl Shop {\n",
        method: "    /// Sells.\n    pub fn sell_NUMBER(&self) {\n",
        statement: "        self.register.record(NUMBER, \"an article\");\n",
        end_method: "    }\n",
        close: "}\n",
        label: "impl Shop",
    },
    ClassForm {
        path: "a.py",
        open: "class Shop:\n",
        method: "    # Sells.\n    def sell_NUMBER(self):\n",
        statement: "        self.register.record(NUMBER, \"an article\")\n",
        end_method: "",
        close: "",
        label: "class Shop",
    },
    ClassForm {
        path: "Shop.java",
        open: "public class Shop {\n",
        method: "    /** Sells. */\n    public void sell_NUMBER() {\n",
        statement: "        this.register.record(NUMBER, \"an article\");\n",
        end_method: "    }\n",
        close: "}\n",
        label: "class Shop",
    },
    ClassForm {
        path: "a.ts",
        open: "export class Shop {\n",
        method: "  // Sells.\n  sell_NUMBER(): void {\n",
        statement: "    this.register.record(NUMBER, \"an article\");\n",
        end_method: "  }\n",
        close: "}\n",
        label: "class Shop",
    },
    ClassForm {
        path: "a.rb",
        open: "class Shop\n",
        method: "  # Sells.\n  def sell_NUMBER\n",
        statement: "    @register.record(NUMBER, \"an article\")\n",
        end_method: "  end\n",
        close: "end\n",
        label: "class Shop",
    },
];

impl ClassForm {
    fn text(&self, methods: usize, statements: usize) -> String {
        let mut text = self.open.to_owned();
        for number in 0..methods {
            text += &self.method.replace("NUMBER", &number.to_string());
            for statement in 0..statements {
                text += &self.statement.replace("NUMBER", &statement.to_string());
            }
            text += self.end_method;
            text.push('\n');
        }
        text + self.close
    }
}

#[test]
fn a_method_has_its_class_in_scope_and_its_comment_with_it() {
    for form in CLASSES {
        // About 500 characters: too large for two of them in a chunk.
        let text = form.text(8, 14);
        let cut = cut_once(form.path, &text);
        assert_covers(&text, &cut);
        let mut seen = BTreeSet::new();
        for chunk in &cut.chunks {
            let Some(symbol) = &chunk.symbol else {
                panic!("{}: {}", form.path, shape(chunk))
            };
            seen.extend(chunk.definitions.iter().cloned());
            if symbol.starts_with("sell_") {
                assert_eq!(
                    chunk.kind,
                    ChunkKind::Method,
                    "{}: {}",
                    form.path,
                    shape(chunk)
                );
                assert_eq!(chunk.scope, [form.label], "{}: {}", form.path, shape(chunk));
                assert!(
                    chunk.text.contains("Sells."),
                    "{}: {}",
                    form.path,
                    chunk.text
                );
            }
        }
        let expected: BTreeSet<String> = (0..8).map(|number| format!("sell_{number}")).collect();
        assert!(seen.is_superset(&expected), "{}: {seen:?}", form.path);
        let methods = cut
            .chunks
            .iter()
            .filter(|c| c.kind == ChunkKind::Method)
            .count();
        assert!(methods >= 7, "{}: {methods} chunks are methods", form.path);
    }
}

#[test]
fn a_continuation_of_a_long_method_has_it_in_its_scope() {
    for form in CLASSES {
        let text = form.text(1, 200);
        let cut = cut_once(form.path, &text);
        assert_covers(&text, &cut);
        assert!(
            cut.chunks.len() > 4,
            "{}: {} chunks",
            form.path,
            cut.chunks.len()
        );
        for chunk in &cut.chunks[1..] {
            let shape = format!("{}: {}", form.path, shape(chunk));
            assert_eq!(
                (chunk.kind, &chunk.symbol),
                (ChunkKind::Block, &None),
                "{shape}"
            );
            assert_eq!(chunk.scope.len(), 2, "{shape}");
            assert_eq!(chunk.scope[0], form.label, "{shape}");
            assert!(chunk.scope[1].ends_with("sell_0"), "{shape}");
            assert!(chunk.definitions.is_empty(), "{shape}");
        }
    }
}

#[test]
fn a_continuation_of_a_long_function_has_it_in_its_scope() {
    let cases = [
        (
            "a.rs",
            "pub fn long() {\n",
            "    work(\"with something\");\n",
            "}\n",
            "fn long",
        ),
        (
            "a.py",
            "def long():\n",
            "    work(\"with something\")\n",
            "",
            "def long",
        ),
        (
            "a.go",
            "package a\n\nfunc long() {\n",
            "\twork(\"with something\")\n",
            "}\n",
            "func long",
        ),
        (
            "a.js",
            "function long() {\n",
            "  work(\"with something\");\n",
            "}\n",
            "function long",
        ),
        (
            "a.c",
            "void long_one(void) {\n",
            "  work(\"with something\");\n",
            "}\n",
            "void long_one",
        ),
        (
            "a.sh",
            "long() {\n",
            "  work \"with something\"\n",
            "}\n",
            "long",
        ),
        (
            "a.lua",
            "function long()\n",
            "  work(\"with something\")\n",
            "end\n",
            "function long",
        ),
    ];
    for (path, open, statement, close, label) in cases {
        let text = format!("{open}{}{close}", statement.repeat(150));
        let cut = cut_once(path, &text);
        assert_covers(&text, &cut);
        let main = cut
            .chunks
            .iter()
            .position(|chunk| chunk.kind == ChunkKind::Function);
        let Some(main) = main else {
            panic!("{path}: no function")
        };
        assert!(
            cut.chunks.len() > main + 2,
            "{path}: {} chunks",
            cut.chunks.len()
        );
        for chunk in &cut.chunks[main + 1..] {
            assert_eq!(
                (chunk.kind, &chunk.symbol),
                (ChunkKind::Block, &None),
                "{path}"
            );
            assert_eq!(chunk.scope, [label], "{path}: {}", shape(chunk));
        }
    }
}

#[test]
fn small_neighbours_are_merged_within_their_scope_only() {
    let mut text = String::new();
    for number in 0..30 {
        let _ = writeln!(text, "fn small_{number}() {{}}\n");
    }
    let cut = cut_once("a.rs", &text);
    assert_covers(&text, &cut);
    assert_eq!(
        cut.chunks.len(),
        1,
        "{:?}",
        cut.chunks.iter().map(shape).collect::<Vec<_>>()
    );
    assert_eq!(cut.chunks[0].definitions.len(), 30);
    assert_eq!(cut.chunks[0].symbol.as_deref(), Some("small_0"));

    // The last small method of a class and what follows the class stay apart.
    let class = CLASSES[0]
        .text(3, 18)
        .replace("\n}\n", "\n    fn last() {}\n}\n");
    let text = format!("{class}\nfn after() {{}}\n");
    let cut = cut_once("a.rs", &text);
    assert_covers(&text, &cut);
    for chunk in &cut.chunks {
        let both = ["last", "after"]
            .iter()
            .all(|name| chunk.text.contains(&format!("fn {name}")));
        assert!(!both, "{}", shape(chunk));
    }
    let after = cut
        .chunks
        .iter()
        .find(|chunk| chunk.symbol.as_deref() == Some("after"))
        .unwrap();
    assert!(after.scope.is_empty(), "{}", shape(after));
}

#[test]
fn the_receiver_of_a_go_method_is_its_scope() {
    let statements = "\tserver.log.Print(\"something happened\")\n".repeat(15);
    let text = format!(
        "package net\n\nfunc (server *Server) Start() {{\n{statements}}}\n\n\
         func (server *Server) Stop() {{\n{statements}}}\n"
    );
    let cut = cut_once("net.go", &text);
    assert_covers(&text, &cut);
    let stop = cut
        .chunks
        .iter()
        .find(|chunk| chunk.symbol.as_deref() == Some("Stop"))
        .unwrap();
    assert_eq!(
        (stop.kind, stop.scope.as_slice()),
        (ChunkKind::Method, &["Server".to_owned()][..])
    );
}
