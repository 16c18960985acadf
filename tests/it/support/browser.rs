//! A real browser: Chromium without a window, driven over WebDriver.
//!
//! Each has a profile of its own, reaches nothing but this machine, and ends with its test. Scripts
//! of a test are evaluated by the browser's debugger, to which the policy of a page does not apply.

mod driver;

use std::future::Future;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::{By, Capabilities, RequestData, SessionId, WebDriver, WebElement, WindowHandle};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::PATIENCE;
use driver::{Client, Driver, Programs};

/// Keys, as WebDriver names them.
pub mod keys {
    pub const BACKSPACE: &str = "\u{e003}";
    pub const TAB: &str = "\u{e004}";
    pub const ENTER: &str = "\u{e007}";
    pub const ESCAPE: &str = "\u{e00c}";
}

/// How often is looked whether something holds.
const LOOK: Duration = Duration::from_millis(10);

/// So long the browser has to close.
const LONGEST_END: Duration = Duration::from_secs(10);

/// How many browsers run at a time: each has several processes.
static PLACES: Semaphore = Semaphore::const_new(3);

/// Runs before the scripts of every page: takes down what must not happen.
const WATCH: &str = include_str!("browser/watch.js");

/// A browser with one session.
pub struct Browser {
    // Dropped in this order: the session ends before the driver is killed.
    session: Option<WebDriver>,
    runtime: Runtime,
    driver: Driver,
    _place: SemaphorePermit<'static>,
}

/// A command of the browser's debugger.
#[derive(Debug)]
struct DebuggerCommand {
    name: &'static str,
    parameters: Value,
}

impl FormatRequestData for DebuggerCommand {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let path = format!("session/{session}/goog/cdp/execute");
        RequestData::new(Method::POST, path)
            .add_body(json!({"cmd": self.name, "params": self.parameters}))
    }
}

/// Says something even if the test succeeds.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "browser: {text}");
}

/// Whether tests must not be skipped, since `.ci/run` has found a browser.
pub fn is_required() -> bool {
    std::env::var_os("OLLACODE_TEST_BROWSER").is_some_and(|value| value == "required")
}

/// The program that is missing for tests in a browser, if one is.
pub fn missing() -> Option<&'static str> {
    Programs::find().err()
}

impl Browser {
    /// Starts a browser; `None` where none is installed, which is said. Where `CI` is set, that is
    /// an error.
    #[track_caller]
    pub fn start(test: &str) -> Option<Browser> {
        let programs = match Programs::find() {
            Ok(programs) => programs,
            Err(name) => {
                assert!(!is_required(), "`{test}` needs {name}");
                say(&format!("`{test}` is skipped: {name} is not installed"));
                return None;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let place = runtime.block_on(PLACES.acquire()).expect("a place");
        let driver = Driver::start(programs);
        let Value::Object(wanted) = driver.capabilities() else {
            unreachable!("capabilities are an object");
        };
        let session = WebDriver::builder(driver.address(), Capabilities::from(wanted));
        let session = runtime.block_on(session.client(Client::build()).connect());
        let session = session.unwrap_or_else(|error| panic!("{error}\n{}", driver.log()));
        let browser = Browser {
            session: Some(session),
            runtime,
            driver,
            _place: place,
        };
        browser.prepare_tab();
        Some(browser)
    }

    /// Opens an address in the tab in front.
    #[track_caller]
    pub fn open(&self, address: &str) {
        self.expect_clean();
        self.run(self.session().goto(address));
    }

    /// Loads the page anew.
    #[track_caller]
    pub fn reload(&self) {
        self.expect_clean();
        self.run(self.session().refresh());
    }

    /// Leaves the page, whatever its state.
    pub fn leave(&self) {
        let _ = self.runtime.block_on(self.session().goto("about:blank"));
        let _ = self.runtime.block_on(self.session().browser_log());
    }

    /// Gives the page another size, as it is on a screen so wide.
    pub fn set_width(&self, width: u32) {
        let is_phone = width < 600;
        let height = if is_phone { 780 } else { 900 };
        self.debug(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}),
        );
    }

