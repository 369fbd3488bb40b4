"""A network that only remembers what is done to it: kernel, switches, gateways, controller."""

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.netlink import shapes

CONTROLLER = "tcp:127.0.0.1:6653"


class Kernel:
    """Links that does as told, or with ``obeys`` off, not."""

    def __init__(self, wiring):
        self.declared = dict(shapes(wiring))
        self.shapes = dict(self.declared)
        self.down = set()
        self.drained = []
        self.obeys = True

    def set_up(self, interface, *, up):
        if self.obeys:
            (self.down.discard if up else self.down.add)(interface)

    def counters(self):
        return {}

    def is_up(self, interface):
        return interface not in self.down

    def reshape(self, interface, shape):
        if self.obeys:
            self.shapes[interface] = shape

    def restore(self, wanted):
        for interface, shape in wanted.items():
            self.reshape(interface, shape)

    def drain(self, interface, shape):
        self.drained.append(interface)
        self.reshape(interface, shape)

    def verify(self, changed):
        if self.shapes != {**self.declared, **changed}:
            raise EnvironmentUnsupported("the kernel does not hold the shaping")


class OpenVSwitch:
    """Switches with their controllers; a restart takes the shaping off every port."""

    def __init__(self, wiring, kernel):
        self._kernel = kernel
        self.controllers = {hub.bridge: CONTROLLER for hub in wiring.hubs}
        self.restarts = 0
        self.ports_are_there = True

    def set_controller(self, bridge, address):
        assert bridge in self.controllers
        self.controllers[bridge] = address

    def restart(self):
        self.restarts += 1
        self.ports_are_there = False
        self._kernel.shapes.clear()

    def wait_for_ports(self):
        self.ports_are_there = True


class Net:
    """A built network as the fault injector sees it."""

    def __init__(self, wiring):
        self.wiring = wiring
        self.kernel = Kernel(wiring)
        self.openvswitch = OpenVSwitch(wiring, self.kernel)
        self.controller_address = CONTROLLER
        self.bfd = {}

    def set_bfd_interval(self, interval_ms, fibre=None):
        self.bfd[fibre] = interval_ms


class Gateways:
    """The supervisor of gateways: those that are dead."""

    def __init__(self):
        self.dead = set()

    def kill(self, hub):
        self.dead.add(hub)

    def start(self, hub):
        self.dead.remove(hub)


class Controller:
    """One that follows: whether it lives, and what it was asked for."""

    def __init__(self):
        self.alive = True
        self.drained = set()
        self.day = self.policies = None
        self.ordered = {}

    def kill(self, _name=""):
        self.alive = False

    def start_again(self, _name=""):
        self.alive = True

    def order(self, domain, do):
        """As of two that undo each other: the second leaves nothing."""
        if self.ordered.pop(domain, None) is None:
            self.ordered[domain] = do

    def ask(self, do, **what):
        if not self.alive:
            return {"ok": False, "kind": "absent", "reason": "no answer"}
        if do == "drain":
            self.drained.add(what["fibre"])
        elif do == "restore":
            self.drained.remove(what["fibre"])
        elif do == "day":
            self.day = what["as_of"]
        elif do == "policy":
            self.policies = what["set"]["name"]
        else:
            return {"ok": False, "kind": "bad", "reason": f"there is no {do}"}
        return {"ok": True, "result": {}}


class Transfers:
    """Those that were begun, by demand."""

    def __init__(self):
        self.begun = []

    def carry_out(self, demand):
        self.begun.append(demand)


class Captures:
    """Fibres whose packets are written down."""

    def __init__(self):
        self.open = set()

    def begin(self, fibre):
        self.open.add(fibre)

    def end(self, fibre):
        self.open.remove(fibre)
