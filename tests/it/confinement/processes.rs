//! Other processes: what they keep, what they are told, what they share.

use super::{Kind, Probe, check, perhaps, sure, untried};

/// The victim is a process of ours; its environment, arguments and folder hold canaries. Signals
/// go to the first process only where the victim is not to be seen: the system's own is not.
const PROBES: &[Probe] = &[
    sure("its environment", "tr '\\0' '\\n' < /proc/$V/environ"),
    sure(
        "all environments",
        "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -a yello[w]",
    ),
    perhaps(
        "the environment of what started it",
        "p=$PPID; while [ ${p:-0} -gt 1 ]; do tr '\\0' '\\n' < /proc/$p/environ; \
         p=$(cut -d' ' -f4 /proc/$p/stat); done | grep -a yello[w]",
    ),
    untried(
        "its own environment",
        "env | grep yello[w]; tr '\\0' '\\n' < /proc/1/environ",
    ),
    sure(
        "all arguments",
        "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -a yello[w]",
    ),
    sure("its folder", "cat /proc/$V/cwd/file"),
    sure("its folder, written", "echo x > /proc/$V/cwd/new"),
    sure("its root", "cat /proc/$V/root$B/file"),
    sure("its root, written", "echo x > /proc/$V/root$B/new"),
    untried(
        "the first one's root",
        "cat /proc/1/root$B/file; echo x > /proc/1/root$B/new",
    ),
    untried("the first one's folder", "cat /proc/1/cwd/../beside/file"),
    sure(
        "its files",
        "ls -l /proc/$V/fd 2>/dev/null | grep -q pipe && through",
    ),
    sure(
        "all folders",
        "for p in /proc/[0-9]*; do cat $p/cwd/file; done 2>/dev/null",
    ),
    perhaps("its memory", "( : < /proc/$V/mem ) 2>/dev/null && through"),
    untried(
        "the helper's files",
        "[ -d /proc/$V ] && through; \
         cat /proc/1/environ /proc/1/maps /proc/1/mem 2>/dev/null | grep -aq . \
         && through; ls -l /proc/1/fd 2>/dev/null | grep -e '->' && through; \
         for f in 0 1 2 3 4 5 6 7 8 9; do ( : > /proc/1/fd/$f ) 2>/dev/null && through $f; done",
    ),
    untried(
        "our program",
        "( : >> /proc/1/exe ) 2>/dev/null && through; cp /proc/1/exe x && through",
    ),
    sure(
        "that it is there",
        "kill -0 $V 2>/dev/null && [ -d /proc/$V ] && through",
    ),
    sure("killed", "kill -9 $V"),
    sure("killed, in perl", "perl -e 'kill 15, $ENV{V}'"),
    perhaps(
        "killed, by a handle",
        "py <<'E'\nfrom calls import *\nimport signal\n\
         attempt(lambda: signal.pidfd_send_signal(os.pidfd_open(VICTIM), 9))\nE",
    ),
    untried(
        "the first one killed",
        "if [ -d /proc/$V ]; then through; else kill -9 1; kill -15 1; kill -11 1; fi; \
         sleep 0.05; [ -d /proc/1 ] || through",
    ),
    sure("slowed down", "renice -n 5 -p $V 2>/dev/null && through"),
    perhaps(
        "traced",
        "py <<'E'\nfrom calls import *\nr, e = call('ptrace', 16, VICTIM, 0, 0)\n\
         r == 0 and through()\nE",
    ),
    perhaps(
        "read by a call",
        "py <<'E'\nfrom calls import *\n\
         refused('process_vm_readv', 'process_vm_writev', arguments=(VICTIM, 0, 0, 0, 0, 0))\nE",
    ),
    perhaps(
        "its files taken",
        "py <<'E'\nfrom calls import *\nf = attempt(lambda: os.pidfd_open(VICTIM))\n\
         f and call('pidfd_getfd', f, 0, 0)[0] >= 0 and through()\nE",
    ),
    perhaps(
        "its namespaces entered",
        "py <<'E'\nfrom calls import *\n\
         f = attempt(lambda: os.open(f'/proc/{VICTIM}/ns/mnt', os.O_RDONLY))\n\
         f and through()\nrefused('setns', arguments=(0, 0))\nE",
    ),
    perhaps(
        "how many there are",
        "[ $(ls -d /proc/[0-9]* | wc -l) -gt 12 ] && through",
    ),
];

#[test]
fn no_process_outside_is_seen_or_touched() {
    check("no_process_outside_is_seen_or_touched", Kind::Bare, PROBES);
}

const KERNEL: &[Probe] = &[
    untried(
        "settings of the kernel",
        "for f in kernel/core_pattern kernel/hostname kernel/modprobe vm/drop_caches; \
         do ( : >> /proc/sys/$f ) 2>/dev/null && through $f; done",
    ),
    untried(
        "the trigger of the kernel",
        "( : >> /proc/sysrq-trigger ) 2>/dev/null && through",
    ),
    untried(
        "the memory of the kernel",
        "head -c 1 /proc/kcore 2>/dev/null | grep -q . && through; \
         dmesg 2>/dev/null | grep -q . && through; \
         ( : < /proc/kmsg ) 2>/dev/null && through",
    ),
    untried(
        "maps of users",
        "( echo '0 0 1' > /proc/self/uid_map ) 2>/dev/null && through",
    ),
    perhaps(
        "what the system tells of its devices",
        "ls /sys 2>/dev/null | grep -q . && through",
    ),
    perhaps(
        "shared memory of others",
        "ipcs -m 2>/dev/null | grep -q 0x && through",
    ),
];

#[test]
fn the_kernel_is_not_reached_by_its_files() {
    check("the_kernel_is_not_reached_by_its_files", Kind::Bare, KERNEL);
}
