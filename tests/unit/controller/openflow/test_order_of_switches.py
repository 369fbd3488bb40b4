"""In which order a framework hears several switches that speak at once."""

from corridor.controller.openflow.framework import order_listeners

SWITCHES = 57


def heard(held):
    """The order in which eventlet calls listeners that are ready: that of a set of them."""
    from eventlet.hubs.hub import FdListener

    def nothing(*_):
        pass

    listeners = []
    for number in range(SWITCHES):
        held.append(FdListener("write", number, nothing, nothing, nothing))
        listeners.append(FdListener("read", number, nothing, nothing, nothing))
    return [one.fileno for one, _number in {(one, one.fileno) for one in listeners}]


def test_switches_are_heard_in_one_order_wherever_their_listeners_lie_in_memory():
    order_listeners()
    held = []
    first = heard(held)
    assert len(first) == SWITCHES
    del held[::3]
    assert heard(held) == first
