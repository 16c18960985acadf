//! A place to attack, and who notices: files, sockets and a process that nobody may touch.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Environment, program};
use crate::support::wait_for;

/// What stands in files that nobody may read; it looks like no secret, so nothing redacts it.
pub const CANARY: &str = "yellow-canary-in-the-mine";

/// What a probe prints where only it can tell that it succeeded.
const THROUGH: &str = "got-THROUGH";

/// Files of the home folder, all with the canary.
const HOME: &[&str] = &[
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".cargo/credentials.toml",
    ".config/gh/hosts.yml",
    ".netrc",
    ".bashrc",
];

/// What runs later, or decides what runs, wherever it is in a workspace: a part of all there is, and
/// `ci`, to which one of them is a link.
const RUNS_LATER: &[&str] = &[
    ".cargo",
    ".config/fish",
    ".devcontainer",
    ".env",
    ".env.local",
    ".envrc",
    ".git",
    ".github/workflows",
    ".gitlab-ci.yml",
    ".gitmodules",
    ".husky",
    ".idea",
    ".npmrc",
    ".ollacode",
    ".vscode",
    "build.rs",
    "ci",
    "gradle/wrapper",
    "package.json",
    "setup.py",
];

/// Folders of the system in which a probe may leave a file.
const SYSTEM: &[&str] = &["/tmp", "/var/tmp", "/dev/shm", "/etc", "/usr/local/bin"];

/// What is in the workspace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file, and nothing that runs later.
    Bare,
    /// The same with what runs later.
    Full,
}

/// A place to attack: around the workspace there are canaries.
pub struct Place {
    around: PathBuf,
    kind: Kind,
    mark: String,
    before: BTreeMap<PathBuf, String>,
    watched: Option<Watched>,
}

/// Who notices what is no change of a file.
struct Watched {
    tcp: TcpListener,
    udp: UdpSocket,
    stream: UnixListener,
    datagram: UnixDatagram,
    hidden: UnixListener,
    /// Reads until we are gone. Its arguments, its environment and its folder are canaries.
    victim: Child,
}

impl Place {
    pub fn new(environment: &Environment, kind: Kind) -> Place {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let around = environment.outside();
        let place = Place {
            mark: format!("ollacode-probe-{}-{number}", std::process::id()),
            around,
            kind,
            before: BTreeMap::new(),
            watched: None,
        };
        write(&place.around.join("data/canary"), CANARY);
        place
    }

