"""The archive: a zip file whose bytes follow from what is in it, and how it is opened safely.

Each file is compressed separately, so that a corrupt octet affects one file, which is named.
Nothing is written outside a private folder, no links are made, and sizes are bounded beforehand.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Literal, NamedTuple

from corridor.topologies.base.bounded_file import is_file, is_folder, shown
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.whole_file import replacing

type Content = Path | bytes
MOST_FILES = 500_000
MOST_BYTES = 64 * 2**30
MOST_RATIO = 300
"""Of a file to what it takes in the archive; those of runs have up to some 60."""
LONGEST_NAME = 1000
LEVEL = 6
CHUNK = 2**20
SINCE = (1980, 1, 1, 0, 0, 0)
UNREADABLE = ""
"""The digest of a file that cannot be read."""
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
ANOTHER = "get it again, or name the file that corridor artifact pack wrote"


class Opened(NamedTuple):
    root: Path
    digests: dict[str, str]
    """By name, of all files but that of the sums."""


def write_archive(file: Path, top: str, contents: Mapping[str, Content]) -> str:
    """All files below a folder ``top``, with their sums, which are returned. Raises OSError."""
    digests: dict[str, str] = {}
    with (
        replacing(file) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as made,
    ):
        for name in sorted(contents):
            digests[name] = _add(made, f"{top}/{name}", contents[name])
        sums = written(digests)
        _add(made, f"{top}/{SUMS}", sums.encode())
    return sums


def _add(made: zipfile.ZipFile, name: str, content: Content) -> str:
    info = zipfile.ZipInfo(name, SINCE)
    info.create_system = 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    digest = hashlib.sha256()
    with made.open(info, "w", force_zip64=size > 2**31) as into:
        for chunk in _chunks(content):
            digest.update(chunk)
            into.write(chunk)
    return digest.hexdigest()


def _chunks(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


@contextlib.contextmanager
def opened(place: Path) -> Iterator[Opened]:
    """An archive, unpacked into a private folder while it is read; or the folder that
    someone unpacked. Raises InputError for what is neither."""
    if is_folder(place):
        yield Opened(place, dict(_digests(place)))
        return
    if not is_file(place):
        raise InputError("no such file", "name an artifact, or its folder", shown(place))
    with tempfile.TemporaryDirectory(prefix="corridor-artifact-") as folder:
        yield _unpacked(place, Path(folder))


def _unpacked(file: Path, into: Path) -> Opened:
    try:
        with zipfile.ZipFile(file) as packed:
            entries = _checked(packed, file)
            _refuse_lack_of_room(entries, into)
            digests = {name: _extract(packed, one, into / name) for name, one in entries.items()}
    except DAMAGED as error:
        raise InputError(
            f"is damaged, or is not an artifact: {error}", ANOTHER, str(file)
        ) from error
    except OSError as error:
        said = f"cannot be unpacked: {error.strerror or error}"
        raise InputError(said, "", str(file)) from error
    digests.pop(SUMS, None)
    return Opened(into, digests)


def _checked(packed: zipfile.ZipFile, file: Path) -> dict[str, zipfile.ZipInfo]:
    """Files by their names below the one folder of the archive, once all names are safe."""
    found: dict[str, zipfile.ZipInfo] = {}
    tops = set()
    for entry in packed.infolist():
        if entry.is_dir():
            continue
        top, _, name = entry.filename.partition("/")
        tops.add(top)
        if why := _refused(entry, name):
            raise _no_artifact(file, f"{entry.filename!r} {why}")
        if name in found:
            raise _no_artifact(file, f"{name!r} is in it twice")
        found[name] = entry
    if len(tops) > 1 or SUMS not in found:
        raise _no_artifact(file, f"it has no {SUMS} in one folder")
    if len(found) > MOST_FILES or sum(one.file_size for one in found.values()) > MOST_BYTES:
        raise _no_artifact(file, f"it has over {MOST_FILES} files or {MOST_BYTES >> 30} GiB")
    return found


def _refused(entry: zipfile.ZipInfo, name: str) -> str:
    """Why a file may not be in an artifact, if it may not."""
    parts = PurePosixPath(name).parts
    plain = "/".join(parts) == name and not {".", ".."} & set(parts) and not name.startswith("/")
    if not name or not plain or "\\" in name or len(name) > LONGEST_NAME or not name.isprintable():
        return "is not a name of a file in an artifact"
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is not a regular file"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.file_size > MOST_RATIO * max(entry.compress_size, 1) + CHUNK:
        return "is compressed more than any file of a run"
    return ""


def _no_artifact(file: Path, why: str) -> InputError:
    return InputError(f"is not an artifact: {why}", ANOTHER, str(file))


def _refuse_lack_of_room(entries: Mapping[str, zipfile.ZipInfo], into: Path) -> None:
    needed = sum(one.file_size for one in entries.values())
    free = os.statvfs(into)
    if needed > free.f_bavail * free.f_frsize:
        said = f"{into.parent} has no room for {needed / 1e6:.0f} MB"
        raise EnvironmentUnsupported(said, "set TMPDIR to a folder with more")


def _extract(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path) -> str:
    """The digest of what was written; that of a missing file, where the archive is corrupt."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with packed.open(entry) as source, place.open("xb") as target:
            return _copied(source, target)
    except (*DAMAGED, RuntimeError):
        place.unlink(missing_ok=True)
        return UNREADABLE


def _copied(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def _digests(root: Path) -> Iterator[tuple[str, str]]:
    """Of a folder, without following links: links have the digest of a missing file."""
    for folder, folders, files in os.walk(root):
        for name in (*files, *(one for one in folders if Path(folder, one).is_symlink())):
            path = Path(folder, name)
            inside = path.relative_to(root).as_posix()
            if inside != SUMS:
                yield inside, _digest(path)


def _digest(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return UNREADABLE
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return UNREADABLE


# The SHA-256 of every file, as ``sha256sum -c`` reads it, and what differs from it.

SUMS = "SHA256SUMS"
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>\S.*)")
type State = Literal["spoilt", "missing", "surplus"]
WORDS: Mapping[State, str] = {
    "spoilt": "is not as it was packed",
    "missing": "is missing",
    "surplus": "was not packed",
}


class Fault(NamedTuple):
    file: str
    state: State

    def __str__(self) -> str:
        return f"{self.file} {WORDS[self.state]}"


def written(digests: Mapping[str, str]) -> str:
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


def parse(text: str, file: str = SUMS) -> dict[str, str]:
    """Raises InputError with the line that is none."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        one = _LINE.fullmatch(line)
        if one is None or one["name"] in found:
            raise InputError("is not a line of sums", "get the artifact again", file, number)
        found[one["name"]] = one["digest"]
    return found


def identity(sums: str) -> str:
    """What an artifact is known by, however it was compressed: it covers every file."""
    return hashlib.sha256(sums.encode()).hexdigest()


def faults(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[Fault]:
    """By name; a file that could not be read has the digest that no file has, the empty one."""
    return sorted(_faults(wanted, found))


def _faults(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Fault]:
    for name, digest in wanted.items():
        if name not in found:
            yield Fault(name, "missing")
        elif found[name] != digest:
            yield Fault(name, "spoilt")
    for name in found.keys() - wanted.keys():
        yield Fault(name, "surplus")
