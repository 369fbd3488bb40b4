"""What a scenario means under a policy set, whichever set that is: the same for every command.

A set rules the classes it has. Classes that it does not have, but that the scenario's own set or a
shipped one describes, are outside it; what becomes of data outside, the set says, or who asks. A
class that nobody describes is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache

from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import DataClass, Outside, PolicySet
from corridor.topologies.base.suggestions import nearest

EVERY_SHIPPED_CLASS = "pan-asia"
"""The shipped set that includes all the others."""


def under(
    policies: PolicySet,
    classes: Collection[str],
    own: Callable[[], PolicySet],
    outside: Outside | None,
) -> PolicySet:
    """A set as demands of these classes are put under it; ``own`` loads the set that their
    scenario names."""
    read = policies if outside is None else policies.model_copy(update={"outside": outside})
    if read.outside == "deny" or policies.class_ids.issuperset(classes):
        return read
    return read.beside((*shipped_classes(), *own().classes))


@cache
def shipped_classes() -> tuple[DataClass, ...]:
    """All classes that shipped sets describe."""
    return load_policies(EVERY_SHIPPED_CLASS).classes


def hint_about(name: str, policies: PolicySet) -> str:
    """What to do about a class that a set does not know."""
    if name in {entry.id for entry in shipped_classes()}:
        return (
            f"policy set {policies.name} does not have it and denies what is outside: include a "
            "set that has it, or say outside: not-judged there, or --outside not-judged here"
        )
    known = policies.class_ids
    return nearest(name, known) or f"policy set {policies.name} says which there are"