    /// Makes everything as it was at first.
    pub fn restore(&mut self) {
        if self.watched.is_none() || self.changes().next().is_some() {
            self.watched = None;
            for folder in ["home", "config", "beside"] {
                let _ = fs::remove_dir_all(self.around.join(folder));
            }
            self.seed_around();
            self.watched = Some(Watched::new(&self.around.join("beside"), &self.mark));
        }
        let workspace = self.around.join("workspace");
        for entry in fs::read_dir(&workspace).expect("the workspace") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(path).expect("a folder to delete");
            } else {
                fs::remove_file(path).expect("a file to delete");
            }
        }
        self.seed(&workspace);
        self.before = self.snapshot();
    }

    /// What happened that may not; afterwards, the system is as it was.
    pub fn look(&mut self, printed: &str) -> Vec<String> {
        let mut through: Vec<String> = self.changes().collect();
        for word in [CANARY, THROUGH] {
            if printed.contains(word) {
                through.push(format!("{word} was printed"));
            }
        }
        for folder in SYSTEM {
            let path = Path::new(folder).join(&self.mark);
            if path.exists() {
                through.push(format!("{path:?} was written"));
                fs::remove_file(&path).expect("a file to delete");
            }
        }
        let watched = self.watched.as_mut().expect("it was restored");
        through.extend(watched.hits().map(|what| format!("{what} was reached")));
        if watched.is_killed() {
            through.push("the process was killed".to_owned());
            self.watched = None;
        }
        through
    }

    fn changes(&self) -> impl Iterator<Item = String> {
        let now = self.snapshot();
        let all = now.keys().chain(self.before.keys()).cloned();
        let mut paths: Vec<PathBuf> = all.collect();
        paths.sort();
        paths.dedup();
        let before = self.before.clone();
        paths.into_iter().filter_map(move |path| {
            let (was, is) = (before.get(&path), now.get(&path));
            (was != is).then(|| format!("{path:?} was {was:?} and is {is:?}"))
        })
    }

    /// Everything around the workspace, and what runs later in it.
    fn snapshot(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mode = |path: &Path| {
            let metadata = path.symlink_metadata().expect("a file that exists");
            format!("{:o} {}", metadata.mode(), metadata.uid())
        };
        found.insert(self.around.clone(), mode(&self.around));
        let canary = self.around.join("data/canary");
        found.insert(canary.clone(), described(&canary));
        for name in entries(&self.around) {
            if !["workspace", "data"].iter().any(|own| name.ends_with(own)) {
                found.extend(tree(&name).into_iter().map(|path| {
                    let description = described(&path);
                    (path, description)
                }));
            }
        }
        let workspace = self.around.join("workspace");
        for path in tree(&workspace) {
            let below = path.strip_prefix(&workspace).expect("a path in it");
            if !RUNS_LATER.iter().any(|name| is_part(below, name)) {
                continue;
            }
            // A folder's time is no matter: it changes where covers are put and taken away.
            let is_folder = path.is_dir() && !path.is_symlink();
            let description = if is_folder {
                mode(&path)
            } else {
                described(&path)
            };
            found.insert(path, description);
        }
        found
    }

    fn seed_around(&self) {
        for name in HOME {
            write(&self.around.join("home").join(name), CANARY);
        }
        // What may be read, and not written.
        write(&self.around.join("home/.cargo/bin/tool"), "a tool\n");
        let settings = format!("# {CANARY}\n");
        write(&self.around.join("config/ollacode/.env"), &settings);
        for name in ["beside/file", "beside/folder/file"] {
            write(&self.around.join(name), CANARY);
        }
    }

    fn seed(&self, workspace: &Path) {
        write(&workspace.join("src/main.rs"), "fn main() {}\n");
        let python = program("python3").unwrap_or_default();
        let watched = self.watched.as_ref().expect("it was made");
        let port = |address: std::io::Result<std::net::SocketAddr>| {
            address.expect("an address").port().to_string()
        };
        let variables = [
            ("P", python),
            ("A", self.around.display().to_string()),
            ("B", self.around.join("beside").display().to_string()),
            ("M", self.mark.clone()),
            ("V", watched.victim.id().to_string()),
            ("TCP", port(watched.tcp.local_addr())),
            ("UDP", port(watched.udp.local_addr())),
            ("HERE", own_address()),
        ];
        let variables = variables.map(|(name, value)| format!("export {name}='{value}'\n"));
        let functions = include_str!("prelude.sh");
        let prelude = format!("{}{functions}", variables.concat());
        write(&workspace.join("prelude"), &prelude);
        write(&workspace.join("calls.py"), include_str!("calls.py"));
        if self.kind == Kind::Full {
            for folder in [".git/objects", ".git/refs/heads"] {
                fs::create_dir_all(workspace.join(folder)).expect("a folder");
            }
            write(&workspace.join(".git/HEAD"), "ref: refs/heads/main\n");
            for name in [
                ".git/config",
                ".git/hooks/x",
                ".github/workflows/ci.yml",
                ".vscode/tasks.json",
                ".envrc",
                "package.json",
                "ci/ci.yml",
            ] {
                write(&workspace.join(name), "# good 1\n");
            }
            let link = workspace.join(".gitlab-ci.yml");
            std::os::unix::fs::symlink("ci/ci.yml", link).expect("a link");
        }
    }
}

