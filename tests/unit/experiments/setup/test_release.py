"""A release: what it refuses at once, and, where asked for, that it installs and runs elsewhere."""

import os
import shutil
import subprocess
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, RLIMIT_NPROC, getrlimit

import pytest

ROOT = Path(__file__).resolve().parents[4]
RELEASE = ROOT / ".ci/release"
BASE = "localhost/corridor-test-base"
asked_for = pytest.mark.skipif(
    not os.environ.get("CORRIDOR_TEST_RELEASE"),
    reason="minutes, and a package index: CORRIDOR_TEST_RELEASE=1",
)
TEST = """
import controller, traffic
from corridor.controller.testing import assert_within


def test_ours_beside_theirs(corridor_network):
    assert controller.WHOSE == traffic.WHOSE == "mine"
    network = corridor_network("mini", "cn-outbound", "2026-11-24")
    assert_within(network.demand("cn-general-exempt", "guian", "karachi"), "60ms")
"""


def run(*command, **more):
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **more
    )


def test_a_release_is_not_mixed_with_what_lies_there(tmp_path):
    (tmp_path / "old.whl").touch()
    done = run(RELEASE, tmp_path)
    assert (done.returncode, done.stderr) == (2, f"release: {tmp_path} is not empty\n")


def test_an_option_that_a_release_does_not_have_is_refused():
    done = run(RELEASE, "--imge")
    assert done.returncode == 2
    assert done.stderr.startswith("release: no option --imge")


def test_a_release_with_an_image_is_refused_at_once_where_nothing_builds_images(tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "realpath"):
        (programs / name).symlink_to(shutil.which(name))
    done = run(RELEASE, "--image", tmp_path / "dist", env={"PATH": str(programs)})
    assert done.returncode == 3
    assert done.stderr.startswith("release: --image needs buildah or podman")


@pytest.mark.parametrize("changed", ["new.py", "README.md"])
def test_a_machine_is_not_built_of_changes_that_are_not_committed(tmp_path, changed):
    checkout = tmp_path / "checkout"
    (checkout / ".ci").mkdir(parents=True)
    shutil.copy(RELEASE, checkout / ".ci")
    (checkout / "README.md").touch()
    as_someone = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*as_someone, "commit", "-qm", "all")):
        assert run("git", *words, cwd=checkout).returncode == 0
    (checkout / changed).write_text("changed\n")
    done = run(checkout / ".ci/release", "--machine", tmp_path / "dist")
    assert done.returncode == 2
    assert done.stderr.startswith("release: --machine takes the checkout with its changes")


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """A release of what is committed."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    done = run(RELEASE, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@asked_for
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_wheel_runs_in_an_empty_environment_beside_packages_of_the_users_own(dist, tmp_path):
    assert run("sha256sum", "--check", "SHA256SUMS", cwd=dist).returncode == 0
    (wheel,) = dist.glob("*.whl")
    (kernel,) = dist.glob("corridor-kernel-*.tar.xz")
    run("/usr/bin/python3", "-m", "venv", tmp_path / "x")
    done = run(tmp_path / "x/bin/pip", "install", "--quiet", f"{wheel}[all]", "pytest>=9")
    assert done.returncode == 0, done.stderr
    for name in ("controller", "traffic"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('WHOSE = "mine"\n')
    (tmp_path / "test_theirs.py").write_text(TEST)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("PYTHONPATH", None)
    here = {"cwd": tmp_path, "env": environment}
    assert "1 passed" in run(tmp_path / "x/bin/python", "-m", "pytest", "-q", **here).stdout
    corridor = tmp_path / "x/bin/corridor"
    assert run(corridor, "kernel", "import", kernel, **here).returncode == 0
    done = run(corridor, "run", "mini", "--no-figures", **here)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(balanced)" in done.stdout


@asked_for
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    not (shutil.which("buildah") and shutil.which("mmdebstrap")), reason="buildah, mmdebstrap"
)
def test_guests_run_in_an_image_that_was_built_without_a_registry(tmp_path):
    base, folder = tmp_path / "base.tar", tmp_path / "dist"
    assert run("mmdebstrap", "--variant=minbase", "trixie", base).returncode == 0
    limits = ", ".join(
        f'"{name}={hard}:{hard}"'
        for name, hard in (("nofile", most(RLIMIT_NOFILE)), ("nproc", most(RLIMIT_NPROC)))
    )
    settings = tmp_path / "containers.conf"
    settings.write_text(f"[containers]\ndefault_ulimits = [{limits}]\n")
    environment = {**os.environ, "BASE": BASE, "CONTAINERS_CONF_OVERRIDE": str(settings)}
    script = f"""
        set -eu
        c=$(buildah from scratch)
        trap 'buildah rm "$c" >&2' EXIT
        buildah add -q "$c" {base} / && buildah commit -q "$c" {BASE} >&2
        {RELEASE} --image {folder} >&2
        r=$(buildah from oci-archive:$(echo {folder}/corridor-image-*.tar))
        trap 'buildah rm "$c" "$r" >&2' EXIT
        buildah run --isolation chroot "$r" -- corridor run mini --no-figures"""
    done = run("bash", "-c", script, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "(balanced)" in done.stdout


def most(limit):
    """More than which a process may not ask for, as a builder would."""
    hard = getrlimit(limit)[1]
    return -1 if hard == RLIM_INFINITY else hard
