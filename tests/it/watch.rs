//! `ollacode index --watch`: saved changes are soon found by searches that do not read files.

use std::fs;
use std::process::Command;

use crate::support::rows::{assert_same_rows, paths};
use crate::support::samples::{functions, write_samples};
use crate::support::{Environment, Running, wait_until};

/// Starts to watch, and waits until all existing files are indexed.
fn watching(environment: &Environment) -> Running {
    let watcher = environment.start(&["index", "--watch"]);
    // The watch may start a moment later; it is active once a probe file is indexed.
    let mut probes = 0;
    wait_until("the watcher to see a new file", || {
        probes += 1;
        environment.write(&format!("probe_{probes}.txt"), "probe\n");
        let rows = environment.try_rows().unwrap_or_default();
        rows.iter().any(|row| row.chunk.path.starts_with("probe_"))
    });
    watcher
}

#[track_caller]
fn wait_until_indexed(environment: &Environment, path: &str) {
    wait_until(&format!("{path} in the index"), || {
        environment
            .try_rows()
            .is_some_and(|rows| paths(&rows).contains(&path))
    });
}

#[track_caller]
fn wait_until_gone(environment: &Environment, path: &str) {
    wait_until(&format!("{path} out of the index"), || {
        environment
            .try_rows()
            .is_some_and(|rows| !paths(&rows).contains(&path))
    });
}

#[track_caller]
fn stop(watcher: Running) {
    watcher.interrupt();
    watcher.finish().expect_code(0);
}

#[test]
fn a_save_a_new_folder_and_a_deletion_arrive() {
    let environment = Environment::new();
    write_samples(&environment);
    let mut watcher = watching(&environment);
    environment.write(
        "src/parser.rs",
        "/// Counts marmots.\npub fn marmots() {}\n",
    );
    wait_until("the edit", || {
        environment.stale_paths_found("marmots") == ["src/parser.rs"]
    });
    environment.write("src/deep/er/badger.rs", "pub fn badger() {}\n");
    wait_until("the new folder", || {
        environment.stale_paths_found("badger") == ["src/deep/er/badger.rs"]
    });
    environment.write("src/deep/er/second.rs", "pub fn second_badger() {}\n");
    wait_until_indexed(&environment, "src/deep/er/second.rs");
    environment.remove("tools/writer.py");
    wait_until_gone(&environment, "tools/writer.py");
    environment.rename("src/deep", "lib");
    wait_until_indexed(&environment, "lib/er/badger.rs");
    wait_until_gone(&environment, "src/deep/er/badger.rs");
    fs::remove_dir_all(environment.workspace().join("lib")).expect("a folder to delete");
    wait_until_gone(&environment, "lib/er/badger.rs");
    assert!(watcher.is_running(), "the watcher goes on");
    stop(watcher);
}

#[test]
fn saves_as_editors_do_them_arrive() {
    let environment = Environment::new();
    write_samples(&environment);
    let watcher = watching(&environment);
    for word in ["marmot", "badger", "beaver"] {
        environment.write("src/.parser.rs.swp", format!("pub fn {word}() {{}}\n"));
        environment.rename("src/.parser.rs.swp", "src/parser.rs");
        wait_until("the save", || {
            environment.stale_paths_found(word) == ["src/parser.rs"]
        });
    }
    stop(watcher);
}

#[test]
fn a_checkout_of_many_files_arrives_whole() {
    let mut environment = Environment::new();
    environment.git(&["init", "-q", "-b", "main"]);
    write_samples(&environment);
    environment.git(&["add", "."]);
    environment.git(&["commit", "-q", "-m", "first"]);
    environment.git(&["switch", "-q", "-c", "feature"]);
    for number in 0..200 {
        let path = format!("feature/part_{}/file_{number}.rs", number % 10);
        environment.write(&path, functions(&format!("feature{number}"), 1));
    }
    environment.remove("README.md");
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-q", "-m", "second"]);
    environment.git(&["switch", "-q", "main"]);
    let watcher = watching(&environment);
    environment.git(&["switch", "-q", "feature"]);
    wait_until_indexed(&environment, "feature/part_9/file_199.rs");
    wait_until_gone(&environment, "README.md");
    let expected = environment.rows_of_a_clean_build();
    wait_until("all files of the branch", || {
        environment
            .try_rows()
            .is_some_and(|rows| rows.len() == expected.len())
    });
    assert_same_rows(&environment.rows(), &expected, "on the branch");
    environment.git(&["switch", "-q", "main"]);
    wait_until_gone(&environment, "feature/part_9/file_199.rs");
    wait_until_indexed(&environment, "README.md");
    let expected = environment.rows_of_a_clean_build();
    wait_until("all files of main", || {
        environment
            .try_rows()
            .is_some_and(|rows| rows.len() == expected.len())
    });
    assert_same_rows(&environment.rows(), &expected, "back on main");
    stop(watcher);
}

#[test]
fn a_watcher_lets_others_search_and_index() {
    let environment = Environment::new();
    write_samples(&environment);
    let mut watcher = watching(&environment);
    environment.write("src/marmot.rs", "pub fn marmot() {}\n");
    assert_eq!(environment.paths_found("marmot"), ["src/marmot.rs"]);
    environment.index();
    assert!(watcher.is_running(), "the watcher goes on");
    stop(watcher);
}

