//! Names are judged at every depth, and before they appear; all other names work as ever.

use super::{
    ChatServer, Kind, Probe, Reply, check, environment, is_full, results, run, sure, untried,
};

/// Each makes something that runs later, out of the way of whoever only looks at the top.
const DEEP: &[Probe] = &[
    sure(
        "a repository in a folder, its name made at run time",
        "py <<'E'\nimport os\nd = 'vendor/x/.' + 'tig'[::-1]\nos.makedirs(d)\n\
         open(d + '/config', 'w').write('[core]\\n fsmonitor = evil\\n')\nE",
    ),
    sure(
        "a shell's, deep",
        "mkdir -p a/b/c; echo evil > a/b/c/.envrc",
    ),
    sure(
        "an editor's, deep",
        "mkdir -p n/.vscode; echo evil > n/.vscode/tasks.json",
    ),
    sure(
        "an editor's, below what packages bring",
        "mkdir -p node_modules/x/.git; echo evil > node_modules/x/.git/config",
    ),
    sure(
        "in other letters",
        "mkdir -p a/.GIT a/.VsCode; echo evil > a/.GIT/config; echo evil > a/.VsCode/tasks.json; \
         for f in a/.[GV]*; do [ -e $f ] && through $f; done",
    ),
    sure(
        "moved in two steps",
        "mkdir -p a/g/workflows; echo evil > a/g/workflows/x.yml; mv a/g a/.github",
    ),
    sure(
        "moved as a part",
        "mkdir -p a/.github w; echo evil > w/x.yml; mv w a/.github/workflows",
    ),
    sure(
        "a link in its place",
        "mkdir -p a e; echo evil > e/tasks.json; ln -s ../e a/.vscode; ln -s ../e/x a/.envrc",
    ),
    sure("a hard link", "mkdir a; echo evil > a/x; ln a/x a/.envrc"),
    sure(
        "through a link that leads nowhere",
        "mkdir -p a; ln -s .envrc a/x; echo evil > a/x; echo evil > a/./../a/x",
    ),
    sure(
        "many at once, until the time is over",
        "mkdir .vscode; echo evil > .vscode/tasks.json; touch .env{1..600}; \
         for f in .env[0-9]*; do [ -e $f ] && through $f && break; done",
    ),
    sure(
        "in a folder that cannot be listed",
        "mkdir -p a; chmod 333 a; mkdir a/.vscode; echo evil > a/.vscode/tasks.json; chmod 755 a",
    ),
    sure(
        "below many folders",
        "d=a; for i in $(seq 80); do d=$d/a; done; mkdir -p $d; echo evil > $d/.envrc",
    ),
    sure(
        "large and empty",
        "truncate -s 15G .bash_aliases && through it; mkdir -p a; truncate -s 1G a/.envrc",
    ),
    untried(
        "the folder around the workspace renamed",
        "mv $A /tmp/other; for w in /tmp/other/workspace $PWD; do mkdir -p $w/sub $w/.vscode; \
         echo evil > $w/sub/.envrc; echo evil > $w/.vscode/tasks.json; done",
    ),
    sure(
        "moved out of where others' packages are",
        "mkdir -p vendor/.vscode; echo evil > vendor/.vscode/tasks.json; echo evil > vendor/.envrc; \
         mv vendor sub; mkdir -p a/target/.idea; mv a/target a/t; rm -rf vendor a/target",
    ),
    sure(
        "a repository with its parts elsewhere",
        "mkdir -p p q/objects q/refs; echo ../q > p/commondir; echo 'ref: refs/heads/main' > p/HEAD; \
         echo evil > q/config; [ -e p/HEAD ] && [ -e p/commondir ] && through p",
    ),
    sure(
        "a repository with a socket in it",
        "mkdir -p p/objects; echo evil > p/config; echo x > p/HEAD; \
         [ -e p/HEAD ] && [ -e p/config ] && through p",
    ),
    sure(
        "hooks of a repository with another name",
        "mkdir -p p/hooks p/objects p/refs; echo evil > p/hooks/post-update; echo x > p/HEAD; \
         [ -e p/HEAD ] && [ -e p/hooks ] && through p",
    ),
    sure(
        "in other letters, moved",
        "mkdir -p a/g/Workflows; echo evil > a/g/Workflows/x.yml; mv a/g a/.github; \
         [ -e a/.github/Workflows ] && through it",
    ),
    sure(
        "linked while the path of its source changes",
        "mkdir -p a f; echo good > a/x; py <<'E'\nimport threading, time\nfrom calls import *\n\
         end = time.time() + 2\ndef turn():\n    while time.time() < end:\n\
         \x20       for t in ('../a/x', '../prelude'):\n            os.symlink(t, 'f/l'); os.rename('f/l', 'f/m')\n\
         threading.Thread(target=turn).start()\nwhile time.time() < end:\n\
         \x20   try: os.link('f/m', 'a/.envrc', follow_symlinks=True)\n    except OSError: pass\nE\n\
         ln a/x a/.envrc",
    ),
    sure(
        "the folder around a link",
        "mkdir -p n s/workflows s2; echo evil > s/workflows/x.yml; echo evil > s2/hgrc; \
         ln -s ../s n/.github; ln -s ../s2 n/.hg; ln -s ../s n/l; mv n/l n/.gitea; \
         for f in n/.github/workflows n/.hg/hgrc n/.gitea/workflows; do [ -e $f ] && through $f; done",
    ),
    sure(
        "instructions for later sessions",
        "mkdir -p sub; echo evil > AGENTS.md; echo evil > x; mv x sub/CLAUDE.md; \
         for f in AGENTS.md sub/CLAUDE.md; do [ -e $f ] && through $f; done",
    ),
    sure(
        "as the repository of a folder",
        "mkdir -p bare/objects bare/refs; echo 'ref: refs/heads/main' > bare/HEAD; \
         echo evil > bare/config; [ -e bare/HEAD ] && [ -e bare/config ] && through bare",
    ),
    sure(
        "while a path changes",
        "mkdir -p a; py <<'E'\nimport ctypes, threading, time\nfrom calls import *\n\
         paths = [b'a/quiet\\0', b'a/.envrc\\0']\nbuffer = ctypes.create_string_buffer(64)\n\
         end = time.time() + 2\ndef turn():\n    while time.time() < end:\n        for path in paths:\n\
         \x20           ctypes.memmove(buffer, path, len(path))\n\
         threading.Thread(target=turn).start()\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         while time.time() < end:\n    fd = libc.open(buffer, 0o101, 0o644)\n    if fd >= 0: os.write(fd, b'evil'); os.close(fd)\nE",
    ),
];

