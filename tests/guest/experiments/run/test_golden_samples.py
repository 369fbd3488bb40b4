"""The samples of three scenarios are those in the repository, on any x86-64 machine.

They are keyed by the versions of what takes part in a run. After a change of the product that
changes samples, or with other versions, write them again and say why in the commit:

    CORRIDOR_GOLDEN=write .venv/bin/python -m pytest -m guest
    tests/guest/experiments/run/test_golden_samples.py
"""

import hashlib
import json
import os
import platform
from pathlib import Path

import pytest
from mininet.net import VERSION as MININET

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
GOLDEN = Path(__file__).with_name("golden_samples.json")
WRITES = os.environ.get("CORRIDOR_GOLDEN") == "write"
SAMPLES = ("*.rec", "delays-*.bin", "messages-*.jsonl")
HOW_TO_ADD = "CORRIDOR_GOLDEN=write adds digests for these versions"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("timeline-bfd", id="with-bfd"),
        pytest.param("timeline-cut", id="with-a-following-controller"),
        pytest.param("workloads", id="with-workloads"),
    ],
)
def test_samples_are_those_of_the_repository(name, once):
    ran = once(name)
    versions = versions_of(json.loads((ran.folder / "manifest.json").read_text()))
    found = digest_of(ran.folder / "raw")
    golden = json.loads(GOLDEN.read_text())
    known = next((one for one in golden if one["versions"] == versions), None)
    if WRITES:
        if known is None:
            golden.append(known := {"versions": versions, "digests": {}})
        known["digests"][name] = found
        GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
    elif known is None or name not in known["digests"]:
        pytest.skip(f"no digests for {json.dumps(versions, sort_keys=True)}; {HOW_TO_ADD}")
    else:
        assert found == known["digests"][name], f"other samples of {name}; see this file's head"


def versions_of(manifest):
    kernel, packages = manifest["guest_kernel"], manifest["versions"]
    return {
        "guest kernel": f"{kernel['version']} {kernel['config_hash']}",
        "seccomp": kernel["seccomp"],
        "openvswitch": packages["openvswitch"],
        "mininet": MININET,
        "ryu": packages["ryu"],
        "eventlet": packages["eventlet"],
        "python": manifest["machine"]["python"],
        "glibc": platform.libc_ver()[1],
    }


def digest_of(raw):
    whole = hashlib.sha256()
    for path in sorted({path for pattern in SAMPLES for path in raw.glob(pattern)}):
        whole.update(f"{path.name} {path.stat().st_size}\n".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()
