//! What Linux says of its limits on threads.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

/// Whether so many threads more can be started, as far as that is known: of the user, of the system, and
/// of the control groups that this process is in.
pub fn leave_room(wanted: usize) -> bool {
    let wanted = wanted as u64;
    let Some(running) = running() else {
        return false;
    };
    let has_room = |most: u64| running.saturating_add(wanted) < most;
    let system = ["threads-max", "pid_max"].map(|name| Path::new("/proc/sys/kernel").join(name));
    // Stacks need addresses.
    getrlimit(Resource::As).current.is_none()
        && getrlimit(Resource::Nproc).current.is_none_or(has_room)
        && system.iter().all(|file| number(file).is_some_and(has_room))
        && fs::read_to_string("/proc/self/cgroup")
            .is_ok_and(|groups| groups_leave_room(&groups, Path::new("/sys/fs/cgroup"), wanted))
}

/// All threads of the system; those of the user are not more.
fn running() -> Option<u64> {
    let load = fs::read_to_string("/proc/loadavg").ok()?;
    let (_, all) = load.split_ascii_whitespace().nth(3)?.split_once('/')?;
    all.parse().ok()
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Whether the groups of a process, as the system lists them, and those above them leave room.
fn groups_leave_room(groups: &str, mounted: &Path, wanted: u64) -> bool {
    groups.lines().all(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next(), parts.next());
        let tops: &[&str] = match controllers {
            Some("") => &[".", "unified"],
            Some(names) if names.split(',').any(|name| name == "pids") => &["pids"],
            _ => return true,
        };
        // `..` leads to a group outside of those that are mounted here.
        let is_within = |path: &&str| path.split('/').all(|name| name != "..");
        let path = path.and_then(|path| path.strip_prefix('/'));
        let Some(path) = path.filter(is_within) else {
            return false;
        };
        let top = tops.iter().map(|top| mounted.join(top));
        let mut folders = top.map(|top| (top.join(path), top));
        match folders.find(|(folder, _)| folder.is_dir()) {
            Some((folder, top)) => folder
                .ancestors()
                .take_while(|folder| folder.starts_with(&top))
                .all(|folder| group_leaves_room(folder, wanted)),
            // A group of another container.
            None => false,
        }
    })
}

/// Whether one group leaves room; one without a limit has no file for it, or says `max`.
fn group_leaves_room(folder: &Path, wanted: u64) -> bool {
    let Ok(most) = fs::read_to_string(folder.join("pids.max")) else {
        return !folder.join("pids.max").exists();
    };
    let running = || number(&folder.join("pids.current"));
    let most = most.trim();
    most == "max"
        || most.parse().is_ok_and(|most: u64| {
            running().is_some_and(|running| running.saturating_add(wanted) < most)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_groups_and_of_those_above_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path();
        fs::create_dir_all(top.join("user/session")).expect("folders");
        fs::create_dir_all(top.join("pids/build")).expect("folders");
        let group = |path: &str, most: &str, running: &str| {
            fs::write(top.join(path).join("pids.max"), most).expect("a file");
            fs::write(top.join(path).join("pids.current"), running).expect("a file");
        };
        let unified = "0::/user/session\n";
        let room = |groups: &str| groups_leave_room(groups, top, 24);
        assert!(room(unified), "no limits");
        group("user/session", "max\n", "900\n");
        assert!(room(unified));
        group("user", "1000\n", "900\n");
        assert!(room(unified));
        group("user", "1000\n", "980\n");
        assert!(!room(unified));
        let old = "9:name=systemd:/x\n8:pids:/build\n1:cpu:/\n";
        assert!(room(old));
        group("pids/build", "20\n", "1\n");
        assert!(!room(old));
        assert!(!room("0::/elsewhere\n"), "not known");
        assert!(!room("0::/..\n"), "not known either");
    }
}
