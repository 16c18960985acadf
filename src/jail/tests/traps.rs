//! A tree of traps, and a tree beside it that must not be touched.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;

use super::*;

/// Content of every file outside, and of no file inside.
pub(super) const CANARY: &str = "a canary sings outside\n";
/// A part of the names of files outside.
pub(super) const OUTSIDE_NAME: &str = "kanarienvogel";

/// A tree of traps, and a tree beside it that is not to be touched.
pub(super) struct Traps {
    pub world: World,
    before: BTreeMap<PathBuf, Seen>,
}

/// What is known of a file outside: its bytes, or where it leads; mode, owner, and times.
type Seen = (Vec<u8>, u32, u32, i64, i64);

impl Traps {
    pub fn new() -> Traps {
        let world = World::new();
        let root = world.at("root");
        for folder in [
            "outside/deep",
            "root/a/b",
            "root/deep/1/2/3/4",
            "root/.git/hooks",
        ] {
            fs::create_dir_all(world.at(folder)).expect("a folder");
        }
        for folder in ["outside", "outside/deep", "root-evil"] {
            let file = world.at(folder).join(format!("{OUTSIDE_NAME}.txt"));
            fs::write(file, CANARY).expect("a file");
        }
        fs::write(world.at("outside").join("hard"), "a shared file\n").expect("a file");
        for folder in ["", "a", "deep/1/2/3", "src"] {
            plant(&world, &root.join(folder));
        }
        fs::write(root.join(OsStr::from_bytes(b"not\xffutf8")), "inside\n").expect("a file");
        fs::write(root.join("line\nbreak"), "inside\n").expect("a file");
        let hidden = root.join(OsStr::from_bytes(b"link\xff"));
        symlink("../outside", hidden).expect("a link");
        symlink("root", world.at("alias")).expect("a link");
        let before = outside(&world);
        Traps { world, before }
    }

    /// Puts the folders of this tree into a pattern.
    pub fn given(&self, pattern: &str) -> String {
        let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
        pattern
            .replace("{root}", &text(self.world.jail.root()))
            .replace("{alias}", &text(&self.world.at("alias")))
            .replace("{top}", &text(self.world.temporary.path()))
    }

    /// Nothing outside was changed.
    #[track_caller]
    pub fn check(&self, when: &str) {
        assert_eq!(outside(&self.world), self.before, "outside, after {when}");
    }
}

/// Puts every trap into a folder.
fn plant(world: &World, folder: &Path) {
    let top = world.temporary.path();
    let up = folder
        .strip_prefix(top)
        .expect("below")
        .components()
        .count();
    let up = vec![".."; up].join("/");
    for (target, name) in [
        ("src".to_owned(), "inner"),
        ("src/main.rs".to_owned(), "inner_file"),
        (".".to_owned(), "same"),
        (format!("{up}/outside"), "out"),
        (format!("{up}/outside/{OUTSIDE_NAME}.txt"), "out_file"),
        (format!("{}/outside", top.display()), "out_absolute"),
        (
            format!("{}/outside/{OUTSIDE_NAME}.txt", top.display()),
            "out_file_absolute",
        ),
        (format!("./same/../{up}/root/../outside"), "out_winding"),
        (format!("{up}/outside/new.txt"), "out_dangling"),
        (format!("{up}/outside/new/new.txt"), "out_dangling_deep"),
        ("same/out_winding".to_owned(), "chain"),
        ("same/chain/kanarienvogel.txt".to_owned(), "chain_file"),
        ("loop".to_owned(), "loop_self"),
        ("loop_self".to_owned(), "loop"),
        ("..".to_owned(), "up"),
        (up.clone(), "top"),
        ("/proc/self/root".to_owned(), "proc_root"),
        ("/proc/self/cwd".to_owned(), "proc_cwd"),
        ("/proc/self/fd".to_owned(), "proc_fd"),
        ("/proc/self/environ".to_owned(), "proc_environ"),
        ("/dev/stdin".to_owned(), "device_link"),
    ] {
        symlink(target, folder.join(name)).expect("a link");
    }
    fs::hard_link(world.at("outside/hard"), folder.join("hard")).expect("a hard link");
    let node = |name, kind, device| {
        let mode = rustix::fs::Mode::RWXU;
        rustix::fs::mknodat(rustix::fs::CWD, folder.join(name), kind, mode, device)
    };
    node("pipe", rustix::fs::FileType::Fifo, 0).expect("a pipe");
    // Only root may, and not everywhere; then there is nothing of that name.
    let _ = node(
        "null",
        rustix::fs::FileType::CharacterDevice,
        rustix::fs::makedev(1, 3),
    );
    // The name of a socket has to be short; it stays when nobody listens any more.
    let short = world.at("s");
    drop(UnixListener::bind(&short).expect("a socket"));
    fs::rename(short, folder.join("socket")).expect("renamed");
}

/// Everything beside the root. Times of access are not looked at: not every disk keeps them.
fn outside(world: &World) -> BTreeMap<PathBuf, Seen> {
    let mut seen = BTreeMap::new();
    let mut pending = vec![world.temporary.path().to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path == world.at("root") {
                continue;
            }
            let metadata = fs::symlink_metadata(&path).expect("metadata");
            let bytes = if metadata.is_file() {
                fs::read(&path).expect("a file")
            } else if metadata.is_symlink() {
                fs::read_link(&path)
                    .expect("a link")
                    .into_os_string()
                    .into_encoded_bytes()
            } else {
                pending.push(path.clone());
                Vec::new()
            };
            let times = (metadata.mtime(), metadata.mtime_nsec());
            let seen_now = (bytes, metadata.mode(), metadata.uid(), times.0, times.1);
            seen.insert(path, seen_now);
        }
    }
    seen
}
