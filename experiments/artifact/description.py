"""What an artifact states of itself: ``artifact.json``, ``README.md`` and ``CITATION.cff``. Pure.

``artifact.json`` is read before anything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from corridor.experiments.artifact.expected import Expected, ExpectedRun
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import counted

SCHEMA = 1
ABOUT, EXPECTED, ENVIRONMENT = "artifact.json", "expected.json", "environment.json"
README, CITATION, LOCK = "README.md", "CITATION.cff", "requirements.lock"
type Kind = Literal["study", "run"]


class About(NamedTuple):
    kind: Kind
    """Also the name of the folder in which its results are."""
    name: str
    title: str
    question: str
    assumptions: list[str]
    sources: list[str]
    scenario: str
    made_by: str
    """The version that ran it, as ``corridor --version`` has it."""
    program: str
    """The hash of what by which a run could come to other results, where it was packed."""
    clock: str
    machines: list[str]
    """On which it ran, in words."""
    kernels: list[str]
    runs: int
    left_out: list[str]
    """What has no results, or none that are valid, and why."""
    took_s: float
    """All runs together, where they were measured."""
    check: list[str]
    """Cells of the short check."""
    check_took_s: float
    answers: list[str]
    """What it came to, in sentences."""


def to_json(about: About) -> dict[str, Any]:
    return {"schema": SCHEMA, **about._asdict()}


def from_json(said: object, file: str) -> About:
    """Raises InputError for what is not an artifact, or one of another version."""
    if isinstance(said, dict) and said.get("schema") not in (SCHEMA, None):
        hint = "take the version that its README.md names"
        raise InputError(f"is an artifact of schema {said['schema']}, not {SCHEMA}", hint, file)
    plain = {k: v for k, v in said.items() if k != "schema"} if isinstance(said, dict) else said
    try:
        return TypeAdapter(About).validate_python(plain)
    except ValidationError as error:
        raise InputError("is not an artifact of this version", "pack it again", file) from error


# Which runs a short check repeats: decided by what they are, so that no one picks. Pure.

SHORT_CHECK_S = 600
BUDGET_S = SHORT_CHECK_S / 2
"""What the chosen runs took where they were measured: another machine may take twice as long."""


def chosen(runs: Sequence[ExpectedRun], budget_s: float = BUDGET_S) -> list[ExpectedRun]:
    """In the order of their ids, which are hashes: first one of each condition, then others, as
    long as they fit; one at least."""
    found: list[ExpectedRun] = []
    left_s = budget_s
    for one in _by_condition(runs):
        if not found or one.took_s <= left_s:
            found.append(one)
            left_s -= one.took_s
    return found


def _by_condition(runs: Sequence[ExpectedRun]) -> list[ExpectedRun]:
    ordered = sorted(runs, key=lambda one: one.cell)
    seen: dict[str, int] = {}
    ranked = []
    for one in ordered:
        seen[one.condition] = seen.get(one.condition, 0) + 1
        ranked.append((seen[one.condition], one))
    return [one for _, one in sorted(ranked, key=lambda pair: (pair[0], pair[1].cell))]


MOST_ROWS = 40
PLACES = {
    "study": (
        ("`study/`", "the study's folder: `corridor study show` reads it"),
        ("`study/inputs/`", "the study, and the files of yours that it names"),
        ("`study/cells/ID/`", "each run: raw samples in `raw/`, resolved scenario, results"),
        ("`study/values.parquet`", "a row a run and measure"),
        ("`study/answers.json`", "estimates, differences, expectations, sentences"),
        ("`study/tables/`", "as they are in the paper"),
        ("`study/figures/`", "`corridor study show study --format pdf,pgf` draws them"),
    ),
    "run": (
        ("`run/raw/`", "raw samples, the plan that was carried out, what it was judged by"),
        ("`run/scenario.yaml`", "the scenario, with its topology and policies"),
        ("`run/`", "results: tables, `summary.json`, `report.html`"),
        ("`run/figures/`", "`corridor report run --format pdf,pgf` draws them"),
    ),
}
ALWAYS = (
    ("`expected.json`", "expected values of each run, and their tolerances"),
    ("`environment.json`, `requirements.lock`", "program, packages and kernel"),
    ("`ro-crate-metadata.json`", "the same for repositories of data (RO-Crate 1.1)"),
    ("`SHA256SUMS`", "every file: `sha256sum -c SHA256SUMS`"),
)


def readme(about: About, runs: Sequence[ExpectedRun]) -> str:
    return "\n".join(
        [
            f"# {about.title or about.name}",
            "",
            *([about.question, ""] if about.question else []),
            *(f"- {one}" for one in about.answers if one != about.question),
            "",
            "## How to check it",
            "",
            *_steps(about),
            "",
            "## What is here",
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {what} |" for name, what in (*PLACES[about.kind], *ALWAYS)),
            "",
            "## Where it ran",
            "",
            f"- {about.made_by}",
            *(f"- {one}" for one in about.machines),
            *(f"- {one}" for one in about.kernels),
            f"- {about.clock} clock; {counted(about.runs, 'run')}, {took(about.took_s)} in all",
            *(f"- left out: {one}" for one in about.left_out),
            "",
            *_listed("What it assumes", about.assumptions),
            *_listed("Sources", about.sources),
            *_expectations(about, runs),
        ]
    )


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {one}" for one in lines), ""] if lines else []


def _steps(about: About) -> list[str]:
    verify = "corridor artifact verify FILE"
    short = f"and {counted(len(about.check), 'run')} again"
    rows = [
        ("sha256sum -c SHA256SUMS", "that no file has changed", "seconds"),
        (f"{verify} --no-runs", "and that the samples give all values", "about a second a run"),
        (verify, short, f"runs that took {took(about.check_took_s)} where it was made"),
        (f"{verify} --whole", f"and all {about.runs} again", f"{took(about.took_s)} of runs"),
    ]
    return [
        f"It was made by `{about.made_by}`. Set up that version, which takes minutes and needs a",
        "network once; then none is needed. `FILE` is this archive, or the folder of this file.",
        "",
        "| command | checks | takes |",
        "|---|---|---|",
        *(f"| `{command}` | {what} | {how_long} |" for command, what, how_long in rows),
        "",
        "It exits with 0 if verified, 1 if not, 2 if this is not a whole artifact, and 3",
        "if this machine cannot check it. Runs go on as many at once as there are processors.",
    ]


def _expectations(about: About, runs: Sequence[ExpectedRun]) -> list[str]:
    """Of the short check; all are in ``expected.json``."""
    rows = [
        f"| {run.title} | {value.id} | {_shown(value)} | {_allowed(value.here)}"
        f" | {_allowed(value.elsewhere)} |"
        for run in runs
        if run.cell in about.check
        for value in run.values
    ]
    more = len(rows) - MOST_ROWS
    return [
        "## Expected values of the short check",
        "",
        "The first tolerance is for the environment of `environment.json`, the second for others.",
        "",
        "| run | value | expected | may differ | elsewhere |",
        "|---|---|---:|---:|---:|",
        *rows[:MOST_ROWS],
        *(["", f"And {more} more, in `expected.json`."] if more > 0 else []),
        "",
    ]


def _shown(value: Expected) -> str:
    unit = f" {value.unit}" if value.unit else ""
    return "none" if value.value is None else f"{value.value:.9g}{unit}"


def _allowed(by: float) -> str:
    return f"{by:.3g}" if by else "not at all"


def took(seconds: float) -> str:
    """As people say it."""
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{max(1, round(seconds))} s"


def citation(about: About, authors: Sequence[str], licence: str = "") -> str:
    """Strings of JSON are strings of YAML."""
    title = about.title or about.name
    people = authors or [f"The authors of {title}"]
    return "\n".join(
        [
            "cff-version: 1.2.0",
            "message: If you use these data or results, please cite them and the emulator.",
            "type: dataset",
            f"title: {json.dumps(f'Artifact of {title}', ensure_ascii=False)}",
            *([f"license: {licence}"] if licence else []),
            "authors:",
            *(f"  - name: {json.dumps(one, ensure_ascii=False)}" for one in people),
            "references:",
            "  - type: software",
            "    title: corridor, an emulator of cross-border data corridors",
            f"    version: {json.dumps(about.made_by)}",
            "    authors:",
            "      - name: The corridor emulator's authors",
            "",
        ]
    )


# ``ro-crate-metadata.json`` of an artifact: RO-Crate 1.1, which repositories of data read.
#
# Source: RO-Crate Metadata Specification 1.1.3, https://w3id.org/ro/crate/1.1.

CRATE = "ro-crate-metadata.json"
VERSION = "https://w3id.org/ro/crate/1.1"
ROOT, RUNS, SOFTWARE, NO_LICENCE = "./", "#runs", "#software", "#no-licence-stated"
KINDS = {".md": "text/markdown", ".cff": "application/yaml", ".json": "application/json"}
TEXT = "text/plain"


def crate(
    about: About, names: Sequence[str], authors: Sequence[str], published: str, licence: str
) -> dict[str, Any]:
    """Return the metadata of an artifact whose files at its top have these names.

    ``published`` is a day such as 2026-11-24; ``licence`` an SPDX id, or empty if none is stated.
    """
    title = about.title or about.name
    people = [_person(one) for one in authors or [f"The authors of {title}"]]
    parts = [*map(_file, sorted(names)), _results(about)]
    terms = _licence(licence)
    root = {
        "@id": ROOT,
        "@type": "Dataset",
        "name": f"Artifact of {title}",
        "description": " ".join(dict.fromkeys([about.question, *about.answers])).strip() or title,
        "datePublished": published,
        "license": _link(terms),
        "author": [*map(_link, people)] if len(people) > 1 else _link(people[0]),
        "hasPart": [_link(one) for one in parts],
        "mentions": {"@id": RUNS},
    }
    described = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": VERSION},
        "about": {"@id": ROOT},
    }
    graph = [described, root, *parts, *people, terms, _software(about), _runs(about)]
    return {"@context": f"{VERSION}/context", "@graph": graph}


def _link(entity: dict[str, Any]) -> dict[str, str]:
    return {"@id": entity["@id"]}


def _person(name: str) -> dict[str, Any]:
    place = re.sub(r"\W+", "-", name).strip("-").lower()
    return {"@id": f"#author-{place}", "@type": "Person", "name": name}


def _licence(licence: str) -> dict[str, Any]:
    if licence:
        address = f"https://spdx.org/licenses/{licence}"
        text = f"The authors license these data under {licence}."
        return {"@id": address, "@type": "CreativeWork", "name": licence, "description": text}
    text = "The authors have not stated a licence: ask them before you reuse the data."
    return {
        "@id": NO_LICENCE,
        "@type": "CreativeWork",
        "name": "No licence stated",
        "description": text,
    }


def _file(name: str) -> dict[str, Any]:
    ending = name[name.rfind(".") :] if "." in name else ""
    return {"@id": name, "@type": "File", "name": name, "encodingFormat": KINDS.get(ending, TEXT)}


def _results(about: About) -> dict[str, Any]:
    """The folder of the study or run."""
    text = "; ".join(f"{place.strip('`')}: {what}" for place, what in PLACES[about.kind])
    return {
        "@id": f"{about.kind}/",
        "@type": "Dataset",
        "name": f"The {about.kind} {about.name}",
        "description": text,
    }


def _software(about: About) -> dict[str, Any]:
    return {
        "@id": SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "corridor, an emulator of cross-border data corridors",
        "softwareVersion": about.made_by,
        "softwareRequirements": "; ".join(about.kernels),
    }


def _runs(about: About) -> dict[str, Any]:
    """The runs, as one action of the software with this result."""
    return {
        "@id": RUNS,
        "@type": "CreateAction",
        "name": f"Runs of {about.scenario}",
        "description": f"Valid runs: {about.runs}. Clock: {about.clock}.",
        "instrument": {"@id": SOFTWARE},
        "result": {"@id": f"{about.kind}/"},
    }
