//! Reading what is outside of the workspace: secrets, settings, what others keep.

use super::{Kind, Probe, check, perhaps, sure};

const PROBES: &[Probe] = &[
    sure("a key", "cat $HOME/.ssh/*"),
    sure("the cloud's", "cat $HOME/.aws/credentials"),
    sure("cargo's", "cat $HOME/.cargo/credentials.toml"),
    sure("the git host's", "cat $HOME/.config/gh/hosts.yml"),
    sure("passwords", "cat $HOME/.netrc"),
    sure("in the shell alone", r#"echo "$(< $HOME/.netrc)""#),
    sure("our settings", "cat $C/ollacode/.env"),
    sure("our data", "cat $D/canary"),
    sure("a file beside", "cat $B/folder/file"),
    sure("by dots", "cat ../beside/file"),
    sure(
        "by a link",
        "ln -s $B/file l; cat l; ln -s ../beside d; cat d/file",
    ),
    sure("by the process's root", "cat /proc/self/root$B/file"),
    sure(
        "by the process's folder",
        "cat /proc/self/cwd/../beside/file",
    ),
    sure(
        "the names beside",
        "ls -R $B 2>/dev/null | grep -q file && through",
    ),
    sure(
        "the names at home",
        "ls -A $HOME 2>/dev/null | grep -q netrc && through",
    ),
    sure("all of it", "grep -rhs yello[w] .."),
    sure("copied", "cp $HOME/.ssh/id_ed25519 stolen; cat stolen"),
    sure("in an archive", "tar cf - -C $HOME .ssh | tar xOf -"),
    sure(
        "compared by git",
        "git --no-pager diff --no-index /dev/null $B/file",
    ),
    sure(
        "included by the compiler",
        "echo | gcc -E -x c -include $B/file -",
    ),
    sure("in perl", "perl -pe 1 $B/file"),
    sure(
        "in python",
        "py <<'E'\nfrom calls import *\nattempt(lambda: print(open(BESIDE + '/file').read()))\nE",
    ),
    sure(
        "by a program in memory",
        "py <<'E'\nfrom calls import *\nimport subprocess\nf = os.memfd_create('x')\n\
         os.write(f, open('/bin/cat', 'rb').read())\n\
         subprocess.run([f'/proc/self/fd/{f}', BESIDE + '/file'], pass_fds=[f])\n\
         sys.stdout.flush()\nE",
    ),
    perhaps(
        "by a handle",
        "py <<'E'\nfrom calls import *\nrefused('open_by_handle_at', 'name_to_handle_at')\nE",
    ),
    perhaps(
        "hashes of passwords",
        "for f in /etc/shadow /etc/gshadow /etc/sudoers; do [ -e $f ] && through $f; cat $f; \
         done 2>/dev/null",
    ),
    perhaps(
        "keys of the machine",
        "ls /etc/ssh/*key /etc/ssl/private 2>/dev/null | grep -q . && through",
    ),
    sure("what the system keeps", "[ -e /var/lib ] && through"),
    perhaps(
        "files of others",
        "find /tmp -maxdepth 1 -name '.tmp*' 2>/dev/null | sed 1d | grep -q . && through",
    ),
];

#[test]
fn nothing_is_read_outside() {
    check("nothing_is_read_outside", Kind::Bare, PROBES);
}
