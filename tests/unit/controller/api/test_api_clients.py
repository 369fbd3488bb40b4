"""Clients that other programs make of the API's document: all operations, and a real API."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from control_socket import ApiProcess, SocketController
from corridor.controller.api.app import make_app

GENERATORS = Path(__file__).parents[3] / "support" / "reconcile" / "api_client_generators.txt"
OPERATIONS = 16
ENOUGH_S = 300
FIRST = """
import sys
from client_one.api.default import demands, status, topology
from client_one import AuthenticatedClient

url, token, _ = sys.argv[1:]
with AuthenticatedClient(base_url=url, token=token) as client:
    print(status.sync(client=client).policies)
    print(topology.sync(client=client).fibres["kunming-karachi"].ends)
    print(len(demands.sync(client=client).demands))
"""
SECOND = """
import sys
from pathlib import Path
import httpx2
from aiopenapi3 import OpenAPI

url, token, operations = sys.argv[1:]
def session(*args, **options) -> httpx2.Client:
    return httpx2.Client(*args, **options)
text = Path("openapi.json").read_text()
api = OpenAPI.loads(f"{url}/openapi.json", text, session_factory=session)
api.authenticate(token=token)
assert len(list(api._)) == int(operations), list(api._)
print(api._.status().policies)
fibres = api._.topology().model_dump(mode="json")["fibres"]
print(list(fibres["kunming-karachi"]["ends"]))
print(len(api._.demands().model_dump(mode="json")["demands"]))
"""


def document():
    return make_app(None).openapi()


def parts(value):
    """Every object within a value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from parts(one)


def test_every_array_has_items_and_no_default_is_an_object():
    for part in parts(document()["components"]["schemas"]):
        assert part.get("type") != "array" or "items" in part, part
        assert not isinstance(part.get("default"), dict), part


def test_the_document_names_the_server_and_as_many_operations_as_there_are():
    made = document()
    assert [one["url"] for one in made["servers"]] == ["/"]
    assert sum(len(one) for one in made["paths"].values()) == OPERATIONS


def examples():
    for part in parts(document()):
        schema = part.get("schema")
        if isinstance(schema, dict):
            named = part.get("examples")
            yield from ((schema, one["value"]) for one in (named or {}).values())
            yield from ((schema, part[name]) for name in ("example",) if name in part)
        listed = part.get("examples")
        if isinstance(listed, list) and ("type" in part or "properties" in part):
            yield from ((part, one) for one in listed)


def test_every_example_is_valid_under_its_schema():
    components = document()["components"]
    count = 0
    for schema, example in examples():
        jsonschema.Draft202012Validator({"components": components, **schema}).validate(example)
        count += 1
    assert count > 20


def has_example(content, schemas):
    schema = schemas.get(content["schema"].get("$ref", "").rpartition("/")[2], {})
    return "example" in content or "examples" in schema


def test_every_operation_has_an_example_of_what_it_takes_and_answers():
    made = document()
    schemas = made["components"]["schemas"]
    without = [
        f"{method} {path}: {side}"
        for path, operations in made["paths"].items()
        for method, operation in operations.items()
        for side, of in (
            ("request", operation.get("requestBody")),
            ("answer", operation["responses"]["200"]),
        )
        if of and not all(has_example(one, schemas) for one in of["content"].values())
    ]
    assert without == []


@pytest.fixture(scope="module")
def generators(tmp_path_factory):
    """An environment with two programs that make clients; the product's environment has neither."""
    folder = tmp_path_factory.mktemp("generators")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    installs = [folder / "bin/pip", "install", "-q", "--no-input", "-r", GENERATORS]
    done = subprocess.run(installs, capture_output=True, text=True, check=False)
    if done.returncode != 0 and not os.environ.get("CI"):
        pytest.skip(f"no package index: {done.stderr.strip().splitlines()[-1:]}")
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def generate(generators, *words, cwd):
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, "PATH": f"{generators}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=ENOUGH_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(2 * ENOUGH_S)
def test_two_generators_make_clients_of_all_operations_that_read_a_real_network(
    generators, tmp_path
):
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    first = ("generate", "--path", "openapi.json", "--output-path", "client_one", "--meta", "none")
    said = generate(generators, "openapi-python-client", *first, cwd=tmp_path)
    assert "Error" not in said
    assert "unable" not in said.lower()
    modules = (tmp_path / "client_one/api/default").glob("[a-z]*.py")
    assert len(list(modules)) == OPERATIONS
    with (
        SocketController(tmp_path / "control.sock") as reconciler,
        ApiProcess(reconciler.path, tmp_path / "token") as api,
    ):
        python, arguments = generators / "python", (api.url, api.token, str(OPERATIONS))
        asked = [
            generate(generators, python, "-c", script, *arguments, cwd=tmp_path)
            for script in (FIRST, SECOND)
        ]
    policies, ends, count = asked[0].splitlines()
    assert asked[1].splitlines() == [policies, ends, count]
    assert ends == "['kunming', 'karachi']"
    assert int(count) > 5
