//! The driver of the browser as a process, and the HTTP client that talks to it.

use std::fs::{self, File};
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Response};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::session::http::{Body, HttpClient};

use super::super::PATIENCE;

/// No command of a test takes so long.
const LONGEST_COMMAND: Duration = Duration::from_secs(60);

/// Flags of the browser besides the folder of its profile. Nothing but this machine is reached,
/// and tabs in the background work like the one in front.
const FLAGS: &[&str] = &[
    "--headless=new",
    // As root, its own sandbox does not start; what it shows is ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--lang=en-US",
    "--window-size=1440,900",
];

/// What a test in a browser needs to be installed.
pub struct Programs {
    driver: PathBuf,
    browser: PathBuf,
}

impl Programs {
    /// Looks for both, and names what is missing.
    pub fn find() -> Result<Programs, &'static str> {
        let driver = installed(&["chromedriver"]).ok_or("chromedriver")?;
        let browser = installed(&["chromium", "chromium-browser", "google-chrome"]);
        Ok(Programs {
            driver,
            browser: browser.ok_or("chromium")?,
        })
    }
}

/// The path of the first of some programs that is installed.
fn installed(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut paths = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    paths.find(|path| path.is_file())
}

/// A driver that runs, with a folder for everything that it and its browser write; both go when
/// this is dropped.
pub struct Driver {
    child: Child,
    port: u16,
    browser: PathBuf,
    folder: TempDir,
}

impl Driver {
    /// Starts a driver on a free port.
    pub fn start(programs: Programs) -> Driver {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["home", "tmp", "profile"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let log = File::create(folder.path().join("driver.log")).expect("a log");
        let mut command = Command::new(&programs.driver);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path().join("home"))
            .env("TMPDIR", folder.path().join("tmp"))
            .env("LANG", "C.UTF-8")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // The browser and its processes are in the group of the driver.
            .process_group(0);
        let mut child = command.spawn().expect("chromedriver starts");
        let stdout = child.stdout.take().expect("its output");
        let mut driver = Driver {
            child,
            port: 0,
            browser: programs.browser,
            folder,
        };
        driver.port = driver.port_said_on(stdout);
        driver
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What a session with the browser is to be like.
    pub fn capabilities(&self) -> Value {
        let profile = self.folder.path().join("profile");
        let profile = format!("--user-data-dir={}", profile.display());
        let flags: Vec<&str> = FLAGS.iter().copied().chain([profile.as_str()]).collect();
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": {"args": flags, "binary": self.browser},
            "goog:loggingPrefs": {"browser": "ALL"},
        })
    }

    /// What the driver said of trouble.
    pub fn log(&self) -> String {
        log_in(self.folder.path())
    }

    fn port_said_on(&self, stdout: ChildStdout) -> u16 {
        let (sender, port) = channel();
        // It goes on reading: a driver whose output nobody reads would stop.
        thread::spawn(move || read_port(stdout, &sender));
        port.recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("chromedriver named no port: {}", self.log()))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn log_in(folder: &Path) -> String {
    let bytes = fs::read(folder.join("driver.log")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads to the end, and hands on the port of the line `… started successfully on port 41219.`
fn read_port(stdout: ChildStdout, sender: &Sender<u16>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let said = line.split_once("successfully on port ");
        let digits = said.map(|(_, rest)| rest.trim_end_matches('.'));
        if let Some(port) = digits.and_then(|digits| digits.parse().ok()) {
            // Whoever waited may have given up.
            let _ = sender.send(port);
        }
    }
}

/// Our HTTP client for a library that would bring another version of it.
pub struct Client(reqwest::Client);

impl Client {
    pub fn build() -> Client {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(LONGEST_COMMAND)
            // Between two commands nothing runs that would see a connection end.
            .pool_max_idle_per_host(0)
            .build();
        Client(client.expect("a client"))
    }
}

/// What a method of a trait with asynchronous methods returns.
type Boxed<'all, T> = Pin<Box<dyn Future<Output = T> + Send + 'all>>;

/// The methods have the signatures that the macro `async_trait` writes: the trait is made with it.
impl HttpClient for Client {
    fn send<'own, 'body, 'all>(
        &'own self,
        request: Request<Body<'body>>,
    ) -> Boxed<'all, WebDriverResult<Response<Bytes>>>
    where
        'own: 'all,
        'body: 'all,
        Self: 'all,
    {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let address = parts.uri.to_string();
            let mut sending = self.0.request(parts.method, address).headers(parts.headers);
            if let Body::Json(value) = body {
                sending = sending.json(value);
            }
            let failed = |error: reqwest::Error| WebDriverError::HttpError(error.to_string());
            let answer = sending.send().await.map_err(failed)?;
            let status = answer.status();
            let bytes = answer.bytes().await.map_err(failed)?;
            Response::builder()
                .status(status)
                .body(bytes)
                .map_err(|error| WebDriverError::HttpError(error.to_string()))
        })
    }

    fn new<'own, 'all>(&'own self) -> Boxed<'all, Arc<dyn HttpClient>>
    where
        'own: 'all,
        Self: 'all,
    {
        Box::pin(async {
            let client: Arc<dyn HttpClient> = Arc::new(Client::build());
            client
        })
    }
}
