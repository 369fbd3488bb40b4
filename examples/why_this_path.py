"""Load a map and policies, ask for a path, and print why it is this one, or why there is none.

.venv/bin/python examples/why_this_path.py
"""

from datetime import date
from pathlib import Path

from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Demand
from corridor.controller.policy.permitted_paths import NoPermittedPath, best_permitted_path
from corridor.controller.policy.semantics import rule
from corridor.topologies.formats.load import load_topology

HERE = Path(__file__).parent
DAY = date(2026, 11, 24)
ASKED = {"results": "cn-general-exempt", "secret": "cn-important-none"}


def main() -> None:
    topology = load_topology(HERE / "own_topology.yaml")
    policies = load_policies(HERE / "own_policies.yaml", topology)
    for name, data_class in ASKED.items():
        demand = Demand.model_validate(
            {"id": name, "class": data_class, "src": "guian", "dst": "rayong"}
        )
        found = best_permitted_path(rule(policies, topology, demand, as_of=DAY))
        if isinstance(found, NoPermittedPath):
            print(f"{name}: {found.status}")
            for violation in found.because:
                print(f"  because {violation}")
            for remedy in found.remedies:
                print(f"  remedy: {remedy}")
        else:
            ms = found.one_way_ns / 1e6
            print(f"{name}: {' > '.join(found.path.hubs)}, {ms:.2f} ms one way")
            print(f"  by permit {found.permit}; phases {' '.join(found.phases)}")


if __name__ == "__main__":
    main()
