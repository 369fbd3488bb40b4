"""Whatever happens to a network, a proof that is carried over equals a proof from nothing, and the
installed tables equal those that would be made from nothing."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.errors import SwitchTimeout
from corridor.controller.prover import session
from corridor.controller.prover.exact_claims import report
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.session import Session
from corridor.controller.reconcile import deployer
from corridor.topologies.base.memory import forget
from fake_switches import Lab
from reconciler_lab import NO_EXPORT, NO_SEA, TODAY, policies, specification, wiring

FIBRES = tuple(wire.fibre for wire in wiring().fibres)
HUBS = tuple(hub.hub for hub in wiring().hubs)
SETS = (policies(), policies(NO_SEA), policies(NO_EXPORT), policies(without=("FOREIGN",)))


SEARCHED = []
"""The results of exact searches, of one proof after another."""


def searched_for(explorer, each, started, *, rates):
    SEARCHED.append([plain(one) for one in each])
    return report(explorer, each, started, rates=rates)


def plain(judged):
    """All that an exact search found for a direction, as values."""
    searched = judged.searched
    return (
        (searched.intent, searched.permit, searched.promised, searched.within),
        [outcome(one) for one in searched.outcomes],
        judged.breaches,
        [(outcome(one.outcome), one.failures, one.permit) for one in judged.stranded],
    )


def outcome(one):
    ended = (one.intent, one.end, one.hub, one.states, one.one_way_ns, one.entry)
    return (*ended, one.sights, one.family, one.spared)


class Checked(Session):
    """Compares each proof with one from nothing."""

    proofs = 0

    def __init__(self, _differs):
        def contradicted(said):
            raise AssertionError(said)

        super().__init__(contradicted)

    def prove(self, asked):
        carried, whole = super().prove(asked), Session().prove_whole(asked)
        assert carried.verdicts == whole.verdicts
        assert carried.witnesses == whole.witnesses
        assert replace(carried.counts, ms=0) == replace(whole.counts, ms=0)
        assert SEARCHED[-2] == SEARCHED[-1], "as searches from nothing find"
        SEARCHED.clear()
        Checked.proofs += 1
        return carried


class Befalling:
    """A network, and all that may happen to it."""

    def __init__(self, path, seed):
        self.chance = Random(seed)
        self.path = path
        self.lab = Lab(DesiredState(specification()), wiring(), path)
        self.lab.connect()
        self.lab.run(3)
        self.dead, self.drained, self.away = set(), set(), set()

    def fibre(self):
        fibre = self.chance.choice(FIBRES)
        self.dead ^= {fibre}
        self.lab.port(fibre, live=fibre not in self.dead)

    def group(self):
        fibres = self.chance.sample(FIBRES, 3)
        for fibre in fibres:
            self.dead.add(fibre)
            self.lab.port(fibre, live=False)

    def repaired(self):
        for fibre in sorted(self.dead):
            self.lab.port(fibre, live=True)
        self.dead.clear()

    def drain(self):
        fibre = self.chance.choice(FIBRES)
        self.drained ^= {fibre}
        self.lab.do("set_drained", fibre=fibre, drained=fibre in self.drained)

    def ruled(self):
        self.lab.do("set_policies", policies=self.chance.choice(SETS))

    def day(self):
        self.lab.do("set_day", as_of=TODAY + timedelta(days=self.chance.choice((0, 1, 300))))

    def switch(self):
        hub = self.chance.choice(HUBS)
        if hub in self.away:
            self.away.discard(hub)
            self.lab.connect(hub)
        else:
            self.away.add(hub)
            self.lab.lose(hub)

    def broken_off(self):
        """A switch goes silent in the midst of the next update."""
        steps = self.chance.randrange(4)
        dpid = self.lab.wiring.hub(self.chance.choice(HUBS)).dpid
        updater = self.lab.deployer.updater
        seen = []

        def during(_step):
            seen.append(_step)
            if len(seen) == steps + 1:
                updater.during = lambda _step: None
                raise SwitchTimeout("it is silent", frozenset({dpid}))

        updater.during = during
        self.ruled()
        self.lab.run(1)
        updater.during = lambda _step: None

    def tampered(self):
        held = self.lab.switches.held[self.lab.wiring.hub(self.chance.choice(HUBS)).dpid]
        keys = [*held.flows]
        if keys:
            del held.flows[self.chance.choice(keys)]
        self.lab.do("ask_audit")

    def restarted(self):
        self.lab.start(DesiredState(specification()))
        self.lab.connect(*(hub for hub in HUBS if hub not in self.away))
        for fibre in sorted(self.dead):
            self.lab.port(fibre, live=False)


KINDS = (
    *("fibre",) * 4,
    *("drain",) * 2,
    *("ruled",) * 2,
    "group",
    "repaired",
    "day",
    "switch",
    "broken_off",
    "tampered",
    "restarted",
)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_befalls_a_network_each_proof_is_what_it_is_from_nothing(
    seed, tmp_path, monkeypatch
):
    monkeypatch.setattr(deployer, "Session", Checked)
    monkeypatch.setattr(session, "report", searched_for)
    used = []
    resume, again = Explorer.resume, session.judged_again

    def used_again(*one):
        found = again(*one)
        used.extend([] if found is None else [found])
        return found

    monkeypatch.setattr(Explorer, "resume", lambda *one: used.append(one) or resume(*one))
    monkeypatch.setattr(session, "judged_again", used_again)
    before = Checked.proofs
    network = Befalling(tmp_path / "state.json", seed)
    for _ in range(14):
        kind = network.chance.choice(KINDS)
        getattr(network, kind)()
        network.lab.run(network.chance.choice((1, 30, 900)))
        assert not network.lab.events("error"), (kind, network.lab.events("error")[-1])
        assert_as_if_new(network.lab)
    assert Checked.proofs > before + 10
    assert len(used) > 10


def assert_as_if_new(lab):
    """Paths and tables are those that are made when nothing is remembered but the seats, and no
    two directions have labels in common."""
    stands = lab.deployer.deployment
    if stands is None:
        return
    directions = stands.compiled.directions
    labels = [
        (one.seat.epoch, path)
        for number, one in enumerate(directions, start=1)
        if number not in stands.withdrawn
        for path in one.block
    ]
    assert len(labels) == len({*labels})
    if stands.withdrawn:
        return
    forget()
    fresh = deployments.stand(stands.known, lab.wiring, 0, stands.compiled.seats)
    assert [one.route for one in fresh.graphs] == [one.route for one in stands.graphs]
    assert fresh.program == stands.program
