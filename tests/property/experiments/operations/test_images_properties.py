"""Merging all layers at once shows what unpacking one after the other leaves."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import example, given
from hypothesis import strategies as st

from corridor.experiments.operations.images import kept_image
from written_images import layer, layout

NAMES = ("a", "b")
FOLDERS = ("", "a/", "b/", "a/a/", "a/b/")
paths = st.builds(str.__add__, st.sampled_from(FOLDERS), st.sampled_from(NAMES))
hiding = st.builds(
    str.__add__, st.sampled_from(FOLDERS), st.sampled_from((".wh.a", ".wh.b", ".wh..wh..opq"))
)
layers = st.lists(
    st.dictionaries(st.one_of(paths, hiding), st.none() | st.just(b""), max_size=6),
    min_size=1,
    max_size=4,
)
Entries = dict[str, bytes | None]


def in_order(written: Entries) -> Entries:
    """With the folders above each entry, in place of files of their names."""
    found: Entries = {}
    for name in sorted(written):
        for above in reversed(PurePosixPath(name).parents[:-1]):
            found[str(above)] = None
        if found.get(name, "") != "":
            continue
        found[name] = b"" if ".wh." in name else written[name]
    return found


def unpacked(all_layers: list[Entries]) -> set[str]:
    """Layer after layer: first what it hides of those below, then what it has."""
    there: dict[str, bool] = {}
    for entries in all_layers:
        own = {name for name in entries if ".wh." not in name}
        for name in entries:
            path = PurePosixPath(name)
            if path.name == ".wh..wh..opq":
                gone = f"{path.parent}/" if str(path.parent) != "." else ""
                there = {n: d for n, d in there.items() if not n.startswith(gone)}
            elif path.name.startswith(".wh."):
                gone = str(path.parent / path.name[4:])
                there = {n: d for n, d in there.items() if not f"{n}/".startswith(f"{gone}/")}
        for name in own:
            is_folder = entries[name] is None
            if not is_folder:
                there = {n: d for n, d in there.items() if not n.startswith(f"{name}/")}
            there[name] = is_folder
    return set(there)


@given(layers)
@example([{"b/a": None}, {"b": b""}, {"b": None}])
def test_merged_layers_show_what_unpacking_in_order_leaves(written):
    entries = [in_order(one) for one in written]
    with tempfile.TemporaryDirectory() as folder:
        place = layout(Path(folder, "image"), [layer(one) for one in entries])
        image = kept_image(place, Path(folder, "kept"))
        with tarfile.open(Path(folder, "kept", f"{image.id}.tar")) as tar:
            names = tar.getnames()
    assert len(names) == len(set(names))
    assert set(names) == unpacked(entries)