#[test]
fn what_runs_later_does_not_appear_at_any_depth() {
    check(
        "what_runs_later_does_not_appear_at_any_depth",
        Kind::Bare,
        DEEP,
    );
}

/// What programs do with files, at the top and in folders. It prints what came of it.
const ORDINARY: &str = r#"
umask 027; mkdir w; cd w
echo one > a; echo two >> a; cat a > b; : > empty
mkdir -p d/e/f d/e/f; mkdir d 2>&1 | head -c 60; echo
set -C; (echo x > a) 2>/dev/null || echo kept; set +C
ln a hard; ln -s a soft; ln -s nowhere dangling; echo made > dangling; ln -s d/e fold
echo three >> soft; echo deep > fold/x; cp -a d copy; mv copy moved; mv a d/renamed
mv -n b empty; mv -T moved d/moved; cp --reflink=auto d/renamed again
mkfifo pipe; (sleep 0.05; cat pipe > from-pipe) & echo through-pipe > pipe; wait
printf abc > t; truncate -s 1 t; truncate -s 5 t; dd if=/dev/zero of=t bs=1 count=1 conv=notrunc 2>/dev/null
echo out > /dev/stdout; echo err 2>&1 > /dev/stderr; echo null > /dev/null; echo x | tee /dev/stderr 2>/dev/null
{ echo in-file > /dev/stdout; } > redirected; cat <<< "here string"
tar cf x.tar d && mkdir untar && tar xf x.tar -C untar && rm -r untar/d/moved
touch -d 2001-01-01 old; chmod 750 old; install -m 755 again bin; sed -i s/one/ONE/ again
mkdir gone; cd gone; rmdir ../gone; (echo x > y) 2>/dev/null || echo no folder; cd ..
(echo x > d) 2>/dev/null || echo a folder; (echo x > again/y) 2>/dev/null || echo not a folder
(echo x > missing/y) 2>/dev/null || echo missing; (mkdir missing/y) 2>/dev/null || echo missing
mktemp -p . t.XXXXXX > /dev/null; rm t.*; rm "$(mktemp)"; echo t > /tmp/t; mv /tmp/t from-tmp; cp from-tmp ~/t
python3 - <<'E' 2>&1 || true
import os, tempfile, mmap, socket, threading
with tempfile.TemporaryFile(dir='.') as f: f.write(b'x')
with tempfile.NamedTemporaryFile(dir='.') as f: f.write(b'x')
fd = os.open('m', os.O_RDWR | os.O_CREAT); os.ftruncate(fd, 4096); mmap.mmap(fd, 4096)[0:4] = b'mmap'
fold = os.open('d', os.O_RDONLY); os.mkdir('by-fd', dir_fd=fold)
os.close(os.open('f', os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=fold))
try: os.open('f', os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=fold)
except FileExistsError: print('exclusive')
try: os.open('soft', os.O_WRONLY | os.O_NOFOLLOW)
except OSError as e: print(e.errno)
for flags in (os.O_WRONLY | os.O_APPEND, os.O_RDONLY | os.O_CREAT, os.O_WRONLY | os.O_NONBLOCK):
    os.close(os.open('m', flags))
