//! Writing outside of the workspace: files, names, links, modes and times.

use super::{Kind, Probe, check, perhaps, sure, untried};

const FILES: &[Probe] = &[
    sure("a new file", "echo x > $B/new"),
    sure("over a file", "echo x > $B/file"),
    sure("behind a file, by dots", "echo x >> ../beside/file"),
    sure("by another folder", "cd / && cd $B && echo x > here; cd -"),
    sure("in the home folder", "echo x > $HOME/.profile"),
    sure("a start file of shells", "echo x >> $HOME/.bashrc"),
    sure("a key", "echo x >> $HOME/.ssh/authorized_keys"),
    sure("a program", "echo x > $HOME/.cargo/bin/ls"),
    sure("over a program", "echo x > $HOME/.cargo/bin/tool"),
    sure("our settings", "echo x >> $C/ollacode/.env"),
    sure("our rules", "echo x > $C/ollacode/config.toml"),
    sure("our data", "echo x >> $D/canary"),
    sure("the folder of temporary files", "echo x > /tmp/$M"),
    sure("the other one", "echo x > /var/tmp/$M"),
    sure("shared memory", "echo x > /dev/shm/$M"),
    untried("the settings of the system", ": > /etc/$M && through"),
    untried("programs of the system", ": > /usr/local/bin/$M && through"),
    sure("cut off", "truncate -s 0 $B/file"),
    sure("deleted", "rm -rf $B/folder $B/file"),
    sure("copied", "cp -r src $B/src"),
    sure("a pipe", "mkfifo $B/pipe"),
    sure(
        "in perl",
        r#"perl -e 'open F, ">", "$ENV{B}/new"; print F "x"'"#,
    ),
    sure(
        "in python",
        "py <<'E'\nfrom calls import *\nattempt(lambda: open(BESIDE + '/new', 'w'))\nE",
    ),
    sure("compiled", "echo 'int x;' | gcc -x c -c - -o $B/x.o"),
];

#[test]
fn nothing_is_written_outside() {
    check("nothing_is_written_outside", Kind::Bare, FILES);
}

const LINKS: &[Probe] = &[
    sure("through a link", "ln -s $B/file l; echo x > l"),
    sure(
        "through a link to a folder",
        "ln -s ../beside d; echo x > d/new",
    ),
    sure(
        "through a chain of links",
        "ln -s $A a; ln -s a/beside b; echo x > b/new",
    ),
    sure(
        "through the process's folder",
        "echo x > /proc/self/cwd/../beside/new",
    ),
    sure(
        "through the process's root",
        "echo x > /proc/self/root$B/new",
    ),
    sure(
        "through an open folder",
        "exec 3< $B; echo x > /proc/self/fd/3/new",
    ),
    sure("a hard link out", "ln src/main.rs $B/hard"),
    sure("a hard link in", "ln $B/file hard && cat hard"),
    sure(
        "a hard link in, written",
        "ln $B/file hard && echo x >> hard",
    ),
    sure("a symbolic link out", "ln -s /etc/passwd $B/link"),
    sure("renamed over", "echo evil > x; mv -f x $B/file"),
    sure("renamed out", "mv src $B/src"),
    sure("renamed in", "mv $B/folder taken"),
    sure("renamed around", "mv $B/folder $B/other"),
    sure(
        "the workspace renamed",
        "mv $PWD $B/gone && mv $B/gone $PWD && through",
    ),
    perhaps(
        "exchanged",
        "py <<'E'\nfrom calls import *\n\
         print(call('renameat2', -100, b'src', -100, (BESIDE + '/folder').encode(), 2))\nE",
    ),
    perhaps(
        "a nameless file linked out",
        "py <<'E'\nfrom calls import *\nf = os.open('.', os.O_TMPFILE | os.O_WRONLY)\n\
         libc.linkat(-100, f'/proc/self/fd/{f}'.encode(), -100, (BESIDE + '/new').encode(), \
         0x400)\nE",
    ),
];

#[test]
fn no_link_and_no_name_leads_out() {
    check("no_link_and_no_name_leads_out", Kind::Bare, LINKS);
}

const MODES: &[Probe] = &[
    sure("the mode of a file", "chmod 777 $B/file"),
    sure("the mode of a folder", "chmod 711 $B $HOME"),
    sure("the mode of the folder around", "chmod 711 $A"),
    sure(
        "the mode of a key, by a link",
        "ln -s $HOME/.ssh k; chmod 777 k/id_ed25519",
    ),
    sure(
        "the mode through a process",
        "chmod 777 /proc/self/root$B/file",
    ),
    perhaps("the owner of a file", "chown 1:1 $B/file"),
    perhaps(
        "the owner of a file of ours",
        "chown 1:1 src/main.rs && [ $(stat -c %u src/main.rs) = 1 ] && through",
    ),
    sure("the time of a file", "touch -d 2001-01-01 $B/file"),
    sure("the time of a folder", "touch -d 2001-01-01 $B $HOME"),
    sure(
        "the time, in perl",
        r#"perl -e 'utime 1, 1, "$ENV{B}/file"'"#,
    ),
    perhaps(
        "an attribute",
        "py <<'E'\nfrom calls import *\n\
         attempt(lambda: (os.setxattr(BESIDE + '/file', 'user.x', b'x'), through()))\nE",
    ),
    sure(
        "the user's bit",
        "cp /bin/cat c; chmod u+s c 2>/dev/null; find . -perm -4000 | grep -q . && through",
    ),
    sure(
        "the user's bit, at once",
        "py <<'E'\nfrom calls import *\nattempt(lambda: os.open('c', os.O_CREAT, 0o4755))\n\
         attempt(lambda: os.stat('c').st_mode & 0o4000 and through())\nE",
    ),
];

#[test]
fn no_mode_owner_or_time_changes_outside() {
    check("no_mode_owner_or_time_changes_outside", Kind::Bare, MODES);
}
