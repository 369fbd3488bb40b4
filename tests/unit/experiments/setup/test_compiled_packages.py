"""Compiling an environment: with one path everywhere, also without shared memory, or not at all."""

import importlib.util
import marshal
from concurrent import futures
from pathlib import Path

import pytest

from corridor.experiments.setup import compile_packages

NO_PYTHON = "print 'of another release'\n"


@pytest.fixture
def folder(tmp_path):
    packages = tmp_path / "venv/lib/packages"
    packages.mkdir(parents=True)
    (packages / "good.py").write_text("def f(): pass\n")
    (packages / "template.py").write_text(NO_PYTHON)
    return packages


def compile_it(folder):
    return compile_packages.main(str(folder), str(folder.parents[1]), "/place")


def compiled(folder):
    return Path(importlib.util.cache_from_source(str(folder / "good.py")))


def test_compiled_files_name_their_source_as_guests_see_it(folder):
    assert compile_it(folder) == 0
    code = marshal.loads(compiled(folder).read_bytes()[16:])
    assert code.co_filename == "/place/lib/packages/good.py"


def test_without_shared_memory_one_process_compiles(folder, monkeypatch):
    def no_semaphores(*_arguments, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(futures, "ProcessPoolExecutor", no_semaphores)
    monkeypatch.setattr("concurrent.futures.process.ProcessPoolExecutor", no_semaphores)
    assert compile_it(folder) == 0
    assert compiled(folder).exists()


def test_what_could_be_compiled_and_is_not_ends_the_set_up(folder, monkeypatch, capsys):
    monkeypatch.setattr(compile_packages.compileall, "compile_dir", lambda *_, **__: False)
    assert compile_it(folder) == 1
    said = capsys.readouterr().out
    assert f"not compiled: {folder}/good.py" in said
    assert "template.py" not in said
