"""Facts about what changes from snapshot to snapshot: histories, things that are gone, dates."""

import json
import shutil
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from endpoint.serve import application
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg import source
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Snapshot
from tests.conftest import SMALL

BASE = "https://ex.org/"
HTML = {"Accept": "text/html", "Accept-Language": "en"}
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"


@dataclass(frozen=True)
class Told:
    """A site whose dataset has been published twice."""

    client: FlaskClient
    first: Snapshot
    second: Snapshot
    home: Home


def published(home: Home, folder: Path) -> Snapshot:
    snapshot = home.build(source.read([folder]), Report())
    home.publish(snapshot)
    return snapshot


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Publish two villages; then one with another name, one gone, and one that replaces it."""
    folder, home = tmp_path_factory.mktemp("small"), Home(tmp_path_factory.mktemp("home"))
    for name, text in SMALL.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    prefixes = SMALL["data/village/budalen.ttl"].partition("<>")[0]
    (folder / "data/village/l%C3%B8nset.ttl").write_text(
        f"{prefixes}<{BASE}id/village/a%20b> a ex:Village .\n<{BASE}id/x/Ærø> a ex:Village .\n", "utf-8"
    )
    first = published(home, folder)
    (folder / "data/village/l%C3%B8nset.ttl").unlink()
    (folder / "data/village/budalen.ttl").unlink()
    (folder / "data/village/budal.ttl").write_text(
        f'{prefixes}<{BASE}id/village/budal> a ex:Village ; rdfs:label "Budal"@nb ;\n'
        f"  <http://purl.org/dc/terms/replaces> <{BASE}id/village/budalen> .\n",
        "utf-8",
    )
    lonset = SMALL["data/village/lonset.ttl"].replace('"Lønset"@nb', '"Løset"@nb')
    (folder / "data/village/lonset.ttl").write_text(lonset, "utf-8")
    second = published(home, folder)
    site = Site(Settings(), Published(second, Index(second.index)), home=home)
    return Told(application(site).test_client(), first, second, home)


def test_a_history_says_what_was_written_and_struck_out(told: Told) -> None:
    answer = told.client.get("/history/village/lonset.json")
    lonset = f"<{BASE}id/village/lonset>"
    assert json.loads(answer.data) == {
        "iri": f"{BASE}id/village/lonset",
        "versions": [
            {
                "changed": told.second.created, "snapshot": told.second.id,
                "added": [f'{lonset} <{LABEL}> "Løset"@nb .'],
                "removed": [f'{lonset} <{LABEL}> "Lønset"@nb .'],
            },
            {"changed": told.first.created, "snapshot": told.first.id, "added": None, "removed": None},
        ],
    }  # fmt: skip
    assert answer.headers["Content-Location"] == "/history/village/lonset.json"


def test_the_page_of_a_thing_leads_to_its_history(told: Told) -> None:
    assert 'href="/history/village/lonset"' in told.client.get("/doc/village/lonset", headers=HTML).text
    page = told.client.get("/history/village/lonset", headers=HTML).text
    assert "Added" in page
    assert 'lang="nb">Løset</bdi>' in page
    assert told.client.get("/history/village/nowhere").status_code == 404


def test_a_history_whose_snapshots_are_gone_has_dates_only(told: Told) -> None:
    alone = Site(Settings(), Published(told.second, Index(told.second.index)))
    answer = application(alone).test_client().get("/history/village/lonset.json")
    assert [row["added"] for row in json.loads(answer.data)["versions"]] == [None, None]


@pytest.mark.parametrize(
    "path",
    ["/id/village/budalen", "/doc/village/budalen", "/doc/village/budalen.ttl", "/id/village/budalen.ttl",
     "/history/village/budalen", "/linkset/village/budalen"],
)  # fmt: skip
def test_what_an_earlier_snapshot_had_is_a_410_that_names_what_replaces_it(told: Told, path: str) -> None:
    answer = told.client.get(path, headers={"Accept": "application/json"})
    if answer.status_code == 303:
        answer = told.client.get(answer.headers["Location"], headers={"Accept": "text/turtle"})
    problem = json.loads(answer.data)
    assert answer.status_code == 410
    assert problem["detail"] == f"<{BASE}id/village/budalen> is gone since {told.second.created}."
    assert problem["successor"] == [
        {"iri": f"{BASE}id/village/budal", "label": "Budal", "href": "/doc/village/budal"}
    ]


@pytest.mark.parametrize(
    "path", ["/id/village/a%20b", "/doc/village/a%20b", "/id/x/%C3%86r%C3%B8", "/doc/x/%C3%86r%C3%B8"]
)
def test_what_is_gone_without_a_successor_is_a_410_however_it_is_spelt(told: Told, path: str) -> None:
    answer = told.client.get(path)
    assert answer.status_code == 410
    assert "successor" not in json.loads(answer.data)


def test_a_document_was_last_modified_when_its_thing_changed(told: Told) -> None:
    modified = told.client.get("/doc/village/lonset.ttl").headers["Last-Modified"]
    assert parsedate_to_datetime(modified).isoformat() == told.second.created
    since = told.client.get("/doc/village/lonset.ttl", headers={"If-Modified-Since": modified})
    assert since.status_code == 304


def test_the_dataset_names_its_versions_and_each_leads_to_its_data(told: Told) -> None:
    dataset = NamedNode(f"{BASE}dataset")
    new, old = (NamedNode(f"{BASE}dataset/{snapshot.id}") for snapshot in told.home.all())
    now = NamedNode(f"{BASE}dataset/{told.second.id}")
    said = {q.triple for q in parse(told.client.get("/dataset.ttl").data, format=RdfFormat.TURTLE)}
    about = [t for t in said if "ersion" in t.predicate.value]
    assert {(t.subject, t.predicate.value.rpartition("#")[2], t.object) for t in about} == {
        (dataset, "hasVersion", new), (dataset, "hasVersion", old), (dataset, "hasCurrentVersion", now),
        (new, "previousVersion", old), (new, "isVersionOf", dataset), (old, "isVersionOf", dataset),
        (new, "version", Literal(new.value[-64:])), (old, "version", Literal(old.value[-64:])),
    }  # fmt: skip
    page = told.client.get("/dataset", headers=HTML).text
    assert f'href="/dataset/{told.first.id}"' in page
    for snapshot in (told.first, told.second):
        assert f"<code>{snapshot.id[:12]}</code>" in page
        where = told.client.get(f"/dataset/{snapshot.id}").headers["Location"]
        assert where == f"/dumps/{snapshot.id}/dataset.nq"
        with told.client.get(where) as answer:
            assert answer.status_code == 200
    assert told.client.get(f"/dataset/{'0' * 64}").status_code == 404


def test_a_damaged_snapshot_beside_it_takes_nothing_down(told: Told, tmp_path: Path) -> None:
    shutil.copytree(told.home.path, tmp_path / "home", symlinks=True)
    home = Home(tmp_path / "home")
    current = home.current()
    assert current
    manifest = home.path / "snapshots" / told.first.id / "manifest.json"
    row = json.loads(manifest.read_text("utf-8"))
    row["graphs"] = [{"of another": "layout", "sources": []}]
    manifest.write_text(json.dumps(row), "utf-8")
    client = application(Site(Settings(), Published(current, Index(current.index)), home=home)).test_client()
    for path in ("/dataset", "/dataset.ttl", "/catalog", "/history/village/lonset"):
        assert client.get(path).status_code == 200
