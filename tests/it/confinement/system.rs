//! System calls that a command has no use for: mounts, namespaces, tracing, rings, devices.

use super::{Kind, Probe, check, perhaps, sure, untried};

const MOUNTS: &[Probe] = &[
    untried(
        "a new file system",
        "mount -t tmpfs x src 2>/dev/null && through",
    ),
    untried(
        "a folder shown elsewhere",
        "mount --bind / src 2>/dev/null && through",
    ),
    untried(
        "processes shown again",
        "mount -t proc x src 2>/dev/null && through",
    ),
    untried(
        "the system writable",
        "mount -o remount,bind,rw /usr 2>/dev/null && through",
    ),
    untried(
        "covers taken away",
        "if [ -d /proc/$V ]; then through; \
         else umount -l $HOME /proc /usr $PWD 2>/dev/null && through; fi",
    ),
    untried(
        "programs of the system",
        "chmod --reference=/usr/bin/env /usr/bin/env 2>/dev/null && through",
    ),
    perhaps(
        "a user namespace",
        "unshare -Ur true 2>/dev/null && through",
    ),
    perhaps(
        "a mount namespace",
        "unshare -m true 2>/dev/null && through; unshare -Urnpm true 2>/dev/null && through",
    ),
    perhaps(
        "a mount in a namespace",
        "unshare -Urm mount -t tmpfs x src 2>/dev/null && through",
    ),
    untried(
        "another's namespace",
        "nsenter -t 1 -m true 2>/dev/null && through",
    ),
    untried(
        "calls that mount",
        "py <<'E'\nfrom calls import *\n\
         refused('mount', 'umount2', 'open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount', \
         'fspick')\n\
         refused('mount_setattr', 'pivot_root')\nE",
    ),
    perhaps(
        "calls for namespaces",
        "py <<'E'\nfrom calls import *\n\
         for flag in 0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, \
         0x2000000:\n\
         \u{20}   refused('unshare', arguments=(flag,))\n\
         \u{20}   result, error = call('clone', flag | 17, 0, 0, 0, 0)\n\
         \u{20}   if result == 0: os._exit(0)\n\
         \u{20}   if result > 0: through(hex(flag))\n\
         sys.stdout.flush()\nrefused('clone3', arguments=(0, 0))\nE",
    ),
    untried(
        "another root",
        "py <<'E'\nfrom calls import *\nattempt(lambda: (os.chroot('src'), through()))\nE",
    ),
];

#[test]
fn no_mount_and_no_namespace_is_made() {
    check("no_mount_and_no_namespace_is_made", Kind::Bare, MOUNTS);
}

const CALLS: &[Probe] = &[
    perhaps(
        "tracing",
        "py <<'E'\nfrom calls import *\n\
         refused('ptrace', 'kcmp', 'process_madvise', 'pidfd_getfd')\nE",
    ),
    perhaps(
        "rings",
        "py <<'E'\nfrom calls import *\nroom = ctypes.create_string_buffer(256)\n\
         refused('io_uring_setup', arguments=(4, ctypes.byref(room)))\n\
         refused('io_uring_enter')\nE",
    ),
    perhaps(
        "programs for the kernel",
        "py <<'E'\nfrom calls import *\nrefused('bpf')\nE",
    ),
    perhaps(
        "counters",
        "py <<'E'\nfrom calls import *\nrefused('perf_event_open')\nE",
    ),
    perhaps(
        "keys",
        "py <<'E'\nfrom calls import *\nrefused('keyctl', 'add_key', 'request_key')\nE",
    ),
    perhaps(
        "faults",
        "py <<'E'\nfrom calls import *\nrefused('userfaultfd')\nE",
    ),
    perhaps(
        "watching files",
        "py <<'E'\nfrom calls import *\nrefused('fanotify_init')\nE",
    ),
    untried(
        "modules, clocks, names and the rest",
        "py <<'E'\nfrom calls import *\n\
         refused('init_module', 'finit_module', 'delete_module', 'kexec_load', 'swapon', \
         'swapoff')\n\
         refused('quotactl', 'settimeofday', 'clock_settime', 'acct', 'syslog', 'sethostname')\n\
         refused('setdomainname')\nE",
    ),
    perhaps(
        "another personality",
        "py <<'E'\nfrom calls import *\nrefused('personality', arguments=(0x0400000,))\nE",
    ),
    perhaps(
        "calls of another table",
        "[ $(uname -m) = x86_64 ] || { ended; exit; }\npy <<'E'\nfrom calls import *\n\
         for number in 39, 101, 165:\n\
         \u{20}   NUMBERS['odd'] = (0x40000000 | number, -1)\n\
         \u{20}   call('odd', 0, 0, 0)[1] == errno.ENOSYS or through(number)\nE",
    ),
    perhaps(
        "calls of 32 bits",
        "[ $(uname -m) = x86_64 ] || { ended; exit; }\ncat > c.c <<'E'\n#include <unistd.h>\n\
         int main() { int r; __asm__ volatile(\"int $0x80\" : \"=a\"(r) : \"a\"(20));\n\
         if (r > 0) { write(1, \"got-\", 4); write(1, \"THROUGH\\n\", 8); } return 0; }\nE\n\
         gcc -o c c.c && ./c",
    ),
    untried(
        "rights",
        "grep -E 'Cap(Prm|Eff|Bnd|Amb)' /proc/self/status | grep -v 0000000000000000 && through",
    ),
    sure(
        "no new rights",
        "grep -q 'NoNewPrivs:.1' /proc/self/status || through",
    ),
    untried(
        "another user",
        "py <<'E'\nfrom calls import *\nattempt(lambda: (os.setuid(1234), through()))\nE",
    ),
    perhaps("cores", "ulimit -c unlimited 2>/dev/null && through"),
];

#[test]
fn no_call_that_nobody_needs_is_made() {
    check("no_call_that_nobody_needs_is_made", Kind::Bare, CALLS);
}

const DEVICES: &[Probe] = &[
    untried(
        "a device",
        "mknod d c 1 5 2>/dev/null && through; mknod b b 7 0 2>/dev/null && through",
    ),
    untried(
        "a device elsewhere",
        "mknod /tmp/$M c 1 3 2>/dev/null && through; mknod /dev/$M c 1 3 && through",
    ),
    untried(
        "a device, by a call",
        "py <<'E'\nfrom calls import *\n\
         call('mknodat', -100, b'd', 0o20666, 0x105)[0] == 0 and through()\nE",
    ),
    untried(
        "the mode of a device",
        "chmod 666 /dev/null 2>/dev/null && through",
    ),
    untried(
        "a device renamed",
        "mv /dev/full /dev/$M 2>/dev/null && mv /dev/$M /dev/full && through",
    ),
    perhaps(
        "devices of the machine",
        "ls -d /dev/console /dev/kmsg /dev/mem /dev/kvm /dev/fuse /dev/[sv]da 2>&1 \
         | grep -v -i 'no such' && through",
    ),
    untried("the terminal", "( : <> /dev/tty ) 2>/dev/null && through"),
    perhaps(
        "typing into a terminal",
        "py <<'E'\nfrom calls import *\nimport fcntl, pty, termios\na, b = pty.openpty()\n\
         attempt(lambda: (fcntl.ioctl(b, termios.TIOCSTI, b'x'), through()))\nE",
    ),
];

#[test]
fn no_device_is_made_or_changed() {
    check("no_device_is_made_or_changed", Kind::Bare, DEVICES);
}
