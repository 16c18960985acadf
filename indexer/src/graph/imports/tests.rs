//! Imports of small projects, by language.

use super::super::tests::{graph, imports};

#[track_caller]
fn check(files: &[(&str, &str)], importer: &str, expected: &[&str]) {
    assert_eq!(imports(&graph(files), importer), expected);
}

#[test]
fn rust_modules_are_found() {
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"my-shop\"\nversion = \"1.0.0\"\n",
        ),
        (
            "src/lib.rs",
            "mod cart;\npub mod net;\n\nuse crate::net::dial::{Conn, dial};\n",
        ),
        (
            "src/cart.rs",
            "use super::net;\nuse std::fmt;\n\nmod tests {\n    use super::*;\n}\n",
        ),
        ("src/net/mod.rs", "pub(crate) mod dial;\n"),
        (
            "src/net/dial.rs",
            "use crate::{\n    cart::Cart,\n    net::{self},\n};\n",
        ),
        ("tests/it.rs", "use my_shop::cart::Cart;\n"),
    ];
    check(
        &files,
        "src/lib.rs",
        &["src/cart.rs", "src/net/dial.rs", "src/net/mod.rs"],
    );
    check(&files, "src/cart.rs", &["src/net/mod.rs"]);
    check(&files, "src/net/mod.rs", &["src/net/dial.rs"]);
    check(
        &files,
        "src/net/dial.rs",
        &["src/cart.rs", "src/net/mod.rs"],
    );
    check(&files, "tests/it.rs", &["src/cart.rs"]);
}

#[test]
fn python_modules_are_found() {
    let files = [
        (
            "shop/app.py",
            "import json\nimport shop.cart as c, os\nfrom . import views\nfrom .db.models import (\n    User,  # ours\n    tables,\n)\nfrom ..tools import helper\n",
        ),
        ("shop/__init__.py", "x = 1\n"),
        ("shop/cart.py", "x = 1\n"),
        ("shop/views.py", "x = 1\n"),
        ("shop/db/models/__init__.py", "x = 1\n"),
        ("shop/db/models/tables.py", "x = 1\n"),
        ("tools/__init__.py", "def helper():\n    pass\n"),
        ("other/deep/json.py", "x = 1\n"),
    ];
    check(
        &files,
        "shop/app.py",
        &[
            "shop/cart.py",
            "shop/db/models/__init__.py",
            "shop/db/models/tables.py",
            "shop/views.py",
            "tools/__init__.py",
        ],
    );
}

#[test]
fn scripts_are_found() {
    let files = [
        (
            "web/app.ts",
            "import { a } from './a';\nimport {\n  b,\n} from \"../lib/b.js\";\nimport './style.css';\nconst c = require('./c');\nexport * from '@/deep/d';\nimport React from 'react';\nconst e = await import('./e');\n",
        ),
        ("web/a.ts", "export const a = 1;\n"),
        ("lib/b.ts", "export const b = 1;\n"),
        ("web/style.css", "a { color: red; }\n"),
        ("web/c/index.js", "module.exports = 1;\n"),
        ("src/deep/d.tsx", "export const d = 1;\n"),
        ("web/e.mjs", "export const e = 1;\n"),
    ];
    check(
        &files,
        "web/app.ts",
        &[
            "lib/b.ts",
            "src/deep/d.tsx",
            "web/a.ts",
            "web/c/index.js",
            "web/e.mjs",
            "web/style.css",
        ],
    );
}

#[test]
fn packages_of_go_are_found_by_their_module() {
    let files = [
        ("go.mod", "module example.org/shop\n\ngo 1.22\n"),
        (
            "main.go",
            "package main\n\nimport (\n\t\"net/http\"\n\n\tc \"example.org/shop/internal/cart\"\n)\n\nfunc main() { c.Add(http.DefaultClient) }\n",
        ),
        (
            "internal/cart/cart.go",
            "package cart\n\nfunc Add(x any) {}\n",
        ),
        ("internal/cart/cart_test.go", "package cart\n"),
        ("http/http.go", "package http\n"),
    ];
    check(&files, "main.go", &["internal/cart/cart.go"]);
}

#[test]
fn classes_of_java_kotlin_and_scala_are_found() {
    let files = [
        (
            "app/src/main/java/org/shop/App.java",
            "package org.shop;\n\nimport java.util.List;\nimport org.shop.cart.Cart;\nimport static org.shop.Prices.check;\nimport org.shop.net.*;\n\nclass App {}\n",
        ),
        (
            "app/src/main/java/org/shop/cart/Cart.java",
            "package org.shop.cart;\n\nclass Cart {}\n",
        ),
        (
            "app/src/main/kotlin/org/shop/Prices.kt",
            "package org.shop\n\nfun check() {}\n",
        ),
        (
            "app/src/main/java/org/shop/net/Dial.java",
            "package org.shop.net;\n\nclass Dial {}\n",
        ),
    ];
    check(
        &files,
        "app/src/main/java/org/shop/App.java",
        &[
            "app/src/main/java/org/shop/cart/Cart.java",
            "app/src/main/java/org/shop/net/Dial.java",
            "app/src/main/kotlin/org/shop/Prices.kt",
        ],
    );
}

