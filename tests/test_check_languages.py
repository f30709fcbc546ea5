"""Every kind of bad input there is, checked from end to end: each finding and note speaks both languages.

That the collection is whole is tested too: each row of `complaints.toml` is told by some input, and each
place in the code that says what is wrong with a shape or a table is reached.
"""

from __future__ import annotations

import ast
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kg import complaints, source
from kg.check import Engine, lint, run
from kg.check.render import FORMATS, render
from kg.check.shacl import engine, results
from kg.check.shacl.shapes import ShapeError
from kg.complaints import Row
from kg.findings import Finding, Report
from kg.tables import RowProblem
from kg.tables.problems import CellError

from .test_check_lint import CONFIG, ONTOLOGY, TODAY, of_example
from .test_complaints import DOCUMENTS, EX, RDF
from .test_shacl import PREFIXES as SHACL
from .test_shacl import REFUSED

SRC = Path(complaints.__file__).parent
CSVW = "http://www.w3.org/ns/csvw"


def described(column: Any = None, **more: Any) -> bytes:
    """Metadata of a table with one column, `a`."""
    columns = [{"name": "a", "propertyUrl": "https://e.org/a", **(column or {})}]
    schema = {"aboutUrl": "https://e.org/{a}", "columns": columns}
    return json.dumps({"@context": CSVW, "url": "t.csv", "tableSchema": schema, **more}).encode()


def typed(base: str, **more: Any) -> bytes:
    return described({"datatype": {"base": base, **more}})


def having(*columns: Any, **schema: Any) -> bytes:
    return described(tableSchema={"columns": columns, **schema})


TABLES: tuple[tuple[bytes, bytes], ...] = (
    (b"", described()),
    (b"b\n1\n", described()),
    (b"A\n1\n", having({"name": "a"}, {"name": "b"})),
    (b"a;b\n1;2\n", having({"name": "a"}, {"name": "b"})),
    (b"a,a\n1,2\n", described()),
    (b"b,a\n1,2\n", having({"name": "a"}, {"name": "b"})),
    (b"a\n1,2\n", described()),
    (b"a\n1\n1\n", having({"name": "a"}, primaryKey="a")),
    (b"a\n1\n", having({"name": "a"}, primaryKey="z")),
    (b"a\n1 2\n", having({"name": "a"}, aboutUrl="https://e.org/{")),
    (b"a\n\xf8\n", described()),
    (b'a\n"x\n', described()),
    (b'a\n"x"y\n', described()),
    (b"a\n" + b"x" * 200_000 + b"\n", described()),
    (b"a\rb\r", described()),
    (b"a\n", described(dialect={"delimiter": ";;"})),
    (b"a\n" + b"x\n" * 150, typed("integer")),
    (b"a\n", b"{"),
    (b"a\n", b"[" * 100_000),
    (b"a\n", b'{"\xf8": 1}'),
    (b"a\n", b"{}"),
    (b"a\n", b"[]"),
    (b"a\n", described(tables=[{"url": "other.csv"}])),
    (b"a\n", json.dumps({"@context": CSVW, "tableSchema": {"columns": [{"name": "a"}]}}).encode()),
    (b"a\n", described(tableSchema="schema.json")),
    (b"a\n", described(odd=1)),
    (b"a\n", described({"datatype": "klingon"})),
    (b"a\n", having({"name": "a"}, {"name": "a"})),
    (b"a\n", having({"name": "a b"})),
    (b"a\n", described({"lang": "n_b"})),
    (b"a\n", typed("date", format="often")),
    (b"a\n", described({"titles": 3})),
    (b"a\n", having({"name": "a", "virtual": True}, {"name": "b"})),
    (b"a\n", typed("string", minLength=5, maxLength=2)),
    (b"a\n", described(**{"@type": "Klingon"})),
    (b"a\n", described(**{"dc:title": {"x": 1}})),
    (b"a,b\n,1\n", having({"name": "a", "required": True}, {"name": "b"})),
    (b"a\nx\n", typed("date")),
    (b"a\n300\n", typed("byte")),
    (b"a\nx\n", typed("string", minLength=3)),
    (b"a\nxxxx\n", typed("string", maxLength=3)),
    (b"a\nx\n", typed("string", length=3)),
    (b"a\nx\n", typed("string", format="[0-9]")),
    (b"a\n1\n", typed("integer", minimum=3)),
    (b"a\n9\n", typed("integer", maximum=3)),
    (b"a\n3\n", typed("integer", minExclusive=3)),
    (b"a\n3\n", typed("integer", maxExclusive=3)),
    (b"a\n31.02.2020\n", typed("date", format="dd.MM.yyyy")),
    (b"a\n25:00\n", typed("time", format="HH:mm")),
    (b"a\nx\n", typed("boolean", format="J|N")),
    (b"a\nz\n", typed("hexBinary")),
)
"""A table with metadata of each kind that cannot be used: the CSV file, and what lies beside it."""


