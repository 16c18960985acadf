//! What waits for the user: changes and commands that are allowed or not, questions of the model,
//! and the way back.

use super::*;

/// A reply that asks the user something.
fn ask_user(question: &str) -> Reply {
    let arguments = json!({"question": question, "options": ["red", "blue"]});
    Reply::text("").call("ask_user", arguments)
}

#[test]
fn a_change_is_shown_as_it_will_be_and_goes_back_and_forth() {
    at_every_width("a_change_is_shown_as_it_will_be", |browser| {
        let page = Page::open(
            browser,
            vec![
                edit("notes.txt", "ninety", "eighty"),
                Reply::text("It is eighty now."),
            ],
        );
        let colder = NOTES.replace("ninety", "eighty");
        page.ask("Make it colder.");
        page.expect_approval("edit notes.txt");
        let is_wide = browser.eval("return innerWidth > 900;", &[]) == true;
        let layout = if is_wide { "split" } else { "unified" };
        let diff = format!("{OPEN_APPROVAL} [data-role=diff][data-layout={layout}]");
        browser.expect_count(&diff, 1);
        for (sign, line, word) in [("-", NOTES, "ninety"), ("+", colder.as_str(), "eighty")] {
            let cell = format!("{diff} td[data-sign=\"{sign}\"]");
            assert_eq!(browser.texts(&cell), [line.trim_end()]);
            let marked = browser.texts(&format!("{cell} mark")).concat();
            assert!(!marked.is_empty() && word.contains(&marked), "{marked}");
        }
        assert_eq!(page.environment.read("notes.txt"), NOTES);
        page.decide("approve-once");
        page.expect_answer("It is eighty now.");
        page.expect_ended(1);
        browser.expect(&role("decision"), "Allowed once");
        page.expect_file("notes.txt", &colder);

        page.show("changes");
        let change = "[data-role=change][data-path=\"notes.txt\"]";
        browser.expect(&format!("{change} {}", role("added")), "+1");
        browser.expect(&format!("{change} {}", role("removed")), "1");
        browser.click(&format!("{change} summary"));
        browser.expect(&format!("{change} td[data-sign=\"-\"]"), "ninety");
        browser.click("#undo");
        page.expect_file("notes.txt", NOTES);
        browser.expect_count(change, 0);
        browser.click("#redo");
        page.expect_file("notes.txt", &colder);
        browser.expect_count(change, 1);
        browser.click(&format!("{change} {}", role("revert")));
        browser.click("#confirm-no");
        assert_eq!(page.environment.read("notes.txt"), colder);
        browser.click(&format!("{change} {}", role("revert")));
        browser.click("#confirm-yes");
        page.expect_file("notes.txt", NOTES);
        browser.expect_count(change, 0);
        page.finish();
    });
}

#[test]
fn keys_decide_and_the_reason_goes_to_the_model() {
    at_every_width("keys_decide", |browser| {
        let page = Page::open(
            browser,
            vec![
                edit("notes.txt", "ninety", "eighty"),
                edit("notes.txt", "kettle", "pot"),
                edit("notes.txt", "ninety", "seventy"),
                edit("notes.txt", "seventy", "sixty"),
                Reply::text("It is sixty now."),
            ],
        );
        page.ask("Make it colder.");
        page.expect_diff("eighty");
        browser.press("n");
        page.expect_diff("pot");
        browser.press("r");
        browser.type_into(&role("reason-field"), "It is no pot.");
        browser.press(keys::ENTER);
        page.expect_diff("seventy");
        // Only what is pressed outside of a field counts.
        browser.type_into("#input", "y");
        assert_eq!(page.environment.read("notes.txt"), NOTES);
        browser.press(keys::BACKSPACE);
        browser.click(&format!("{OPEN_APPROVAL} {}", role("approval-title")));
        browser.press("a");
        page.expect_answer("It is sixty now.");
        page.expect_ended(1);
        page.expect_file("notes.txt", &NOTES.replace("ninety", "sixty"));
        let decisions = browser.texts(&role("decision"));
        assert_eq!(
            decisions,
            [
                "Denied.",
                "Denied: It is no pot.",
                "Allowed for this session."
            ]
        );
        let told = page.server.requests()[2]["messages"].to_string();
        assert!(told.contains("It is no pot."), "{told}");
        page.finish();
    });
}

