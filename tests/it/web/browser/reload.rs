//! A page that is loaded anew, a second one, and a program that ends in between: nothing is lost,
//! nothing is shown twice, nothing runs twice.

use super::*;

#[test]
fn a_page_is_loaded_anew_in_the_middle_of_an_answer() {
    at_every_width("a_page_is_loaded_anew", |browser| {
        let page = Page::open(browser, vec![counting()]);
        page.ask("How far can you count?");
        page.expect_answer(" 3 ");
        for _ in 0..2 {
            browser.reload();
            page.expect_state("connected");
            let before = counted(&page.expect_answer("It counts:"));
            page.expect_answer(&format!(" {} ", before + 3));
        }
        browser.click("#stop");
        page.expect_ended(1);
        let asked = browser.texts(&role("question-text"));
        assert_eq!(asked, ["How far can you count?"]);
        let answers = browser.texts(&item("answer"));
        assert_eq!(answers.len(), 1, "{answers:#?}");
        assert!(counted(&answers[0]) >= 6, "{answers:#?}");
        page.finish();
    });
}

#[test]
fn a_question_that_waits_is_there_again() {
    at_every_width("a_question_that_waits_is_there_again", |browser| {
        let page = Page::open(
            browser,
            vec![
                edit("notes.txt", "ninety", "eighty"),
                Reply::text("It is eighty now."),
            ],
        );
        page.ask("Make it colder.");
        page.expect_approval("edit notes.txt");
        browser.reload();
        page.expect_approval("edit notes.txt");
        browser.press("y");
        page.expect_answer("It is eighty now.");
        page.expect_ended(1);
        let before = browser.texts("#items");
        browser.reload();
        page.expect_ended(1);
        assert_eq!(browser.count(&item("approval")), 1);
        assert_eq!(browser.texts("#items"), before);
        assert_eq!(page.server.requests().len(), 2);
        page.finish();
    });
}

#[test]
fn a_program_that_is_killed_is_missed_and_nothing_runs_twice() {
    let Some(browser) = Browser::start("a_program_that_is_killed_is_missed") else {
        return;
    };
    let mut page = Page::open(&browser, vec![run("touch made && sleep 3600")]);
    page.ask("Make it.");
    page.expect_approval("run a command");
    page.decide("approve-once");
    let made = page.environment.workspace().join("made");
    wait_until("the command to run", || made.exists());
    let port = page.port.to_string();
    page.kill();
    page.expect_state("lost");
    browser.expect("#connection", "Not connected");
    std::fs::remove_file(&made).expect("a file to delete");

    // It has another token then: the page says what to do.
    page.go(&["--port", &port]);
    page.expect_state("refused");
    browser.expect("#connection", "ollacode web");
    browser.expect_clean_but_for(&["net::ERR_", "status of 401"]);
    browser.open(&page.address());
    page.expect_state("connected");
    browser.expect(&role("question-text"), "Make it.");
    browser.expect(&item("notice"), "it is not repeated");
    page.server.then(vec![Reply::text("It was made.")]);
    page.ask("And now?");
    page.expect_answer("It was made.");
    assert!(!made.exists(), "the command ran twice");
    page.finish();
}

#[test]
fn without_its_token_a_page_says_how_to_get_in() {
    let Some(browser) = Browser::start("without_its_token_a_page_says_how_to_get_in") else {
        return;
    };
    let page = Page::open(&browser, Vec::new());
    let shown = browser.eval("return location.href;", &[]).to_string();
    assert!(!shown.contains(&page.token), "the token is in the address");
    let origin = browser.eval("return location.origin;", &[]);
    let origin = origin.as_str().expect("an origin");
    browser.new_tab();
    browser.open(&format!("{origin}/"));
    page.expect_state("refused");
    browser.expect("#connection", "ollacode web");
    browser.expect_clean();
    browser.open(&format!("{origin}/#token={}", "0".repeat(64)));
    browser.wait(
        "the wrong token to be refused",
        "return document.querySelector('#connection').innerText.includes('no valid key');",
        &[],
    );
    browser.expect_clean_but_for(&["status of 401"]);
    page.finish();
}