def asking(select: str) -> str:
    return f"ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:sparql [ sh:select {json.dumps(select)} ] ."


def declaring(parameters: str, validator: str = "sh:validator", use: str = "ex:limit 1") -> str:
    return (
        f"ex:Component a sh:ConstraintComponent ; {parameters} ; "
        f'{validator} [ sh:ask "ASK {{ FILTER($value) }}" ] . ex:S a sh:NodeShape ; {use} .'
    )


SHAPES = (
    *(shapes for shapes, _ in REFUSED.values()),
    "ex:S a sh:NodeShape ; sh:pattern ex:p .",
    'ex:S a sh:NodeShape ; sh:pattern "a" ; sh:flags "z" .',
    "ex:S a sh:NodeShape ; sh:severity 1 .",
    'ex:S a sh:NodeShape ; sh:targetClass "C" .',
    "ex:S a sh:PropertyShape ; sh:path [ ] .",
    "ex:S a sh:NodeShape ; sh:languageIn ( ex:nb ) .",
    f"ex:S a sh:NodeShape ; sh:or ( {'ex:T ' * 1001} ) .",
    "ex:S a sh:NodeShape ; sh:qualifiedValueShape ex:T ; sh:qualifiedMinCount 1 .",
    'ex:S a sh:NodeShape ; sh:sparql "SELECT" .',
    'ex:S a sh:NodeShape ; sh:sparql [ sh:prefixes ex:P ; sh:select "SELECT $this { }" ] . '
    'ex:P sh:declare [ sh:prefix "ex" ] .',
    asking("SELECT $this ?failure { BIND(true AS ?failure) }") + "ex:S sh:targetNode ex:a .",
    asking("SELECT $this { ?x ?y ?z BIND(1 AS $this) }"),
    asking("SELECT $this { { SELECT ?x { $this ?p ?x } } }"),
    asking("SELECT $this { $this klingon:p ?o }"),
    asking("SELECT $this { FILTER(<urn:f>($this)) }"),
    asking("SELECT $this (COUNT(?y) AS ?n) { $this a ?y }"),
    asking("SELECT $this { $this a <a b> }"),
    asking("SELECT $this { FILTER NOT EXIST { $this a ?y } }"),
    declaring("sh:parameter [ ]"),
    declaring("sh:parameter [ sh:path ex:this ]"),
    declaring("sh:parameter [ sh:path ex:limit ; sh:optional true ]"),
    declaring("sh:parameter [ sh:path ex:limit ]", "sh:propertyValidator"),
)
"""Shapes of each kind that cannot be used."""

AMPLIFIED = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghij"))
LARGE = (
    ("jsonld", "[" * 70_000),
    ("ttl", f'<urn:a> <urn:b> "{"x" * (2**24 + 9)}" .'),
    ("rdf", f'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{AMPLIFIED}]>' + RDF.format("<e:x><e:p>&j;</e:p></e:x>")),
)


@dataclass
class Checked:
    """All that was said, by which input; which rows of the table were told; where in the code it was said."""

    reports: dict[str, Report] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    places: set[tuple[str, int]] = field(default_factory=set)

    def findings(self) -> Iterator[tuple[str, Finding]]:
        """Yield the findings, each with the name of its input."""
        for name, report in self.reports.items():
            for finding in report.findings:
                yield name, finding
                yield from ((name, detail) for detail in finding.details)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """Check every input, and watch what is told and where."""
    everything = Checked()
    with pytest.MonkeyPatch.context() as patch:
        _watch(patch, everything)
        for number, (suffix, text, *_) in enumerate((*DOCUMENTS, *LARGE)):
            folder = tmp_path_factory.mktemp("document")
            (folder / f"a.{suffix}").write_text(text, "utf-8")
            everything.reports[f"document {number}: {text[-60:]}"] = run(source.read([folder]))
        for number, (csv, metadata) in enumerate(TABLES):
            folder = tmp_path_factory.mktemp("table")
            (folder / "t.csv").write_bytes(csv)
            (folder / "t.csv-metadata.json").write_bytes(metadata)
            everything.reports[f"table {number}: {metadata[-60:]!r}"] = run(source.read([folder]))
        for shapes in SHAPES:
            folder = tmp_path_factory.mktemp("shapes")
            everything.reports[f"shapes {shapes[:60]}"] = _with_shapes(folder, shapes)
        everything.reports |= _others(tmp_path_factory.mktemp("others"), patch)
    return everything