#[test]
fn headers_of_c_are_found_and_those_of_the_system_are_not() {
    let files = [
        (
            "src/main.c",
            "#include <string.h>\n#include <shop/price.h>\n#  include \"cart.h\"\n#include \"net/dial.h\"\n\nint main(void) { return 0; }\n",
        ),
        ("src/cart.h", "int add(void);\n"),
        ("include/shop/price.h", "int check(void);\n"),
        ("include/net/dial.h", "int dial(void);\n"),
        ("include/string.h", "int len(void);\n"),
    ];
    check(
        &files,
        "src/main.c",
        &["include/net/dial.h", "include/shop/price.h", "src/cart.h"],
    );
}

#[test]
fn files_of_ruby_and_php_are_found() {
    let files = [
        (
            "bin/run.rb",
            "require 'json'\nrequire 'shop/cart'\nrequire_relative '../lib/net'\n",
        ),
        ("lib/shop/cart.rb", "class Cart\nend\n"),
        ("lib/net.rb", "class Net\nend\n"),
        ("vendor/deep/json.rb", "class Json\nend\n"),
    ];
    check(&files, "bin/run.rb", &["lib/net.rb", "lib/shop/cart.rb"]);
    let files = [
        (
            "app/Http/Home.php",
            "<?php\nnamespace App\\Http;\n\nuse App\\Models\\User;\nuse App\\Models\\{Cart, Order as O};\nrequire_once __DIR__ . '/util.php';\n\nclass Home {}\n",
        ),
        ("app/Models/User.php", "<?php\nclass User {}\n"),
        ("app/Models/Cart.php", "<?php\nclass Cart {}\n"),
        ("app/Models/Order.php", "<?php\nclass Order {}\n"),
        ("app/Http/util.php", "<?php\nfunction util() {}\n"),
    ];
    check(
        &files,
        "app/Http/Home.php",
        &[
            "app/Http/util.php",
            "app/Models/Cart.php",
            "app/Models/Order.php",
            "app/Models/User.php",
        ],
    );
}

#[test]
fn imports_of_other_languages_are_found() {
    for (importer, text, target) in [
        (
            "lib/main.dart",
            "import 'package:shop/cart.dart';\n",
            "lib/cart.dart",
        ),
        (
            "main.lua",
            "local cart = require(\"shop.cart\")\n",
            "shop/cart.lua",
        ),
        (
            "app/Main.hs",
            "module Main where\nimport qualified Shop.Cart as C\n",
            "src/Shop/Cart.hs",
        ),
        (
            "lib/web.ex",
            "defmodule Web do\n  alias Shop.CartItem\nend\n",
            "lib/shop/cart_item.ex",
        ),
        (
            "src/main.zig",
            "const cart = @import(\"cart.zig\");\n",
            "src/cart.zig",
        ),
        (
            "api/a.proto",
            "syntax = \"proto3\";\nimport \"api/b.proto\";\n",
            "api/b.proto",
        ),
        (
            "contracts/A.sol",
            "import {B} from \"./B.sol\";\n",
            "contracts/B.sol",
        ),
        (
            "run.sh",
            "source \"$(dirname \"$0\")/lib/common.sh\"\n",
            "lib/common.sh",
        ),
    ] {
        check(&[(importer, text), (target, "x\n")], importer, &[target]);
    }
}

#[test]
fn hostile_imports_do_no_harm() {
    let long = format!("import {{ a }} from '{}';\n", "../".repeat(5_000));
    let many = "import './a';\n".repeat(5_000);
    let deep = format!("use {}a{};\n", "a::{".repeat(3_000), "}".repeat(3_000));
    let files = [
        ("src/long.ts", long.as_str()),
        ("src/many.ts", many.as_str()),
        ("src/a.ts", "export const a = 1;\n"),
        ("src/deep.rs", deep.as_str()),
        (
            "src/out.ts",
            "import x from '../../../../etc/passwd';\nfrom '\nrequire('",
        ),
        (
            "src/odd.py",
            "from\nfrom . import\nimport\nfrom ........... import x\nfrom x import (é",
        ),
        (
            "src/odd.rs",
            "use é{é,\nmod ;\nuse ;\npub(in é) use super::super::super::é::*;\n",
        ),
    ];
    let graph = graph(&files);
    assert_eq!(imports(&graph, "src/many.ts"), ["src/a.ts"]);
    assert_eq!(imports(&graph, "src/long.ts"), [""; 0]);
    assert_eq!(imports(&graph, "src/out.ts"), [""; 0]);
}
