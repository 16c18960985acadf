//! What search and replacement both omit or write differently stays as in the file.

use super::*;

const ORDER: &str = "\
fn checkout(order: &Order) {
    validate(order);
    audit(order);
    charge(order);
    send_receipt(order);
}
";

#[test]
fn lines_that_were_left_out_stay() {
    let flat = "validate();\naudit(order);\ncharge();\nsend_receipt();\n";
    let (text, matched) = done(
        flat,
        "validate();\ncharge();\nsend_receipt();\n",
        "validate();\ncharge();\nsend_email();\n",
    );
    assert_eq!(text, flat.replace("send_receipt", "send_email"));
    assert!(matches!(matched, Matched::Close(_)), "{matched:?}");
    // Several, wherever they are.
    let (text, _) = done(
        ORDER,
        "fn checkout(order: &Order) {\n    validate(order);\n    send_receipt(order);\n}\n",
        "fn checkout(order: &Order) {\n    validate(order, now);\n    send_receipt(order);\n}\n",
    );
    assert_eq!(
        text,
        ORDER.replace("validate(order)", "validate(order, now)")
    );
    // Two lines change, and the one between them was left out.
    let (text, _) = done(
        ORDER,
        "    validate(order);\n    charge(order);\n    send_receipt(order);\n",
        "    validate(cart);\n    charge(cart);\n    send_receipt(order);\n",
    );
    let wanted = ORDER.replace("validate(order)", "validate(cart)");
    assert_eq!(text, wanted.replace("charge(order)", "charge(cart)"));
    // A line is added where nothing was left out, and one goes.
    let (text, _) = done(
        ORDER,
        "    validate(order);\n    charge(order);\n    send_receipt(order);\n}\n",
        "    validate(order);\n    charge(order);\n    log(order);\n    send_receipt(order);\n}\n",
    );
    let wanted = ORDER.replace("    send", "    log(order);\n    send");
    assert_eq!(text, wanted);
    let (text, _) = done(
        ORDER,
        "    validate(order);\n    charge(order);\n    send_receipt(order);\n}\n",
        "    validate(order);\n    charge(order);\n}\n",
    );
    assert_eq!(text, ORDER.replace("    send_receipt(order);\n", ""));
}

#[test]
fn values_that_were_misremembered_stay() {
    let text = "let limits = Limits::new(3, from_secs(30));\nlog::info(&limits);\nrun(limits);\n";
    let (new, _) = done(
        text,
        "let limits = Limits::new(5, from_secs(60));\nlog::info(&limits);\n",
        "let limits = Limits::new(5, from_secs(60));\ntracing::info(&limits);\n",
    );
    assert_eq!(new, text.replace("log", "tracing"));
    // On the line that changes, too.
    let text = "log(Limits::new(3, from_secs(30)));\nrun(limits);\n";
    let (new, _) = done(
        text,
        "log(Limits::new(5, from_secs(60)));\nrun(limits);\n",
        "tracing(Limits::new(5, from_secs(60)));\nrun(limits);\n",
    );
    assert_eq!(new, text.replace("log", "tracing"));
}

#[test]
fn annotations_and_comments_that_were_dropped_stay() {
    let text = "\
def total(items: list[Item], rate: float = 0.2) -> Decimal:
    \"\"\"Adds up.\"\"\"
    net = sum(item.price for item in items)  # without tax
    return net * rate  # see the handbook
";
    let search = "\
def total(items, rate=0.2):
    \"\"\"Adds up.\"\"\"
    net = sum(item.price for item in items)
    return net * rate
";
    let (new, _) = done(
        text,
        search,
        &search.replace("net * rate", "net * (1 + rate)"),
    );
    assert_eq!(new, text.replace("net * rate", "net * (1 + rate)"));
    let (new, _) = done(text, search, &search.replace("def total", "def gross"));
    assert_eq!(new, text.replace("def total", "def gross"));
    // A whole line of comment.
    let text = "// Why.\nfn a() {\n    // Because.\n    one();\n    two();\n}\n";
    let (new, _) = done(
        text,
        "fn a() {\n    one();\n    two();\n}\n",
        "fn a() {\n    one();\n    three();\n}\n",
    );
    assert_eq!(new, text.replace("two", "three"));
}

