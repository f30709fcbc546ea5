"""Facts about checking what changed: the report is that of a check of everything."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Quad

from kg import check, cli, source
from kg.check import lint, stored
from kg.check.memory import Memory
from kg.check.shacl import Outcome
from kg.findings import Report
from tests.test_check import GOOD, ONTOLOGY, PREFIXES, SHAPES

VARIANTS: dict[str, tuple[str | None, ...]] = {
    "ontology/o.ttl": (
        ONTOLOGY,
        ONTOLOGY.replace("rdfs:subClassOf ex:Place", "rdfs:subClassOf ex:Area"),
        ONTOLOGY + 'ex:number rdfs:label "tall"@nb .\nid:roan a ex:Village .\n',
        ONTOLOGY.replace("ex:Village a owl:Class ;", "ex:Village a owl:Class"),
        ONTOLOGY + "ex:Other a owl:Class . ex:near rdfs:range ex:Other ; rdfs:domain ex:Other .\n",
    ),
    "shapes/s.ttl": (
        SHAPES,
        SHAPES.replace("sh:minCount 1", "sh:maxCount 0"),
        SHAPES + "\n",
        SHAPES + "ex:T sh:targetSubjectsOf ex:near ; sh:property [ sh:path ex:near ; sh:class ex:Village ] .",
        SHAPES + "ex:U a sh:NodeShape ; sh:targetClass ex:Village ; sh:closed true .\n",
        SHAPES + 'ex:V a sh:NodeShape ; sh:targetClass ex:Village ; sh:class "no class" .\n',
    ),
    "shapes/more.ttl": (
        None,
        PREFIXES
        + """ex:Unique a sh:NodeShape ; sh:targetClass ex:Village ; sh:sparql [ sh:message "Twice."@en ;
            sh:select "SELECT $this ?value { $this <https://ex.org/def#number> ?value .
                ?other <https://ex.org/def#number> ?value FILTER(?other != $this) }" ] .""",
    ),
    "data/a.ttl": (
        GOOD,
        GOOD.replace("@nb", ""),
        GOOD.replace("id:roan a", "id:roen a"),
        PREFIXES + "id:roan a ex:Village ; ex:number 1 ; ex:near id:bessaker .\n",
        GOOD + "id:roan",
        None,
    ),
    "data/b.ttl": (
        PREFIXES + 'id:bessaker a ex:Village ; rdfs:label "Bessaker"@nb ; ex:number "01" ; ex:near id:roan .',
        PREFIXES + "id:bessaker a ex:Village ; ex:number 1 ; ex:near [ ex:number 2 ] .\n",
        PREFIXES + 'id:roan a ex:Village ; rdfs:label "Roan"@nb .\n',
        PREFIXES + 'id:bessaker ex:near id:roan . # kg: ignore orphan -- later\n[] a ex:Village .\n',
    ),
}  # fmt: skip


_LABEL = re.compile(r"_:\w+|\b[0-9a-f]{20,32}\b|f[0-9a-f]{12}n\d+")


def put(root: Path, name: str, content: str | None) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(content, "utf-8")


def plain(report: Report) -> tuple[object, ...]:
    """Give what a report says; blank nodes have other names each time, and are sorted by them."""
    findings = sorted(_LABEL.sub("_", str(finding)) for finding in report.findings)
    return findings, report.notes, report.waivers


def compare(root: Path, memory: Memory) -> Report:
    found = source.read([root])
    report = check.run(found, memory=memory)
    assert plain(report) == plain(check.run(found))
    return report


EDITS = st.lists(
    st.sampled_from([(name, number) for name, some in VARIANTS.items() for number in range(len(some))]),
    min_size=1,
    max_size=5,
)


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "40")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])  # fmt: skip
@given(edits=EDITS, keep=st.booleans())
def test_after_any_edit_the_report_is_that_of_a_whole_check(
    tmp_path: Path, edits: list[tuple[str, int]], keep: bool
) -> None:
    """Data, shapes and ontology change, break and go; what is remembered lies in memory or on disk."""
    root, cache = tmp_path / "set", tmp_path / "cache.sqlite"
    shutil.rmtree(root, ignore_errors=True)
    cache.unlink(missing_ok=True)
    for name, some in VARIANTS.items():
        put(root, name, some[0])
    memory = Memory()
    compare(root, memory)
    for name, number in edits:
        put(root, name, VARIANTS[name][number])
        if not keep:
            stored.save(memory, cache)
            memory = stored.load(cache)
        compare(root, memory)


