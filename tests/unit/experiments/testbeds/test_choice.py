"""Where a run takes place, from what the machine can do."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.testbeds.choice import (
    Facts,
    MissingRequirement,
    choose_for_keeping,
    choose_testbed,
)
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

VIRTUAL = Kernel(Path("/kernels/linux"), "7.3.4-1", "abc", virtual_clock=True, seccomp=True)
STOCK = Kernel(Path("/usr/bin/linux.uml"), "6.12", "", virtual_clock=False, seccomp=False)
ABLE = Facts(
    root=True,
    netem_lacks="",
    openvswitch_lacks="",
    stock_kernel=STOCK,
    stock_lacks="",
    virtual_kernel=VIRTUAL,
    virtual_lacks="",
    build_lacks="",
    guest_memory_bytes=8_000_000_000,
    guest_memory_folder="/dev/shm",
)
NO_VIRTUAL = replace(ABLE, virtual_kernel=None, build_lacks="no compiler")
NO_NATIVE = {"root": False, "netem_lacks": "no netem", "openvswitch_lacks": "no openvswitch"}
NO_STOCK = {"stock_kernel": None, "stock_lacks": "linux.uml is not installed"}


@pytest.mark.parametrize(
    ("name", "facts", "wanted", "clock", "testbed", "chosen_clock", "reason"),
    [
        (
            "auto takes the virtual clock even as root",
            ABLE,
            "auto",
            None,
            "uml",
            "virtual",
            "exact",
        ),
        (
            "auto takes it when the kernel is still to build",
            replace(ABLE, virtual_kernel=None),
            "auto",
            None,
            "uml",
            "virtual",
            "is available",
        ),
        (
            "auto goes native where no virtual clock can be had",
            NO_VIRTUAL,
            "auto",
            None,
            "native",
            "real",
            "no compiler",
        ),
        (
            "auto ends at a real-clock guest and says both reasons",
            replace(NO_VIRTUAL, **NO_NATIVE),
            "auto",
            None,
            "uml",
            "real",
            "no compiler.*not root; no openvswitch; no netem",
        ),
        (
            "auto with the real clock goes native",
            ABLE,
            "auto",
            "real",
            "native",
            "real",
            "was requested",
        ),
        (
            "auto with the real clock and no root takes a guest",
            replace(ABLE, **NO_NATIVE),
            "auto",
            "real",
            "uml",
            "real",
            "was requested.*not root",
        ),
        ("uml takes the virtual clock", ABLE, "uml", None, "uml", "virtual", "is available"),
        ("uml falls back to the real clock", NO_VIRTUAL, "uml", None, "uml", "real", "no compiler"),
        ("uml with the real clock asked for", ABLE, "uml", "real", "uml", "real", "asked for"),
        (
            "the virtual-clock kernel serves with the real clock too",
            replace(ABLE, **NO_STOCK),
            "uml",
            "real",
            "uml",
            "real",
            "asked for",
        ),
        ("native where it can run", ABLE, "native", None, "native", "real", "asked for"),
    ],
)
def test_choice(name, facts, wanted, clock, testbed, chosen_clock, reason):
    choice = choose_testbed(facts, wanted, clock)
    assert (choice.testbed, choice.clock) == (testbed, chosen_clock), name
    assert re.search(reason, choice.reason), choice.reason
    assert "\n" not in choice.reason


PTRACE = replace(VIRTUAL, seccomp=False)


@pytest.mark.parametrize(
    ("facts", "kernel"),
    [
        (ABLE, VIRTUAL),
        (replace(ABLE, virtual_kernel=PTRACE), STOCK),
        (replace(ABLE, virtual_kernel=PTRACE, **NO_STOCK), PTRACE),
        (replace(ABLE, virtual_lacks="does not boot"), STOCK),
        (NO_VIRTUAL, STOCK),
        (replace(ABLE, stock_lacks="does not boot"), VIRTUAL),
        (replace(NO_VIRTUAL, **NO_STOCK), None),
    ],
)
def test_a_guest_with_the_real_clock_boots_the_kernel_with_seccomp_if_there_is_one(facts, kernel):
    assert facts.real_clock_kernel() == kernel


@pytest.mark.parametrize(
    ("name", "facts", "wanted", "clock", "message"),
    [
        ("native without root", replace(ABLE, root=False), "native", None, "not root"),
        ("native without netem", replace(ABLE, netem_lacks="no netem"), "native", None, "no netem"),
        ("virtual clock without any means", NO_VIRTUAL, "auto", "virtual", "no compiler"),
        ("virtual guest without any means", NO_VIRTUAL, "uml", "virtual", "no compiler"),
        (
            "a guest without room for its memory",
            replace(ABLE, guest_memory_bytes=64_000_000),
            "uml",
            None,
            "/dev/shm has room for 64 MB",
        ),
        (
            "nothing at all",
            replace(NO_VIRTUAL, **NO_NATIVE, **NO_STOCK),
            "auto",
            None,
            "linux.uml is not installed; not root",
        ),
        (
            "a virtual-clock kernel that does not boot, and no other",
            replace(ABLE, virtual_lacks="does not boot", **NO_STOCK),
            "uml",
            "real",
            "linux.uml is not installed",
        ),
    ],
)
def test_refusal_names_what_lacks_and_the_way_out(name, facts, wanted, clock, message):
    with pytest.raises(EnvironmentUnsupported) as refused:
        choose_testbed(facts, wanted, clock)
    assert message in refused.value.message, name
    assert refused.value.hint


EMULATES = replace(ABLE, emulated=MissingRequirement())
NOTHING_ELSE = replace(EMULATES, **NO_NATIVE, **NO_STOCK, virtual_kernel=None, build_lacks="arm64")


@pytest.mark.parametrize(
    ("name", "facts", "wanted", "clock", "testbed", "reason"),
    [
        ("asked for", EMULATES, "qemu", None, "qemu", "asked for"),
        ("its clock is a virtual one", EMULATES, "qemu", "virtual", "qemu", "asked for"),
        ("auto, where nothing else is", NOTHING_ELSE, "auto", None, "qemu", "arm64"),
        ("auto, for a virtual clock", NOTHING_ELSE, "auto", "virtual", "qemu", "arm64"),
        ("auto prefers the exact clock", EMULATES, "auto", None, "uml", "exact"),
        (
            "auto prefers what is fast enough for any network",
            replace(EMULATES, virtual_kernel=None, build_lacks="no compiler"),
            "auto",
            None,
            "native",
            "no compiler",
        ),
        (
            "auto prefers a guest with the real clock, for the same reason",
            replace(EMULATES, **NO_NATIVE, virtual_kernel=None, build_lacks="no compiler"),
            "auto",
            None,
            "uml",
            "no compiler",
        ),
    ],
)
def test_an_emulated_machine_is_what_is_left(name, facts, wanted, clock, testbed, reason):
    choice = choose_testbed(facts, wanted, clock)
    assert choice.testbed == testbed, name
    assert reason in choice.reason
    assert (choice.clock == "virtual, computing charged") is (testbed == "qemu")


def test_an_emulated_machine_that_cannot_be_had_is_refused_with_the_way_out():
    lack = MissingRequirement(
        "qemu-system-x86_64 is not installed", "sudo apt-get install qemu-system-x86"
    )
    with pytest.raises(EnvironmentUnsupported, match="not installed") as refused:
        choose_testbed(replace(ABLE, emulated=lack), "qemu")
    assert refused.value.hint == lack.repair


def test_an_emulated_machine_has_no_real_clock():
    with pytest.raises(InputError, match="charges for computing"):
        choose_testbed(EMULATES, "qemu", "real")


def test_native_with_a_virtual_clock_is_bad_input():
    with pytest.raises(InputError):
        choose_testbed(ABLE, "native", "virtual")


def test_a_failed_build_leads_to_the_next_best_with_its_reason():
    facts = replace(ABLE, virtual_kernel=None, **NO_NATIVE)
    assert choose_testbed(facts).clock == "virtual"
    choice = choose_testbed(facts.without_build("no network"))
    assert (choice.testbed, choice.clock) == ("uml", "real")
    assert "no network" in choice.reason


@pytest.mark.parametrize(
    ("name", "facts", "wanted", "testbed", "reason"),
    [
        ("here where it can be", ABLE, "auto", "native", "this kernel can shape and switch"),
        ("else in a guest", replace(ABLE, **NO_NATIVE), "auto", "uml", "not native: not root"),
        ("where it is asked to be", ABLE, "uml", "uml", "asked for"),
        ("here if so asked", ABLE, "native", "native", "asked for"),
    ],
)
def test_a_network_is_kept_by_the_real_clock(name, facts, wanted, testbed, reason):
    choice = choose_for_keeping(facts, wanted)
    assert (choice.testbed, choice.clock) == (testbed, "real"), name
    assert reason in choice.reason


def test_a_network_that_can_be_kept_nowhere_is_told_all_reasons():
    nowhere = replace(ABLE, **NO_NATIVE, **NO_STOCK, virtual_lacks="no boot")
    with pytest.raises(EnvironmentUnsupported, match=r"linux\.uml is not installed; not root"):
        choose_for_keeping(nowhere)
