"""Building the virtual-clock kernel once: what counts as built, and the messages when it fails.

The build programs are stand-ins on PATH; a real build is in the tests that boot guests.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corridor.experiments.machines import kernel, kernel_build
from corridor.experiments.machines import kernel as kernels
from corridor.experiments.machines.kernel import (
    CHANGES,
    CONFIG,
    RANDOM,
    SYSTEM_CALLS,
    change_source,
    config_hash,
    find_kernel,
)
from corridor.experiments.machines.kernel_build import (
    build_kernel,
    check_build_tools,
    missing_options,
    required_options,
)
from corridor.topologies.base.errors import EnvironmentUnsupported

BOOTS = """\
#!/bin/sh
case "$1" in
--help) echo 'seccomp=<on/auto/off>' ;;
*) echo corridor-smoke slept 1000000000000 ;;
esac
"""
RANDOM_C = """\
static void extract_entropy(void *buf, size_t len);
static void crng_reseed(struct work_struct *work)
{
\tif (likely(system_dfl_wq))
\t\tqueue_delayed_work(system_dfl_wq, &next_reseed, crng_reseed_interval());
}
static void extract_entropy(void *buf, size_t len)
{
\tunsigned long flags;
}
void add_interrupt_randomness(int irq)
{
\tunsigned long entropy = random_get_entropy();
}
"""
SYSCALL_C = """\
\t\tif (IS_ERR_VALUE(ret) &&
\t\t    (time_travel_mode == TT_MODE_INFCPU ||
\t\t     time_travel_mode == TT_MODE_EXTERNAL)) {
\t\t\tum_udelay(1);
"""
SOURCES = {RANDOM: RANDOM_C, SYSTEM_CALLS: SYSCALL_C}
DOES_NOT_BOOT = "#!/bin/sh\necho 'seccomp=<on/auto/off>'\n"
STAND_INS = {
    "apt-get": 'case "$*" in *download*) touch linux-source-7.3.deb ;; esac',
    "apt-cache": """
        case "$*" in
        *search*) echo 'linux-source-7.3 - Linux kernel source' ;;
        *show*) printf 'Package: linux-source-7.3\\nVersion: 7.3.4-1\\nSize: 100\\n' ;;
        esac""",
    "dpkg-deb": 'mkdir -p "$3/usr/src"; touch "$3/usr/src/linux-source-7.3.tar.xz"',
    "make": """
        echo "$*" >> "$HOME/make.calls"
        case "$*" in
        *allnoconfig*) cp "$HOME/finished.config" .config ;;
        *) [ ! -e "$HOME/hold" ] || { touch "$HOME/held"; sleep 60; }
           printf '  CC      init/main.o\\n  CC      init/version.o\\n'
           [ ! -e "$HOME/broken" ] || { echo "init/main.c:1: error: no such thing"; exit 2; }
           cp "$HOME/linux" linux ;;
        esac""",
    "tar": """
        cp -r "$HOME/source/." "$4"; :""",
    **dict.fromkeys(("strip", "gcc", "flex", "bison", "bc", "xz"), ":"),
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with stand-ins for the build programs and an empty cache."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in STAND_INS.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\n{textwrap.dedent(body)}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(kernel_build.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(kernel_build, "C_HEADER", programs)
    monkeypatch.setattr(kernel_build, "DISK_NEEDED_BYTES", 0)
    (tmp_path / "finished.config").write_text(CONFIG.read_text())
    write_sources(tmp_path / "source")
    (tmp_path / "linux").write_text(BOOTS)
    (tmp_path / "linux").chmod(0o755)
    return tmp_path


def write_sources(tree: Path) -> None:
    for name, text in SOURCES.items():
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_text(text)


def builds(home: Path) -> int:
    calls = home / "make.calls"
    return calls.read_text().count("allnoconfig") if calls.exists() else 0


def left_behind(home: Path) -> list[str]:
    return [path.name for path in (home / "cache/corridor").glob("kernel-build-*")]


def test_a_built_kernel_is_found_again_and_not_built_twice(home):
    assert find_kernel() is None
    seen = []
    built = build_kernel(seen.append)
    assert (built.version, built.config_hash) == ("7.3.4-1", config_hash())
    assert built.virtual_clock
    assert built.seccomp
    assert find_kernel() == built == build_kernel()
    assert builds(home) == 1
    assert left_behind(home) == []
    phases = [progress.phase for progress in seen]
    assert any("downloading linux-source-7.3" in phase for phase in phases)
    assert any(progress.phase.startswith("compiling") and progress.fraction for progress in seen)


def test_a_rebuild_replaces_the_kernel(home):
    build_kernel()
    assert build_kernel(rebuild=True) == find_kernel()
    assert builds(home) == 2


def test_a_compile_error_is_named_with_the_log_and_leaves_no_kernel(home):
    (home / "broken").touch()
    with pytest.raises(EnvironmentUnsupported) as failed:
        build_kernel()
    assert "did not compile: init/main.c:1: error: no such thing" in failed.value.message
    log = Path(failed.value.hint.removeprefix("log: "))
    assert "init/main.o" in log.read_text()
    assert find_kernel() is None
    assert left_behind(home) == []


def test_an_option_the_source_does_not_take_is_named(home):
    finished = CONFIG.read_text().replace("CONFIG_OPENVSWITCH=y", "# CONFIG_OPENVSWITCH is not set")
    (home / "finished.config").write_text(finished)
    with pytest.raises(EnvironmentUnsupported, match="does not take CONFIG_OPENVSWITCH;"):
        build_kernel()
    assert find_kernel() is None


def test_a_kernel_that_does_not_boot_here_is_not_kept(home):
    (home / "linux").write_text(DOES_NOT_BOOT)
    with pytest.raises(EnvironmentUnsupported, match="does not boot here"):
        build_kernel()
    assert find_kernel() is None


def test_a_kernel_whose_clock_is_not_virtual_is_not_kept(home):
    (home / "linux").write_text(BOOTS.replace("1000000000000", "17"))
    with pytest.raises(EnvironmentUnsupported, match="virtual clock is wrong"):
        build_kernel()
    assert find_kernel() is None


def test_a_kernel_without_seccomp_is_recorded_as_such(home):
    (home / "linux").write_text(BOOTS.replace("seccomp=<on/auto/off>", "no such option"))
    assert not build_kernel().seccomp
    assert not find_kernel().seccomp


def test_a_binary_cut_short_after_the_build_is_not_taken(home):
    built = build_kernel()
    built.path.write_bytes(built.path.read_bytes()[:10])
    assert find_kernel() is None
    assert build_kernel() == built


@pytest.mark.parametrize("manifest", ["", "{", "{}", '{"version": "7.3"}'])
def test_a_damaged_manifest_is_no_kernel(home, manifest):
    built = build_kernel()
    built.path.with_name("kernel.json").write_text(manifest)
    assert find_kernel() is None


def test_another_configuration_is_another_kernel(home, tmp_path, monkeypatch):
    first = build_kernel()
    changed = tmp_path / "changed.config"
    changed.write_text(CONFIG.read_text() + "CONFIG_NEW=y\n")
    monkeypatch.setattr(kernels, "CONFIG", changed)
    assert find_kernel() is None
    second = build_kernel()
    assert second.path != first.path
    assert first.path.exists()


def test_the_newest_version_is_found(home):
    built = build_kernel()
    older = built.path.parent.with_name(f"6.12.118-1-{config_hash()}")
    older.mkdir()
    for file in built.path.parent.iterdir():
        (older / file.name).write_bytes(file.read_bytes())
    (older / "linux").chmod(0o755)
    facts = json.loads((older / "kernel.json").read_text()) | {"version": "6.12.118-1"}
    (older / "kernel.json").write_text(json.dumps(facts))
    assert find_kernel().version == "7.3.4-1"


def test_an_interrupt_while_compiling_leaves_nothing(home):
    def interrupt(progress):
        if progress.phase.startswith("compiling"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_kernel(interrupt)
    assert find_kernel() is None
    assert left_behind(home) == []


def builder(home: Path) -> subprocess.Popen[bytes]:
    """A builder in a separate process, as another terminal would start it."""
    program = (
        "from pathlib import Path\n"
        "from corridor.experiments.machines import kernel_build\n"
        "kernel_build.DISK_NEEDED_BYTES = 0\n"
        "kernel_build.platform.machine = lambda: 'x86_64'\n"
        f"kernel_build.C_HEADER = Path({str(home)!r})\n"
        "print(kernel_build.build_kernel().path)\n"
    )
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} did not appear"
        time.sleep(0.02)


def test_a_killed_build_is_not_taken_for_a_kernel_and_the_next_one_cleans_up(home):
    (home / "hold").touch()
    killed = builder(home)
    wait_for(home / "held")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert left_behind(home) != []
    assert find_kernel() is None
    (home / "hold").unlink()
    assert build_kernel() == find_kernel()
    assert left_behind(home) == []


def test_two_builders_at_once_build_once(home):
    started = [builder(home) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        paths = set(pool.map(lambda one: one.communicate()[0], started))
    assert len(paths) == 1
    assert builds(home) == 1


def test_too_small_a_disk_is_refused_before_anything_is_fetched(home, monkeypatch):
    monkeypatch.setattr(kernel_build, "DISK_NEEDED_BYTES", 10**18)
    with pytest.raises(
        EnvironmentUnsupported, match=r"needs 1000000000\.0 GB in .*corridor"
    ) as refused:
        build_kernel()
    assert "XDG_CACHE_HOME" in refused.value.hint
    assert builds(home) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_an_unwritable_cache_is_one_line(home):
    (home / "cache").mkdir(mode=0o555)
    with pytest.raises(EnvironmentUnsupported, match="cannot make"):
        build_kernel()


def test_a_cache_that_is_a_file_is_one_line(home):
    (home / "cache").touch()
    with pytest.raises(EnvironmentUnsupported, match="cannot make"):
        build_kernel()


def test_missing_programs_are_named_as_packages(home, monkeypatch):
    for name in ("gcc", "xz"):
        (home / "bin" / name).unlink()
    monkeypatch.setenv("PATH", str(home / "bin"))
    monkeypatch.setattr(kernel_build, "C_HEADER", home / "absent.h")
    with pytest.raises(EnvironmentUnsupported) as refused:
        check_build_tools()
    assert refused.value.message.endswith("without gcc, libc6-dev, xz-utils")
    assert refused.value.hint.endswith("gcc libc6-dev xz-utils")


def test_another_processor_is_refused(home, monkeypatch):
    monkeypatch.setattr(kernel_build.platform, "machine", lambda: "aarch64")
    with pytest.raises(EnvironmentUnsupported, match="x86-64 only, and this is aarch64"):
        check_build_tools()


def test_random_numbers_follow_from_no_host_interrupt_or_clock(tmp_path):
    write_sources(tmp_path)
    change_source(tmp_path)
    changed = (tmp_path / RANDOM).read_text()
    drawn, interrupt = changed.split("{\n")[2:]
    assert drawn.startswith("\tmemset(buf, 0, len);\n\treturn;\n")
    assert interrupt.startswith("\treturn;\n")
    assert "\t\tif (0) queue_delayed_work(system_dfl_wq, &next_reseed" in changed


def test_a_file_that_is_missing_takes_no_time_and_other_failures_do(tmp_path):
    write_sources(tmp_path)
    change_source(tmp_path)
    changed = (tmp_path / SYSTEM_CALLS).read_text()
    assert "if (IS_ERR_VALUE(ret) &&\n\t\t    ret != -ENOENT &&\n" in changed
    assert "um_udelay(1);" in changed


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_that_is_not_as_expected_is_refused(home, change):
    (home / "source" / change.file).write_text(SOURCES[change.file].replace(change.old, "{\n"))
    with pytest.raises(EnvironmentUnsupported, match="cannot be made repeatable"):
        build_kernel()
    assert find_kernel() is None


def test_another_change_is_another_kernel(monkeypatch):
    before = config_hash()
    monkeypatch.setattr(kernel, "CHANGES", CHANGES[:-1])
    assert config_hash() != before


def test_optional_options_may_be_missing_and_others_may_not():
    fragment = "CONFIG_A=y\n# x\nCONFIG_B=y\n# Only where the kernel has them.\nCONFIG_C=y\n"
    assert required_options(fragment) == ["CONFIG_A=y", "CONFIG_B=y"]
    assert missing_options(fragment, "CONFIG_A=y\n# CONFIG_B is not set\n") == ["CONFIG_B"]


def test_the_fragment_asks_for_what_the_emulator_stands_on():
    wanted = required_options(CONFIG.read_text())
    for option in ("UML_TIME_TRAVEL_SUPPORT", "OPENVSWITCH", "NET_SCH_NETEM", "MPLS"):
        assert f"CONFIG_{option}=y" in wanted
