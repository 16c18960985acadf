#!/usr/bin/env python3
"""Makes the corpora that the benchmark `scale` measures. The same arguments make the same files.

    corpora.py FOLDER packages BYTES   sources of the packages in cargo's registry, by name, until
                                       there are so many bytes; 90,000,000 are about 97,000 chunks
    corpora.py FOLDER small FILES      so many files of a few lines
    corpora.py FOLDER bombs            files that are small to write and may be slow to read

The folder must not exist, or be empty. Nothing but the standard library is used.
"""

import os
import re
import sys
from pathlib import Path

SUFFIXES = {".rs", ".c", ".h", ".md", ".toml"}
# The indexer passes over larger files.
LARGEST = 1 << 20


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    folder, kind, *rest = arguments
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"`{folder}` is not empty")
    match kind, rest:
        case "packages", [number]:
            packages(folder, int(number))
        case "small", [number]:
            small(folder, int(number))
        case "bombs", []:
            bombs(folder)
        case _:
            sys.exit(__doc__)


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# Sources of packages.


def packages(folder, wanted):
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    found = sorted(home.glob("registry/src/*/*"), key=lambda package: (package.name, str(package)))
    if not found:
        sys.exit(f"no packages in `{home}/registry/src`; `cargo fetch` brings them")
    size, files, seen = 0, 0, set()
    for again in range(1, 10):
        for package in found:
            name = package.name if again == 1 else f"{package.name}-again{again}"
            if name in seen or not package.is_dir():
                continue
            seen.add(name)
            for source in sources(package):
                data = source.read_bytes()
                if not data or len(data) > LARGEST:
                    continue
                if again > 1:
                    data = renamed(data, again)
                write(folder / name / source.relative_to(package), data)
                size, files = size + len(data), files + 1
                if size >= wanted:
                    print(f"{files} files, {size} bytes, {len(seen)} packages")
                    return
        print(f"the registry has {size} bytes; it is read again with other names", file=sys.stderr)
    sys.exit(f"the registry is too small: {size} of {wanted} bytes")


def sources(package):
    """Files of a package that are indexed, in order; no links."""
    for place, folders, names in os.walk(package):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix in SUFFIXES and not path.is_symlink():
                yield path


def renamed(data, again):
    """Other texts of the same kind: every fourth longer name has another end."""

    def other(found):
        word = found.group()
        return b"%s_%d" % (word, again) if sum(word) % 4 == 0 else word

    return re.sub(rb"\b[a-z][a-z_]{5,}\b", other, data)


# Small files.

NOUNS = (
    "account address archive backup basket beacon branch bucket buffer cache channel client "
    "cluster column compass cookie counter cursor digest document driver editor engine entry "
    "filter folder garden gateway header history import invoice journal kernel label ledger "
    "library limit margin matrix member message module monitor network notice number object "
    "operand order packet parcel parser policy printer profile query queue quota reader record "
    "register replica report router sample scanner schema section sensor session shard signal "
    "snapshot socket spool status stream subject symbol syntax table target template ticket "
    "token tracker tunnel update upload vector version viewer volume wallet window worker yield"
).split()
VERBS = (
    "add build check close count drop fetch find join keep list load make merge move open parse "
    "pick print push read send skip sort split start stop store take write"
).split()


def noun(number):
    return NOUNS[number * 7919 % len(NOUNS)]


def verb(number):
    return VERBS[number * 104729 % len(VERBS)]


def small(folder, files):
    for number in range(files):
        hundred = number // 100
        top = f"{noun(hundred // 20)}_{hundred // 20}"
        name = f"{noun(number)}_{number}"
        ending, text = small_text(number)
        write(folder / top / f"{noun(hundred)}_{hundred}" / f"{name}.{ending}", text.encode())
    print(f"{files} files")


