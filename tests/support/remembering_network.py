"""A network that only remembers what is done to it: its kernel, its gateways, its BFD."""

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.netlink import shapes


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

    def is_up(self, interface):
        return interface not in self.down

    def reshape(self, interface, shape):
        if self.obeys:
            self.shapes[interface] = shape

    def drain(self, interface, shape):
        self.drained.append(interface)
        self.reshape(interface, shape)

    def verify(self, changed):
        if self.shapes != {**self.declared, **changed}:
            raise EnvironmentUnsupported("the kernel does not hold the shaping")


class Net:
    """A built network as the fault injector sees it."""

    def __init__(self, wiring):
        self.wiring = wiring
        self.kernel = Kernel(wiring)
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