def test_the_facts_of_a_file_are_gathered_when_it_changes_or_what_they_depend_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = list[source.Room]()

    def gathered(quads: Iterable[Quad], room: source.Room, around: lint.Around) -> lint.Facts:
        rooms.append(room)
        return lint.facts.gathered(quads, room, around)

    monkeypatch.setattr(lint, "gathered", gathered)
    memory = Memory()
    for name, some in VARIANTS.items():
        put(tmp_path, name, some[0])
    compare(tmp_path, memory)
    assert len(rooms) == 4
    rooms.clear()
    put(tmp_path, "data/a.ttl", VARIANTS["data/a.ttl"][1])
    compare(tmp_path, memory)
    assert rooms == [source.Room.DATA]
    rooms.clear()
    put(tmp_path, "ontology/o.ttl", VARIANTS["ontology/o.ttl"][-1])
    report = compare(tmp_path, memory)
    assert rooms == [source.Room.ONTOLOGY, source.Room.DATA, source.Room.DATA]
    assert {"property-range", "property-domain"} <= {finding.rule for finding in report.findings}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name, some in VARIANTS.items():
        put(tmp_path / "set", name, some[0])
    return tmp_path / "set"


def test_it_is_told_how_much_was_validated_again(dataset: Path) -> None:
    memory = Memory()
    compare(dataset, memory)
    assert memory.note == "4 of 4 files changed; validated again: everything."
    put(dataset, "data/a.ttl", VARIANTS["data/a.ttl"][1])
    compare(dataset, memory)
    assert memory.note == "1 of 4 files changed; validated again: at 1 nodes."
    put(dataset, "shapes/s.ttl", VARIANTS["shapes/s.ttl"][2])
    compare(dataset, memory)
    assert memory.note == "1 of 4 files changed; validated again: nothing."
    put(dataset, "shapes/s.ttl", VARIANTS["shapes/s.ttl"][1])
    compare(dataset, memory)
    assert memory.note == "1 of 4 files changed; validated again: 1 of 1 shapes with targets."


def test_a_triple_that_another_file_states_too_stays(dataset: Path) -> None:
    memory = Memory()
    put(dataset, "data/b.ttl", VARIANTS["data/b.ttl"][2])
    compare(dataset, memory)
    put(dataset, "data/a.ttl", None)
    assert compare(dataset, memory).conforms
    assert memory.note == "1 of 4 files changed; validated again: nothing."


def test_more_results_than_the_limit_are_cut_as_ever(dataset: Path) -> None:
    many = PREFIXES + "".join(f"id:v{n} a ex:Village .\n" for n in range(9))
    memory = Memory()
    for content in (many, many + "id:w a ex:Village .\n", PREFIXES):
        put(dataset, "data/a.ttl", content)
        found = source.read([dataset])
        report, whole = check.run(found, memory=memory, limit=9), check.run(found, limit=9)
        assert (len(report.findings), report.notes) == (len(whole.findings), whole.notes)


def test_what_is_stored_is_read_again_and_files_that_went_are_forgotten(
    dataset: Path, tmp_path: Path
) -> None:
    memory, path = Memory(), tmp_path / "deep" / "memory.sqlite"
    compare(dataset, memory)
    stored.save(memory, path)
    assert stored.load(path) == replace(memory, texts={}, note="")
    put(dataset, "data/a.ttl", None)
    compare(dataset, memory)
    stored.save(memory, path)
    assert stored.load(path).files.keys() == memory.files.keys()


class Bomb:
    """Something that does harm when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /nonexistent/bomb",)


@pytest.mark.parametrize(
    "content", [b"", b"not a database", pickle.dumps(Bomb()), pickle.dumps([Outcome, os.system])]
)
def test_a_memory_that_cannot_be_trusted_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    stored.save(Memory(outcome=Outcome(results=())), path)
    assert stored.load(path).outcome is not None
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE outcome SET pickled = ?", (content,))
    connection.close()
    assert stored.load(path) == Memory()
    path.write_bytes(content)
    assert stored.load(path) == Memory()


def test_the_command_checks_what_changed(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = sorted(dataset.rglob("*"))

    def run(*words: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(cli.commands, ["check", str(dataset), *words], standalone_mode=False)
        return result.return_value, result.stdout, result.stderr

    assert "validated again: everything" in run("--changed")[2]
    put(dataset, "data/a.ttl", VARIANTS["data/a.ttl"][3])
    assert "1 of 4 files changed" in run("--changed")[2]
    assert run("--changed", "-q")[:2] == run("-q")[:2]
    assert sorted(dataset.rglob("*")) == before


def test_the_referee_remembers_nothing(dataset: Path) -> None:
    result = CliRunner().invoke(cli.commands, ["check", str(dataset), "--changed", "--engine", "pyshacl"])
    assert result.exit_code == 2
    assert "pySHACL validates everything" in result.output
