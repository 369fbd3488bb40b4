"""Which service of a carrier takes data across a border: rules on gateways go by it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

Service = Literal["internet", "ip-vpn", "leased-circuit", "wave", "border-area"]
"""``internet``: routed by the public internet. ``ip-vpn``: a switched service of packets, such as
MPLS or SD-WAN. ``leased-circuit``, ``wave``: transmission from point to point. ``border-area``: a
circuit to the region on the other side of the border."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Services = Annotated[
    tuple[Service, ...],
    BeforeValidator(_listed, json_schema_input_type=Service | list[Service]),
]
"""One service or a list of them."""
