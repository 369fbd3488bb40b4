"""Container images and folders as the root file system of a program: read, merged, kept as one tar.

OCI image layouts and archives (``skopeo copy docker://nginx oci:nginx``, ``docker save``), or a
folder. Layers are merged here, so that no daemon and no registry is needed. The rules are those of
the OCI image specification 1.1, layer.md: a file ``.wh.NAME`` hides NAME of the layers below, and
``.wh..wh..opq`` hides all that they have in its folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from corridor.topologies.base.errors import InputError

MACHINE = ("linux", "amd64")
MOST_BYTES, MOST_MEMBERS = 8 << 30, 1_000_000
MOST_JSON_BYTES = 4 << 20
HIDDEN, OPAQUE = ".wh.", ".wh..wh..opq"
TOP = ("usr", "bin", "etc")
"""A root file system has one of them."""
GZIP_HINT = "copy it with gzip layers: skopeo copy --dest-compress-format gzip FROM oci:FOLDER"


@dataclass(frozen=True)
class Settings:
    """What an image says of the programs in it."""

    command: tuple[str, ...] = ()
    """Its entry point and its words, run where no other command is given."""
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    """Where a program starts."""
    user: str = ""
    """``NAME``, ``NUMBER`` or ``NAME:GROUP``; empty for root."""


@dataclass(frozen=True)
class Image:
    """A merged root file system."""

    id: str
    """SHA-256 of its manifest, or of a folder's tar."""
    settings: Settings


def kept_image(place: Path, folder: Path) -> Image:
    """Write the root file system of an image to ``ID.tar`` in a folder, unless it is there.

    Args:
        place: An OCI image layout, an archive, or a folder with a root file system.
        folder: Where the tar is kept.

    Raises:
        InputError: There is no image, it is damaged or too large, or has no layers for this kind
            of machine.
    """
    try:
        if place.is_dir() and not (place / "oci-layout").exists():
            return _kept_folder(place, folder)
        with _blobs(place) as blobs:
            return _kept_layers(place, blobs, folder)
    except (tarfile.TarError, EOFError, UnicodeDecodeError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{place}: not an image: {error}") from error
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        what = f"its manifest is not as the OCI specification describes ({error})"
        raise InputError(f"{place}: {what}", "copy it again") from error
    except OSError as error:
        raise InputError(f"{place}: {error.strerror or error}") from error


class _Blobs:
    """The files of an image by name, out of a folder or an archive."""

    def __init__(self, place: Path, archive: tarfile.TarFile | None) -> None:
        self._place = place
        self._archive = archive

    def open(self, name: str) -> IO[bytes]:
        if self._archive is None:
            return (self._place / name).open("rb")
        try:
            found = self._archive.extractfile(name)
        except KeyError:
            found = None
        if found is None:
            raise InputError(f"{self._place}: no file {name} is in it")
        return found

    def has(self, name: str) -> bool:
        if self._archive is None:
            return (self._place / name).is_file()
        with contextlib.suppress(KeyError):
            return self._archive.getmember(name).isfile()
        return False

    def json(self, name: str) -> Any:
        with self.open(name) as file:
            text = file.read(MOST_JSON_BYTES)
        try:
            return json.loads(text)
        except ValueError as error:
            raise InputError(f"{self._place}: {name} is not JSON: {error}") from error

    def blob(self, digest: str) -> str:
        """The name of a blob whose octets have this digest."""
        kind, _, value = digest.partition(":")
        name = f"blobs/{kind}/{value}"
        if kind != "sha256" or not self.has(name):
            raise InputError(f"{self._place}: no blob {digest} is in it")
        with self.open(name) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != value:  # type: ignore[arg-type]
                raise InputError(f"{self._place}: blob {digest} is damaged", "copy it again")
        return name


@contextlib.contextmanager
def _blobs(place: Path) -> Iterator[_Blobs]:
    if place.is_dir():
        yield _Blobs(place, None)
    else:
        with tarfile.open(place) as archive:
            yield _Blobs(place, archive)


def _kept_layers(place: Path, blobs: _Blobs, folder: Path) -> Image:
    if blobs.has("index.json"):
        digest, manifest = _manifest(place, blobs)
        settings = _settings(blobs.json(blobs.blob(manifest["config"]["digest"])))
        layers = [_layer(place, blobs, one) for one in manifest["layers"]]
    elif blobs.has("manifest.json"):
        (first, *_) = blobs.json("manifest.json")
        digest = hashlib.sha256(json.dumps(first).encode()).hexdigest()
        settings, layers = _settings(blobs.json(first["Config"])), first["Layers"]
    else:
        raise InputError(
            f"{place}: no image: neither index.json nor manifest.json is in it",
            "name an OCI layout, an archive of docker save, or a folder with usr/ or bin/",
        )
    with _written(folder, digest) as target:
        if target is not None:
            _merge(place, [blobs.open(one) for one in layers], target)
    return Image(digest, settings)


def _manifest(place: Path, blobs: _Blobs) -> tuple[str, dict[str, Any]]:
    """The digest and the manifest of this kind of machine."""
    entries = blobs.json("index.json")["manifests"]
    for _ in range(2):  # an index may be in an index
        fits = [one for one in entries if _fits(one.get("platform"))]
        if not fits:
            break
        digest = fits[0]["digest"]
        found = blobs.json(blobs.blob(digest))
        if "layers" in found:
            return digest.partition(":")[2], found
        entries = found.get("manifests", [])
    raise InputError(f"{place}: no image for {'/'.join(MACHINE)} is in it")


def _fits(platform: Mapping[str, str] | None) -> bool:
    return platform is None or (platform.get("os"), platform.get("architecture")) == MACHINE


def _layer(place: Path, blobs: _Blobs, described: Mapping[str, Any]) -> str:
    if described.get("mediaType", "").endswith("zstd"):
        raise InputError(f"{place}: its layers are compressed with zstd", GZIP_HINT)
    return blobs.blob(described["digest"])


def _settings(config: Mapping[str, Any]) -> Settings:
    of = config.get("config") or {}
    words = (*(of.get("Entrypoint") or ()), *(of.get("Cmd") or ()))
    pairs = (one.partition("=") for one in of.get("Env") or ())
    environment = {name: value for name, _, value in pairs}
    return Settings(words, environment, of.get("WorkingDir") or "/", of.get("User") or "")


@contextlib.contextmanager
def _written(folder: Path, name: str) -> Iterator[tarfile.TarFile | None]:
    """A tar that is there only once it is whole; None if it is there already."""
    whole = folder / f"{name}.tar"
    if whole.exists():
        yield None
        return
    folder.mkdir(exist_ok=True)
    part = folder / f"{name}.{os.getpid()}.part"
    try:
        with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as target:
            yield target
        part.replace(whole)
    finally:
        part.unlink(missing_ok=True)


def _kept_folder(place: Path, folder: Path) -> Image:
    """Its identity is what it holds: names, kinds, owners, modes, sizes and times of change."""
    if not any((place / one).is_dir() for one in TOP):
        raise InputError(
            f"{place}: no root file system and no OCI layout: neither {', '.join(TOP)} nor "
            "oci-layout is in it"
        )
    seen = hashlib.sha256()
    members = sorted(place.rglob("*"))
    if len(members) > MOST_MEMBERS:
        raise InputError(f"{place}: more than {MOST_MEMBERS:,} files")
    for one in members:
        is_at = one.lstat()
        kept = (
            str(one.relative_to(place)),
            is_at.st_mode,
            is_at.st_uid,
            is_at.st_size,
            is_at.st_mtime_ns,
        )
        seen.update(repr(kept).encode())
    with _written(folder, seen.hexdigest()) as target:
        for one in members if target is not None else ():
            if not one.is_socket():
                assert target is not None
                target.add(one, str(one.relative_to(place)), recursive=False)
    return Image(seen.hexdigest(), Settings())


@dataclass
class _Seen:
    """What the layers above have."""

    is_folder: dict[str, bool] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)

    def hides(self, name: str) -> bool:
        """Whether an upper layer has removed or replaced a path, or a folder above it."""
        if name in self.hidden or (name in self.is_folder):
            return True
        above = [str(one) for one in PurePosixPath(name).parents]
        return any(
            one in self.hidden or one in self.opaque or not self.is_folder.get(one, True)
            for one in above
        )


