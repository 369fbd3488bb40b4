"""Which demands a policy speaks about."""

from __future__ import annotations

from corridor.controller.second_opinion.answers import Known, every, some
from corridor.controller.second_opinion.demands import Asked
from corridor.controller.second_opinion.places import Places
from corridor.controller.second_opinion.plain import (
    Plain,
    UnknownKeyError,
    is_given,
    names,
    refuse_others,
)
from corridor.controller.second_opinion.selectors import selects


def speaks(policy: Plain, demand: Asked, places: Places) -> bool:
    """A permit has to match for certain; all else matches unless it certainly does not."""
    is_permit = policy["effect"] == "permit"
    try:
        answer = _answer(policy.get("match") or {}, demand, places, is_permit=is_permit)
    except UnknownKeyError:
        return not is_permit
    return answer is True if is_permit else answer is not False


def _answer(match: Plain, demand: Asked, places: Places, *, is_permit: bool) -> Known:
    refuse_others(match, ("class", "origin", "service", "src", "dst"))
    return every(
        (
            _is_of_class(names(match.get("class")), demand),
            _comes_from(names(match.get("origin")), demand, places, of_all=is_permit),
            _is_carried_by(names(match.get("service")), demand),
            selects(match.get("src") or {}, demand.src, places),
            selects(match.get("dst") or {}, demand.dst, places),
        )
    )


def _is_of_class(classes: tuple[str, ...], demand: Asked) -> Known:
    return not classes or demand.data_class in classes


def _comes_from(origins: tuple[str, ...], demand: Asked, places: Places, *, of_all: bool) -> Known:
    """Mixed data has several origins: a permit covers all of them, for others one is enough."""
    if not is_given(origins):
        return True
    covered = [places.lies_in(code, origins) for code in demand.origins]
    return every(covered) if of_all else some(covered)


def _is_carried_by(services: tuple[str, ...], demand: Asked) -> Known:
    if not services:
        return True
    return None if demand.service is None else demand.service in services
