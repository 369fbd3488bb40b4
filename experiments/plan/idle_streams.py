"""Workloads of UDP that send nothing along a demand, which no one would see in results. Pure."""

from __future__ import annotations

from corridor.experiments.plan.values import Plan
from corridor.traffic.agents.stream_out import StreamOut


def idle_streams(plan: Plan) -> list[str]:
    """Lines for people."""
    sent = {part.flow for host in plan.job.hosts for part in host.of(StreamOut)}
    return [
        f"workload {workload.id} sends nothing along {plan.demands[number].id}: it has no path "
        "when the run begins, and a stream of UDP is not begun when it gets one; send it by TCP, "
        "or under policies that let it go"
        for workload in plan.workloads
        if workload.transport == "udp"
        for number in workload.demands
        if number not in sent
    ]
