//! Sessions, models and workspaces: listed, searched, continued, exported.

use super::*;
use crate::support::chat_server::ServedModel;

#[test]
fn sessions_are_listed_searched_resumed_and_exported() {
    at_every_width("sessions_are_listed_searched", |browser| {
        let page = Page::open(
            browser,
            vec![
                Reply::text("At ninety degrees."),
                Reply::text("One."),
                Reply::text("Because of the height."),
            ],
        );
        page.ask("When does the kettle boil?");
        page.expect_answer("At ninety degrees.");
        page.expect_ended(1);
        page.show_sessions();
        browser.click("#session-new");
        browser.expect_count(&item("answer"), 0);
        page.ask("How many parsers are there?");
        page.expect_answer("One.");
        page.expect_ended(1);

        page.show_sessions();
        let listed = |title: &str| {
            browser.expect(
                &format!("{} {}", role("session"), role("session-open")),
                title,
            );
        };
        listed("When does the kettle boil?");
        listed("How many parsers are there?");
        browser.expect("[data-role=session][data-current=true]", "How many parsers");
        browser.type_into("#session-query", "KETTLE");
        browser.expect_count(&role("session"), 1);
        listed("When does the kettle boil?");

        browser.eval(
            "const made = URL.createObjectURL.bind(URL);
             URL.createObjectURL = (blob) => { window.exported = blob; return made(blob); };",
            &[],
        );
        browser.click(&role("session-export"));
        let exported = "return window.exported ? await window.exported.text() : null;";
        let exported = browser.wait("an exported session", exported, &[]);
        let exported = exported.as_str().expect("a text");
        assert!(exported.contains("At ninety degrees."), "{exported}");
        assert!(!exported.contains("parsers"), "{exported}");

        browser.click(&role("session-open"));
        page.expect_answer("At ninety degrees.");
        assert_eq!(
            browser.texts(&role("question-text")),
            ["When does the kettle boil?"]
        );
        page.ask("And why?");
        page.expect_answer("Because of the height.");
        let last = page.server.requests()[2]["messages"].to_string();
        assert!(
            last.contains("At ninety degrees.") && !last.contains("parsers"),
            "{last}"
        );
        page.finish();
    });
}

#[test]
fn a_session_goes_on_from_the_terminal_and_back() {
    let Some(browser) = Browser::start("a_session_goes_on_from_the_terminal_and_back") else {
        return;
    };
    let server = ChatServer::start(vec![
        Reply::text("At ninety degrees."),
        Reply::text("Because of the height."),
        Reply::text("No."),
    ]);
    let mut page = Page::open_with(&browser, server, |environment| {
        let told = environment.run(&["chat", "-p", "When does the kettle boil?"]);
        told.expect_success();
        environment
    });
    page.show_sessions();
    browser.click(&role("session-open"));
    page.expect_answer("At ninety degrees.");
    page.ask("And why?");
    page.expect_answer("Because of the height.");
    // The history of a resumed session has no ends.
    page.expect_ended(1);
    browser.expect_clean();
    page.kill();
    let told = page
        .environment
        .run(&["chat", "--continue", "-p", "Is it so everywhere?"]);
    told.expect_success().expect_words(&["No."]);
    let last = page.server.requests()[2]["messages"].to_string();
    for said in [
        "When does the kettle boil?",
        "At ninety degrees.",
        "And why?",
    ] {
        assert!(last.contains(said), "{said}: {last}");
    }
}

#[test]
fn another_model_is_chosen_and_the_window_is_shown() {
    at_every_width("another_model_is_chosen", |browser| {
        let models = vec![ServedModel::default(), ServedModel::named("other:7b")];
        let script = vec![
            Reply::text("Hello.").usage(8_192, 8),
            Reply::text("Hello again."),
        ];
        let server = ChatServer::with_models(models, script);
        let page = Page::open_with(browser, server, |environment| environment);
        page.ask("Hello?");
        page.expect_answer("Hello.");
        page.expect_ended(1);
        browser.expect("#tokens-text", "8,200 of");
        browser.click("#model");
        let other = "[data-role=model]:has(button[aria-label='Use other:7b'])";
        browser.click(&format!("{other} {}", role("model-use")));
        browser.expect("#model", "other:7b");
        page.show("chat");
        page.ask("And now?");
        page.expect_answer("Hello again.");
        let models: Vec<_> = page
            .server
            .requests()
            .iter()
            .map(|request| request["model"].clone())
            .collect();
        assert_eq!(models, [CHAT_MODEL, "other:7b"]);
        page.finish();
    });
}

#[test]
fn each_workspace_has_its_sessions_and_its_index() {
    let Some(browser) = Browser::start("each_workspace_has_its_sessions") else {
        return;
    };
    let server = ChatServer::start(vec![Reply::text("Here."), Reply::text("There.")]);
    let page = Page::open_with(&browser, server, |environment| {
        let other = environment.outside().join("harbour");
        std::fs::create_dir(&other).expect("a folder");
        std::fs::write(other.join("tide.txt"), "The tide turns at noon.\n").expect("a file");
        environment.run_in(&other, &["index"]).expect_success();
        let config = environment.outside().join("config/ollacode");
        std::fs::create_dir_all(&config).expect("a folder");
        let names = format!("[workspaces]\nharbour = '{}'\n", other.display());
        std::fs::write(config.join("config.toml"), names).expect("a file");
        environment
    });
    page.ask("Where am I?");
    page.expect_answer("Here.");
    page.expect_ended(1);
    browser.choose("#workspace", "harbour");
    browser.expect_count(&item("answer"), 0);
    page.show("search");
    browser.type_into("#query", "tide");
    browser.expect("[data-role=hit][data-path='tide.txt']", "noon");
    page.show("chat");
    page.ask("And now?");
    page.expect_answer("There.");
    page.expect_ended(1);
    browser.expect_count(&role("session"), 1);
    let system = page.server.requests()[1]["messages"][0].to_string();
    assert!(system.contains("harbour"), "{system}");
    page.finish();
}
