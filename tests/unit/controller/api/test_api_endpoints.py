"""Every endpoint of the API, over HTTP, before a controller with switches of a test."""

import json

import jsonschema
import pytest

from corridor.controller.openflow import deployments
from corridor.controller.openflow.errors import Refused
from reconciler_lab import CLASSES, NO_EXPORT, NO_SEA, PERMITS, policies

FIBRE = "kunming-karachi"


def plain(*more, **changes):
    made = {"name": "other", "classes": list(CLASSES), "policies": [*PERMITS, *more], **changes}
    return json.loads(json.dumps(made))


@pytest.fixture
def as_before(reconciler):
    """What a test changes is changed back."""
    yield
    reconciler.lab.switches.before = lambda _call, _orders: None
    reconciler.lab.connect("bangkok")
    reconciler.lab.run(5)
    for do, what in (
        ("set_policies", {"policies": policies()}),
        ("set_drained", {"fibre": FIBRE, "drained": False}),
        ("ask_audit", {}),
    ):
        assert reconciler.lab.do(do, **what)["ok"]


@pytest.mark.parametrize(
    ("path", "do", "part"),
    [
        ("/v1/status", "status", None),
        ("/v1/demands", "demands", None),
        ("/v1/topology", "topology", None),
        ("/v1/counters", "counters", None),
        ("/v1/proof", "proof", "proof"),
        ("/v1/policies", "policies", "set"),
        ("/v1/events?since=3", "events", None),
    ],
)
def test_what_is_read_is_what_the_keeper_says_and_nothing_is_left_out(
    reconciler, api, path, do, part
):
    reply = api.ask("GET", path)
    since = {"since": 3} if do == "events" else {}
    said = json.loads(json.dumps(reconciler.control.answer(json.dumps({"do": do, **since}))))
    del said["ok"]
    assert reply.status == 200
    assert reply.json == (said[part] if part else said)
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"


def test_an_explanation_is_the_keepers_own(reconciler, api):
    for demand in ("ckpt", "render.return"):
        asked = json.dumps({"do": "explain", "demand": demand})
        said = json.loads(json.dumps(reconciler.control.answer(asked)))
        assert api.ask("GET", f"/v1/demands/{demand}/explanation").json == said["explanation"]


def test_one_demand_is_told_by_its_id(api):
    assert api.ask("GET", "/v1/demands/ckpt.return").json["demand"] == "ckpt.return"


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("GET", "/v1/demands/nothing", "no demand 'nothing'; there are train, train.return"),
        ("GET", "/v1/demands/nothing/explanation", "no demand 'nothing'"),
        ("POST", "/v1/fibres/nowhere/drain", "no fibre 'nowhere'; there are shanghai-guian"),
        ("POST", "/v1/fibres/nowhere/restore", "no fibre 'nowhere'"),
        ("GET", "/v1/nothing", ""),
        ("GET", "/v1/status/", ""),
        ("GET", "/", ""),
        ("GET", "/docs", ""),
        ("GET", "/redoc", ""),
    ],
)
def test_what_is_not_there_is_404_as_a_problem(api, method, path, says):
    reply = api.ask(method, path)
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")
    assert (reply.json["kind"], reply.json["instance"]) == ("unknown", path)
    assert says in reply.json["detail"]


def test_another_method_is_405_and_says_which_are_for_the_path(api):
    reply = api.ask("DELETE", "/v1/policies")
    assert (reply.status, reply.json["kind"]) == (405, "method")
    assert reply.headers["allow"] == "GET, PUT"


def test_a_fibre_is_drained_and_restored(reconciler, api, as_before):
    reply = api.ask("POST", f"/v1/fibres/{FIBRE}/drain")
    assert reply.status == 200
    assert reply.json["epoch"] == reconciler.lab.deployer.deployment.epoch
    assert reply.json["update"]["done_ms"]["flipped"] >= 0
    assert api.ask("GET", "/v1/topology").json["fibres"][FIBRE]["drained"]
    assert FIBRE in reconciler.lab.deployer.deployment.without.links
    assert api.ask("POST", f"/v1/fibres/{FIBRE}/restore").status == 200
    assert reconciler.lab.deployer.deployment.without.links == frozenset()


def test_other_policies_are_in_force_with_the_answer(reconciler, api, as_before):
    reply = api.ask("PUT", "/v1/policies", plain(NO_SEA))
    assert reply.status == 200
    assert {"NO-SEA"} < {one["id"] for one in api.ask("GET", "/v1/policies").json["policies"]}
    assert reconciler.lab.holds() == reconciler.lab.stands()


