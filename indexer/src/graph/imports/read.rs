//! Import lines of each language but Rust. What looks like one in a comment or a text does little
//! harm: mostly it leads to no file.

use super::{Base, Found};

/// Longest statement over several lines, in bytes.
const LONGEST_STATEMENT: usize = 4_000;

/// Lines of a text without the white space before them, each with the text from there on.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |whole| {
        let line = whole.trim_start();
        let start = at + whole.len() - line.len();
        at += whole.len();
        (line.trim_end(), &text[start..])
    })
}

/// What follows one of some words at the beginning of a line.
fn after<'a>(line: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| line.strip_prefix(word))
}

/// The first quoted text, if it begins here or behind white space and parentheses.
fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t', '(']);
    let quote = text.chars().next().filter(|sign| "'\"`".contains(*sign))?;
    let inside = &text[1..];
    let end = inside.find([quote, '\n'])?;
    inside[end..].starts_with(quote).then_some(&inside[..end])
}

/// A statement from its beginning to a sign, not too long.
pub(super) fn statement(text: &str, end: char) -> &str {
    let mut most = text.len().min(LONGEST_STATEMENT);
    while !text.is_char_boundary(most) {
        most -= 1;
    }
    let text = &text[..most];
    text.find(end).map_or("", |end| &text[..end])
}

/// Parts between dots as a path.
fn dotted(name: &str) -> String {
    name.trim().replace('.', "/")
}

pub(super) fn python(text: &str, found: &mut Found<'_>) {
    for (line, rest) in lines(text) {
        if let Some(names) = line.strip_prefix("import ") {
            for name in names.split(',') {
                let name = name.split_whitespace().next().unwrap_or_default();
                found.add(&dotted(name), Base::Anywhere);
            }
        } else if line.starts_with("from ") {
            let whole = if line.contains('(') {
                statement(rest, ')')
            } else {
                line
            };
            let Some((module, names)) =
                whole["from ".len().min(whole.len())..].split_once(" import")
            else {
                continue;
            };
            python_names(module.trim(), names, found);
        }
    }
}

/// `from module import names`: each may be a file, and the module is one if it is not.
fn python_names(module: &str, names: &str, found: &mut Found<'_>) {
    let path = module.trim_start_matches('.');
    let dots = module.len() - path.len();
    let (base, up) = match dots {
        0 => (Base::Anywhere, String::new()),
        dots => (Base::Folder, "../".repeat((dots - 1).min(16))),
    };
    let path = dotted(path);
    let names = names.trim_start_matches([' ', '(']).split(',');
    for name in names {
        // A comment behind the one before stands in the line above.
        let name = name.lines().rfind(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        });
        let name = name.unwrap_or_default().split_whitespace().next();
        let Some(name) = name.filter(|name| *name != "*") else {
            found.add(&format!("{up}{path}"), base);
            continue;
        };
        let joint = if path.is_empty() { "" } else { "/" };
        found.add(&format!("{up}{path}{joint}{name}"), base);
    }
}

/// JavaScript and TypeScript.
pub(super) fn script(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some(name) = line.strip_prefix("import ").and_then(quoted) {
            add_script(name, found);
        }
        for word in ["from", "require(", "import("] {
            let mut rest = line;
            while let Some((before, behind)) = rest.split_once(word) {
                let is_word = before.ends_with(|sign: char| sign.is_alphanumeric() || sign == '_');
                if let Some(name) = quoted(behind).filter(|_| !is_word) {
                    add_script(name, found);
                }
                rest = behind;
            }
        }
    }
}

fn add_script(name: &str, found: &mut Found<'_>) {
    let (name, base) = if name.starts_with('.') {
        (name, Base::Folder)
    } else if let Some(inside) = name.strip_prefix("@/").or(name.strip_prefix("~/")) {
        (inside, Base::Anywhere)
    } else if name.contains('/') && !name.contains(':') {
        (name, Base::Anywhere)
    } else {
        return;
    };
    found.add(name, base);
    // Modules name the file that TypeScript will be compiled to.
    for end in [".js", ".jsx", ".mjs"] {
        if let Some(stem) = name.strip_suffix(end) {
            found.add(stem, base);
        }
    }
}

pub(super) fn go(text: &str, found: &mut Found<'_>) {
    let mut is_block = false;
    for (line, _) in lines(text) {
        if line.starts_with("import (") {
            is_block = true;
        } else if is_block && line.starts_with(')') {
            is_block = false;
        } else if is_block || line.starts_with("import ") {
            // A name may stand before the path.
            let path = line.find('"').and_then(|at| quoted(&line[at..]));
            if let Some(path) = path.filter(|path| path.contains('.') || path.contains('/')) {
                found.add(path, Base::GoPackage);
            }
        }
    }
}

/// Java, Kotlin and Scala.
pub(super) fn java(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        let Some(name) = line.strip_prefix("import ") else {
            continue;
        };
        let name = name.trim_start_matches("static ").trim_end_matches(';');
        let name = name.split(" as ").next().unwrap_or_default().trim();
        if let Some(package) = name.strip_suffix(".*").or(name.strip_suffix("._")) {
            found.add(&dotted(package), Base::Package);
        } else if let Some((package, names)) = name.split_once(".{") {
            for name in names.trim_end_matches('}').split(',') {
                let name = name.split("=>").next().unwrap_or_default();
                found.add(
                    &dotted(&format!("{package}.{}", name.trim())),
                    Base::Anywhere,
                );
            }
        } else if name.contains('.') {
            found.add(&dotted(name), Base::Anywhere);
        }
    }
}

