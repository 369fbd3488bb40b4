"""What an honest but curious controller infers from the delays that it hears."""

from __future__ import annotations

from corridor.controller.domains.composition import Domains
from corridor.controller.domains.reconstruction import Inferred, Received, inferred, without_sums
from corridor.topologies.model.domains import domains_of
from corridor.topologies.model.operators import WrittenDomains
from policy_lab import applicable_policies, demand, fibre, hub, network, permit

LINE = network(
    [hub("a", "CN"), *(hub(name, "PK") for name in ("m", "n", "o", "p"))],
    [fibre("a-m", 2), fibre("m-n", 3), fibre("n-o", 4), fibre("m-p", 9), fibre("p-o", 9)],
)
HUBS = {"a": "north@CN", "m": "south@PK", "n": "south@PK", "o": "south@PK", "p": "south@PK"}
KNOWN = domains_of(LINE.model_copy(update={"domains": WrittenDomains(hubs=HUBS)}))


def received(*destinations: str) -> list[Received]:
    domains, found = Domains(KNOWN), []
    for dst in destinations:
        asked = applicable_policies(permit(), about=demand("general", "a", dst), on=LINE)
        found += [Received(dst, one) for one in domains.agree(asked).disclosed.offers]
    return found


def test_a_demand_through_a_neighbour_tells_one_length_and_no_fibre_behind_it() -> None:
    (found,) = inferred(KNOWN, "north@CN", received("o"))
    assert found == Inferred(
        neighbour="south@PK",
        offers=1,
        hubs_known=2,  # the border m, and o, which the demand names
        hubs=4,
        fibres_guessed=1,  # m-o, which is no fibre
        fibres_right=0,
        delays_right=0,
        fibres=4,
    )


def test_demands_to_every_hub_tell_the_tree_of_shortest_paths_as_far_as_it_is_near() -> None:
    (found,) = inferred(KNOWN, "north@CN", received("n", "o", "p"))
    assert (found.hubs_known, found.fibres_guessed) == (4, 3)
    assert (found.fibres_right, found.delays_right) == (2, 2)  # m-n and m-p; n-o stays unknown


def test_what_others_hear_does_not_count() -> None:
    assert (
        inferred(KNOWN, "south@PK", [one for one in received("o") if one.offer.to != "south@PK"])
        == ()
    )


def test_a_delay_that_is_the_sum_of_two_others_over_a_hub_is_no_fibre():
    ab, bc, ac, cd = (frozenset(pair) for pair in ("ab", "bc", "ac", "cd"))
    assert without_sums({ab: 3, bc: 4, ac: 7, cd: 7}) == {ab: 3, bc: 4, cd: 7}
    assert without_sums({ab: 3, bc: 4, ac: 6}) == {ab: 3, bc: 4, ac: 6}