    /// Says what the user prefers: `("prefers-color-scheme", "dark")`.
    pub fn prefer(&self, preferences: &[(&str, &str)]) {
        let features: Vec<Value> = preferences
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        self.debug("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Evaluates the body of a function with arguments, waits for its promise, and gives the value.
    #[track_caller]
    pub fn eval(&self, body: &str, arguments: &[Value]) -> Value {
        self.try_eval(body, arguments)
            .unwrap_or_else(|error| panic!("{error}\nin {body:.600}"))
    }

    fn try_eval(&self, body: &str, arguments: &[Value]) -> Result<Value, String> {
        let arguments = Value::from(arguments);
        let expression = format!("(async function () {{ {body}\n}}).apply(null, {arguments})");
        let command = DebuggerCommand {
            name: "Runtime.evaluate",
            parameters: json!({
                "expression": expression, "awaitPromise": true, "returnByValue": true,
                "userGesture": true,
            }),
        };
        let answer = self.runtime.block_on(self.session().cmd(command));
        let answer = answer.and_then(|answer| answer.value_json());
        let answer = answer.map_err(|error| error.to_string())?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details.to_string()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until the body of a function returns something that is true, and gives it.
    #[track_caller]
    pub fn wait(&self, what: &str, body: &str, arguments: &[Value]) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While a page is replaced by another one, nothing can be evaluated.
            let seen = self.try_eval(body, arguments);
            match &seen {
                Ok(value) if is_true(value) => return value.clone(),
                _ => assert!(
                    Instant::now() < deadline,
                    "waited in vain for {what}; last: {seen:?}\n{}",
                    self.described()
                ),
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits until a visible element has a text, and gives the whole text of the first.
    #[track_caller]
    pub fn expect(&self, css: &str, text: &str) -> String {
        let found = self.wait(
            &format!("`{text}` in {css}"),
            "const [css, text] = arguments;
             const all = [...document.querySelectorAll(css)].filter((one) => one.checkVisibility());
             return all.map((one) => one.innerText).find((shown) => shown.includes(text)) ?? null;",
            &[json!(css), json!(text)],
        );
        found.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until so many elements are visible.
    #[track_caller]
    pub fn expect_count(&self, css: &str, count: usize) {
        self.wait(
            &format!("{count} of {css}"),
            "const [css, count] = arguments;
             const all = [...document.querySelectorAll(css)].filter((one) => one.checkVisibility());
             return all.length === count;",
            &[json!(css), json!(count)],
        );
    }

    /// How many elements are visible.
    #[track_caller]
    pub fn count(&self, css: &str) -> usize {
        let count = self.eval(
            "return [...document.querySelectorAll(arguments[0])]
                .filter((one) => one.checkVisibility()).length;",
            &[json!(css)],
        );
        usize::try_from(count.as_u64().expect("a number")).expect("a small number")
    }

    /// The text of what is visible of all such elements.
    #[track_caller]
    pub fn texts(&self, css: &str) -> Vec<String> {
        let texts = self.eval(
            "return [...document.querySelectorAll(arguments[0])]
                .filter((one) => one.checkVisibility()).map((one) => one.innerText);",
            &[json!(css)],
        );
        let texts = texts.as_array().expect("texts").iter();
        texts
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Clicks the first visible element, once it can be clicked.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.retry(&format!("a click on {css}"), || {
            self.runtime
                .block_on(async { self.first_visible(css).await?.click().await })
        });
    }

    /// Types into the first visible element, as a keyboard would.
    #[track_caller]
    pub fn type_into(&self, css: &str, text: &str) {
        // The place is found first: what was typed is not typed again.
        let element = self.retry(&format!("the field {css}"), || {
            self.runtime.block_on(self.first_visible(css))
        });
        self.run(element.send_keys(text));
    }

    /// Replaces the text of a field, as a keyboard would.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.eval(
            "const field = document.querySelector(arguments[0]);
             field.focus();
             field.select();",
            &[json!(css)],
        );
        self.press(if text.is_empty() {
            keys::BACKSPACE
        } else {
            text
        });
    }

    /// Presses keys, whatever has the focus.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        self.run(self.session().action_chain().send_keys(keys).perform());
    }

    /// Chooses the option of a `select` by its value.
    #[track_caller]
    pub fn choose(&self, css: &str, value: &str) {
        self.wait(
            &format!("the option {value} of {css}"),
            "const [css, value] = arguments;
             const field = document.querySelector(css);
             if (![...field.options].some((option) => option.value === value)) return false;
             field.value = value;
             field.dispatchEvent(new Event('input', {bubbles: true}));
             field.dispatchEvent(new Event('change', {bubbles: true}));
             return true;",
            &[json!(css), json!(value)],
        );
    }

    /// The tab in front.
    #[track_caller]
    pub fn tab(&self) -> WindowHandle {
        self.run(self.session().window())
    }

    /// Opens another tab, and puts it in front.
    #[track_caller]
    pub fn new_tab(&self) -> WindowHandle {
        let tab = self.run(self.session().new_tab());
        self.show(&tab);
        self.prepare_tab();
        tab
    }

    /// Puts a tab in front.
    #[track_caller]
    pub fn show(&self, tab: &WindowHandle) {
        self.run(self.session().switch_to_window(tab.clone()));
        // The commands go to it now; this makes it the visible one.
        self.debug("Page.bringToFront", json!({}));
    }

    /// Closes the tab in front, and puts another one there.
    #[track_caller]
    pub fn close_tab(&self, then: &WindowHandle) {
        self.run(self.session().close_window());
        self.show(then);
    }

    /// A picture of what is visible, as PNG.
    #[track_caller]
    pub fn picture(&self) -> Vec<u8> {
        self.run(self.session().screenshot_as_png())
    }

    /// What went wrong in the tab in front since it was loaded, and the errors of the console.
    #[track_caller]
    pub fn problems(&self) -> Vec<String> {
        let seen = self.eval("return window.seenByTheTest?.splice(0) ?? [];", &[]);
        let seen = seen.as_array().cloned().unwrap_or_default();
        let seen = seen.into_iter().map(|problem| problem.to_string());
        let logged = self.run(self.session().browser_log());
        let errors = logged.into_iter().filter(|entry| entry.level == "SEVERE");
        seen.chain(errors.map(|entry| entry.message)).collect()
    }

    /// Demands that nothing went wrong.
    #[track_caller]
    pub fn expect_clean(&self) {
        let problems = self.problems();
        assert!(problems.is_empty(), "the page: {problems:#?}");
    }

    /// Demands that nothing went wrong but problems with one of some words.
    #[track_caller]
    pub fn expect_clean_but_for(&self, expected: &[&str]) {
        let mut problems = self.problems();
        problems.retain(|problem| !expected.iter().any(|words| problem.contains(words)));
        assert!(problems.is_empty(), "the page: {problems:#?}");
    }

    /// Gives a command to the browser's debugger.
    #[track_caller]
    pub fn debug(&self, name: &'static str, parameters: Value) -> Value {
        let answer = self.run(self.session().cmd(DebuggerCommand { name, parameters }));
        answer.value_json().expect("an answer of the debugger")
    }

    fn prepare_tab(&self) {
        let source = json!({ "source": WATCH });
        self.debug("Page.addScriptToEvaluateOnNewDocument", source);
    }

    fn session(&self) -> &WebDriver {
        self.session.as_ref().expect("the session has not ended")
    }

    #[track_caller]
    fn run<T>(&self, command: impl Future<Output = WebDriverResult<T>>) -> T {
        match self.runtime.block_on(command) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    async fn first_visible(&self, css: &str) -> WebDriverResult<WebElement> {
        for element in self.session().find_all(By::Css(css)).await? {
            if element.is_displayed().await? {
                return Ok(element);
            }
        }
        let text = format!("nothing visible is {css}");
        Err(thirtyfour::error::no_such_element(text))
    }

    /// Tries a command until it succeeds: elements come, move and are covered for a moment.
    #[track_caller]
    fn retry<T>(&self, what: &str, attempt: impl Fn() -> Result<T, WebDriverError>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match attempt() {
                Ok(value) => return value,
                Err(error) => assert!(
                    Instant::now() < deadline,
                    "waited in vain for {what}: {error}\n{}",
                    self.described()
                ),
            }
            thread::sleep(LOOK);
        }
    }

    /// What the page shows, for the message of a failed test.
    fn described(&self) -> String {
        let shown = self.try_eval(
            "return `${location.pathname}\n${document.body.innerText}`;",
            &[],
        );
        let shown = shown.map(|shown| shown.as_str().unwrap_or_default().to_owned());
        let problems = self.try_eval("return window.seenByTheTest ?? [];", &[]);
        format!("page: {shown:#?}\nproblems: {problems:?}")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            let end = async { tokio::time::timeout(LONGEST_END, session.quit()).await };
            let ended = self.runtime.block_on(end);
            if !matches!(ended, Ok(Ok(()))) && !thread::panicking() {
                say(&format!(
                    "it did not close: {ended:?}\n{}",
                    self.driver.log()
                ));
            }
        }
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value != "" && value != 0
}
