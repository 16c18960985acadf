//! Programs that may run code in their arguments, their input or a variable. Names are separated by
//! spaces.

pub(super) const SHELLS: &str = "ash bash csh dash fish ksh mksh nu pwsh rbash sh tcsh zsh";

/// Interpreters, with the short and long options that are followed by code.
pub(super) const INTERPRETERS: &[(&str, &str, &[&str])] = &[
    ("bun", "ep", &["--eval", "--print"]),
    ("deno", "", &["eval", "repl"]),
    ("elixir", "e", &["--eval"]),
    ("groovy", "e", &[]),
    ("guile", "ce", &[]),
    ("jshell", "", &[]),
    ("julia", "eE", &["--eval", "--print"]),
    ("lua", "e", &[]),
    ("luajit", "e", &[]),
    ("node", "ep", &["--eval", "--print"]),
    ("nodejs", "ep", &["--eval", "--print"]),
    ("osascript", "e", &[]),
    ("perl", "eE", &[]),
    ("php", "rBER", &["--run"]),
    ("pypy", "c", &[]),
    ("python", "c", &[]),
    ("raku", "e", &[]),
    ("rscript", "e", &[]),
    ("ruby", "e", &[]),
    ("sbcl", "", &["--eval"]),
    ("swift", "e", &[]),
    ("tclsh", "", &[]),
    ("ts-node", "ep", &["--eval", "--print"]),
];

/// Programs that run another one given in their arguments.
pub(super) const WRAPPERS: &str = "builtin bunx busybox chroot chrt command coproc cpulimit doas entr env exec \
    fakeroot fd find flock ionice ltrace nice nohup npx nsenter parallel pipx \
    prlimit rlwrap run-parts runuser script setarch setpriv setsid start-stop-daemon \
    stdbuf strace su sudo systemd-run taskset time timeout toybox unbuffer unshare \
    uvx watch watchexec xargs xvfb-run";

/// Programs that start others by commands of their own.
pub(super) const STARTING: &str =
    "at batch crontab dc ed ex expect ftp gdb lldb m4 screen socat tmux xterm";

/// Prefixes of options that name a program.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    ("7z", "-si"),
    ("apt", "-o"),
    ("apt-get", "-o"),
    ("cargo", "--config"),
    ("emacs", "-e --e -f -l --l --script -batch"),
    ("env", "-S --split-string"),
    ("fd", "-x -X --exec"),
    ("find", ""),
    ("flock", "-c --command"),
    ("g++", "-wrapper -B -fplugin -fuse-ld"),
    ("gcc", "-wrapper -B -fplugin -fuse-ld"),
    ("go", "-exec --exec -toolexec --toolexec"),
    ("install", "--strip-program"),
    ("less", "+"),
    ("make", "--ev -E SHELL= MAKEFLAGS="),
    ("man", "-P --pager -H --html"),
    ("nc", "-e -c"),
    ("ncat", "-e -c --exec --sh-exec --lua-exec"),
    ("npm", "--script-shell -c --call"),
    ("npx", "--script-shell -c --call"),
    ("nvim", VIM),
    ("rg", "--pre --hostname-bin"),
    ("rsync", "-e --rsh --rsync-path"),
    ("scp", "-S -o -D -F"),
    ("script", "-c --command"),
    ("sftp", "-S -o -D -F"),
    ("sort", "--co"),
    ("split", "--filter"),
    ("ssh", "-o -F"),
    ("su", "-c --command"),
    (
        "tar",
        "--checkpoint-a --to-c --use-c -I -F --info-s --new-v --rsh --rmt",
    ),
    ("tcpdump", "-z"),
    ("vi", VIM),
    ("view", VIM),
    ("vim", VIM),
    ("wget", "--use-askpass"),
    ("zip", "-TT --unzip-command"),
];
const VIM: &str = "-c + --cmd -S -u -s -W -w";

/// Variables that name programs or change which ones are found.
pub(super) const VARIABLES: &str = "AR BASH_ENV BROWSER CC CXX EDITOR ENV GNUMAKEFLAGS IFS LD LESSCLOSE LESSOPEN \
    MAKEFLAGS MANPAGER NODE_OPTIONS PAGER PATH PERL5LIB PERL5OPT PYTHONPATH \
    PYTHONSTARTUP RUBYLIB RUBYOPT RUSTC SHELL TAR_OPTIONS VISUAL";

/// Whether a list has a name.
pub(super) fn lists(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == name)
}
