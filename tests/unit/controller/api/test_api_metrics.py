"""What Prometheus reads of a live network."""

import json
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from corridor.controller.api.metrics import PARTS, exposition
from reconciler_lab import NO_SEA, policies

FIBRE = "kunming-karachi"
KARACHI = {"dp_id": "0x5", "dp_name": "karachi"}


@pytest.fixture
def scraped(api):
    """Samples by name, as (labels, value)."""

    def scrape():
        reply = api.ask("GET", "/metrics")
        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        found = {}
        for family in text_string_to_metric_families(reply.text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    return scrape


def value(samples, **labels):
    (found,) = [one for given, one in samples if labels.items() <= given.items()]
    return found


def test_a_calm_network(scraped):
    seen = scraped()
    assert {labels["part"]: up for labels, up in seen["corridor_scrape_success"]} == dict.fromkeys(
        PARTS, 1
    )
    assert value(seen["corridor_demands"], status="UP") == 6
    assert sum(count for _, count in seen["corridor_demands"]) == 6
    assert value(seen["corridor_epoch"]) in (0, 1)
    assert value(seen["corridor_proof_holds"]) == 1
    assert value(seen["corridor_unproven"]) == 0
    assert value(seen["corridor_policies_info"], name="lab", as_of="2026-11-24") == 1
    assert value(seen["corridor_demand_one_way_delay_seconds"], demand="ckpt") == pytest.approx(
        0.04707095
    )
    assert value(seen["corridor_demand_served"], demand="ckpt.return") == 1


def test_datapaths_and_ports_have_the_names_and_labels_of_faucet(scraped):
    seen = scraped()
    assert len(seen["dp_status"]) == 5
    assert value(seen["dp_status"], **KARACHI) == 1
    assert set(seen["dp_status"][0][0]) == {"dp_id", "dp_name"}
    assert value(seen["port_status"], **KARACHI, port_description=FIBRE) == 1
    assert set(seen["port_status"][0][0]) == {"dp_id", "dp_name", "port", "port_description"}
    for direction in ("rx", "tx"):
        for what in ("packets", "bytes", "dropped", "errors"):
            assert len(seen[f"of_port_{direction}_{what}"]) == 5
    assert value(seen["of_port_rx_bytes"], **KARACHI, port="1", port_description="host") == 500
    assert value(seen["of_dp_connections_total"], **KARACHI) >= 1


def test_what_changes_is_seen(reconciler, scraped):
    lab = reconciler.lab
    before = scraped()
    lab.lose("karachi")
    away = scraped()
    lab.connect("karachi")
    lab.run(5)
    assert lab.do("set_policies", policies=policies(NO_SEA))["ok"]
    assert lab.do("set_drained", fibre=FIBRE, drained=True)["ok"]
    lab.port("bangkok-karachi", live=False)
    after = scraped()
    assert value(away["dp_status"], **KARACHI) == 0
    assert value(away["corridor_switches_away"]) == 1
    for name in ("of_dp_connections_total", "of_dp_disconnections_total"):
        assert value(after[name], **KARACHI) == value(before[name], **KARACHI) + 1
    updates = [value(one["corridor_updates_total"], result="done") for one in (before, after)]
    assert updates[1] >= updates[0] + 2
    assert value(after["corridor_fibre_drained"], fibre=FIBRE) == 1
    assert value(after["corridor_fibre_works"], fibre="bangkok-karachi") == 0
    assert value(after["port_status"], **KARACHI, port_description="bangkok-karachi") == 0
    assert value(after["corridor_demands"], status="DOWN") > 0
    assert value(after["corridor_demand_served"], demand="ckpt") == 0
    assert value(after["corridor_last_update_flip_seconds"]) >= 0
    stamp = value(after["corridor_last_update_timestamp_seconds"])
    assert time.time() - 120 < stamp <= time.time()
    lab.port("bangkok-karachi", live=True)
    lab.run(30)
    assert lab.do("set_drained", fibre=FIBRE, drained=False)["ok"]
    assert lab.do("set_policies", policies=policies())["ok"]


def test_drops_are_told_by_reason_and_hub(reconciler, scraped):
    drops = scraped()["corridor_drops_total"]
    said = reconciler.lab.do("ask_counters")["by_hub"]
    assert value(drops, **KARACHI, reason="no_label") == said["karachi"]["DROP_NO_LABEL"] > 0
    assert len(drops) == sum(len(one) for one in said.values())


def test_fibres_that_are_held_out_are_told(reconciler, scraped):
    for _ in range(3):
        for live in (False, True):
            reconciler.lab.port(FIBRE, live=live)
            reconciler.lab.run(0.3)
    assert value(scraped()["corridor_fibre_held_out"], fibre=FIBRE) == 1
    reconciler.lab.run(30)
    assert value(scraped()["corridor_fibre_held_out"], fibre=FIBRE) == 0


def test_what_the_keeper_does_not_say_is_left_out_and_the_rest_told(reconciler, scraped):
    def instead(client, line):
        no = '{"ok": false, "kind": "failed", "reason": "switches [5] did not answer"}'
        said = no if '"counters"' in line else None
        client.sendall((said or _answer(reconciler, line)).encode() + b"\n")

    reconciler.instead = instead
    seen = scraped()
    reconciler.instead = None
    assert value(seen["corridor_scrape_success"], part="counters") == 0
    assert value(seen["corridor_scrape_success"], part="status") == 1
    assert "corridor_drops_total" not in seen
    assert value(seen["corridor_demands"], status="UP") == 6


def _answer(reconciler, line):
    return json.dumps(reconciler.control.answer(line))


def test_without_a_keeper_only_that_is_told():
    text = exposition({}).decode()
    families = list(text_string_to_metric_families(text))
    assert [one.name for one in families] == ["corridor_scrape_success"]
    assert {sample.value for sample in families[0].samples} == {0}


def test_every_metric_has_a_type_help_and_a_unit_where_it_has_one(api):
    text = api.ask("GET", "/metrics").text
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        assert family.type in ("gauge", "counter"), family.name
        names = {sample.name for sample in family.samples}
        if family.type == "counter":
            assert all(name.endswith("_total") for name in names)
        for words in ("delay", "flip", "timestamp"):
            if words in family.name:
                assert family.name.endswith("_seconds")
