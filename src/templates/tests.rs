use std::collections::BTreeMap;

use proptest::prelude::*;

use super::capture::{Sample, captured};
use super::render::escaped;
use super::shipped::{NAMES, shipped};
use super::words::{Spelling, words};
use super::*;

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn template(manifest: &str, path: &str, text: &str) -> Template {
    Template {
        name: "t".to_owned(),
        origin: TemplateOrigin::Repository,
        manifest: Manifest::parse("t", manifest).expect("a manifest"),
        files: vec![TemplateFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }],
    }
}

fn sample(path: &str, text: &str) -> Sample {
    Sample {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn names_are_spelled() {
    for (text, snake, camel, pascal) in [
        ("user account", "user_account", "userAccount", "UserAccount"),
        ("HTTPServer", "http_server", "httpServer", "HttpServer"),
        ("parse2Lines", "parse2_lines", "parse2Lines", "Parse2Lines"),
        ("größe-x", "größe_x", "größeX", "GrößeX"),
        ("", "", "", ""),
    ] {
        assert_eq!(Spelling::Snake.of(text), snake);
        assert_eq!(Spelling::Camel.of(text), camel);
        assert_eq!(Spelling::Pascal.of(text), pascal);
    }
    assert_eq!(Spelling::Upper.of("userAccount"), "USER_ACCOUNT");
    assert_eq!(Spelling::Title.of("userAccount"), "User account");
    assert_eq!(words("__a__b"), ["a", "b"]);
}

#[test]
fn every_example_can_be_filled_in() {
    for name in NAMES {
        let template = shipped(name).expect("an example").expect("it is read");
        let given = match template.manifest.variables.contains_key("module") {
            true => values(&[("name", "readOrder"), ("module", "app")]),
            false => values(&[("name", "user account")]),
        };
        let files = template.render(&given).expect("files");
        let file = &files[0];
        assert!(
            !file.text.contains("{{") && file.text.ends_with('\n'),
            "{name}"
        );
        let errors = crate::syntax::new_errors(&file.path, None, &file.text);
        assert!(errors.is_empty(), "{name}: {errors:?}\n{}", file.text);
    }
    assert!(shipped("endpoint-cobol").is_none());
}

#[test]
fn values_are_checked_all_at_once() {
    let manifest = "[variables.name]\npattern = '[a-z]+'\n[variables.kind]\n\
                    [variables.folder]\ndefault = 'src'\n";
    let wanting = template(manifest, "{{ folder }}/{{ name }}", "{{ kind }}");
    let error = wanting.render(&values(&[("name", "A b"), ("nam", "x")]));
    assert_eq!(
        error.expect_err("it is wrong").to_string(),
        "the template `t` cannot be filled in: it has no value `nam`; `kind` is missing; `name` does \
         not match `[a-z]+`; it wants `folder`, `kind`, `name`"
    );
    let files = wanting.render(&values(&[("name", "a"), ("kind", "{{ name }}")]));
    let files = files.expect("files");
    assert_eq!(files[0].path, "src/a");
    // A value is no template.
    assert_eq!(files[0].text, "{{ name }}");
}

#[test]
fn a_hostile_template_does_nothing() {
    for (path, text, why) in [
        ("a", "{% include '/etc/passwd' %}", "unknown"),
        ("a", "{% import 'b' as b %}", "unknown"),
        ("a", "{{ missing }}", "undefined"),
        (
            "a",
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "fuel",
        ),
        ("a", "{{ 'x' * 99999999 }}", ""),
        ("../a", "x", "no path below"),
        ("/etc/a", "x", "no path below"),
        ("a//b", "x", "no path below"),
        ("{{ '..' }}/a", "x", "no path below"),
    ] {
        let hostile = template("", path, text);
        let error = hostile.render(&BTreeMap::new()).err();
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(!error.is_empty() && error.contains(why), "{text}: {error}");
    }
    let twice = Template {
        files: vec![
            TemplateFile {
                path: "{{ 'a' }}".to_owned(),
                text: String::new(),
            },
            TemplateFile {
                path: "a".to_owned(),
                text: String::new(),
            },
        ],
        ..template("", "a", "")
    };
    let error = twice.render(&BTreeMap::new()).expect_err("two of one name");
    assert!(
        error.to_string().contains("two files are named `a`"),
        "{error}"
    );
    for manifest in [
        "a",
        "x = 1",
        "[variables.'a b']",
        "[variables.a]\npattern = '('",
    ] {
        assert!(Manifest::parse("t", manifest).is_err(), "{manifest}");
    }
}

#[test]
fn a_template_is_made_of_a_file() {
    let text = "import { find } from './orders';\n\nexport class OrderItem {\n  \
                reorderItems() { return order_item; } // {{ x }}\n}\n";
    let made = captured("t", &sample("src/order-item.ts", text), &[]).expect("a template");
    assert_eq!(made.files[0].path, "src/{{ name|kebab }}.ts");
    let filled = made.render(&values(&[("name", "user account")]));
    let filled = filled.expect("files");
    assert_eq!(filled[0].path, "src/user-account.ts");
    assert_eq!(
        filled[0].text,
        "import { find } from './orders';\n\nexport class UserAccount {\n  \
         reorderItems() { return user_account; } // {{ x }}\n}\n"
    );
    let same = made
        .render(&values(&[("name", "order item")]))
        .expect("files");
    assert_eq!(same[0].text, text);
    let parsed = Manifest::parse("t", &made.manifest.to_toml()).expect("it is read again");
    assert_eq!(parsed, made.manifest);
}

#[test]
fn siblings_show_what_differs() {
    let one = "class OrderView:\n    table = \"orders\"\n    limit = 10\n\n    def order(self):\n        \
               return load(\"orders\", 10)\n\n    def only_here(self):\n        pass\n";
    let two = "class UserView:\n    table = \"users\"\n    limit = 25\n\n    def user(self):\n        \
               return load(\"users\", 25)\n";
    let made = captured(
        "t",
        &sample("app/order_view.py", one),
        &[sample("app/user_view.py", two)],
    );
    let made = made.expect("a template");
    assert_eq!(made.files[0].path, "app/{{ name|snake }}_view.py");
    assert_eq!(made.manifest.variables.len(), 2, "{:?}", made.manifest);
    let filled = made.render(&values(&[("name", "invoice"), ("value_1", "7")]));
    assert_eq!(
        filled.expect("files")[0].text,
        "class InvoiceView:\n    table = \"invoices\"\n    limit = 7\n\n    def invoice(self):\n        \
         return load(\"invoices\", 7)\n"
    );
    let other = sample("app/readme.py", "nothing\nlike\nit\n");
    assert!(captured("t", &sample("app/order_view.py", one), &[other]).is_err());
}

#[test]
fn a_template_that_would_use_up_the_stack_is_refused() {
    let long =
        |open: &str, piece: &str, close: &str| format!("{open}{}1{close}", piece.repeat(100_000));
    for (text, why) in [
        (long("{{ ", "-", " }}"), "more than 200 bytes"),
        (long("{{ ", "-", ""), "more than 200 bytes"),
        (long("{{ ", "not ", " }}"), "more than 200 bytes"),
        (long("{{ 1", "|string", "|string }}"), "more than 200 bytes"),
        (long("{% if 1 %}", "{% elif 1 %}", "{% endif %}"), "`elif`"),
        // What a simpler reader would take for the end of the tag, a comment or a raw block.
        (long("{{ '}}'", "~1", "~1 }}"), "within quotes"),
        (long("{{ {'a': {}}}", "+1", "+1 }}"), "within quotes"),
        (
            long("{% raw %} endraw {# {% endraw %}{{ ", "-", " }}{# #}"),
            "more than 200 bytes",
        ),
        (
            long("{% raw %}{# {%- endraw -%}{{ ", "-", " }}{# #}"),
            "more than 200 bytes",
        ),
    ] {
        let error = template("", "a", &text).render(&BTreeMap::new()).err();
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        let shown: String = text.chars().take(60).collect();
        assert!(error.contains(why), "{shown}: {error}");
    }
    let nested = "{% set a = [a] %}".repeat(9_000);
    let nested = format!("{{% set a = 1 %}}{nested}");
    // Whether the work suffices or not: it comes back.
    let _ = template("", "a", &nested).render(&BTreeMap::new());
    let raw = "{% raw %}{{ it's not ours {# }}{% endraw %}{# it's #}{{ \"{{\" }}{{ 'a' }}";
    let files = template("", "a", raw).render(&BTreeMap::new());
    assert_eq!(files.expect("files")[0].text, "{{ it's not ours {# }}{{a");
    let many: String = (0..51).map(|at| format!("[variables.a{at}]\n")).collect();
    assert!(Manifest::parse("t", &many).is_err());
}

#[test]
fn files_are_written_all_or_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a folder");
    let jail = Jail::open(&root).expect("a jail");
    let [one, below] = ["a", "a/b"].map(|path| jail.path(path).expect("a path"));
    assert!(write_new(&jail, &[(&one, "x"), (&below, "y")]).is_err());
    assert!(!root.join("a").exists());
    write_new(&jail, &[(&below, "y")]).expect("it is written");
    assert!(write_new(&jail, &[(&below, "z")]).is_err());
    assert_eq!(
        std::fs::read_to_string(root.join("a/b")).expect("a file"),
        "y"
    );
}

#[test]
fn a_name_of_one_word_is_spelled_as_such_files_spell_names() {
    let text = "import { order } from './order';\n\nexport const find_order = `${order} ORDER`;\n\
                export class OrderView {}\n";
    let made = captured("t", &sample("src/order.ts", text), &[]).expect("a template");
    let filled = made.render(&values(&[("name", "user account")]));
    let filled = filled.expect("files");
    assert_eq!(filled[0].path, "src/user-account.ts");
    assert_eq!(
        filled[0].text,
        "import { userAccount } from './user-account';\n\n\
         export const find_user_account = `${userAccount} USER_ACCOUNT`;\n\
         export class UserAccountView {}\n"
    );
}

#[test]
fn a_name_may_be_that_of_the_folder() {
    let one = sample(
        "app/pet/index.js",
        "exports.prefix = '/pet';\nexports.pet = 1;\n",
    );
    let two = sample(
        "app/user/index.js",
        "exports.prefix = '/user';\nexports.user = 1;\n",
    );
    for siblings in [vec![], vec![two]] {
        let made = captured("t", &one, &siblings).expect("a template");
        let filled = made.render(&values(&[("name", "shop item")]));
        let filled = filled.expect("files");
        assert_eq!(filled[0].path, "app/shop-item/index.js");
        assert_eq!(
            filled[0].text,
            "exports.prefix = '/shop-item';\nexports.shopItem = 1;\n"
        );
    }
}

#[test]
fn what_files_have_in_common_must_be_a_whole_file() {
    let rest = "one();\ntwo();\nthree();\n";
    let one = format!("run(() => {{\n  go(1);\n}});\n{rest}");
    let two = format!("run(() => {{\n  go(1); }}, () => {{\n  go(2);\n}}, 3);\n{rest}");
    let (one, two) = (sample("app/order.js", &one), sample("app/user.js", &two));
    let error = captured("t", &one, &[two]).expect_err("half a call");
    assert!(error.to_string().contains("no whole file"), "{error}");
}

proptest! {
    #[test]
    fn any_text_survives_as_a_template(text in "[a-z{}%# \n\"]{0,80}") {
        let made = template("", "a", &escaped(&text));
        let files = made.render(&BTreeMap::new()).expect("files");
        prop_assert_eq!(&files[0].text, &text);
    }

    #[test]
    fn a_file_is_what_its_template_makes_of_its_own_name(
        text in "(order|Order|ORDER|_|[a-z{}(); \n]|[A-Z]){0,60}"
    ) {
        let file = sample("order.rs", &text);
        let made = captured("t", &file, &[]).expect("a template");
        let files = made.render(&values(&[("name", "order")])).expect("files");
        // Line ends are those of Unix, and the last one stays as it was.
        let expected: Vec<&str> = text.lines().collect();
        let lines: Vec<&str> = files[0].text.lines().collect();
        prop_assert_eq!(lines, expected);
    }
}
