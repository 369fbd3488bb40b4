"""OCI layouts written by tests: layers as the entries that they have."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

AMD64 = {"os": "linux", "architecture": "amd64"}


class Link(NamedTuple):
    """A symbolic link, or with ``is_hard`` another name of a file of the same layer."""

    to: str
    is_hard: bool = False


type Entry = bytes | Link | Path | None
"""What a file holds, a link, a file of this machine, or a folder."""


def layer(entries: Mapping[str, Entry], uid: int = 0) -> bytes:
    """A tar, compressed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, entry in entries.items():
            member = tarfile.TarInfo(name)
            member.uid = member.gid = uid
            content = entry.read_bytes() if isinstance(entry, Path) else entry
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, Link):
                member.type = tarfile.LNKTYPE if content.is_hard else tarfile.SYMTYPE
                member.linkname = content.to
            else:
                member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
    return gzip.compress(packed.getvalue(), mtime=0)


def layout(
    folder: Path,
    layers: Sequence[bytes],
    config: Mapping[str, object] | None = None,
    *,
    platform: Mapping[str, str] = AMD64,
    kind: str = "application/vnd.oci.image.layer.v1.tar+gzip",
) -> Path:
    """An OCI image layout with one image."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def kept(content: bytes) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    about = kept(json.dumps({**platform, "config": config or {}}).encode())
    parts = [{**kept(one), "mediaType": kind} for one in layers]
    manifest = kept(json.dumps({"schemaVersion": 2, "config": about, "layers": parts}).encode())
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    index = {"schemaVersion": 2, "manifests": [{**manifest, "platform": platform}]}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def programs(*names: str) -> dict[str, Entry]:
    """Programs of this machine with the libraries that they need, as entries of a layer."""
    found: dict[str, Entry] = {}
    for name in names:
        program = shutil.which(name)
        assert program is not None, name
        needed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
        words = needed.stdout.split()
        for one in (program, *(word for word in words if word.startswith("/"))):
            found[one.lstrip("/")] = Path(one).resolve()
    return found