/// C, C++ and Objective-C.
pub(super) fn c(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        let Some(directive) = line.strip_prefix('#').map(str::trim_start) else {
            continue;
        };
        let Some(name) = after(directive, &["include", "import"]).map(str::trim_start) else {
            continue;
        };
        if let Some(name) = quoted(name) {
            found.add(name, Base::FolderThenAnywhere);
        } else if let Some((name, _)) = name.strip_prefix('<').and_then(|it| it.split_once('>')) {
            // Without a folder it is a header of the system.
            if name.contains('/') {
                found.add(name, Base::Anywhere);
            }
        }
    }
}

pub(super) fn ruby(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some(name) = line.strip_prefix("require_relative").and_then(quoted) {
            found.add(name, Base::Folder);
        } else if let Some(name) = after(line, &["require ", "require(", "load "]).and_then(quoted)
        {
            found.add(name, Base::Anywhere);
        }
    }
}

pub(super) fn php(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some(names) = line.strip_prefix("use ") {
            let names = names.trim_end_matches(';');
            let names = after(names, &["function ", "const "]).unwrap_or(names);
            let (prefix, names) = names.split_once('{').unwrap_or(("", names));
            for name in names.trim_end_matches('}').split(',') {
                let name = name.split(" as ").next().unwrap_or_default().trim();
                let path = format!("{prefix}{name}").replace('\\', "/");
                if path.contains('/') {
                    found.add(path.trim_start_matches('/'), Base::Anywhere);
                }
            }
        } else if line.starts_with("require") || line.starts_with("include") {
            let path = line.find(['\'', '"']).and_then(|at| quoted(&line[at..]));
            if let Some(path) = path {
                found.add(path.trim_start_matches('/'), Base::FolderThenAnywhere);
            }
        }
    }
}

pub(super) fn dart(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        let Some(name) = after(line, &["import ", "export ", "part "]).and_then(quoted) else {
            continue;
        };
        match name
            .strip_prefix("package:")
            .and_then(|it| it.split_once('/'))
        {
            Some((_, inside)) => found.add(&format!("lib/{inside}"), Base::Anywhere),
            None if !name.contains(':') => found.add(name, Base::Folder),
            None => {}
        }
    }
}

pub(super) fn lua(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some((_, behind)) = line.split_once("require")
            && let Some(name) = quoted(behind)
        {
            found.add(&dotted(name), Base::Anywhere);
        }
    }
}

pub(super) fn haskell(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some(name) = line.strip_prefix("import ") {
            let name = name.trim_start().trim_start_matches("qualified ");
            let end = name.find([' ', '(']).unwrap_or(name.len());
            found.add(&dotted(&name[..end]), Base::Anywhere);
        }
    }
}

pub(super) fn elixir(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        let Some(name) = after(line, &["alias ", "import ", "use ", "require "]) else {
            continue;
        };
        let is_name = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == '.';
        let end = name.find(|sign| !is_name(sign)).unwrap_or(name.len());
        found.add(&snake_case(&dotted(&name[..end])), Base::Anywhere);
    }
}

/// `Shop/CartItem` as `shop/cart_item`.
fn snake_case(path: &str) -> String {
    let mut snake = String::with_capacity(path.len() + 8);
    let mut before = '/';
    for sign in path.chars() {
        if sign.is_uppercase() && before != '/' && !before.is_uppercase() {
            snake.push('_');
        }
        snake.extend(sign.to_lowercase());
        before = sign;
    }
    snake
}

pub(super) fn zig(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some((_, behind)) = line.split_once("@import")
            && let Some(name) = quoted(behind).filter(|name| name.ends_with(".zig"))
        {
            found.add(name, Base::Folder);
        }
    }
}

/// Protocol buffers and Solidity: `import "x"`, `import {A} from "x"`.
pub(super) fn quoted_import(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if line.starts_with("import ") || line.starts_with("} from ") {
            let path = line.find(['\'', '"']).and_then(|at| quoted(&line[at..]));
            if let Some(path) = path {
                found.add(path, Base::FolderThenAnywhere);
            }
        }
    }
}

pub(super) fn css(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        let Some(name) = after(line, &["@import ", "@use ", "@forward "]) else {
            continue;
        };
        if let Some(name) = quoted(name.trim_start_matches("url")) {
            found.add(name, Base::FolderThenAnywhere);
        }
    }
}

pub(super) fn bash(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        let Some(path) = after(line, &["source ", ". "]) else {
            continue;
        };
        let path = path.split(['#', ';', '&', '|']).next().unwrap_or_default();
        // `"$(dirname "$0")/lib.sh"`: what is computed is mostly the folder of the script.
        let path = path.rsplit([')', '}']).next().unwrap_or_default();
        let path = path.trim().trim_matches(['"', '\'', '/']);
        let path = match path.strip_prefix('$').and_then(|it| it.split_once('/')) {
            Some((_, inside)) => inside,
            None => path,
        };
        if !path.contains(['$', ' ']) && !path.is_empty() {
            found.add(path, Base::FolderThenAnywhere);
        }
    }
}

/// Julia and R: `include("x.jl")`, `source("x.R")`.
pub(super) fn included(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some(name) = after(line, &["include", "source"]).and_then(quoted) {
            found.add(name, Base::FolderThenAnywhere);
        }
    }
}

pub(super) fn ocaml(text: &str, found: &mut Found<'_>) {
    for (line, _) in lines(text) {
        if let Some(name) = line.strip_prefix("open ") {
            let name = name.trim_start_matches("! ").trim_end_matches(';').trim();
            let mut letters = name.chars();
            if let Some(first) = letters.next() {
                let name: String = first.to_lowercase().chain(letters).collect();
                found.add(&dotted(&name), Base::Anywhere);
            }
        }
    }
}