def _watch(patch: pytest.MonkeyPatch, everything: Checked) -> None:
    fill = Row.fill

    def watched(row: Row, *args: Any) -> complaints.Told | None:
        told = fill(row, *args)
        if told is not None:
            everything.rows.add(id(row))
        return told

    patch.setattr(Row, "fill", watched)
    for kind in (ShapeError, RowProblem, CellError):
        patch.setattr(kind, "__init__", _noting(kind.__init__, everything.places))


def _noting(init: Callable[..., None], places: set[tuple[str, int]]) -> Callable[..., None]:
    @wraps(init)
    def noting(*args: Any, **more: Any) -> None:
        caller = sys._getframe(1)
        places.add((caller.f_code.co_filename, caller.f_lineno))
        init(*args, **more)

    return noting


def _with_shapes(folder: Path, shapes: str, data: str = "", engine: Engine = "compiled") -> Report:
    for room, text in (("shapes", SHACL + shapes), ("data", SHACL + data)):
        (folder / room).mkdir()
        (folder / room / "a.ttl").write_text(text, "utf-8")
    return run(source.read([folder]), engine=engine, limit=2)


def _others(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[tuple[str, Report]]:
    """Yield what else there is to say: rules of the linter, files that cannot be read, notes."""
    for rule in lint.RULES:
        encoding = "cp1252" if rule.name == "not-utf-8" else "utf-8"
        root = folder / rule.name
        for name, text in {"kg.toml": CONFIG, "ontology/o.ttl": ONTOLOGY, **of_example(rule)}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text.encode(encoding if name.startswith("data/") else "utf-8"))
        with patch.context() as inner:
            inner.setattr(engine, "SECONDS", 0.0 if rule.name == "unfinished-shape" else engine.SECONDS)
            yield rule.name, run(source.read([root]), today=TODAY)
    (folder / "cut.ttl.gz").write_bytes(gzip.compress(EX.encode())[:-9])
    yield "cut", run(source.read([folder / "cut.ttl.gz"]))
    (folder / "gone.ttl").touch()
    gone = source.read([folder / "gone.ttl"])
    (folder / "gone.ttl").unlink()
    yield "gone", run(gone)
    (folder / "page.ttl").write_text("<!DOCTYPE html>", "utf-8")
    yield "page", run(source.read([folder / "page.ttl"]))
    for name in ("many", "refereed", "refused"):
        (folder / name).mkdir()
    many = "ex:S a sh:NodeShape ; sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:maxCount 0 ] ."
    data = "ex:a ex:p 1 . ex:b ex:p 1 . ex:c ex:p 1 ."
    yield "many", _with_shapes(folder / "many", many, data)
    yield "refereed", _with_shapes(folder / "refereed", many, data, "pyshacl")
    yield "refused", _with_shapes(folder / "refused", "ex:S a sh:PropertyShape .", data, "pyshacl")


def test_no_finding_lacks_either_language(checked: Checked) -> None:
    lacking = [
        (name, finding.rule, finding.messages)
        for name, finding in checked.findings()
        if len({dict(finding.messages).get(tag) or "" for tag in ("en", "nb")} - {""}) < 2
    ]
    assert lacking == []


def test_no_hint_lacks_either_language(checked: Checked) -> None:
    hints = [(name, finding.hint) for name, finding in checked.findings() if finding.hint]
    assert [hint for hint in hints if not all(hint[1])] == []


def test_no_note_lacks_either_language(checked: Checked) -> None:
    notes = {note for report in checked.reports.values() for note in report.notes}
    assert {en for en, nb in notes if not nb or en == nb} == set()
    assert results.cut(2, 1) in notes


def test_every_input_is_found_fault_with(checked: Checked) -> None:
    assert [name for name, report in checked.reports.items() if not report.findings] == []


def test_every_rule_has_something_to_say(checked: Checked) -> None:
    assert {rule.name for rule in lint.RULES} <= {finding.rule for _, finding in checked.findings()}


def test_every_row_of_the_table_of_complaints_is_told(checked: Checked) -> None:
    table = complaints._table()
    assert [row.told.said for rows in table.values() for row in rows if id(row) not in checked.rows] == []


def test_every_place_that_finds_fault_with_a_shape_or_a_table_is_reached(checked: Checked) -> None:
    assert [place for place in _places() if not place[2] & checked.places] == []


def _places() -> Iterator[tuple[str, int, set[tuple[str, int]]]]:
    """Yield where the code makes an error of ours, with each of its lines."""
    for path in (*SRC.glob("check/shacl/*.py"), *SRC.glob("tables/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in ("ShapeError", "RowProblem", "CellError"):
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                yield path.name, node.lineno, {(str(path), line) for line in lines}


@pytest.mark.parametrize("form", FORMATS)
def test_every_report_can_be_written_in_each_format(checked: Checked, form: str) -> None:
    for report in list(checked.reports.values()):
        assert render(report, form, "nb") != render(report, form, "en") or form in ("ttl", "jsonld")
