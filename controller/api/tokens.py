"""The token that lets a user in: made once, in a file that is the user's alone."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,128}\n?")
_PRESENTED = re.compile(rb"bearer +([A-Za-z0-9._~+/-]{1,256}=*) *", re.IGNORECASE)


class BadTokenFile(Exception):
    """The file cannot be made, or keeps no secret."""


def token_in(path: Path) -> str:
    """The token in a file, which is made if it is not there. Raises BadTokenFile."""
    with suppress(FileExistsError):
        return _made(path)
    return _read(path)


def _made(path: Path) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        _check_folder(path.parent)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise
    except OSError as problem:
        raise BadTokenFile(f"cannot make {path}: {problem.strerror}") from problem
    with os.fdopen(number, "w") as file:
        file.write(f"{token}\n")
    return token


def _read(path: Path) -> str:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
            _check_file(path, os.fstat(file.fileno()))
            text = file.read(4096)
    except (OSError, UnicodeDecodeError) as problem:
        raise BadTokenFile(f"cannot read {path}: {problem}") from problem
    if not _TOKEN.fullmatch(text):
        raise BadTokenFile(f"{path} holds no token; remove it, and one is made")
    return text.strip()


def _check_folder(folder: Path) -> None:
    """No other user may replace our file."""
    held = folder.stat()
    others_may_write = held.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others_may_write and not held.st_mode & stat.S_ISVTX:
        raise BadTokenFile(f"others may write to {folder}; chmod go-w {folder}")


def _check_file(path: Path, held: os.stat_result) -> None:
    if not stat.S_ISREG(held.st_mode):
        raise BadTokenFile(f"{path} is not a file")
    if held.st_uid != os.geteuid():
        raise BadTokenFile(f"{path} belongs to another user")
    if held.st_mode & 0o077:
        raise BadTokenFile(f"others may use {path}; remove it, and another token is made")
    _check_folder(path.parent)


class Doorkeeper:
    """Knows the token by its hash, and tells in constant time whether it was presented."""

    def __init__(self, token: str) -> None:
        self._hash = hashlib.sha256(token.encode()).digest()

    def lets_in(self, authorization: bytes) -> bool:
        """Whether a header says ``Bearer TOKEN`` (RFC 6750, 2.1)."""
        presented = _PRESENTED.fullmatch(authorization)
        token = presented[1] if presented else b""
        return hmac.compare_digest(hashlib.sha256(token).digest(), self._hash)
