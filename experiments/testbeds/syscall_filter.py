"""Which system calls the process of a guest may make of the host: a seccomp filter.

Standard library only. Landlock and bubblewrap say which files a guest may open. The filter closes
what they leave: modes, owners and times of files (Landlock), links (bubblewrap), the network,
io_uring (which passes by filters), and calls of the kernel that no guest makes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import NamedTuple

PR_SET_SECCOMP, MODE_FILTER = 22, 2
PR_SET_NO_NEW_PRIVS = 38
LOAD, IF_EQUAL, IF_MORE, IF_BITS, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
"""Offsets in ``struct seccomp_data``; of arguments, the lower half."""
ALLOW, FAIL = 0x7FFF0000, 0x00050000
PRETEND = FAIL
"""The call returns 0 and does nothing."""
REFUSE, UNKNOWN = FAIL | errno.EPERM, FAIL | errno.ENOSYS
NEWEST_KNOWN = 462
"""Calls with higher numbers are newer than this list, or of the x32 ABI."""

OF_METADATA = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "utimensat": (280, 88), "futimesat": (261, None),
}  # fmt: skip
"""Modes, owners and times: a guest changes those of its result folder, too, and goes on as if the
host had done so."""
REFUSED = {
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "symlink": (88, None), "symlinkat": (266, 36), "mknod": (133, None), "mknodat": (259, 33),
    "socket": (41, 198), "connect": (42, 203),
    "mq_open": (240, 180), "msgget": (68, 186), "semget": (64, 190), "shmget": (29, 194),
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41),
    "mount": (165, 40), "umount2": (166, 39), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "iopl": (172, None), "ioperm": (173, None), "acct": (163, 89), "syslog": (103, 116),
}  # fmt: skip
CLONE, CLONE3, IOCTL = (56, 220), (435, 435), (16, 29)
NEW_NAMESPACES = 0x7E020080
"""Of mounts, of cgroups, host names, messages, users, processes, networks, and times."""
REFUSED_IOCTLS = (0x5412, 0x541C, 0x40086602, 0x401C5820)
"""TIOCSTI and TIOCLINUX, which type into a terminal; FS_IOC_SETFLAGS and FS_IOC_FSSETXATTR."""


class Architecture(NamedTuple):
    audit: int
    """As ``linux/audit.h`` numbers it."""
    column: int
    """Of the tables above."""


ARCHITECTURES = {"x86_64": Architecture(0xC000003E, 0), "aarch64": Architecture(0xC00000B7, 1)}


def program(machine: str | None = None) -> bytes:
    """Return the filter in BPF for ``machine``, as ``os.uname`` names it: this one by default.

    Raises OSError for an architecture without a table of calls.
    """
    name = machine or os.uname().machine
    if name not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no filter of system calls is known for {name}")
    audit, column = ARCHITECTURES[name]
    words = [
        _word(LOAD, ARCHITECTURE),
        _word(IF_EQUAL, audit, 1, 0),
        _word(RETURN, UNKNOWN),
        _word(LOAD, NUMBER),
        _word(IF_MORE, NEWEST_KNOWN, 0, 1),
        _word(RETURN, UNKNOWN),
    ]
    for calls, verdict in ((OF_METADATA, PRETEND), (REFUSED, REFUSE)):
        for numbers in calls.values():
            if (number := numbers[column]) is not None:
                words += _if_number(number, [_word(RETURN, verdict)])
    words += _if_number(CLONE3[column], [_word(RETURN, UNKNOWN)])  # libraries then take clone
    words += _if_number(
        CLONE[column],
        [
            _word(LOAD, FIRST_ARGUMENT),
            _word(IF_BITS, NEW_NAMESPACES, 0, 1),
            _word(RETURN, REFUSE),
            _word(RETURN, ALLOW),
        ],
    )
    words += _if_number(IOCTL[column], [_word(LOAD, SECOND_ARGUMENT), *_refused_requests()])
    return b"".join([*words, _word(RETURN, ALLOW)])


def install() -> None:
    """Put the filter on this process and its children for good. Raises OSError."""
    code = program()
    held = ctypes.create_string_buffer(code, len(code))
    given = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    failed = failed or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, given, 0, 0)
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, f"filter of system calls: {os.strerror(number)}")


def _refused_requests() -> list[bytes]:
    tests = [
        word for request in REFUSED_IOCTLS for word in _if_number(request, [_word(RETURN, REFUSE)])
    ]
    return [*tests, _word(RETURN, ALLOW)]


def _if_number(number: int, then: list[bytes]) -> list[bytes]:
    """``then``, if the value that was loaded is ``number``; it must return."""
    return [_word(IF_EQUAL, number, 0, len(then)), *then]


def _word(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
