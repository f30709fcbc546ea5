"""Files to download: every format says what was validated, at addresses that do not change."""

import gzip
from itertools import groupby
from pathlib import Path

import pytest
import zstandard
from flask.testing import FlaskClient
from pyoxigraph import Quad, parse

from endpoint import views
from endpoint.app import create_app
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg import dumps, rdfio, source
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Snapshot
from tests.conftest import SMALL
from tests.test_snapshot import built


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give an empty folder for snapshots."""
    return Home(tmp_path / "home")


def unpacked(snapshot: Snapshot, dump: dumps.Dump) -> bytes:
    """Give what is in a file."""
    body = (snapshot.dumps / dump.path).read_bytes()
    if dump.coding == "gzip":
        return gzip.decompress(body)
    return zstandard.decompress(body) if dump.coding == "zstd" else body


def said(snapshot: Snapshot, dump: dumps.Dump) -> bytes:
    """Give canonical N-Quads of what a file says."""
    fmt = rdfio.named(dump.format)
    assert fmt
    return rdfio.canonical(rdfio.read(unpacked(snapshot, dump), fmt))


def expected(quads: list[Quad], dump: dumps.Dump) -> bytes:
    """Give canonical N-Quads of what a file should say: a format without graphs says the merge."""
    some = [quad for quad in quads if not dump.graph or quad.graph_name.value == dump.graph]  # type: ignore[union-attr]
    fmt = rdfio.named(dump.format)
    assert fmt
    return rdfio.canonical(some if fmt.datasets else [Quad(*quad.triple) for quad in some])


def client_of(snapshot: Snapshot, home: Home | None) -> FlaskClient:
    """Give a client of a site that knows its home."""
    site = Site(Settings(), Published(snapshot, Index(snapshot.index)), None, home)
    return create_app(site, (views.blueprint,)).test_client()


def test_every_file_says_exactly_what_was_validated(small: Path, home: Home) -> None:
    snapshot = built(small, home)
    quads = list(source.read([small]).quads())
    checked = [dump for dump in dumps.read_list(snapshot.dumps) if not dump.path.startswith("derived.")]
    assert {(dump.format, dump.coding) for dump in checked} == {
        (fmt.name, coding) for fmt in rdfio.FORMATS for coding in ("", "gzip", "zstd")
    }
    for dump in checked:
        assert said(snapshot, dump) == expected(quads, dump), dump.path


def test_the_whole_of_the_own_dataset_says_exactly_what_was_validated(published: Snapshot) -> None:
    whole = {dump.path: dump for dump in dumps.read_list(published.dumps) if not dump.graph}
    written = said(published, whole["dataset.nq"])
    for path in ("dataset.trig", "dataset.jsonld"):
        assert said(published, whole[path]) == written, path
    merged = said(published, whole["dataset.nt"])
    for path in ("dataset.ttl", "dataset.rdf"):
        assert said(published, whole[path]) == merged, path


@pytest.mark.parametrize("text", [
    '<https://ex.org/id/x> <https://ex.org/p/1> "no XML name" .\n',
    '<https://ex.org/id/x> <https://ex.org/p> "no XML \\u0007 character" .\n',
])  # fmt: skip
def test_there_is_no_rdf_xml_of_what_xml_cannot_say(small: Path, home: Home, text: str) -> None:
    (small / "data/odd.ttl").write_text(text, "utf-8")
    paths = {dump.path for dump in dumps.read_list(built(small, home).dumps)}
    assert not {"dataset.rdf", "graph/data/odd.rdf", "graph/data/odd.rdf.gz"} & paths
    assert {"graph/data/village/lonset.rdf", "graph/data/odd.ttl"} <= paths


def test_the_newest_file_has_an_address_for_ever(small: Path, home: Home) -> None:
    snapshot = built(small, home)
    client = client_of(snapshot, home)
    moving = client.get("/dumps/latest/dataset.ttl")
    assert (moving.status_code, moving.headers["Location"]) == (302, f"/dumps/{snapshot.id}/dataset.ttl")
    with client.get(moving.headers["Location"]) as fixed, client.get("/dumps/dataset.ttl") as newest:
        assert fixed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert fixed.data == newest.data
        assert fixed.headers["Repr-Digest"] == newest.headers["Repr-Digest"]


def test_the_files_of_an_older_snapshot_stay_where_they_were(small: Path, home: Home) -> None:
    first = built(small, home)
    file = small / "data/village/budalen.ttl"
    file.write_text(SMALL["data/village/budalen.ttl"].replace("Budalen", "Budal"), "utf-8")
    second = home.build(source.read([small]), Report())
    client = client_of(second, home)
    with client.get(f"/dumps/{first.id}/dataset.nt") as old, client.get("/dumps/dataset.nt") as new:
        assert old.data == (first.dumps / "dataset.nt").read_bytes()
        assert old.data != new.data


def test_a_range_of_a_packed_file_is_to_be_had(small: Path, home: Home) -> None:
    snapshot = built(small, home)
    with client_of(snapshot, home).get("/dumps/dataset.nq.zst", headers={"Range": "bytes=0-3"}) as answer:
        assert (answer.status_code, answer.data) == (206, b"\x28\xb5\x2f\xfd")
        assert answer.content_type == "application/zstd"


@pytest.mark.parametrize("path", [
    f"/dumps/{'0' * 64}/dataset.ttl", f"/dumps/{'.' * 64}/dataset.ttl", "/dumps/latest/none.ttl",
    "/dumps/latest/../manifest.json",
])  # fmt: skip
def test_what_there_is_not_is_a_404(small: Path, home: Home, path: str) -> None:
    assert client_of(built(small, home), home).get(path).status_code == 404


def test_a_predicate_in_two_graphs_is_said_once_where_there_are_no_graphs(small: Path, home: Home) -> None:
    line = "<https://ex.org/id/x> <https://ex.org/def#near> <https://ex.org/id/y> .\n"
    for name in ("one", "two"):
        (small / f"data/{name}.ttl").write_text(line, "utf-8")
    snapshot = built(small, home)
    body = (snapshot.dumps / "dataset.nt").read_text("utf-8")
    assert body.count("<https://ex.org/id/x>") == 1


def test_whoever_the_licences_ask_to_be_named_is_named_in_every_dump_of_the_dataset(
    published: Snapshot,
) -> None:
    wanted = {"© Kartverket", "Statistisk sentralbyrå (SSB)", "GeoNames", "Wikidata"}
    whole = [d for d in dumps.read_list(published.dumps) if d.path.startswith("dataset.") and not d.coding]
    assert len(whole) >= 5
    for dump in whole:
        text = unpacked(published, dump).decode()
        assert {name for name in wanted if f'"{name}"' in text or f">{name}<" in text} == wanted, dump.path


def test_each_graph_stands_together_in_the_whole(small: Path, home: Home) -> None:
    snapshot = built(small, home)
    graphs = [quad.graph_name for quad in parse(path=str(snapshot.dumps / "dataset.trig"))]
    assert len(list(groupby(graphs))) == len(set(graphs)) > 1
    assert not list(snapshot.dumps.rglob("*.grouped"))


def test_what_is_too_large_to_be_kept_is_read_again_and_says_the_same(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumps, "_SMALL", -1)
    monkeypatch.setattr(dumps, "_PIECE", 7)
    large = dumps.read_list(built(small, Home(tmp_path / "large")).dumps)
    monkeypatch.undo()
    plain = dumps.read_list(built(small, Home(tmp_path / "plain")).dumps)
    assert [d for d in large if not d.coding] == [d for d in plain if not d.coding]
    assert [d.path for d in large] == [d.path for d in plain]
