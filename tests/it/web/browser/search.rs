//! Search without the model, and the state of the program.

use super::*;
use crate::support::samples::functions;

/// Waits until the best hit is in a file.
#[track_caller]
fn expect_first(browser: &Browser, path: &str) {
    browser.wait(
        &format!("a hit in {path}"),
        "return document.querySelector('[data-role=hit]')?.dataset.path === arguments[0];",
        &[json!(path)],
    );
}

/// Waits until there are hits, all of them in files whose paths match.
#[track_caller]
fn expect_only(browser: &Browser, pattern: &str) {
    browser.wait(
        &format!("hits in {pattern} only"),
        "const hits = [...document.querySelectorAll('[data-role=hit]')];
         const pattern = new RegExp(arguments[0]);
         return hits.length > 0 && hits.every((hit) => pattern.test(hit.dataset.path));",
        &[json!(pattern)],
    );
}

#[test]
fn hits_come_as_the_query_is_typed_and_are_filtered() {
    at_every_width("hits_come_as_the_query_is_typed", |browser| {
        let server = ChatServer::start(Vec::new());
        let page = Page::open_with(browser, server, |environment| {
            environment.write(
                "src/other.rs",
                "/// Reads reports.\npub fn read_report() {}\n",
            );
            environment
        });
        page.show("search");
        browser.type_into("#query", "read_hea");
        browser.press("der");
        expect_first(browser, "src/parser.rs");
        browser.expect("#search-state", "hit");
        assert!(
            browser.count("[data-role=hit] pre span[class]") > 0,
            "nothing is highlighted"
        );
        assert!(!browser.texts(&role("hit-why")).concat().is_empty());
        assert_eq!(browser.count(&role("hit-explain")), 0);
        browser.click("#explain");
        browser.expect(&role("hit-explain"), "lexical");
        browser.click("#explain");
        browser.expect_count(&role("hit-explain"), 0);

        browser.fill("#query", "report");
        browser.expect(
            "[data-role=hit][data-path='tools/writer.py']",
            "write_report",
        );
        browser.expect_count("[data-role=hit][data-path='src/other.rs']", 1);
        browser.fill("#language", "python");
        expect_only(browser, "[.]py$");
        browser.fill("#language", "");
        browser.fill("#path", "src/**");
        expect_only(browser, "^src/");
        expect_first(browser, "src/other.rs");
        browser.click(&role("hit-open"));
        browser.expect("#file-pane #file-text", "read_report");
        browser.click("#file-close");
        browser.expect_count("#file-pane", 0);
        browser.fill("#query", "zzyzx");
        browser.expect_count(&role("hit"), 0);
        page.finish();
    });
}

#[test]
fn long_files_are_shown_in_parts() {
    let Some(browser) = Browser::start("long_files_are_shown_in_parts") else {
        return;
    };
    let server = ChatServer::start(Vec::new());
    let page = Page::open_with(&browser, server, |environment| {
        environment.write("src/long.rs", functions("tide", 60));
        environment
    });
    page.show("search");
    browser.type_into("#query", "tide_30");
    browser.expect("[data-role=hit]", "pub fn tide_30(");
    browser.click(&role("hit-open"));
    browser.expect("#file-text", "pub fn tide_30(");
    let first = "return Number(document.querySelector('[data-role=line]').dataset.line);";
    let before = browser.eval(first, &[]).as_u64().expect("a line");
    assert!(before > 1, "all of it is shown");
    browser.click("#file-earlier");
    let earlier = "return Number(document.querySelector('[data-role=line]').dataset.line)
                     < arguments[0];";
    browser.wait("earlier lines", earlier, &[json!(before)]);
    let numbers = browser.eval(
        "return [...document.querySelectorAll('[data-role=line]')].map((one) => one.dataset.line);",
        &[],
    );
    let numbers = numbers.as_array().expect("lines").iter();
    let numbers: Vec<u64> = numbers
        .filter_map(|number| number.as_str()?.parse().ok())
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
    page.finish();
}

#[test]
fn the_index_and_the_checks_are_shown() {
    at_every_width("the_index_and_the_checks_are_shown", |browser| {
        let page = Page::open(browser, Vec::new());
        page.show("system");
        browser.expect("#index-text", "4 files");
        browser.expect("[data-role=check][data-good=true]", "ok");
        browser.expect("[data-role=model]", CHAT_MODEL);
        page.environment.write("src/more.rs", "pub fn more() {}\n");
        browser.click("#index-update");
        browser.expect("#index-text", "5 files");
        page.finish();
    });
}

#[test]
fn without_ollama_the_page_searches_and_says_what_is_missing() {
    at_every_width("without_ollama_the_page_searches", |browser| {
        let server = ChatServer::start(Vec::new());
        // Nobody listens on this port.
        let page = Page::open_with(browser, server, |environment| {
            environment.with("OLLAMA_HOST", "http://127.0.0.1:9")
        });
        page.show("system");
        browser.expect("[data-role=check][data-good=false]", "Ollama");
        page.show("search");
        browser.type_into("#query", "read_header");
        expect_first(browser, "src/parser.rs");
        page.show("chat");
        page.ask("When does it boil?");
        browser.wait(
            "what is missing",
            "return document.querySelector('#view-chat').innerText.includes('Ollama')
               || document.querySelector('#banner').innerText.includes('Ollama');",
            &[],
        );
        // A refused question may be a failed request.
        browser.expect_clean_but_for(&["status of 409", "status of 503"]);
        page.finish();
    });
}
