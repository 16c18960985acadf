//! How the page looks: for screen readers, in light and dark, on narrow and wide screens, with the
//! keyboard alone, and in the pictures of the README.

use std::fs;
use std::path::Path;

use super::*;
use crate::support::chat_server::ServedModel;
use crate::support::png;
use crate::{confinement, recording};

/// Text that is wide in every way.
const WIDE: &str = "A long word: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.\n\n\
                    ```rust\nlet wide = \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\";\n\
                    ```\n\n| one | two | three | four | five | six |\n|---|---|---|---|---|---|\n\
                    | cccccccccccc | cccccccccccc | cccccccccccc | cccccccccccc | cccccccc | ccccc |\n\n\
                    See src/parser.rs:9-13 and `a_name_that_is_long_enough_to_be_wider_than_a_phone`.";

/// The script of axe-core, if `OLLACODE_TEST_AXE` names its file.
pub(super) fn axe() -> Option<String> {
    let path = std::env::var_os("OLLACODE_TEST_AXE")?;
    let text = fs::read_to_string(&path);
    Some(text.unwrap_or_else(|error| panic!("{}: {error}", Path::new(&path).display())))
}

/// A page with something in each of its views, and a question that waits.
#[track_caller]
fn full_page(browser: &Browser) -> Page<'_> {
    let page = Page::open(
        browser,
        vec![
            Reply::text(WIDE).thinking("It is wide."),
            edit("notes.txt", "ninety", "eighty"),
            Reply::text("It is eighty now."),
            edit("notes.txt", "eighty", "seventy"),
        ],
    );
    page.ask("Say something wide.");
    page.expect_answer("See ");
    page.expect_ended(1);
    page.ask("Make it colder.");
    page.expect_approval("edit notes.txt");
    page.decide("approve-once");
    page.expect_ended(2);
    page.ask("Make it even colder.");
    page.expect_approval("edit notes.txt");
    page
}

/// Shows one view after another, and looks at each: also the list of sessions, and a file.
#[track_caller]
fn for_each_view(page: &Page<'_>, look: impl Fn(&str)) {
    let browser = page.browser;
    for view in ["chat", "search", "changes", "system"] {
        page.show(view);
        match view {
            "search" => {
                browser.fill("#query", "read_header");
                browser.expect(&role("hit"), "read_header");
            }
            "changes" => {
                if browser.count("[data-role=change] [data-role=diff]") == 0 {
                    browser.click("[data-role=change] summary");
                }
                browser.expect("[data-role=change] [data-role=diff]", "eighty");
            }
            "system" => {
                browser.expect(&role("check"), "");
            }
            _ => {}
        }
        look(view);
    }
    page.show("chat");
    page.show_sessions();
    browser.expect(&role("session"), "Say something wide.");
    look("sessions");
    page.show("chat");
    browser.click(&format!("{} {}", item("answer"), role("cite")));
    browser.expect("#file-text", "pub fn read_header");
    look("file");
    browser.click("#file-close");
}

#[test]
fn no_view_has_a_serious_finding_of_axe() {
    let test = "no_view_has_a_serious_finding_of_axe";
    let Some(axe) = axe() else {
        say(&format!(
            "`{test}` is skipped: OLLACODE_TEST_AXE names no axe-core"
        ));
        return;
    };
    let Some(browser) = Browser::start(test) else {
        return;
    };
    let page = full_page(&browser);
    browser.expect_clean();
    browser.eval(&axe, &[]);
    for width in WIDTHS {
        browser.set_width(width);
        for scheme in ["light", "dark"] {
            // Colours on their way to others have no contrast of their own.
            let still = ("prefers-reduced-motion", "reduce");
            browser.prefer(&[("prefers-color-scheme", scheme), still]);
            for_each_view(&page, |view| {
                let found = browser.eval(
                    "const {violations} = await axe.run(document, {preload: false});
                     const isSerious = ({impact}) => ['serious', 'critical'].includes(impact);
                     return violations.filter(isSerious).map(({id, help, nodes}) => ({
                       id, help,
                       nodes: nodes.slice(0, 5).map(({target, failureSummary}) =>
                         `${target}: ${failureSummary}`),
                     }));",
                    &[],
                );
                assert_eq!(found, json!([]), "{view}, {scheme}, {width} px: {found:#}");
            });
        }
    }
}

#[test]
fn no_view_is_wider_than_its_window() {
    let Some(browser) = Browser::start("no_view_is_wider_than_its_window") else {
        return;
    };
    let page = full_page(&browser);
    for width in [360, 768, 1440, 2560] {
        browser.set_width(width);
        for_each_view(&page, |view| {
            let wide = browser.eval(
                "const {scrollWidth, clientWidth} = document.documentElement;
                 const wide = scrollWidth > clientWidth ? [`${scrollWidth} of ${clientWidth}`] : [];
                 const how = {visibilityProperty: true, opacityProperty: true};
                 const parts = 'button, input, select, textarea, summary, h2, h3, p';
                 for (const one of document.querySelectorAll(parts)) {
                   if (!one.checkVisibility(how)) continue;
                   if (one.closest('pre, table, .unseen')) continue;
                   const {left, right} = one.getBoundingClientRect();
                   const isOut = left < -1 || right > clientWidth + 1;
                   if (isOut) wide.push(one.outerHTML.slice(0, 200));
                 }
                 return wide;",
                &[],
            );
            assert_eq!(wide, json!([]), "{view} at {width} px: {wide:#}");
        });
    }
    page.finish();
}

