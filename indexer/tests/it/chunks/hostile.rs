//! Texts that are too deep for a grammar, abort it or mean nothing to it are cut soon all the same.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use ollacode_indexer::chunk::{FileChunks, chunk_file, without_long_lines};
use ollacode_indexer::language::LANGUAGES;
use ollacode_indexer::parse::FileParser;
use ollacode_indexer::{Chunk, ChunkKind};

use crate::support::{assert_covers, cut_once};

/// Many times what a grammar may take on a small file: other tests run beside this one.
const SOON: Duration = Duration::from_secs(5);

/// Texts that nest 10,000 levels deep, on one line and on many.
fn deep_texts() -> Vec<(&'static str, String)> {
    const DEPTH: usize = 10_000;
    let nested = |open: &str, close: &str| open.repeat(DEPTH) + &close.repeat(DEPTH);
    vec![
        ("a.json", nested("[", "]")),
        ("a.json", nested("[\n", "]\n")),
        ("a.json", nested("{\"a\":\n", "}\n")),
        ("a.json", "[".repeat(DEPTH)),
        ("a.js", nested("(", ")")),
        ("a.js", nested("{\n", "}\n")),
        ("a.js", nested("function f() {\n", "}\n")),
        (
            "a.rs",
            format!("fn main() {{\n{}\n}}\n", nested("(\n", ")\n")),
        ),
        ("a.rs", nested("mod a {\n", "}\n")),
        ("a.py", format!("x = {}\n", nested("[", "]"))),
        (
            "a.c",
            format!("int main(void) {{\n{}\n}}\n", nested("{\n", "}\n")),
        ),
        ("a.html", nested("<div>\n", "</div>\n")),
        ("a.css", nested("a {\n", "}\n")),
        ("a.md", format!("{}deep\n", "> ".repeat(200))),
        ("a.toml", format!("a = {}\n", nested("[", "]"))),
        (
            "a.go",
            format!(
                "package a\n\nvar x = {}1{}\n",
                "(".repeat(DEPTH),
                ")".repeat(DEPTH)
            ),
        ),
    ]
}

#[test]
fn deep_nesting_ends_soon() {
    let mut parser = FileParser::default();
    for (path, text) in deep_texts() {
        let start = Instant::now();
        let cut = chunk_file(&mut parser, path, &text);
        let took = start.elapsed();
        assert_covers(&without_long_lines(&text), &cut);
        assert_lines_after_failure(&cut);
        let opening: String = text.chars().take(20).collect();
        assert!(took < SOON, "{path} {opening:?} took {took:?}");
    }
}

/// Inputs on which a grammar's scanner, written in C, would stop the process rather than fail.
fn texts_that_abort() -> Vec<(&'static str, String)> {
    let mut python = String::new();
    for depth in 0..520 {
        let _ = writeln!(python, "{}if a:", " ".repeat(depth));
    }
    let _ = writeln!(python, "{}\"text\"", " ".repeat(520));
    let word = "W".repeat(300);
    // A map and a list at the same column are two levels.
    let mut yaml = String::new();
    // A tab is eight columns, and a backslash continues a line.
    let (mut tabs, mut continued) = (String::new(), String::new());
    for depth in 0..560 {
        let columns = " ".repeat(depth % 190);
        let _ = write!(yaml, "{columns}x:\n{columns}-\n");
        let _ = writeln!(
            tabs,
            "{}{}if a:",
            "\t".repeat(depth / 8),
            " ".repeat(depth % 8)
        );
        let before = format!("{}\\\n", " ".repeat(100)).repeat(depth / 100);
        let _ = writeln!(continued, "{before}{}if a:", " ".repeat(depth % 100));
    }
    for text in [&mut tabs, &mut continued] {
        let _ = writeln!(text, "{}\"text\"", "\t".repeat(70));
    }
    // Words of 1,025 bytes together, of which the scanner takes one too little into account.
    let words: Vec<String> = ["A", "B", "C", "D", "E"]
        .map(|word| word.repeat(190))
        .into();
    let heredocs: String = words.iter().map(|word| format!("<<{word}, ")).collect();
    let many = format!("x({heredocs}<<{})\n", "F".repeat(49));
    // Whether a character is a digit is looked up in a table that ends long before it.
    let wide = (0x100..0x0011_0000)
        .step_by(0x0800)
        .filter_map(char::from_u32);
    let braces: String = wide.map(|character| format!("{{{character}\n")).collect();
    vec![
        // 254 levels fill the buffer into which the YAML scanner saves its state, and go beyond.
        ("a.yaml", format!("{}a\n", "- ".repeat(300))),
        // So do 511 indentations and one open quote in Python.
        ("a.py", python),
        ("a.yaml", yaml),
        ("a.py", tabs),
        ("a.py", continued),
        ("a.sh", braces),
        ("a.rb", many),
        ("a.rb", "x <<A\n".repeat(250)),
        // The Ruby scanner saves the length of this word in one byte.
        ("a.rb", format!("x = <<{word}\ntext\n{word}\n")),
        // The OCaml scanner calls itself for each comment in a comment.
        ("a.ml", format!("{}\n", "(*".repeat(40)).repeat(5_000)),
        ("a.mli", "(* \"*)\" (* \"*)\"\n".repeat(50_000)),
    ]
}

