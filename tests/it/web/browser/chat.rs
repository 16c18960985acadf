//! Questions and answers: words as they come, calls, the queue, completion, attachments, modes.

use super::*;
use crate::support::chat_server::ServedModel;

/// A picture of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9\
                     awAAAABJRU5ErkJggg==";

#[test]
fn an_answer_grows_and_is_stopped() {
    at_every_width("an_answer_grows_and_is_stopped", |browser| {
        let page = Page::open(browser, vec![counting(), Reply::text("It is over.")]);
        browser.eval(
            "window.lengths = new Set();
             const look = () => {
               const answer = document.querySelector(css);
               if (answer) window.lengths.add(answer.innerText.length);
             };
             const css = arguments[0];
             new MutationObserver(look).observe(document.querySelector('#log'),
               {childList: true, subtree: true, characterData: true});",
            &[json!(item("answer"))],
        );
        page.ask("How far can you count?");
        browser.expect(&role("question-text"), "How far can you count?");
        counted(&page.expect_answer(" 9 "));
        let lengths = browser.eval("return window.lengths.size;", &[]);
        assert!(lengths.as_u64() >= Some(3), "it did not grow: {lengths}");
        let title = "return document.title.includes(arguments[0]);";
        browser.wait("the title", title, &[json!("How far can you count?")]);
        browser.click("#stop");
        browser.expect(&format!("{}[data-how=stopped]", item("end")), "Stopped");
        wait_until("the model to be stopped", || {
            page.server.closed_connections() == 1
        });
        page.expect_ended(1);
        page.ask("And now?");
        page.expect_answer("It is over.");
        page.expect_ended(2);
        page.finish();
    });
}

#[test]
fn an_answer_is_rendered_and_its_citations_open_the_file() {
    let answer = "## Headers\n\n`HeaderParser` reads **one** byte (src/parser.rs:9-13):\n\n\
                  ```rust\nlet byte = packet.get(0);\n```\n\n| file | lines |\n|---|---|\n\
                  | parser.rs | 15 |\n\n1. read\n2. count\n\n<b>no markup</b> \
                  ![no picture](https://example.org/x.png) [a page](https://example.org/)";
    at_every_width("an_answer_is_rendered", |browser| {
        let page = Page::open(browser, vec![Reply::text(answer)]);
        page.ask("How are headers read?");
        page.expect_answer("<b>no markup</b>");
        page.expect_ended(1);
        for (part, count) in [
            ("h4", 1),
            ("strong", 1),
            ("table", 1),
            ("ol li", 2),
            ("a[href='https://example.org/'][rel~=noreferrer]", 1),
            ("b, img", 0),
        ] {
            let css = format!("{} {part}", item("answer"));
            assert_eq!(browser.count(&css), count, "{part}");
        }
        let highlighted = format!("{} pre span[class]", item("answer"));
        assert!(browser.count(&highlighted) > 0, "nothing is highlighted");
        let text = page.expect_answer("Headers");
        assert!(!text.contains("**") && !text.contains("```"), "{text}");
        browser.click(&format!("{} {}", item("answer"), role("cite")));
        browser.expect("#file-pane #file-path", "src/parser.rs:9-13");
        let cited = browser.texts("[data-role=line][data-cited=true]");
        assert_eq!(cited.len(), 5, "{cited:#?}");
        assert!(cited[1].contains("10") && cited[1].contains("pub fn read_header"));
        browser.press(keys::ESCAPE);
        browser.expect_count("#file-pane", 0);
        page.finish();
    });
}

#[test]
fn calls_and_thoughts_are_folded_and_failures_are_not() {
    at_every_width("calls_and_thoughts_are_folded", |browser| {
        let read = |path: &str| Reply::text("").call("read_file", json!({ "path": path }));
        let page = Page::open(
            browser,
            vec![
                read("src/parser.rs").thinking("The parser has to be read first."),
                read("src/missing.rs"),
                Reply::text("There is one parser."),
            ],
        );
        page.ask("How many parsers are there?");
        page.expect_answer("There is one parser.");
        page.expect_ended(1);
        let call = |outcome: &str| format!("{}[data-outcome={outcome}]", item("call"));
        browser.expect(&call("done"), "src/parser.rs");
        let state = browser.texts(&format!("{} {}", call("done"), role("call-state")));
        assert!(
            state[0].starts_with("done · ") && state[0].ends_with('s'),
            "{state:?}"
        );
        for (folded, inside) in [
            (call("done"), role("call-summary")),
            (item("thoughts"), role("thoughts-text")),
        ] {
            let inside = format!("{folded} {inside}");
            assert_eq!(browser.count(&inside), 0, "{inside} is open");
            browser.click(&format!("{folded} summary"));
            browser.expect_count(&inside, 1);
        }
        browser.expect(&role("thoughts-text"), "The parser has to be read first.");
        browser.expect(&call("failed"), "src/missing.rs");
        browser.expect_count(&format!("{} {}", call("failed"), role("call-summary")), 1);
        page.finish();
    });
}

