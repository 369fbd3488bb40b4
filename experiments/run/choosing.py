"""Where a run takes place: what the machine can do decides, and what was asked."""

from __future__ import annotations

from collections.abc import Callable

from corridor.experiments.machines.debian_kernel import DebianKernel
from corridor.experiments.machines.debian_kernel import fetch as fetch_debian_kernel
from corridor.experiments.machines.kernel import STOCK_SILENT, Kernel
from corridor.experiments.machines.kernel_build import ProgressPrinter, build_kernel
from corridor.experiments.machines.smoke import why_no_boot
from corridor.experiments.machines.system_packages import iperf3_lacks, refuse_missing
from corridor.experiments.plan.values import Plan
from corridor.experiments.run.event_log import Say
from corridor.experiments.run.options import Options
from corridor.experiments.testbeds import containment
from corridor.experiments.testbeds.choice import Choice, Facts, choose_testbed
from corridor.experiments.testbeds.guest_command import MB, needs
from corridor.experiments.testbeds.probe import guest_memory, probe
from corridor.experiments.testbeds.qemu import MODULES
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import require

AnyKernel = Kernel | DebianKernel


def choose(
    options: Options, say: Say, chosen: Callable[[Choice], None] = lambda _choice: None
) -> tuple[Choice, AnyKernel | None]:
    """Where to run, and the guest's kernel; builds the virtual-clock kernel the first time, and
    may choose again if that fails. ``chosen`` is called before."""
    require("a run", "emulate")
    refuse_missing()
    facts = _facts(options, emulated=True)
    choice = choose_testbed(facts, options.testbed, options.clock)
    chosen(choice)
    _warn(choice, say)
    if choice.testbed == "qemu":
        return choice, fetch_debian_kernel(MODULES, say)
    return _with_kernel(facts, choice, options, say)


def choose_for_a_lab(options: Options, say: Say) -> tuple[Choice, Kernel | None]:
    """The same, of testbeds in which programs of a user's run: not in an emulated machine."""
    require("a lab", "emulate")
    facts = _facts(options, emulated=False)
    choice = choose_testbed(facts, options.testbed, options.clock)
    _warn(choice, say)
    return _with_kernel(facts, choice, options, say)


def _warn(choice: Choice, say: Say) -> None:
    """One line where a guest could write what the user may write."""
    if choice.testbed != "native" and containment.means() == "none":
        say(containment.NOT_CONTAINED)


def _with_kernel(
    facts: Facts, choice: Choice, options: Options, say: Say
) -> tuple[Choice, Kernel | None]:
    if choice.testbed == "native":
        return choice, None
    if choice.clock == "virtual":
        if facts.virtual_kernel is not None:
            return choice, facts.virtual_kernel
        say("building the virtual-clock kernel, once (minutes; kept in the cache)")
        printer = ProgressPrinter(say)
        try:
            return choice, build_kernel(printer)
        except EnvironmentUnsupported as error:
            if options.clock == "virtual":
                raise
            facts = facts.without_build(error.message)
            choice = choose_testbed(facts, options.testbed, options.clock)
            say(f"no virtual clock: {error}")
        finally:
            printer.close()
    return choice, real_clock_kernel(facts)


def _facts(options: Options, *, emulated: bool) -> Facts:
    """What this machine can do; whether its own kernel can, only if that may be chosen."""
    if options.testbed == "qemu":
        return probe(native=False, emulated=True)
    facts = probe(native=False)
    in_a_guest = options.testbed == "uml" or (
        options.testbed == "auto" and options.clock != "real" and not facts.virtual_guest_lacks()
    )
    return facts if in_a_guest else probe(emulated=emulated and options.testbed == "auto")


def real_clock_kernel(facts: Facts) -> Kernel | None:
    """The kernel of a guest with the real clock; raises EnvironmentLacking if it does not boot."""
    kernel = facts.real_clock_kernel()
    if kernel is not None and kernel == facts.stock_kernel:
        why = why_no_boot(kernel.path, STOCK_SILENT)
        if why:
            raise EnvironmentUnsupported(f"no guest can run here: {why}", "see ./corridor doctor")
    return kernel


def refuse_old_iperf3(plan: Plan) -> None:
    """EnvironmentLacking if there are transfers over TCP and iperf3 is too old to measure them."""
    if plan.transfers and (lacks := iperf3_lacks()):
        raise EnvironmentUnsupported(
            f"the transfers over TCP of this plan cannot be measured: {lacks}",
            "install a newer iperf3 (Debian 13 and Ubuntu 26.04 have one), or take tcp out of it",
        )


def refuse_small_memory(plan: Plan) -> None:
    """EnvironmentLacking if a guest would touch more memory than there is room for."""
    folder, free = guest_memory()
    touched_mb = needs(plan).touched_mb
    if free < touched_mb * MB:
        raise EnvironmentUnsupported(
            f"{folder} has room for {free / MB:.0f} MB of a guest's memory, "
            f"and this plan takes about {touched_mb} MB",
            "set TMPDIR to a folder with more room, or take fewer hubs and demands",
        )