#[test]
fn white_space_and_look_alikes_stay_where_nothing_changes() {
    // Two spaces at the end of a line are a line break in Markdown.
    let text = "first  \nsecond\t\nthird\n";
    let (new, matched) = done(text, "first\nsecond\nthird\n", "first\nsecond\nlast\n");
    assert_eq!(new, "first  \nsecond\t\nlast\n");
    assert_eq!(matched, Matched::TrailingSpace);
    let text = "title: “Don’t – stop”\nname:   x\nlevel: 1\n";
    let (new, matched) = done(
        text,
        "title: \"Don't - stop\"\nname: x\nlevel: 1\n",
        "title: \"Don't - stop\"\nname: y\nlevel: 2\n",
    );
    assert_eq!(new, "title: “Don’t – stop”\nname:   y\nlevel: 2\n");
    assert_eq!(matched, Matched::Spelling);
    let text = "say(“yes”,\u{a0}1);\n";
    let (new, _) = done(text, "say(\"yes\", 1);\n", "say(\"yes\", 2);\n");
    assert_eq!(new, "say(“yes”,\u{a0}2);\n");
    // Blank lines that were left out or made up.
    let text = "one();\n\ntwo();\nthree();\n";
    let (new, _) = done(
        text,
        "one();\ntwo();\n\nthree();\n",
        "one();\ntwo();\n\nfour();\n",
    );
    assert_eq!(new, "one();\n\ntwo();\nfour();\n");
    // Indentation within a text that goes over several lines.
    let text = "x = '''\n  a\n     b\n'''\n    y = 1\n";
    let search = "x = '''\na\nb\n'''\ny = 1\n";
    let (new, _) = done(text, search, &search.replace("y = 1", "y = 2"));
    assert_eq!(new, text.replace("y = 1", "y = 2"));
}

#[test]
fn what_is_to_be_changed_must_be_as_it_was_searched_for() {
    let differs = |text: &str, search: &str, replace: &str| match refused(text, search, replace) {
        EditError::Differs { lines } => lines,
        other => panic!("{other}"),
    };
    // The value that changes is another one.
    let text = "fn wait() {\n    sleep(30);\n    retry(3);\n}\n";
    let search = "fn wait() {\n    sleep(60);\n    retry(3);\n}\n";
    assert_eq!(differs(text, search, &search.replace("60", "90")), 1..5);
    // A line is deleted that has a comment.
    let text = "fn a() {\n    one(); // keep: see above\n    two();\n}\n";
    let search = "fn a() {\n    one();\n    two();\n}\n";
    differs(text, search, "fn a() {\n    two();\n}\n");
    // All is replaced, and some of it was left out.
    differs(
        ORDER,
        "    validate(order);\n    charge(order);\n    send_receipt(order);\n",
        "    todo();\n",
    );
    // Something is added where something was left out.
    differs(
        ORDER,
        "    validate(order);\n    charge(order);\n    send_receipt(order);\n",
        "    validate(order);\n    new(order);\n    charge(order);\n    send_receipt(order);\n",
    );
    // Which of two equal lines was left out?
    differs(
        "start();\ntick(1);\ntick(1);\nstop();\n",
        "start();\ntick(1);\nstop();\n",
        "start();\ntick(2);\nstop();\n",
    );
    // A line that the file has not is taken away.
    differs(
        ORDER,
        "    audit(order);\n    notify();\n    charge(order);\n    send_receipt(order);\n",
        "    audit(order);\n    charge(order);\n    send_receipt(order);\n",
    );
}

