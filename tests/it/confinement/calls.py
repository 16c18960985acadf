"""What probes in Python use: system calls by their names, and the word for success."""

import ctypes
import errno
import os
import platform
import socket
import sys

BESIDE = os.environ["B"]
VICTIM = int(os.environ["V"])
libc = ctypes.CDLL(None, use_errno=True)

# x86_64, aarch64; -1 where there is none.
NUMBERS = {
    "acct": (163, 89), "add_key": (248, 217), "bpf": (321, 280), "chroot": (161, 51),
    "clock_settime": (227, 112), "clone": (56, 220), "clone3": (435, 435),
    "delete_module": (176, 106), "fanotify_init": (300, 262), "finit_module": (313, 273),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433),
    "init_module": (175, 105), "io_uring_enter": (426, 426), "io_uring_setup": (425, 425),
    "kcmp": (312, 272), "kexec_load": (246, 104), "keyctl": (250, 219), "mknodat": (259, 33),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41), "process_madvise": (440, 440), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60),
    "renameat2": (316, 276), "request_key": (249, 218), "setdomainname": (171, 162),
    "sethostname": (170, 161), "setns": (308, 268), "settimeofday": (164, 170),
    "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39),
    "unshare": (272, 97), "userfaultfd": (323, 282),
}


def call(name, *arguments):
    """Makes a system call; gives its result and the error's number."""
    machines = {"x86_64": 0, "aarch64": 1}
    number = NUMBERS[name][machines[platform.machine()]]
    words = [ctypes.c_long(it) if isinstance(it, int) else it for it in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *words)
    return result, ctypes.get_errno()


def through(*what):
    print("got-" + "THROUGH", *what)


def refused(*names, arguments=(0, 0, 0, 0, 0)):
    """Demands of calls that they are refused, and not only that their arguments are wrong."""
    for name in names:
        result, error = call(name, *arguments)
        if result != -1 or error not in (errno.EPERM, errno.ENOSYS):
            through(name, result, error)


def attempt(what):
    """Does something that the system should refuse."""
    try:
        return what()
    except OSError as error:
        print(error)