def _merge(place: Path, layers: Sequence[IO[bytes]], target: tarfile.TarFile) -> None:
    """The files that an image shows, each from the uppermost layer that has it."""
    with contextlib.ExitStack() as stack:
        tars = [_opened(stack, one) for one in layers]
        shown = _shown(place, tars)
        for tar, names in zip(tars, shown, strict=True):
            for member in tar:
                name = _name(place, member.name)
                if names.get(name) is member:
                    _add(tar, member, name, names, target)


def _opened(stack: contextlib.ExitStack, file: IO[bytes]) -> tarfile.TarFile:
    stack.enter_context(contextlib.closing(file))
    return stack.enter_context(tarfile.open(fileobj=file))


def _shown(place: Path, tars: Sequence[tarfile.TarFile]) -> list[dict[str, tarfile.TarInfo]]:
    """By layer, the members that none above hides."""
    above, shown = _Seen(), list[dict[str, tarfile.TarInfo]]()
    count = size = 0
    for tar in reversed(tars):
        mine, hidden, opaque = dict[str, tarfile.TarInfo](), set[str](), set[str]()
        for member in tar:
            count, size = count + 1, size + member.size
            if count > MOST_MEMBERS or size > MOST_BYTES:
                raise InputError(f"{place}: more than {MOST_BYTES >> 30} GiB or a million files")
            path = PurePosixPath(_name(place, member.name))
            if path.name == OPAQUE:
                opaque.add(str(path.parent))
            elif path.name.startswith(HIDDEN):
                hidden.add(str(path.parent / path.name.removeprefix(HIDDEN)))
            elif not above.hides(str(path)):
                mine[str(path)] = member
            elif not member.isdir():  # a folder above took its place: what was below it is gone
                opaque.add(str(path))
        above.is_folder |= {name: member.isdir() for name, member in mine.items()}
        above.hidden |= hidden
        above.opaque |= opaque
        shown.append(mine)
    return shown[::-1]


def _name(place: Path, written: str) -> str:
    path = PurePosixPath("/", written)
    if ".." in path.parts:
        raise InputError(f"{place}: {written} leads out of the image")
    return str(path.relative_to("/"))


def _add(
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    name: str,
    shown: Mapping[str, tarfile.TarInfo],
    target: tarfile.TarFile,
) -> None:
    """One member; a hard link whose other name is hidden becomes a file."""
    other = str(PurePosixPath("/", member.linkname).relative_to("/")) if member.islnk() else ""
    if member.isreg() or (other and other not in shown):
        content = tar.extractfile(member)
        assert content is not None
        octets = content if member.isreg() else io.BytesIO(content.read())
        size = member.size if member.isreg() else len(octets.getbuffer())  # type: ignore[attr-defined]
        member = member.replace(deep=False)
        member.name, member.type, member.size, member.linkname = name, tarfile.REGTYPE, size, ""
        target.addfile(member, octets)
    else:
        member = member.replace(deep=False)
        member.name, member.linkname = name, other or member.linkname
        target.addfile(member)
