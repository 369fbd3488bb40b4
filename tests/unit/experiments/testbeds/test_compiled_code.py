"""Code for guests is compiled to the same octets wherever it lies and whoever compiles it."""

import importlib.util
import os
import subprocess
import sys

import pytest

from corridor.experiments.testbeds import compiled_code
from corridor.experiments.testbeds.compiled_code import copy_compiled

NAME = "/run/elsewhere/room"
MODULE = """
KINDS = "alpha", "beta"
def chosen(one, names=frozenset({"delta", "alpha", "gamma"})):
    '''A docstring.'''
    return one in {"alpha", "beta", "gamma", "delta"}, lambda: [1.5, KINDS], "alpha"
"""


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "a longer place" / "room"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "data.yaml").write_text("one: 1\n")
    (folder / "inner" / "__pycache__").mkdir()
    (folder / "inner" / "__pycache__" / "by_chance.pyc").write_text("")
    (folder / "inner" / "module.py").write_text(MODULE)
    return folder


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def compiled_in(folder):
    return next(folder.rglob("module.*.pyc"))


def test_a_copy_holds_sources_data_and_what_is_compiled_here_only(source, tmp_path):
    copy_compiled(source, tmp_path / "copy", NAME, None)
    name = importlib.util.cache_from_source("inner/module.py")
    assert set(files(tmp_path / "copy")) == {"inner/data.yaml", "inner/module.py", name}


def test_another_process_elsewhere_compiles_the_same_octets(source, tmp_path):
    copy_compiled(source, tmp_path / "one", NAME, None)
    elsewhere = tmp_path / "e"
    source.rename(elsewhere)
    words = "import sys; from pathlib import Path\n"
    words += "from corridor.experiments.testbeds.compiled_code import copy_compiled\n"
    words += "copy_compiled(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], None)"
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", words, elsewhere, tmp_path / seed, NAME],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        assert files(tmp_path / seed) == files(tmp_path / "one")


def test_python_loads_it_by_the_name_it_has_in_guests_whatever_the_source_says(source, tmp_path):
    copy_compiled(source, tmp_path / "copy", NAME, None)
    place = tmp_path / "copy" / "inner" / "module.py"
    place.write_text("raise SystemExit('the source was compiled')")
    code = importlib.util.spec_from_file_location("module", place).loader.get_code("module")
    found = {}
    exec(code, found)
    assert found["chosen"]("alpha")[0]
    assert found["chosen"].__doc__ == "A docstring."
    assert NAME.encode() in compiled_in(tmp_path / "copy").read_bytes()


def test_what_was_compiled_before_is_used_for_the_same_source_only(source, tmp_path, monkeypatch):
    kept = tmp_path / "cache" / "compiled"
    copy_compiled(source, tmp_path / "one", NAME, kept)
    compiled = []
    monkeypatch.setattr(
        compiled_code, "_compiled", lambda text, name: compiled.append(name) or b"new"
    )
    copy_compiled(source, tmp_path / "two", NAME, kept)
    assert compiled == []
    assert files(tmp_path / "two") == files(tmp_path / "one")
    (source / "inner" / "module.py").write_text("KINDS = ()\n")
    copy_compiled(source, tmp_path / "three", NAME, kept)
    copy_compiled(source, tmp_path / "four", NAME, kept)
    assert compiled == [f"{NAME}/inner/module.py"]
    assert compiled_in(tmp_path / "four").read_bytes().endswith(b"new")


@pytest.mark.parametrize(
    "harm",
    [lambda octets: octets[:-9], lambda octets: octets[:-1] + b"?", lambda _: bytes(4)],
)
def test_a_harmed_file_of_compiled_code_is_made_again(harm, source, tmp_path):
    kept = tmp_path / "compiled"
    copy_compiled(source, tmp_path / "one", NAME, kept)
    whole = kept.read_bytes()
    kept.write_bytes(harm(whole))
    copy_compiled(source, tmp_path / "two", NAME, kept)
    assert files(tmp_path / "two") == files(tmp_path / "one")
    assert kept.read_bytes() == whole


def test_a_file_that_python_does_not_understand_is_copied_as_it_is(source, tmp_path):
    (source / "inner" / "half.py").write_text("def half(:\n")
    copy_compiled(source, tmp_path / "copy", NAME, tmp_path / "compiled")
    assert (tmp_path / "copy" / "inner" / "half.py").read_text() == "def half(:\n"
    assert compiled_in(tmp_path / "copy").exists()
    assert not compiled_in(tmp_path / "copy").with_name("half.cpython-313.pyc").exists()


def test_where_nothing_can_be_kept_code_is_compiled_all_the_same(source, tmp_path):
    (tmp_path / "file").write_text("")
    copy_compiled(source, tmp_path / "copy", NAME, tmp_path / "file" / "compiled")
    assert compiled_in(tmp_path / "copy").exists()


def test_who_may_read_a_source_may_read_its_copies(source, tmp_path):
    (source / "inner" / "module.py").chmod(0o640)
    before = os.umask(0o077)
    try:
        copy_compiled(source, tmp_path / "copy", NAME, None)
    finally:
        os.umask(before)

    def modes(what):
        return {path.stat().st_mode & 0o777 for path in (tmp_path / "copy").rglob(what)}

    assert modes("module.*") == {0o640}
    assert modes("inner") | modes("__pycache__") == {
        source.joinpath("inner").stat().st_mode & 0o777
    }
