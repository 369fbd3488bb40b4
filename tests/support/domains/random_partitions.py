"""Random partitions of networks into domains."""

from __future__ import annotations

from hypothesis import strategies as st

from corridor.topologies.model.operators import FibreDomains, WrittenDomains
from corridor.topologies.model.topology import Topology

OPERATORS = ("alpha", "beta", "gamma")


@st.composite
def partitioned(draw: st.DrawFn, topology: Topology, *, by_hub: bool = False) -> Topology:
    """The network with a domain for each end of each fibre; ``by_hub``: one for each hub."""

    def domain(hub: str) -> str:
        operator = draw(st.sampled_from(OPERATORS))
        return f"{operator}@{topology.hub(hub).located_in}"

    hubs = {hub.id: domain(hub.id) for hub in topology.hubs}
    some = () if by_hub else topology.fibres
    fibres = tuple(
        FibreDomains(id=one.id, ends={hub: domain(hub) for hub in one.ends})
        for one in some
        if draw(st.booleans())
    )
    written = WrittenDomains(hubs=hubs, fibres=fibres)
    return topology.model_copy(update={"domains": written})