#[test]
fn the_keyboard_reaches_everything_and_shows_where_it_is() {
    let Some(browser) = Browser::start("the_keyboard_reaches_everything") else {
        return;
    };
    let page = Page::open(&browser, Vec::new());
    browser.wait(
        "the modes",
        "return document.querySelector('#mode').options.length > 0;",
        &[],
    );
    browser.eval("document.activeElement.blur();", &[]);
    let mut reached = Vec::new();
    for _ in 0..60 {
        browser.press(keys::TAB);
        let here = browser.eval(
            "const one = document.activeElement;
             const {outlineStyle, boxShadow} = getComputedStyle(one);
             return [one.id, outlineStyle !== 'none' || boxShadow !== 'none'];",
            &[],
        );
        let id = here[0].as_str().unwrap_or_default().to_owned();
        assert!(
            here[1] == true || id.is_empty(),
            "nothing shows that #{id} has the focus"
        );
        if reached.first() == Some(&id) && !id.is_empty() {
            break;
        }
        reached.push(id);
    }
    for id in [
        "workspace",
        "nav-chat",
        "nav-search",
        "nav-changes",
        "nav-system",
        "model",
        "session-new",
        "session-query",
        "log",
        "input",
        "attach",
        "agent-mode",
        "mode",
        "send",
    ] {
        assert!(
            reached.iter().any(|one| one == id),
            "#{id} is not reached: {reached:?}"
        );
    }
    page.finish();
}

#[test]
fn nothing_moves_for_who_wants_it_still() {
    let Some(browser) = Browser::start("nothing_moves_for_who_wants_it_still") else {
        return;
    };
    let moving =
        "return document.getAnimations().filter((one) => one.playState === 'running').length;";
    browser.prefer(&[("prefers-reduced-motion", "reduce")]);
    let page = Page::open(&browser, vec![run("touch made && sleep 3600")]);
    page.ask("Wait.");
    page.expect_approval("run a command");
    page.decide("approve-once");
    browser.expect(&format!("{}[data-outcome=running]", item("call")), "touch");
    assert_eq!(browser.eval(moving, &[]), 0);
    browser.click("#stop");
    page.expect_ended(1);
    page.finish();
}

/// The session of the picture of the terminal, in the page.
#[test]
fn the_recording_of_the_page_is_what_a_session_shows() {
    let test = "the pictures of the page";
    if !confinement::is_full(test) || confinement::program("python3").is_none() {
        return;
    }
    let Some(browser) = Browser::start(test) else {
        return;
    };
    let model = ServedModel::named(recording::MODEL);
    let server = ChatServer::with_models(vec![model], recording::script());
    let web = Web::start_with(
        server,
        |environment| {
            for (path, text) in recording::PROJECT {
                environment.write(path, text);
            }
            let environment = environment
                .with("OLLAMA_MODEL", recording::MODEL)
                .with("PATH", "/usr/local/bin:/usr/bin:/bin");
            environment.index();
            environment
        },
        &[],
    );
    browser.prefer(&[
        ("prefers-color-scheme", "light"),
        ("prefers-reduced-motion", "reduce"),
    ]);
    browser.set_width(360);
    browser.open(&web.address());
    let page = Page {
        browser: &browser,
        web,
    };
    page.expect_state("connected");
    page.ask("where is the delay between two attempts computed?");
    page.expect_answer("Client.send");
    page.expect_ended(1);
    page.ask("it should double each time, but does not: fix it and run the tests");
    page.expect_approval("edit courier/retry.py");
    check_picture(&browser, "docs/web-360.png");
    browser.set_width(1440);
    page.decide("approve-once");
    page.expect_answer("Both tests pass.");
    page.expect_ended(2);
    browser.eval(
        "[...document.querySelectorAll(arguments[0])].at(-1).click();",
        &[json!(format!("{} {}", item("answer"), role("cite")))],
    );
    browser.expect("#file-text", "self.base * 2**attempt");
    check_picture(&browser, "docs/web-1440.png");
    page.finish();
}

/// Demands that a picture shows what the page shows; with `INSTA_UPDATE=always`, as for snapshots,
/// it is drawn.
#[track_caller]
fn check_picture(browser: &Browser, path: &str) {
    let at_end = "return document.querySelector('#to-end').hidden;";
    browser.wait("the end of the conversation", at_end, &[]);
    let shown = browser.texts("#items, #file-pane").join("\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        let picture = png::with_text(&browser.picture(), &shown);
        fs::write(file, picture).expect("a file that can be written");
        return;
    }
    let kept = fs::read(file)
        .ok()
        .and_then(|picture| png::text_of(&picture));
    assert_eq!(
        kept.as_deref().map(without_times),
        Some(without_times(&shown)),
        "{path} is out of date: docs/record.sh draws it again"
    );
}

/// The words of a text without what no two sessions share: how long things took.
fn without_times(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let is_time = |at: usize| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        is_number(words[at]) && ["ms", "s", "min"].contains(&next)
    };
    let kept = (0..words.len()).filter(|&at| !(is_time(at) || at > 0 && is_time(at - 1)));
    kept.map(|at| words[at]).collect()
}