s = socket.socket(socket.AF_UNIX); s.bind('sock'); s.close()
os.rename('m', 'n'); os.replace('n', 'old'); os.symlink('x' * 200, 'long')
print(oct(os.umask(0)))
threads = [threading.Thread(target=lambda i=i: open(f'd/t{i}', 'w').write(str(i))) for i in range(64)]
[t.start() for t in threads]; [t.join() for t in threads]
E
find . -printf '%p %y %m %l' -type f -printf ' %s' -printf '\n' | sort
"#;

#[test]
fn ordinary_work_with_files_is_as_without_confinement() {
    if !is_full("ordinary_work_with_files_is_as_without_confinement") {
        return;
    }
    let printed = |flags: &[&str]| {
        let server = ChatServer::start(vec![run(ORDINARY), Reply::text("Done.")]);
        let environment = environment(&server);
        let all = results(&environment, flags, &server);
        let said = all[0].split_once('\n').expect("a first line").1.to_owned();
        assert!(said.contains("./d/t63 f 666"), "{said}");
        said
    };
    assert_eq!(printed(&[]), printed(&["--sandbox", "off"]));
}

#[test]
fn what_is_refused_and_what_was_still_running_is_said() {
    if !is_full("what_is_refused_and_what_was_still_running_is_said") {
        return;
    }
    let commands = [
        "mkdir -p n/.vscode || echo refused",
        "nohup sleep 100 > log 2>&1 & echo started",
        "(sleep 100 & sleep 100 &) ; echo two",
        "sleep 0.01 & echo none",
    ];
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = environment(&server);
    let said = results(&environment, &[], &server);
    for (said, expected) in said.iter().zip([
        "not allowed to write n/.vscode: it is read by editors",
        "(1 process that was still running was killed",
        "(2 processes that were still running were killed",
        "stdout:\nnone",
    ]) {
        assert!(said.contains(expected), "{said}");
    }
    assert!(!said[3].contains("still running"), "{}", said[3]);
}

/// Most microseconds that making and opening one file may take longer. A build makes a few thousand.
const DEAREST: f64 = 500.0;

#[test]
fn a_name_costs_little() {
    if !is_full("a_name_costs_little") || super::program("python3").is_none() {
        return;
    }
    // The quickest of many rounds: whatever else runs on the machine slows some of them.
    let command = "python3 -c '\nimport time\ntimes = []\nfor r in range(50):\n    began = time.time()\n    \
        for i in range(40): open(f\"{r}-{i}\", \"w\").close()\n    \
        times.append(time.time() - began)\nprint(min(times) * 1e6 / 40)'";
    let microseconds = |flags: &[&str]| -> f64 {
        let server = ChatServer::start(vec![run(command), Reply::text("Done.")]);
        let environment = environment(&server);
        let said = results(&environment, flags, &server).remove(0);
        let number = said.lines().find_map(|line| line.parse().ok());
        number.unwrap_or_else(|| panic!("no number: {said}"))
    };
    // Whole runs are slowed as well, where the disk still writes what was compiled before.
    let mut measured = Vec::new();
    for _ in 0..3 {
        let (confined, free) = (microseconds(&[]), microseconds(&["--sandbox", "off"]));
        measured.push(format!("{confined:.0} µs confined, {free:.0} µs free"));
        if confined - free < DEAREST {
            super::say(&format!("a new file: {}", measured.join("; ")));
            return;
        }
    }
    panic!("a name costs too much: {}", measured.join("; "));
}