def test_what_is_in_force_can_be_put_back_as_it_was_read(reconciler, api):
    before = reconciler.lab.holds()
    read = api.ask("GET", "/v1/policies").json
    assert api.ask("PUT", "/v1/policies", read).json["update"] is None
    assert reconciler.lab.holds() == before


def test_a_day_is_set(reconciler, api):
    assert api.ask("PUT", "/v1/day", {"as_of": "2027-07-01"}).status == 200
    assert api.ask("GET", "/v1/demands/ckpt").json["status"] == "BLOCKED"
    assert api.ask("PUT", "/v1/day", {"as_of": "2026-11-24"}).status == 200
    assert api.ask("GET", "/v1/status").json["demands"] == {"UP": 6}


def test_an_audit_says_whether_all_was_whole(reconciler, api):
    assert api.ask("POST", "/v1/audit").json == {"was_whole": True}
    held = reconciler.lab.switches.held[2].flows
    held.pop(next(iter(held)))
    assert api.ask("POST", "/v1/audit").json == {"was_whole": False}
    assert api.ask("POST", "/v1/audit").json == {"was_whole": True}


def test_a_set_that_does_not_prove_is_refused_with_counterexamples_and_without_effect(
    reconciler, api, monkeypatch
):
    following = deployments.following

    def wrong(deployment, known, network):
        return deployments.replace(
            following(deployment, known, network), compiled=deployment.compiled
        )

    before, calls = reconciler.lab.holds(), len(reconciler.lab.switches.done)
    monkeypatch.setattr(deployments, "following", wrong)
    reply = api.ask("PUT", "/v1/policies", plain(NO_EXPORT))
    assert (reply.status, reply.json["kind"]) == (409, "refused")
    assert reply.json["type"] == "urn:corridor:problem:refused"
    first = reply.json["counterexamples"][0]
    assert first["claim"] == "C1"
    assert first["packet"]
    assert (reconciler.lab.holds(), len(reconciler.lab.switches.done)) == (before, calls)


def test_what_waits_for_a_switch_is_deferred_and_says_so(reconciler, api, as_before):
    reconciler.lab.lose("bangkok")
    reply = api.ask("POST", f"/v1/fibres/{FIBRE}/drain")
    assert (reply.status, reply.json["kind"]) == (409, "deferred")
    assert "deferred until bangkok is back or given up" in reply.json["detail"]
    assert "counterexamples" not in reply.json


def test_a_switch_that_refuses_is_a_bad_gateway(reconciler, api, as_before):
    def refuse(call, _orders):
        if call == "bundle":
            raise Refused("switch 2 refuses: type 5 code 1")

    reconciler.lab.switches.before = refuse
    reply = api.ask("PUT", "/v1/policies", plain(NO_SEA))
    assert (reply.status, reply.json["kind"]) == (502, "failed")
    assert "switch 2 refuses" in reply.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("PUT", "/v1/policies", {"name": "x", "nonsense": 1}, "nonsense"),
        ("PUT", "/v1/policies", plain({"id": "?"}), "policies[3]"),
        (
            "PUT",
            "/v1/policies",
            plain({"id": "X", "effect": "deny", "match": {"src": {"hubs": ["shanghia"]}}}),
            'no hub is called "shanghia"; did you mean "shanghai"?',
        ),
        ("PUT", "/v1/policies", [], "valid dictionary"),
        ("PUT", "/v1/policies", None, "required"),
        ("PUT", "/v1/day", {}, "as_of"),
        ("PUT", "/v1/day", {"as_of": "tomorrow"}, "as_of"),
        ("PUT", "/v1/day", {"as_of": 0}, '"0" is not a date'),
        ("PUT", "/v1/day", {"as_of": "1700006400"}, '"1700006400" is not a date'),
        ("PUT", "/v1/day", {"as_of": "2026-11-24", "asof": 1}, "asof"),
        ("PUT", "/v1/day", {"as_of": "9999-12-31"}, "2999"),
        ("GET", "/v1/events?since=-1", None, "since"),
        ("GET", "/v1/events?since=x", None, "since"),
        ("GET", "/v1/events?most=0", None, "most"),
    ],
)
def test_bad_input_is_422_with_its_reason_and_without_effect(
    reconciler, api, method, path, body, says
):
    before, calls = reconciler.lab.holds(), len(reconciler.lab.switches.done)
    reply = api.ask(method, path, body)
    assert (reply.status, reply.json["kind"]) == (422, "bad")
    assert says in reply.json["detail"]
    assert (reconciler.lab.holds(), len(reconciler.lab.switches.done)) == (before, calls)