#[test]
fn a_command_is_shown_whole_and_can_be_changed() {
    at_every_width("a_command_is_shown_whole", |browser| {
        let command = "touch made && echo 'a  b' > 'with blank'";
        let page = Page::open(
            browser,
            vec![run(command), run("touch last"), Reply::text("It is made.")],
        );
        page.ask("Make it.");
        page.expect_approval("run a command");
        let shown = browser.texts(&format!("{OPEN_APPROVAL} {}", role("approval-command")));
        assert_eq!(shown, [command]);
        browser.press("e");
        browser.wait(
            "the command in the field",
            "const field = document.querySelector(arguments[0]);
             field?.select();
             return field?.value.startsWith('touch made');",
            &[json!(role("command-field"))],
        );
        browser.press("touch other");
        browser.press(keys::ENTER);
        // What it is now is judged, and asked about.
        page.expect_approval("touch other");
        page.decide("approve-once");
        page.expect_approval("touch last");
        page.decide("approve-once");
        page.expect_answer("It is made.");
        page.expect_ended(1);
        let exists = |name: &str| page.environment.workspace().join(name).exists();
        assert!(exists("other") && exists("last") && !exists("made"));
        page.finish();
    });
}

#[test]
fn a_question_of_the_model_is_answered_by_button_and_by_writing() {
    at_every_width("a_question_of_the_model_is_answered", |browser| {
        let server = ChatServer::start(vec![
            ask_user("Which colour?"),
            ask_user("And the frame?"),
            Reply::text("Painted."),
        ]);
        let page = Page::open_with(browser, server, |environment| {
            environment.with("OLLACODE_TOOLS", "all")
        });
        let open = format!("{}[data-open=true]", item("ask"));
        page.ask("Paint it.");
        browser.expect(&open, "Which colour?");
        assert_eq!(
            browser.texts(&format!("{open} {}", role("option"))),
            ["red", "blue"]
        );
        browser.click(&format!("{open} [data-role=option]:nth-of-type(2)"));
        browser.expect(&open, "And the frame?");
        browser.type_into(&format!("{open} {}", role("ask-field")), "green");
        browser.press(keys::ENTER);
        page.expect_answer("Painted.");
        page.expect_ended(1);
        let told = page.server.requests()[2]["messages"].to_string();
        assert!(told.contains("blue") && told.contains("green"), "{told}");
        page.finish();
    });
}

#[test]
fn what_one_tab_decides_the_other_shows() {
    let Some(browser) = Browser::start("what_one_tab_decides_the_other_shows") else {
        return;
    };
    let page = Page::open(
        &browser,
        vec![
            edit("notes.txt", "ninety", "eighty"),
            Reply::text("Then not."),
        ],
    );
    page.ask("Make it colder.");
    page.expect_approval("edit notes.txt");
    let first = browser.tab();
    browser.new_tab();
    // Without a conversation of its own, a tab shows the open one.
    browser.open(&page.address());
    page.expect_approval("edit notes.txt");
    page.decide("deny");
    page.expect_answer("Then not.");
    browser.expect_clean();
    browser.close_tab(&first);
    page.expect_answer("Then not.");
    browser.expect(&role("decision"), "Denied.");
    assert_eq!(browser.count(OPEN_APPROVAL), 0);
    assert_eq!(page.environment.read("notes.txt"), NOTES);
    page.finish();
}

impl Page<'_> {
    /// Waits until a change is asked about that adds a word, and keys count.
    #[track_caller]
    fn expect_diff(&self, word: &str) {
        let added = format!("{OPEN_APPROVAL}[data-ready=true] td[data-sign=\"+\"]");
        self.browser.expect(&added, word);
    }
}
