"""What tests share: the shared test material when it is there, and a small dataset to build things from."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from kg import check, source
from kg.check import render
from kg.snapshot import Home, Snapshot

settings.register_profile("ci", derandomize=True, deadline=None)
"""The same examples in every run: what CI says depends on the code alone. Elsewhere new ones are tried."""
settings.register_profile("default", deadline=None)
settings.load_profile("ci" if "CI" in os.environ else "default")

ROOT = Path(__file__).resolve().parent.parent
SMALL = {
    "kg.toml": 'base = "https://ex.org/"\ntitle.nb = "Liten"\ntitle.en = "Small"\nlanguages = ["nb", "en"]\n',
    "ontology/def.ttl": """\
@prefix ex: <https://ex.org/def#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<https://ex.org/def> a owl:Ontology .
ex:Village a owl:Class ; rdfs:subClassOf ex:Place ; rdfs:label "bygd"@nb, "village"@en .
ex:Place a owl:Class ; rdfs:label "sted"@nb, "place"@en .
ex:near a owl:ObjectProperty, owl:SymmetricProperty ; rdfs:label "nær"@nb, "near"@en .
ex:founded a owl:DatatypeProperty ; rdfs:label "grunnlagt"@nb, "founded"@en .
ex:at a owl:ObjectProperty ; rdfs:label "ved"@nb, "at"@en .
""",
    "data/village/lonset.ttl": """\
@prefix : <https://ex.org/id/village/lonset#> .
@prefix ex: <https://ex.org/def#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix village: <https://ex.org/id/village/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<> prov:hadPrimarySource <https://example.no/lonset> .

village:lonset
    a ex:Village ;
    rdfs:label "Lønset"@nb ;
    ex:near village:budalen ;
    ex:founded "01900"^^xsd:integer ; # kg: ignore literal-form -- kept as written
    ex:at :point .

:point rdfs:label "punktet"@nb .
""",
    "data/village/budalen.ttl": """\
@prefix ex: <https://ex.org/def#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix village: <https://ex.org/id/village/> .

<> prov:hadPrimarySource <https://example.no/budalen> .

village:budalen a ex:Village ; rdfs:label "Budalen"@nb .
""",
    "queries/villages.rq": """\
# title.nb: Bygdene
# title.en: The villages
PREFIX ex: <https://ex.org/def#>
SELECT ?village WHERE { ?village a ex:Village } ORDER BY ?village
""",
}

Write = Callable[[dict[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes files below a fresh folder and returns the folder."""

    def write(files: dict[str, str]) -> Path:
        folder = tmp_path / "dataset"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        return folder

    return write


@pytest.fixture
def small(write: Write) -> Path:
    """Give the folder of a dataset with two villages."""
    return write(SMALL)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of shared test material, or skip: it is not part of the project."""
    folder = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared"))
    if not (folder / "suites").is_dir():
        pytest.skip("the shared test material (../shared or KG_SHARED) is not on this machine")
    return folder


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give the snapshot of this repository's own dataset, built once for all test processes.

    The dataset must be clean: a violation fails every test that asks for the snapshot.
    """
    shared_by_workers = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared_by_workers = shared_by_workers.parent
    with (shared_by_workers / "published.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = source.read([ROOT])
        home = Home(shared_by_workers / "published")
        existing = home.of_input(found)
        if existing is None:
            report = check.run(found)
            assert report.conforms, render.render(report)
            home.publish(home.build(found, report))
            existing = home.current()
        assert existing
        return existing
