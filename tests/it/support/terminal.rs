//! The binary in a pseudo-terminal: keys go in, and a screen as people see it comes out.

use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use rustix::termios::{LocalModes, tcgetattr};

use super::{Environment, PATIENCE, wait_for, wait_until};

/// Lines that a terminal remembers above its screen.
const REMEMBERED: usize = 2_000;

/// Ctrl-C, as a keyboard sends it.
pub const CTRL_C: &str = "\x03";
/// Ctrl-D.
const CTRL_D: &str = "\x04";

/// The prompt of an empty line.
pub const PROMPT: &str = ">";

/// A terminal with the binary in it; killed when dropped.
pub struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    screen: Arc<Mutex<Screen>>,
    reader: Option<JoinHandle<()>>,
}

/// How a terminal treats what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// It shows it.
    pub echoes: bool,
    /// It gives it a line at a time.
    pub lines: bool,
}

struct Screen {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Terminal {
    /// Runs the binary with these arguments, on a screen of 80 columns and 40 rows.
    pub fn start(environment: &Environment, arguments: &[&str]) -> Terminal {
        Terminal::start_sized(environment, arguments, 40, 80)
    }

    /// The same on a screen of another size.
    pub fn start_sized(
        environment: &Environment,
        arguments: &[&str],
        rows: u16,
        columns: u16,
    ) -> Terminal {
        let (pty, pts) = pty_process::blocking::open().expect("a pseudo-terminal");
        pty.resize(Size::new(rows, columns)).expect("a size");
        let mut command = environment.command(arguments);
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        let child = Command::from(command).spawn(pts).expect("ollacode starts");
        let pty = Arc::new(pty);
        let screen = Arc::new(Mutex::new(Screen {
            parser: vt100::Parser::new(rows, columns, REMEMBERED),
            raw: Vec::new(),
        }));
        let (from, to) = (Arc::clone(&pty), Arc::clone(&screen));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length @ 1..) = (&*from).read(&mut buffer) {
                let mut screen = to.lock().unwrap_or_else(PoisonError::into_inner);
                screen.parser.process(&buffer[..length]);
                screen.raw.extend(&buffer[..length]);
            }
        });
        Terminal {
            pty,
            child,
            screen,
            reader: Some(reader),
        }
    }

    /// Presses keys.
    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("a key");
    }

    /// Answers a question with a key: those that come too soon are not taken for an answer.
    pub fn answer(&self, key: &str) {
        std::thread::sleep(Duration::from_millis(400));
        self.press(key);
    }

    /// Types a line, and ends it.
    pub fn enter(&self, line: &str) {
        self.press(line);
        self.press("\r");
    }

    /// Makes the window another size.
    pub fn resize(&self, rows: u16, columns: u16) {
        self.with(|screen| screen.parser.screen_mut().set_size(rows, columns));
        self.pty.resize(Size::new(rows, columns)).expect("a size");
    }

    /// What is on the screen, rows without the spaces behind them.
    pub fn screen(&self) -> String {
        self.with(|screen| rows(&screen.parser))
    }

    /// Uses what is on the screen, with its colours.
    pub fn with_screen<T>(&self, use_it: impl FnOnce(&vt100::Screen) -> T) -> T {
        self.with(|screen| use_it(screen.parser.screen()))
    }

    /// Everything that was ever written, as it was.
    pub fn raw(&self) -> String {
        self.with(|screen| String::from_utf8_lossy(&screen.raw).into_owned())
    }

    /// Waits until the screen shows something.
    #[track_caller]
    pub fn expect(&self, text: &str) -> String {
        self.expect_that(text, |screen| screen.contains(text))
    }

    /// Waits until the last row with something on it is this one.
    #[track_caller]
    pub fn expect_last(&self, row: &str) -> String {
        self.expect_that(row, |screen| screen.lines().last() == Some(row))
    }

    /// Waits until the last thing on the screen is this.
    #[track_caller]
    pub fn expect_end(&self, text: &str) -> String {
        self.expect_that(text, |screen| screen.ends_with(text))
    }

    /// Waits until it has ended by itself, and gives its exit code and the last screen.
    #[track_caller]
    pub fn finish(mut self) -> (Option<i32>, String) {
        let status = wait_for("the end of the program", || {
            self.child.try_wait().expect("the child's state")
        });
        // With the last process that has the terminal, its other end is closed.
        let reader = self.reader.take().expect("a reader");
        reader.join().expect("the reader's end");
        (status.code(), self.screen())
    }

    /// Leaves with Ctrl-D once the prompt is there: before it, the key would belong to nobody.
    #[track_caller]
    pub fn leave(self) -> (Option<i32>, String) {
        self.expect_end(PROMPT);
        self.press(CTRL_D);
        self.finish()
    }

    /// Waits until it has ended by itself; the terminal stays.
    #[track_caller]
    pub fn wait(&mut self) {
        wait_until("the end of the program", || {
            self.child.try_wait().expect("the child's state").is_some()
        });
    }

    /// How the terminal treats what is typed.
    pub fn modes(&self) -> Modes {
        let modes = tcgetattr(&*self.pty).expect("a terminal").local_modes;
        Modes {
            echoes: modes.contains(LocalModes::ECHO),
            lines: modes.contains(LocalModes::ICANON),
        }
    }

    #[track_caller]
    fn expect_that(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return screen;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for `{what}` on\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Screen) -> T) -> T {
        use_it(&mut self.screen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rows(parser: &vt100::Parser) -> String {
    let columns = parser.screen().size().1;
    let rows = parser.screen().rows(0, columns);
    let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
    rows.join("\n").trim_end().to_owned()
}