/// The kernel queues events that are not read, and drops them beyond a limit.
#[cfg(target_os = "linux")]
#[test]
fn events_that_the_kernel_dropped_are_made_up_for() {
    let environment = Environment::new();
    write_samples(&environment);
    let watcher = watching(&environment);
    let bound = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("a bound");
    let bound: usize = bound.trim().parse().expect("a number");
    watcher.signal("STOP");
    // Two alternating names, since the kernel merges equal events; a write is two or more events.
    for round in 0..bound {
        environment.write(
            ["src/even.rs", "src/odd.rs"][round % 2],
            "pub fn noise() {}\n",
        );
    }
    environment.write("src/dropped.rs", "pub fn dropped() {}\n");
    watcher.signal("CONT");
    wait_until_indexed(&environment, "src/dropped.rs");
    stop(watcher);
}

#[test]
fn a_folder_made_anew_or_exchanged_is_watched_anew() {
    let environment = Environment::new();
    write_samples(&environment);
    environment.write("q/s/first.rs", "pub fn first() {}\n");
    let watcher = watching(&environment);
    let root = environment.workspace();
    fs::remove_dir_all(root.join("q")).expect("a folder to delete");
    fs::create_dir_all(root.join("q/s")).expect("the same folders");
    wait_until_gone(&environment, "q/s/first.rs");
    environment.write("q/s/second.rs", "pub fn second() {}\n");
    wait_until_indexed(&environment, "q/s/second.rs");
    environment.write("q/third.rs", "pub fn third() {}\n");
    wait_until_indexed(&environment, "q/third.rs");
    // Another folder under the same name, and the old one under another.
    fs::rename(root.join("q"), root.join("old")).expect("a rename");
    fs::create_dir_all(root.join("q/s")).expect("the same folders");
    wait_until_gone(&environment, "q/third.rs");
    for path in ["q/s/fourth.rs", "old/s/fifth.rs"] {
        environment.write(path, "pub fn more() {}\n");
        wait_until_indexed(&environment, path);
    }
    stop(watcher);
}

#[test]
fn a_workspace_that_goes_and_comes_back_is_watched_again() {
    let environment = Environment::new();
    write_samples(&environment);
    let mut watcher = watching(&environment);
    let aside = environment.outside().join("aside");
    fs::rename(environment.workspace(), &aside).expect("a rename");
    fs::create_dir(environment.workspace()).expect("an empty folder");
    environment.write("first.rs", "pub fn first() {}\n");
    wait_until_indexed(&environment, "first.rs");
    wait_until_gone(&environment, "src/parser.rs");
    environment.write("deep/second.rs", "pub fn second() {}\n");
    wait_until_indexed(&environment, "deep/second.rs");
    fs::remove_dir_all(environment.workspace()).expect("a folder to delete");
    fs::rename(&aside, environment.workspace()).expect("a rename");
    wait_until_indexed(&environment, "src/parser.rs");
    environment.write("src/third.rs", "pub fn third() {}\n");
    wait_until_indexed(&environment, "src/third.rs");
    assert!(watcher.is_running(), "the watcher goes on");
    stop(watcher);
}

#[test]
fn our_own_data_in_the_workspace_is_not_indexed_and_does_not_keep_a_watcher_busy() {
    let mut environment = Environment::new();
    write_samples(&environment);
    environment.use_data_folder("workspace/our data");
    let watcher = watching(&environment);
    wait_until_indexed(&environment, "src/parser.rs");
    environment.write("last.txt", "the last word\n");
    wait_until_indexed(&environment, "last.txt");
    let rows = environment.rows();
    assert!(
        paths(&rows).iter().all(|path| !path.contains("our data")),
        "{:?}",
        paths(&rows)
    );
    watcher.interrupt();
    let output = watcher.finish().expect_code(0);
    let looks = output.stderr.matches(" indexed, ").count();
    assert!(looks < 20, "{looks} looks: {output:#?}");
}

/// A new user namespace has its own limits.
#[cfg(target_os = "linux")]
#[test]
fn without_watches_files_are_compared_instead() {
    for limit in ["max_inotify_instances", "max_inotify_watches"] {
        let environment = Environment::new();
        write_samples(&environment);
        let plain = environment.command(&["index", "--watch"]);
        let mut command = Command::new("unshare");
        command
            .args(["-Ur", "sh", "-c"])
            .arg(format!("echo 0 > /proc/sys/user/{limit}; exec \"$@\""))
            .arg("sh")
            .arg(plain.get_program())
            .args(plain.get_args())
            .current_dir(environment.workspace())
            .env_clear();
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        let mut watcher = Running::start(command, None);
        wait_until_indexed(&environment, "src/parser.rs");
        environment.write("deep/badger.rs", "pub fn badger() {}\n");
        wait_until_indexed(&environment, "deep/badger.rs");
        environment.remove("src/parser.rs");
        wait_until_gone(&environment, "src/parser.rs");
        assert!(watcher.is_running(), "it goes on with no {limit}");
        watcher.interrupt();
        watcher
            .finish()
            .expect_code(0)
            .expect_words(&["no more file watches", "comparing files every 3 s"]);
    }
}