@pytest.mark.parametrize(
    ("wrong", "where", "pointer", "said"),
    [
        (
            {"hard": {"avoid": {"operated_by": ["PTCL", "Acme"]}}},
            "policies[3].hard.avoid.operated_by[1]",
            "/policies/3/hard/avoid/operated_by/1",
            'no operator, jurisdiction or group is called "Acme"',
        ),
        (
            {"hard": {"avoid": {"located_in": "Thailand"}}},
            "policies[3].hard.avoid.located_in",
            "/policies/3/hard/avoid/located_in",
            'no jurisdiction or group is called "Thailand"',
        ),
        (
            {"hard": {"avod": {}}},
            "policies[3].hard.avod",
            "/policies/3/hard/avod",
            'unknown key "avod"',
        ),
        (
            {"hard": {"hops": 0}, "effect": "maybe"},
            "policies[3].effect",
            "/policies/3/effect",
            'policies[3].effect "maybe" is not known',
        ),
    ],
)
def test_a_mistake_in_a_set_is_told_where_it_was_written(api, wrong, where, pointer, said):
    """By the place in what was sent, as it was sent: one name for a list of one is one name."""
    reply = api.ask("PUT", "/v1/policies", plain({"id": "X", "effect": "restrict", **wrong}))
    assert (reply.status, reply.json["kind"]) == (422, "bad")
    (mistake,) = reply.json["mistakes"]
    assert (mistake["where"], mistake["pointer"]) == (where, pointer)
    assert said in mistake["message"]
    assert reply.json["detail"].startswith(where)
    assert reply.json["detail"].count(where) == 1
    assert "policy set" not in reply.json["detail"]


@pytest.mark.parametrize("text", ["\\ud800", "2027-07-01\\udfff"])
def test_half_of_a_surrogate_pair_is_bad_input_and_no_defect(api, text):
    body = f'{{"as_of": "{text}"}}'
    head = (
        f"PUT /v1/day HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    assert b" 422 " in api.raw((head + body).encode())


def test_a_body_that_is_no_json_is_422(api):
    request = (
        f"PUT /v1/day HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 5\r\nConnection: close\r\n\r\n{nope"
    )
    assert b" 422 " in api.raw(request.encode())


def test_events_are_handed_out_in_pieces(api):
    first = api.ask("GET", "/v1/events?most=2").json
    assert [one["n"] for one in first["events"]] == [1, 2]
    second = api.ask("GET", "/v1/events?since=2&most=2").json
    assert [one["n"] for one in second["events"]] == [3, 4]
    assert api.ask("GET", f"/v1/events?since={first['last']}").json["events"] == []


def test_the_openapi_document_is_what_is_answered(api):
    document = api.ask("GET", "/openapi.json").json
    assert document["security"] == [{"token": []}]
    schemas = {"components": document["components"]}
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas["components"]["schemas"])
    for path in ("/v1/status", "/v1/counters", "/v1/proof", "/v1/policies", "/v1/topology"):
        (said,) = document["paths"][path]["get"]["responses"]["200"]["content"].values()
        jsonschema.validate(api.ask("GET", path).json, {**schemas, **said["schema"]})
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"]


def test_problems_are_what_the_document_says(api):
    document = api.ask("GET", "/openapi.json").json
    schema = {
        "components": document["components"],
        "$ref": "#/components/schemas/ProblemAnswer",
        "unevaluatedProperties": False,
    }
    for method, path in (("GET", "/nothing"), ("GET", "/v1/events?since=x"), ("PUT", "/v1/status")):
        jsonschema.validate(api.ask(method, path).json, schema)


@pytest.mark.parametrize("section", ["classes", "policies"])
def test_what_the_document_says_of_policy_sets_is_what_may_be_put(api, section):
    schemas = api.ask("GET", "/openapi.json").json["components"]
    schema = {"components": schemas, "$ref": "#/components/schemas/PolicySet"}
    jsonschema.validate(plain(NO_SEA, NO_EXPORT), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain(**{section: [{"id": 1}]}), schema)