#[test]
fn the_output_of_a_command_is_shown_while_it_runs() {
    at_every_width("the_output_of_a_command_is_shown", |browser| {
        let page = Page::open(
            browser,
            vec![run("touch made && seq 101 106 && sleep 3600")],
        );
        page.ask("Count.");
        page.expect_approval("run a command");
        page.decide("approve-once");
        let running = format!("{}[data-outcome=running]", item("call"));
        browser.expect(&format!("{running} {}", role("call-live")), "106");
        browser.click("#stop");
        page.expect_ended(1);
        browser.expect_count(&running, 0);
        page.finish();
    });
}

#[test]
fn questions_wait_and_can_be_taken_back() {
    at_every_width("questions_wait_and_can_be_taken_back", |browser| {
        // An open question keeps the first turn busy for as long as is needed.
        let page = Page::open(
            browser,
            vec![
                edit("notes.txt", "ninety", "eighty"),
                Reply::text("The first answer."),
                Reply::text("The second answer."),
            ],
        );
        page.ask("First?");
        page.expect_approval("edit notes.txt");
        page.ask("Second?");
        browser.expect("#queue", "Second?");
        page.ask("Third?");
        browser.expect_count("#queue [data-role=queued]", 2);
        browser.click("#queue li:last-child [data-role=unqueue]");
        browser.expect_count("#queue [data-role=queued]", 1);
        page.decide("deny");
        page.expect_answer("The first answer.");
        page.expect_answer("The second answer.");
        page.expect_ended(2);
        browser.expect_count("#queue [data-role=queued]", 0);
        let asked = browser.texts(&role("question-text"));
        assert_eq!(asked, ["First?", "Second?"]);
        assert_eq!(page.server.requests().len(), 3);
        page.finish();
    });
}

#[test]
fn paths_and_commands_are_completed_with_the_keyboard() {
    at_every_width("paths_and_commands_are_completed", |browser| {
        let page = Page::open(browser, vec![Reply::text("It reads headers.")]);
        let typed = |expected: &str| {
            browser.wait(
                expected,
                "return document.querySelector('#input').value.trimEnd() === arguments[0];",
                &[json!(expected)],
            );
        };
        browser.type_into("#input", "What does @src/pa");
        browser.expect(
            "[data-role=completion][aria-selected=true]",
            "src/parser.rs",
        );
        browser.press(keys::TAB);
        typed("What does @src/parser.rs");
        browser.press("do?");
        browser.press(keys::ENTER);
        page.expect_answer("It reads headers.");
        page.expect_ended(1);
        let asked = last_text(&page.server.requests()[0]);
        assert!(asked.contains("pub fn read_header"), "{asked}");
        browser.type_into("#input", "/tok");
        browser.expect("[data-role=completion]", "/tokens");
        browser.press(keys::TAB);
        typed("/tokens");
        browser.press(keys::ENTER);
        browser.expect(&item("command"), "system");
        assert_eq!(page.server.requests().len(), 1, "the model is not asked");
        page.finish();
    });
}

#[test]
fn files_are_attached_by_drop_and_paste() {
    at_every_width("files_are_attached_by_drop_and_paste", |browser| {
        let model = ServedModel {
            capabilities: vec!["completion", "tools", "vision"],
            ..ServedModel::default()
        };
        let server = ChatServer::with_models(vec![model], vec![Reply::text("It is a log.")]);
        let page = Page::open_with(browser, server, |environment| environment);
        browser.eval(
            "const files = new DataTransfer();
             files.items.add(new File(['error: it broke\\n'], 'build.log', {type: 'text/plain'}));
             const how = {dataTransfer: files, bubbles: true, cancelable: true};
             document.querySelector('#compose').dispatchEvent(new DragEvent('drop', how));",
            &[],
        );
        browser.expect(&role("attached"), "build.log");
        browser.eval(
            "const bytes = Uint8Array.from(atob(arguments[0]), (sign) => sign.charCodeAt(0));
             const files = new DataTransfer();
             files.items.add(new File([bytes], 'shot.png', {type: 'image/png'}));
             const how = {clipboardData: files, bubbles: true, cancelable: true};
             document.querySelector('#input').dispatchEvent(new ClipboardEvent('paste', how));",
            &[json!(PIXEL)],
        );
        browser.expect(&role("attached"), "shot.png");
        page.ask("What is that?");
        page.expect_answer("It is a log.");
        page.expect_ended(1);
        browser.expect_count(&role("attached"), 0);
        browser.expect(&role("attachment"), "build.log");
        let request = &page.server.requests()[0];
        assert!(
            last_text(request).contains("error: it broke"),
            "{request:#}"
        );
        let messages = request["messages"].as_array().expect("messages");
        let images = messages.last().map(|last| last["images"].clone());
        assert_eq!(images.unwrap_or_default().as_array().map(Vec::len), Some(1));
        page.finish();
    });
}

