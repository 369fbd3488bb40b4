"""``ro-crate-metadata.json`` of an artifact: RO-Crate 1.1, which repositories of data read. Pure.

Source: RO-Crate Metadata Specification 1.1.3, https://w3id.org/ro/crate/1.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from corridor.experiments.artifact.about import About
from corridor.experiments.artifact.description import PLACES

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