impl Watched {
    fn new(folder: &Path, mark: &str) -> Watched {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;
        let name = SocketAddr::from_abstract_name(mark).expect("a name");
        let mut victim = Command::new("cat");
        victim.args(["-", CANARY]).env("TEST_SECRET", CANARY);
        victim.stdin(Stdio::piped()).stdout(Stdio::null());
        victim.stderr(Stdio::null()).current_dir(folder);
        let watched = Watched {
            tcp: TcpListener::bind("0.0.0.0:0").expect("a port"),
            udp: UdpSocket::bind("0.0.0.0:0").expect("a port"),
            stream: UnixListener::bind(folder.join("stream")).expect("a socket"),
            datagram: UnixDatagram::bind(folder.join("datagram")).expect("a socket"),
            // A process that another test has just forked may hold the one before for a moment.
            hidden: wait_for("the name of the socket", || {
                UnixListener::bind_addr(&name).ok()
            }),
            victim: victim.spawn().expect("a process"),
        };
        let all = [
            watched.tcp.set_nonblocking(true),
            watched.udp.set_nonblocking(true),
            watched.stream.set_nonblocking(true),
            watched.datagram.set_nonblocking(true),
            watched.hidden.set_nonblocking(true),
        ];
        all.into_iter()
            .collect::<Result<(), _>>()
            .expect("sockets that do not block");
        watched
    }

    /// What was reached since the last look.
    fn hits(&self) -> impl Iterator<Item = &'static str> {
        let mut found = Vec::new();
        let mut note = |what, hit: &dyn Fn() -> bool| {
            while hit() {
                found.push(what);
            }
        };
        note("TCP", &|| self.tcp.accept().is_ok());
        note("UDP", &|| self.udp.recv(&mut [0; 64]).is_ok());
        note("a socket", &|| self.stream.accept().is_ok());
        note("a datagram", &|| self.datagram.recv(&mut [0; 64]).is_ok());
        note("an abstract socket", &|| self.hidden.accept().is_ok());
        found.into_iter()
    }

    /// Whether the victim has ended, or is about to: a signal is there before its effect.
    fn is_killed(&mut self) -> bool {
        let status = format!("/proc/{}/status", self.victim.id());
        let status = fs::read_to_string(status).unwrap_or_default();
        let pending = status
            .lines()
            .filter_map(|line| {
                line.strip_prefix("SigPnd:")
                    .or(line.strip_prefix("ShdPnd:"))
            })
            .any(|signals| signals.trim().bytes().any(|digit| digit != b'0'));
        if pending {
            self.victim.wait().expect("its end");
        }
        self.victim.try_wait().expect("its state").is_some()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

/// The address of this machine in its network, or loopback's if it has none.
fn own_address() -> String {
    let found = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        // No packet is sent: the system only chooses the address.
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    found.map_or_else(|_| "127.0.0.1".to_owned(), |it| it.ip().to_string())
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, text).expect("a file");
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Whether some names stand one after the other in a path.
fn is_part(path: &Path, names: &str) -> bool {
    let text = format!("/{}/", path.display());
    text.contains(&format!("/{names}/"))
}

/// A file or folder, and everything in it.
pub fn tree(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() && !path.is_symlink() {
        found.extend(entries(path).iter().flat_map(|path| tree(path)));
    }
    found
}

/// Kind, mode, owner, time, links and content.
fn described(path: &Path) -> String {
    let Ok(metadata) = path.symlink_metadata() else {
        return "gone".to_owned();
    };
    let kind = metadata.file_type();
    if kind.is_symlink() {
        // One that is put back has another time.
        let (target, owner) = (fs::read_link(path).unwrap_or_default(), metadata.uid());
        return format!("{owner} to {target:?}");
    }
    let content = if kind.is_file() {
        let bytes = fs::read(path).unwrap_or_default();
        format!("{} {}", metadata.nlink(), String::from_utf8_lossy(&bytes))
    } else {
        format!("socket {}", kind.is_socket())
    };
    let (mode, owner, group) = (metadata.mode(), metadata.uid(), metadata.gid());
    let (time, fraction) = (metadata.mtime(), metadata.mtime_nsec());
    format!("{mode:o} {owner}:{group} {time}.{fraction} {content}")
}
