"""How a checked state is named, stored and published."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyoxigraph import Store

from kg import dumps, rdfio, snapshot, source
from kg.errors import InvalidDataError, SnapshotError
from kg.findings import Finding, Report, Severity
from kg.snapshot import Home, Snapshot

from .conftest import ROOT, SMALL, Write


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def built(folder: Path, home: Home) -> Snapshot:
    new = home.build(source.read([folder]), Report())
    home.publish(new)
    return new


def test_a_snapshot_tells_what_it_holds(small: Path, home: Home) -> None:
    new = built(small, home)
    assert home.current() == new
    assert [(g.iri, g.room, g.triples, g.file, g.sources) for g in new.graphs] == [
        ("https://ex.org/graph/data/village/budalen", "data", 3, "data/village/budalen.ttl", ("https://example.no/budalen",)),
        ("https://ex.org/graph/data/village/lonset", "data", 7, "data/village/lonset.ttl", ("https://example.no/lonset",)),
        ("https://ex.org/graph/derived", "derived", 3, None, ()),
        ("https://ex.org/graph/ontology/def", "ontology", 18, "ontology/def.ttl", ()),
    ]  # fmt: skip
    assert new.quads == 31


def test_the_id_does_not_depend_on_order_labels_or_layout(small: Path, home: Home, tmp_path: Path) -> None:
    before = built(small, home).id
    path = small / "data/village/budalen.ttl"
    lines = path.read_text("utf-8").rstrip().splitlines()
    path.write_text("\n".join([*lines[:-3], "", lines[-1], "# moved", lines[-3]]) + "\n", "utf-8")
    assert built(small, Home(tmp_path / "elsewhere")).id == before


def test_the_id_changes_with_what_is_said(small: Path, home: Home) -> None:
    before = built(small, home).id
    path = small / "data/village/budalen.ttl"
    path.write_text(SMALL["data/village/budalen.ttl"].replace("Budalen", "Budal"), "utf-8")
    assert built(small, home).id != before


def test_the_same_input_is_known_without_parsing(small: Path, home: Home) -> None:
    new = built(small, home)
    assert home.of_input(source.read([small])) == new
    (small / "data/village/budalen.ttl").write_text("# gone\n", "utf-8")
    assert home.of_input(source.read([small])) is None


def test_the_store_answers_over_the_merge_and_over_each_graph(small: Path, home: Home) -> None:
    store = Store.read_only(str(built(small, home).store))
    near = "<https://ex.org/id/village/budalen> <https://ex.org/def#near> <https://ex.org/id/village/lonset>"
    assert bool(store.query(f"ASK {{ {near} }}"))
    assert bool(store.query(f"ASK {{ GRAPH <https://ex.org/graph/derived> {{ {near} }} }}"))


def test_dumps_say_exactly_what_was_written(small: Path, home: Home) -> None:
    new = built(small, home)
    written = rdfio.canonical(source.read([small]).quads())
    for name in ("dataset.nq", "dataset.trig", "dataset.jsonld"):
        fmt = rdfio.of_path(Path(name))
        assert fmt
        assert rdfio.canonical(rdfio.read((new.dumps / name).read_bytes(), fmt)) == written
    turtle = (new.dumps / "graph/data/village/lonset.ttl").read_text("utf-8")
    assert "founded> 01900 ;" in turtle


def test_the_list_of_dumps_has_sizes_and_checksums(small: Path, home: Home) -> None:
    new = built(small, home)
    for dump in dumps.read_list(new.dumps):
        body = (new.dumps / dump.path).read_bytes()
        assert (dump.bytes, dump.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert {d.graph for d in dumps.read_list(new.dumps)} == {
        "", *(g.iri for g in new.graphs if g.room != "derived"),
    }  # fmt: skip


def test_data_with_a_violation_is_never_published(small: Path, home: Home) -> None:
    wrong = Report(findings=(Finding(rule="x", severity=Severity.VIOLATION, messages=(("en", "x"),)),))
    with pytest.raises(InvalidDataError):
        home.build(source.read([small]), wrong)
    assert home.current() is None


def test_a_build_that_fails_leaves_the_published_one(
    small: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = built(small, home)
    (small / "data/village/budalen.ttl").write_text("# gone\n", "utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dumps, "write", full)
    with pytest.raises(SnapshotError, match="No space left on device"):
        home.build(source.read([small]), Report())
    assert home.current() == first
    assert [path.name for path in home.path.iterdir() if path.name.startswith(".building")] == []


BUILD = """
import sys
from pathlib import Path
from kg import source
from kg.findings import Report
from kg.snapshot import Home
print("ready", flush=True)
home = Home(Path(sys.argv[2]))
home.publish(home.build(source.read([Path(sys.argv[1])]), Report()))
"""


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2])
def test_a_build_that_is_killed_leaves_the_old_state_or_the_new(
    small: Path, home: Home, seconds: float
) -> None:
    """Wherever the kill falls, what is published is whole, and the next build clears what was left."""
    first = built(small, home)
    path = small / "data/village/budalen.ttl"
    path.write_text(SMALL["data/village/budalen.ttl"].replace("Budalen", "Budal"), "utf-8")
    command = [sys.executable, "-c", BUILD, str(small), str(home.path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()
    published = home.current()
    assert published
    assert published.id == first.id or published.fingerprint != first.fingerprint
    assert Store.read_only(str(published.store)).query("ASK { ?s ?p ?o }")
    again = built(small, home)
    assert home.current() == again
    assert list(home.path.glob(".building-*")) == []


def test_a_snapshot_with_a_cut_file_is_not_opened(small: Path, home: Home) -> None:
    new = built(small, home)
    with new.index.open("r+b") as file:
        file.truncate(100)
    with pytest.raises(SnapshotError, match=r"index\.sqlite has not the size that was written"):
        home.current()
    assert home.of_input(source.read([small])) is None


def test_a_home_below_a_file_is_named(small: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapshotError, match="Name another folder with --snapshots"):
        built(small, Home(tmp_path / "file"))


def test_snapshots_are_found_by_the_beginning_of_their_id(small: Path, home: Home) -> None:
    new = built(small, home)
    assert home.find(new.id[:8]) == new
    with pytest.raises(SnapshotError, match="No snapshots"):
        home.find("zz")


def test_a_dataset_s_home_has_a_name_of_its_own(small: Path, write: Write, tmp_path: Path) -> None:
    found = snapshot.home_of(source.read([small]), None).path.name
    assert found.startswith("dataset-")
    assert snapshot.home_of(source.read([small]), tmp_path).path == tmp_path
