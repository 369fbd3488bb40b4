"""Images become one tar: layers, whiteouts, settings, refusals."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from corridor.experiments.operations import image_root
from corridor.experiments.operations.images import Settings, kept_image
from corridor.topologies.base.errors import InputError
from written_images import Link, layer, layout

BASE = {"etc": None, "etc/a": b"a", "etc/b": b"b", "usr": None, "usr/x": None, "usr/x/y": b"y"}


def shown(place: Path, folder: Path) -> dict[str, object]:
    """What the tar of an image has: contents of files, and where links lead to."""
    image = kept_image(place, folder)
    found: dict[str, object] = {}
    with tarfile.open(folder / f"{image.id}.tar") as tar:
        for one in tar:
            file = tar.extractfile(one) if one.isreg() else None
            found[one.name] = file.read() if file else one.linkname if one.issym() else None
    return found


def test_the_uppermost_layer_that_has_a_file_shows_it(tmp_path):
    upper = layer({"etc/a": b"new", "etc/.wh.b": b"", "usr/.wh..wh..opq": b"", "usr/z": b"z"})
    place = layout(tmp_path / "image", [layer(BASE), upper])
    found = shown(place, tmp_path / "kept")
    assert found == {"etc": None, "etc/a": b"new", "usr": None, "usr/z": b"z"}


def test_a_file_in_place_of_a_folder_hides_what_was_in_it_and_the_reverse(tmp_path):
    upper = layer({"usr/x": b"file", "etc/a": None, "etc/a/c": b"c"})
    found = shown(layout(tmp_path / "image", [layer(BASE), upper]), tmp_path / "kept")
    assert "usr/x/y" not in found
    assert (found["usr/x"], found["etc/a"], found["etc/a/c"]) == (b"file", None, b"c")


def test_what_one_layer_removes_another_above_it_may_have_again(tmp_path):
    layers = [layer(BASE), layer({"etc/.wh.a": b""}), layer({"etc/a": b"third"})]
    assert shown(layout(tmp_path / "image", layers), tmp_path / "kept")["etc/a"] == b"third"


def test_a_hard_link_to_a_hidden_name_becomes_a_file(tmp_path):
    base = layer({"usr/one": b"same", "usr/two": Link("usr/one", is_hard=True)})
    place = layout(tmp_path / "image", [base, layer({"usr/.wh.one": b""})])
    assert shown(place, tmp_path / "kept") == {"usr/two": b"same"}


def test_links_keep_where_they_lead_to(tmp_path):
    place = layout(tmp_path / "image", [layer({**BASE, "bin": Link("usr/bin")})])
    assert shown(place, tmp_path / "kept")["bin"] == "usr/bin"


def test_settings_are_those_of_the_image(tmp_path):
    config = {"Entrypoint": ["/run.sh"], "Cmd": ["-v"], "Env": ["A=1=2"], "WorkingDir": "/srv"}
    place = layout(tmp_path / "image", [layer(BASE)], {**config, "User": "33:33"})
    said = kept_image(place, tmp_path / "kept").settings
    assert said == Settings(("/run.sh", "-v"), {"A": "1=2"}, "/srv", "33:33")


def test_archives_are_read_as_layouts_are(tmp_path):
    place = layout(tmp_path / "image", [layer(BASE)], {"Cmd": ["x"]})
    with tarfile.open(tmp_path / "image.tar", "w") as tar:
        tar.add(place, "")
    with tarfile.open(tmp_path / "saved.tar", "w") as tar:
        manifest = json.loads((place / "index.json").read_text())["manifests"][0]["digest"]
        kept = json.loads((place / "blobs/sha256" / manifest[7:]).read_text())
        names = [f"blobs/sha256/{one['digest'][7:]}" for one in (kept["config"], kept["layers"][0])]
        for one in names:
            tar.add(place / one, one)
        (tmp_path / "m.json").write_text(json.dumps([{"Config": names[0], "Layers": names[1:]}]))
        tar.add(tmp_path / "m.json", "manifest.json")
    for name in ("image.tar", "saved.tar"):
        assert kept_image(tmp_path / name, tmp_path / name[:5]).settings.command == ("x",)
        assert shown(tmp_path / name, tmp_path / name[:5])["etc/a"] == b"a"


def test_an_image_is_merged_once(tmp_path):
    place = layout(tmp_path / "image", [layer(BASE)])
    first = kept_image(place, tmp_path / "kept")
    tar = tmp_path / "kept" / f"{first.id}.tar"
    before = tar.stat().st_mtime_ns
    assert kept_image(place, tmp_path / "kept") == first
    assert tar.stat().st_mtime_ns == before
    assert os.listdir(tmp_path / "kept") == [tar.name]


def test_a_folder_is_taken_as_it_is_and_a_change_makes_it_another(tmp_path, monkeypatch):
    root = tmp_path / "root"
    (root / "usr").mkdir(parents=True)
    (root / "usr/file").write_bytes(b"1")
    first = kept_image(root, tmp_path / "kept")
    assert shown(root, tmp_path / "kept") == {"usr": None, "usr/file": b"1"}
    monkeypatch.chdir(tmp_path)
    assert kept_image(Path("root"), tmp_path / "kept") == first
    (root / "usr/file").write_bytes(b"22")
    assert kept_image(root, tmp_path / "kept").id != first.id


def damaged(place: Path) -> Path:
    for blob in (place / "blobs/sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            blob.write_bytes(blob.read_bytes() + b"x")
    return place


def without_index(place: Path) -> Path:
    (place / "index.json").unlink()
    return place


def with_index(place: Path, text: str) -> Path:
    (place / "index.json").write_text(text)
    return place


ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda at: damaged(layout(at, [layer(BASE)])), "is damaged"),
        (lambda at: layout(at, [layer(BASE)], kind=ZSTD), "compressed with zstd"),
        (
            lambda at: layout(at, [layer(BASE)], platform={"os": "linux", "architecture": "arm"}),
            "no image for linux/amd64",
        ),
        (lambda at: layout(at, [layer({"../x": b""})]), "leads out of the image"),
        (lambda at: without_index(layout(at, [layer(BASE)])), "neither index.json nor manifest"),
        (lambda at: with_index(layout(at, []), "{}"), "manifest is not as the OCI"),
        (lambda at: with_index(layout(at, []), '{"manifests": 7}'), "manifest is not as the OCI"),
        (lambda at: with_index(layout(at, []), "{"), "index.json is not JSON"),
        (lambda at: at.parent, "no root file system and no OCI layout"),
        (lambda at: at / "nowhere", "No such file"),
        (lambda _: Path(__file__), "not an image"),
    ],
)
def test_what_is_no_image_is_refused_with_its_place(tmp_path, write, said):
    with pytest.raises(InputError, match=said):
        kept_image(write(tmp_path / "image"), tmp_path / "kept")
    assert not list(tmp_path.glob("kept/*"))


def test_private_copies_keep_modes_and_links(tmp_path):
    tree, copy = tmp_path / "tree", tmp_path / "copy"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub/run").write_bytes(b"#!")
    (tree / "sub/run").chmod(0o751)
    (tree / "link").symlink_to("sub/run")
    os.mkfifo(tree / "pipe", 0o640)
    image_root.copied(tree, copy)
    assert (copy / "sub/run").stat().st_mode & 0o7777 == 0o751
    assert (copy / "link").readlink() == Path("sub/run")
    assert (copy / "pipe").is_fifo()
    (copy / "sub/run").write_bytes(b"changed")
    assert (tree / "sub/run").read_bytes() == b"#!"


@pytest.mark.parametrize(
    ("user", "ids"),
    [("", (0, 0)), ("web", (7, 8)), ("7", (7, 8)), ("web:audio", (7, 29)), ("9", (9, 0)),
     ("9:10", (9, 10)), ("0:audio", (0, 29))],
)  # fmt: skip
def test_users_are_those_of_the_image(tmp_path, user, ids):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nweb:x:7:8::/:/bin/sh\nodd\n")
    (tmp_path / "etc/group").write_text("root:x:0:\naudio:x:29:web\n")
    assert image_root.ids_of(tmp_path, user) == ids
    with pytest.raises(InputError, match="/etc/group of the image has no video"):
        image_root.ids_of(tmp_path, "web:video")


def test_usr_is_shared_and_etc_is_private(tmp_path):
    for name in ("usr", "etc", "lib64", "proc"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin").symlink_to("usr/bin")
    found = image_root.top_of(tmp_path)
    assert found == [("bin", False), ("etc", False), ("lib64", True), ("usr", True)]
