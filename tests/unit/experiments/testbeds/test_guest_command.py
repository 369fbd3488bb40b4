"""A guest is booted with the same words from anywhere; a kernel's command line is its seed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.testbeds import guest_command, guest_init
from corridor.experiments.testbeds.guest_command import boot_command, code, links
from corridor.topologies.base import disk_cache
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation import controller_start

KERNEL = Kernel(Path("/home/a/linux"), "7.3.4-1", "abc", virtual_clock=True, seccomp=True)
ELSEWHERE = Path("/a/much longer/path/to/it")
LONGEST = 2048


@pytest.mark.parametrize("virtual", [True, False])
def test_no_word_tells_where_the_checkout_the_environment_or_the_kernel_lies(monkeypatch, virtual):
    here = boot_command(KERNEL, virtual, "command")
    monkeypatch.setattr(guest_command, "PACKAGE", ELSEWHERE / "corridor")
    monkeypatch.setattr(guest_command.sys, "prefix", str(ELSEWHERE / ".venv"))
    other = Kernel(ELSEWHERE / "linux", "7.3.4-1", "abc", virtual_clock=True, seccomp=True)
    assert boot_command(other, virtual, "command") == here


def test_a_second_console_is_one_word_more_and_only_for_who_asks():
    plain, kept = (boot_command(KERNEL, False, "keep", second_console=two) for two in (False, True))
    assert [word for word in kept if word not in plain] == ["con1=fd:0"]
    assert [word for word in kept if word != "con1=fd:0"] == plain


def test_what_lies_elsewhere_is_linked_or_copied(monkeypatch, tmp_path):
    monkeypatch.setattr(guest_command, "PACKAGE", ELSEWHERE / "corridor")
    (tmp_path / "here").symlink_to("there")
    assert links(KERNEL.path, tmp_path / "here")["out"] == tmp_path / "there"
    assert links(KERNEL.path, tmp_path)["linux"] == KERNEL.path
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(disk_cache, "_ignored", False)  # a command with --no-cache sets it
    assert code({"tests": ELSEWHERE / "tests"}) == [
        f"--copy=project/tests={ELSEWHERE}/tests",
        f"--compiled=project/corridor={ELSEWHERE}/corridor",
        f"--kept={tmp_path}/corridor/guests/compiled",
    ]


def test_words_with_blanks_are_quoted_as_the_kernel_reads_them_and_fit_its_line():
    words = boot_command(KERNEL, True)
    assert all(re.fullmatch(r'\S+|"[^"]*"', word) for word in words), words
    assert len(" ".join(words)) < LONGEST
    assert guest_command._quoted("a=b c") == 'a="b c"'
    assert guest_command._quoted("a b=c") == '"a b=c"'
    with pytest.raises(EnvironmentUnsupported, match="quote or line end"):
        guest_command._quoted('a"b')


def test_programs_that_have_their_memory_mapped_at_once_are_modules_with_their_arguments(tmp_path):
    assert guest_init.POPULATED == controller_start.POPULATED
    (tmp_path / "one.py").write_text("import sys; print(__name__, sys.argv[1:])\n")
    words = [sys.executable, *guest_init.POPULATED, "one", "--of", "two"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "__main__ ['--of', 'two']\n"