#[test]
#[ignore = "runs in a process of its own, which the next test starts"]
fn cut_texts_that_abort() {
    for (path, text) in texts_that_abort() {
        println!("cutting {path}");
        let cut = cut_once(path, &text);
        assert_covers(&text, &cut);
    }
}

#[test]
fn no_text_stops_the_process() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "chunks::hostile::cut_texts_that_abort",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{said}\n{complained}",
        output.status
    );
    assert!(
        said.contains("cutting a.rb"),
        "the test was not found:\n{said}"
    );
}

/// A file that the grammar failed on is cut by lines.
#[track_caller]
fn assert_lines_after_failure(cut: &FileChunks) {
    let by_lines = |chunk: &Chunk| chunk.kind == ChunkKind::Text && chunk.scope.is_empty();
    if cut.failure.is_some() {
        assert!(cut.chunks.iter().all(by_lines), "{}", cut.language);
    }
}

#[test]
fn what_the_grammar_does_not_understand_is_covered_all_the_same() {
    let garbage =
        "%%% ))) ]]] ??? \u{1}\u{2} «» ''' \"\"\" `` <<< >>> ;;; \\\\ @@ ## $$\n".repeat(200);
    let prose = "Any sentence, of which there are a good many; and more.\n\n".repeat(300);
    let mut parser = FileParser::default();
    for language in &LANGUAGES {
        let path = format!("a.{}", language.extensions[0]);
        for text in [&garbage, &prose] {
            let start = Instant::now();
            let cut = chunk_file(&mut parser, &path, text);
            assert_covers(text, &cut);
            assert_lines_after_failure(&cut);
            assert!(start.elapsed() < SOON, "{path} took {:?}", start.elapsed());
        }
    }
}

