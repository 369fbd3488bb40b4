"""Landlock: a process gives up rights to files, signals and sockets for good. No root is needed.

Standard library only. The rules follow the documentation of Linux, userspace-api/landlock.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Iterator

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on all architectures."""
VERSION_FLAG = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
MAKE_SOCK, REFER, TRUNCATE = 1 << 9, 1 << 13, 1 << 14
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | 1 << 15
"""The rights that a rule may name for what is not a folder."""
RIGHTS_OF_VERSION = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From this version of Landlock on, the kernel knows this many rights to files."""
NETWORK_SINCE, SCOPES_SINCE = 4, 6
BIND_AND_CONNECT_TCP = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

READ = EXECUTE | READ_FILE | READ_DIR
"""Open files for reading, list folders, start programs."""
WRITE = (
    *(READ_FILE, READ_DIR, WRITE_FILE, TRUNCATE, REFER),
    *(MAKE_REG, MAKE_DIR, REMOVE_FILE, REMOVE_DIR),
)
WRITE_FOLDER = sum(WRITE)
"""All but links and devices: a later reader of the folder would follow them."""

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version of Landlock that the kernel offers, and 0 if it offers none."""
    return max(0, int(_libc.syscall(CREATE_RULESET, None, 0, VERSION_FLAG)))


def restrict(rules: Iterable[tuple[str, int]]) -> None:
    """Deny this process and its children every path but those below ``rules``: (path, rights).

    A path that is missing, or that is a symbolic link, grants nothing. TCP, signals to other
    processes and abstract sockets of others are denied as far as the kernel can.
    Raises OSError where the kernel refuses.
    """
    offered = version()
    handled = (
        1 << next(count for least, count in reversed(RIGHTS_OF_VERSION) if offered >= least)
    ) - 1
    network = BIND_AND_CONNECT_TCP if offered >= NETWORK_SINCE else 0
    scopes = ABSTRACT_SOCKETS_AND_SIGNALS if offered >= SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", handled, network, scopes)
    size = 24 if scopes else 16 if network else 8
    ruleset = _checked(_libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    try:
        for path, rights in rules:
            with _opened(path) as (descriptor, is_folder):
                if descriptor is not None:
                    granted = rights & handled & (-1 if is_folder else OF_FILES)
                    rule = struct.pack("=Qi", granted, descriptor)
                    _checked(_libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0))
        _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc.syscall(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[tuple[int | None, bool]]:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield None, False
        return
    try:
        mode = os.fstat(descriptor).st_mode
        yield (None if stat.S_ISLNK(mode) else descriptor), stat.S_ISDIR(mode)
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