#[test]
fn a_single_line_that_is_only_close_is_not_taken() {
    for (text, search) in [
        (
            "let limit = compute(first, second);\n",
            "let limit = compute(first, other);\n",
        ),
        (
            "value = read_settings(path)  # why\n",
            "  value = read_settings(path)   # what\n",
        ),
        (
            "\nsend_receipt(order, now);\n\n",
            "\nsend_receipt(order, then);\n\n",
        ),
    ] {
        let error = refused(text, search, "gone\n");
        assert!(matches!(error, EditError::NotFound { .. }), "{error}");
    }
}

#[test]
fn of_several_close_places_none_is_guessed() {
    let text = "\
fn create(user: &User) {
    check(user, 1);
    store(user);
}

fn update(user: &User) {
    check(user, 2);
    store(user);
}
";
    let error = refused(
        text,
        "    check(user, 3);\n    store(user);\n",
        "    check(user, 3);\n    keep(user);\n",
    );
    assert_eq!(error, EditError::Many { lines: vec![2, 7] });
    // The head tells which one.
    let (new, _) = done(
        text,
        "fn update(user: &User) {\n    check(user, 3);\n    store(user);\n",
        "fn update(user: &User) {\n    check(user, 3);\n    keep(user);\n",
    );
    let (head, tail) = text.split_at(text.find("fn update").expect("it"));
    assert_eq!(new, format!("{head}{}", tail.replace("store", "keep")));
}

#[test]
fn what_is_new_is_indented_as_its_neighbours() {
    let text = "class A:\n\tdef f(self):\n\t\tone()  # 1\n\t\ttwo()\n";
    let search = "    def f(self):\n        one()\n        two()\n";
    let replace = "    def f(self):\n        one()\n        if x:\n            two()\n";
    let (new, _) = done(text, search, replace);
    assert_eq!(
        new,
        "class A:\n\tdef f(self):\n\t\tone()  # 1\n\t\tif x:\n\t\t\ttwo()\n"
    );
    // Indented at random, it says nothing of where something new should be.
    let text = "if a:\n    one()\n    if b:\n        two()\n";
    let search = "if a:\n  one()\nif b:\n      two()\n";
    let error = refused(text, search, &search.replace("if b", "three()\nif b"));
    assert!(matches!(error, EditError::Differs { .. }), "{error}");
}

#[test]
fn the_end_of_a_file_without_a_line_end_is_a_line() {
    let text = "one()  # 1\ntwo()\nthree()";
    let search = "one()\ntwo()\nthree()\n";
    let (new, _) = done(text, search, "one()\ntwo()\nthree()\nfour()\n");
    assert_eq!(new, "one()  # 1\ntwo()\nthree()\nfour()");
    let (new, _) = done(text, search, "one()\ntwo()\nfour()\n");
    assert_eq!(new, "one()  # 1\ntwo()\nfour()");
}

proptest! {
    /// Whatever is done, what the file has and the search has not is still there.
    #[test]
    fn no_line_is_lost_that_was_not_searched_for(
        text in prop::collection::vec("[ ]{0,4}[a-d]{1,4}\\([0-9]\\);", 1..8),
        left_out in prop::collection::vec(any::<bool>(), 8),
        changed in 0_usize..8,
    ) {
        let kept: Vec<&String> = text
            .iter()
            .zip(&left_out)
            .filter(|(_, left_out)| !**left_out)
            .map(|(line, _)| line)
            .collect();
        let mut replace: Vec<String> = kept.iter().map(|line| (*line).clone()).collect();
        let at = changed % kept.len().max(1);
        if let Some(line) = replace.get_mut(at) {
            *line = line.replace("(", "(new, ");
        }
        let before = text.join("\n");
        let search: Vec<&str> = kept.iter().map(|line| line.as_str()).collect();
        if let Ok(edited) = edit(&before, &search.join("\n"), &replace.join("\n"), false) {
            prop_assert_eq!(edited.text.replace("new, ", ""), before);
            prop_assert_eq!(edited.text.matches("new").count(), 1);
        }
    }
}