#[test]
fn with_the_agent_off_nothing_is_written_and_the_tools_stay() {
    at_every_width("with_the_agent_off_nothing_is_written", |browser| {
        let page = Page::open(
            browser,
            vec![
                Reply::text("With it."),
                edit("notes.txt", "ninety", "eighty"),
                Reply::text("I may not."),
            ],
        );
        page.ask("Hello?");
        page.expect_answer("With it.");
        browser.click("label:has(#agent-mode)");
        page.ask("Make it colder.");
        page.expect_answer("I may not.");
        page.expect_ended(2);
        browser.expect_count(&format!("{}[data-outcome=denied]", item("call")), 1);
        assert_eq!(browser.count(&item("approval")), 0);
        assert_eq!(page.environment.read("notes.txt"), NOTES);
        let requests = page.server.requests();
        assert_eq!(requests[0]["tools"], requests[1]["tools"]);
        // The switch stays as it is for the next page of this tab.
        browser.reload();
        page.expect_state("connected");
        let is_on = browser.eval("return document.querySelector('#agent-mode').checked;", &[]);
        assert_eq!(is_on, false);
        page.finish();
    });
}

#[test]
fn a_plan_is_made_and_carried_out_in_the_mode_of_before() {
    at_every_width("a_plan_is_made_and_carried_out", |browser| {
        let page = Page::open(
            browser,
            vec![
                Reply::text("1. Make it eighty."),
                edit("notes.txt", "ninety", "eighty"),
                Reply::text("It is eighty now."),
            ],
        );
        let modes = "return [...document.querySelector('#mode').options].map((one) => one.value);";
        let modes = browser.eval(modes, &[]);
        let modes = modes.to_string();
        assert!(
            modes.contains("\"ask\"") && modes.contains("\"auto-edit\""),
            "{modes}"
        );
        assert!(
            !modes.contains("auto-approve"),
            "only the flag offers it: {modes}"
        );
        browser.choose("#mode", "auto-edit");
        page.expect_mode("auto-edit");
        browser.choose("#mode", "plan");
        page.expect_mode("plan");
        page.ask("Make it colder.");
        page.expect_answer("Make it eighty.");
        browser.click("#carry-out");
        page.expect_answer("It is eighty now.");
        page.expect_ended(2);
        assert_eq!(browser.count(&item("approval")), 0);
        page.expect_file("notes.txt", &NOTES.replace("ninety", "eighty"));
        page.expect_mode("auto-edit");
        page.finish();
    });
}

#[test]
fn who_looks_elsewhere_is_told_that_a_question_waits() {
    let Some(browser) = Browser::start("who_looks_elsewhere_is_told") else {
        return;
    };
    let page = Page::open(&browser, vec![edit("notes.txt", "ninety", "eighty")]);
    browser.eval(
        "window.told = [];
         window.Notification = class {
           static permission = 'granted';
           constructor(title, {body}) { window.told.push(`${title}: ${body}`); }
         };
         Object.defineProperty(document, 'hidden', {get: () => true});",
        &[],
    );
    page.ask("Make it colder.");
    let told = "return window.told.find((text) => text.includes(arguments[0])) ?? null;";
    browser.wait("a notification", told, &[json!("edit notes.txt")]);
    page.expect_approval("edit notes.txt");
    page.finish();
}

impl Page<'_> {
    /// Waits until the server has a mode, which the menu shows.
    #[track_caller]
    fn expect_mode(&self, mode: &str) {
        self.browser.wait(
            &format!("the mode {mode}"),
            "const {id} = JSON.parse(sessionStorage.getItem('ollacode.here'));
             const Authorization = `Bearer ${sessionStorage.getItem('ollacode.token')}`;
             const room = await fetch(`/api/conversations/${id}`, {headers: {Authorization}});
             const {mode, is_planning} = await room.json();
             return (is_planning ? 'plan' : mode) === arguments[0]
               && document.querySelector('#mode').value === arguments[0];",
            &[json!(mode)],
        );
    }
}