/// Lines that belong to what follows them, in each language that has such.
fn leading_lines() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("a.sh", "# a\n", "f() {\n  a\n}\n"),
        ("a.c", "// a\n", "int f(void) { return 1; }\n"),
        ("a.c", "/* a */\n", "int f(void) { return 1; }\n"),
        ("a.cmake", "# a\n", "function(f)\nendfunction()\n"),
        ("a.cpp", "/// a\n", "int f() { return 1; }\n"),
        ("a.cs", "[A]\n", "class F {}\n"),
        ("a.cs", "/// a\n", "class F {}\n"),
        ("a.css", "/* a */\n", "f { color: red }\n"),
        ("a.dart", "@a\n", "class F {}\n"),
        ("a.dart", "/// a\n", "void f() {}\n"),
        ("a.dockerfile", "# a\n", "FROM f\n"),
        ("a.ex", "# a\n", "defmodule F do\nend\n"),
        ("a.ex", "@a 1\n", "def f, do: 1\n"),
        ("a.go", "// a\n", "func f() {}\n"),
        ("a.graphql", "# a\n", "type F { a: A }\n"),
        ("a.tf", "# a\n", "f \"a\" {}\n"),
        ("a.hs", "-- a\n", "f = 1\n"),
        ("a.hs", "{- a -}\n", "f = 1\n"),
        ("a.html", "<!-- a -->\n", "<p id=\"f\">a</p>\n"),
        ("a.java", "@A\n", "class F {}\n"),
        ("a.java", "// a\n", "class F {}\n"),
        ("a.jl", "# a\n", "f() = 1\n"),
        ("a.jl", "\"a\"\n", "f() = 1\n"),
        ("a.js", "// a\n", "function f() {}\n"),
        ("a.js", "@a\n", "class F {}\n"),
        ("a.json", "// a\n", "{\"f\": 1}\n"),
        ("a.kt", "@A\n", "fun f() {}\n"),
        ("a.kt", "// a\n", "fun f() {}\n"),
        ("a.lua", "-- a\n", "function f() end\n"),
        ("a.mk", "# a\n", "f:\n\ta\n"),
        ("a.m", "// a\n", "@interface F\n@end\n"),
        ("a.md", "<!-- a -->\n", "# F\n"),
        ("a.nix", "# a\n", "{ f = a: a; }\n"),
        ("a.php", "// a\n", "function f() {}\n"),
        ("a.php", "#[A]\n", "function f() {}\n"),
        ("a.proto", "// a\n", "message F {}\n"),
        ("a.ps1", "# a\n", "function f { }\n"),
        ("a.py", "@a\n", "def f():\n    pass\n"),
        ("a.py", "# a\n", "def f():\n    pass\n"),
        ("a.r", "# a\n", "f <- function() 1\n"),
        ("a.rb", "# a\n", "def f\nend\n"),
        ("a.rs", "/// a\n", "fn f() {}\n"),
        ("a.rs", "#[a]\n", "fn f() {}\n"),
        ("a.rs", "// a\n", "fn f() {}\n"),
        ("a.scala", "@a\n", "class F\n"),
        ("a.scala", "// a\n", "class F\n"),
        ("a.sol", "// a\n", "contract F {}\n"),
        ("a.sql", "-- a\n", "CREATE TABLE f (a INT);\n"),
        ("a.swift", "@a\n", "func f() {}\n"),
        ("a.swift", "/// a\n", "func f() {}\n"),
        ("a.toml", "# a\n", "[f]\na = 1\n"),
        ("a.ts", "@a\n", "class F {}\n"),
        ("a.tsx", "// a\n", "function f() {}\n"),
        ("a.yaml", "# a\n", "f: 1\n"),
        ("a.zig", "/// a\n", "fn f() void {}\n"),
    ]
}

/// Each line must not lead back over all before it: a grammar has half a second, and what follows
/// next to nothing.
#[test]
fn many_leading_lines_are_cut_in_linear_time() {
    let mut parser = FileParser::default();
    for (path, line, end) in leading_lines() {
        let text = format!("{}{end}", line.repeat(12_000));
        let start = Instant::now();
        let cut = chunk_file(&mut parser, path, &text);
        let took = start.elapsed();
        assert_covers(&text, &cut);
        assert!(took < SOON, "{path} {line:?} took {took:?}");
    }
}

/// Lines that some grammar takes ever longer for, the more of them there are.
const SLOW_LINES: &[&str] = &["[[a]]\n", "\"a\n", "/* \n", "<a\n", "a:\n"];

/// What takes too long for its size is cut by lines.
#[test]
fn no_other_grammar_holds_a_file_up() {
    let languages: Vec<_> = LANGUAGES.iter().collect();
    std::thread::scope(|scope| {
        for some in languages.chunks(languages.len().div_ceil(4)) {
            scope.spawn(move || {
                let mut parser = FileParser::default();
                for (language, line) in some
                    .iter()
                    .flat_map(|language| SLOW_LINES.iter().map(move |line| (language, line)))
                {
                    let path = format!("a.{}", language.extensions[0]);
                    let text = line.repeat(16_000 / line.len());
                    let start = Instant::now();
                    let cut = chunk_file(&mut parser, &path, &text);
                    let took = start.elapsed();
                    assert_covers(&text, &cut);
                    assert_lines_after_failure(&cut);
                    assert!(took < 3 * SOON, "{path} {line:?} took {took:?}");
                }
            });
        }
    });
}

/// On a thread with as little room as the system gives, no depth is too much.
#[test]
fn no_depth_overflows_the_stack() {
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let thread = small.spawn(|| {
        let mut parser = FileParser::default();
        for language in &LANGUAGES {
            let path = format!("a.{}", language.extensions[0]);
            for open in ["(", "[\n", "{\n", "<a>", "a(", "if a ", "- ", "a ? "] {
                let text = open.repeat(60_000 / open.len());
                assert_covers(
                    &without_long_lines(&text),
                    &chunk_file(&mut parser, &path, &text),
                );
            }
        }
    });
    assert!(thread.expect("a thread").join().is_ok());
}