def small_text(number):
    act, thing, other = verb(number), noun(number + 1), noun(number // 3)
    name = f"{act}_{thing}_{number}"
    about = f"{act.capitalize()}s the {thing} of each {other}, number {number}."
    match number % 4:
        case 0:
            head = f"/// {about}\npub fn {name}({other}: usize) -> usize {{\n"
            return "rs", f"{head}    {other} + {number}\n}}\n"
        case 1:
            head = f'def {name}({other}):\n    """{about}"""\n'
            return "py", f"{head}    return {other}.{act}({number})\n"
        case 2:
            return "md", f"# The {thing} {number}\n\n{about} See `{name}` in the {other}.\n"
        case _:
            return "toml", f"# {about}\n[{thing}.{name}]\n{other} = {number}\n"


# Bombs. Each language names what it can: how a file begins and ends, a comment, a statement, and
# pairs that open and close something that nests.

BRACES = {"else_if": ("if (a) { b(); }", " else if (a) { b(); }", "")}
C_LIKE = {
    "comment": "// c",
    "statement": "a();",
    "call": ("f(", ")"),
    "paren": ("(", ")"),
    "block": ("{", "}"),
    "or": " || a",
    **BRACES,
}
IN_MAIN = {"head": "void main() {\n", "tail": "\n}\n"}
LANGUAGES = {
    "rs": C_LIKE | {
        "head": "fn main() {\n",
        "tail": "\n}\n",
        "array": ("[", "]"),
        "class": ("mod a{", "}"),
        "type": ("let a: A<", ">;", "B<", ">"),
        "else_if": ("if a { b(); }", " else if a { b(); }", ""),
        "case": ("match a {", "\n    1 => 2,", "\n}"),
    },
    "c": C_LIKE | IN_MAIN | {
        "class": ("struct A{", "};"),
        "case": ("switch (a) {", "\ncase 1: b();", "\n}"),
    },
    "cpp": C_LIKE | IN_MAIN | {"class": ("class A{", "};"), "namespace": ("namespace a{", "}")},
    "java": C_LIKE | {
        "head": "class A { void m() {\n",
        "tail": "\n} }\n",
        "class": ("class A{", "}"),
        "case": ("switch (a) {", "\ncase 1: b();", "\n}"),
    },
    "cs": C_LIKE | {
        "head": "class A { void M() {\n",
        "tail": "\n} }\n",
        "class": ("class A{", "}"),
        "namespace": ("namespace a{", "}"),
    },
    "js": C_LIKE | {
        "array": ("[", "]"),
        "class": ("class A{static{", "}}"),
        "function": ("function a(){", "}"),
    },
    "ts": C_LIKE | {
        "array": ("[", "]"),
        "namespace": ("namespace a{", "}"),
        "function": ("function a(){", "}"),
    },
    "tsx": C_LIKE | {"element": ("<a>", "</a>"), "function": ("function a(){", "}")},
    "go": C_LIKE | {
        "head": "package a\n\nfunc main() {\n",
        "tail": "\n}\n",
        "function": ("func(){", "}()"),
        "else_if": ("if a { b() }", " else if a { b() }", ""),
    },
    "kt": C_LIKE | {"head": "fun main() {\n", "tail": "\n}\n", "class": ("class A{", "}")},
    "swift": C_LIKE | {
        "array": ("[", "]"),
        "class": ("class A{", "}"),
        "else_if": ("if a { b() }", " else if a { b() }", ""),
    },
    "scala": C_LIKE | {"head": "object A {\n", "tail": "\n}\n", "class": ("class A{", "}")},
    "dart": C_LIKE | IN_MAIN | {"array": ("[", "]")},
    "php": C_LIKE | {
        "head": "<?php\n",
        "array": ("[", "]"),
        "chain": "$x = $a",
        "or": " || $a",
        "function": ("function a(){", "}"),
    },
    "m": C_LIKE | IN_MAIN,
    "zig": C_LIKE | {
        "head": "fn main() void {\n",
        "tail": "\n}\n",
        "chain": "const x = a",
        "or": " or a",
        "class": ("const A = struct{", "};"),
    },
    "sol": C_LIKE | {
        "head": "contract A { function f() {\n",
        "tail": "\n} }\n",
        "class": ("contract A{", "}"),
    },
    "py": {
        "comment": "# c",
        "statement": "a()",
        "call": ("f(", ")"),
        "paren": ("(", ")"),
        "array": ("[", "]"),
        "or": " or a",
        "else_if": ("if a:\n    b()\n", "elif a:\n    b()\n", ""),
    },
    "rb": {
        "comment": "# c",
        "statement": "a()",
        "call": ("f(", ")"),
        "array": ("[", "]"),
        "class": ("class A\n", "end\n"),
        "or": " || a",
        "else_if": ("if a\n b\n", "elsif a\n b\n", "end\n"),
    },
    "lua": {
        "comment": "-- c",
        "statement": "a()",
        "call": ("f(", ")"),
        "array": ("{", "}"),
        "function": ("function a() ", "end "),
        "or": " or a",
        "else_if": ("if a then b() ", "elseif a then b() ", "end"),
    },
    "sh": {
        "comment": "# c",
        "statement": "a",
        "paren": ("(", ")"),
        "call": ("$(f ", ")"),
        "function": ("a() {\n", "\n}\n"),
        "or": " || a",
        "else_if": ("if a; then b\n", "elif a; then b\n", "fi"),
    },
    "ex": {
        "comment": "# c",
        "statement": "a()",
        "call": ("f(", ")"),
        "array": ("[", "]"),
        "class": ("defmodule A do\n", "end\n"),
        "or": " || a",
    },
    "hs": {
        "comment": "-- c",
        "statement": "a = b",
        "head": "module A where\n",
        "paren": ("(", ")"),
        "array": ("[", "]"),
        "or": " || a",
    },
    "ml": {
        "comment": "(* c *)",
        "statement": "let a = b",
        "paren": ("(", ")"),
        "array": ("[", "]"),
        "class": ("module A = struct ", "end "),
        "or": " || a",
    },
    "jl": {
        "comment": "# c",
        "statement": "a()",
        "call": ("f(", ")"),
        "array": ("[", "]"),
        "class": ("module A\n", "end\n"),
        "or": " || a",
    },
    "r": {
        "comment": "# c",
        "statement": "a()",
        "call": ("f(", ")"),
        "function": ("function(){", "}"),
        "or": " || a",
    },
    "ps1": {
        "comment": "# c",
        "statement": "a",
        "paren": ("(", ")"),
        "function": ("function a {", "}"),
        "chain": "$x = $a",
        "or": " -or $a",
    },
    "nix": {
        "comment": "# c",
        "paren": ("(", ")"),
        "array": ("[", "]"),
        "class": ("{ a = ", "; }"),
        "or": " || a",
    },
    "tf": {
        "comment": "# c",
        "statement": "a = 1",
        "head": "",
        "class": ("a {\n", "}\n"),
        "array": ("[", "]"),
    },
    "sql": {
        "comment": "-- c",
        "statement": "SELECT a FROM b;",
        "paren": ("SELECT (", ")"),
        "chain": "SELECT a WHERE a",
        "or": " OR a",
        "select": ("SELECT * FROM (", ") a "),
    },
    "graphql": {"comment": "# c", "statement": "scalar A", "class": ("{a", "}")},
    "proto": {"comment": "// c", "statement": "message A {}", "class": ("message A{", "}")},
    "cmake": {"comment": "# c", "statement": "a()", "call": ("f(", ")")},
    "mk": {"comment": "# c", "statement": "a: b", "call": ("$(f ", ")")},
    "css": {
        "comment": "/* c */",
        "statement": "a { b: c }",
        "class": ("a {", "}"),
        "paren": ("a { b: (", ") }"),
    },
    "html": {"comment": "<!-- c -->", "statement": "<br>", "element": ("<a>", "</a>")},
    "md": {
        "statement": "# a\n",
        "quote": ("> ", ""),
        "list": ("- ", ""),
        "array": ("[", "]"),
        "emphasis": ("*a ", "*"),
    },
    "json": {"array": ("[", "]"), "class": ('{"a":', "}")},
    "yaml": {
        "comment": "# c",
        "statement": "a: b",
        "array": ("[", "]"),
        "class": ("{a: ", "}"),
        "list": ("- ", ""),
    },
    "toml": {"comment": "# c", "statement": "[[a]]", "array": ("a = [", "]")},
}

COMMENTS = 100_000
STATEMENTS = 60_000
NESTED = 20_000
CHAIN = 40_000
ELSE_IFS = 8_000

# The indexer passes over larger files.
LARGEST_BOMB = 1_000_000

# What does not nest.
FLAT = {"head", "tail", "comment", "statement", "or", "chain", "else_if", "case", "type"}


def bombs(folder):
    made = 0
    for ending, language in LANGUAGES.items():
        for name, text in bombs_of(language):
            write(folder / f"{name}.{ending}", text.encode())
            made += 1
    print(f"{made} files in {len(LANGUAGES)} languages")


def bombs_of(language):
    head, tail = language.get("head", ""), language.get("tail", "")
    inside = lambda text: f"{head}{text}{tail}\n"
    if comment := language.get("comment"):
        # Bare, and before something that they might belong to.
        lines = repeated(f"{comment}\n", COMMENTS)
        yield "comments", lines
        yield "comments_in", inside(lines + language.get("statement", ""))
    if statement := language.get("statement"):
        yield "statements", inside(repeated(f"{statement}\n", STATEMENTS))
        yield "statements_on_a_line", inside(repeated(f"{statement} ", STATEMENTS))
    if operator := language.get("or"):
        first = language.get("chain", "x = a")
        yield "chain", inside(first + operator * CHAIN + ";")
    if "else_if" in language:
        first, more, end = language["else_if"]
        yield "else_ifs", inside(first + more * ELSE_IFS + end)
    if "case" in language:
        first, more, end = language["case"]
        yield "cases", inside(first + more * ELSE_IFS + end)
    if "type" in language:
        before, after, opened, closed = language["type"]
        yield "nested_types", inside(before + opened * NESTED + "C" + closed * NESTED + after)
    for kind, pair in language.items():
        if kind in FLAT:
            continue
        opened, closed = pair
        around = inside if kind not in {"class", "namespace"} else lambda text: f"{text}\n"
        yield f"nested_{kind}", around(opened * NESTED + closed * NESTED)
        yield f"unclosed_{kind}", around(opened * NESTED)


def repeated(text, times):
    return text * min(times, LARGEST_BOMB // len(text))


if __name__ == "__main__":
    main(sys.argv[1:])
