"""A report as text for people and as the formats that machines read; pure functions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kg import __version__, rdfio
from kg.check import webreport
from kg.check.lint import rules
from kg.check.shacl.results import SH, Node, sh
from kg.check.shacl.shapes import read_step, spelling
from kg.check.words import excerpt, say, severity, short, summary
from kg.errors import ConfigError
from kg.findings import Finding, Place, Report, Severity, tell
from kg.vocab import PREFIXES, RDF_TYPE, term

__all__ = ["FORMATS", "Paint", "record", "render", "short", "summary", "text", "triples"]


def render(report: Report, format: str = "text", language: str = "en") -> str:  # noqa: A002
    """Give the report in one of FORMATS. Raises ConfigError, naming them, for any other."""
    writer = FORMATS.get(format)
    if writer is None:
        raise ConfigError(f"There is no report format {format!r}.", hint=f"There are: {', '.join(FORMATS)}.")
    return writer(report, language)


Paint = Callable[[str, str], str]
"""Gives a text as what it is (`file`, `rule`, or a severity) is shown."""


def text(report: Report, language: str, paint: Paint = lambda _, text: text) -> str:
    """Give what people read in a terminal: findings by file, then what there was in all."""
    lines: list[str] = []
    for file, findings in groupby(report.findings, key=_file):
        lines.append(paint("file", _visible(file) or say("elsewhere", language)))
        for finding in findings:
            lines += _lines(finding, language, paint)
        lines.append("")
    lines += [f"- {tell(note, language)}" for note in report.notes]
    if any(rules.named(finding.rule) for finding in report.findings):
        lines.append(f"- {say('explain', language)}")
    return "\n".join([*lines, summary(report, language)]) + "\n"


def _file(finding: Finding) -> str:
    return finding.place.file if finding.place else ""


_VISIBLE = {c: 0x2400 + c for c in range(32) if chr(c) not in "\t\n"} | dict.fromkeys(range(127, 160), 65533)


def _visible(text: str) -> str:
    r"""Give a text with signs for control characters: what is checked must not command the terminal.

    >>> _visible("a\x1b[31m")
    'a␛[31m'
    """
    return text.translate(_VISIBLE)


def _lines(finding: Finding, language: str, paint: Paint) -> Iterator[str]:
    place, grade = finding.place, finding.severity.value
    where = ":".join(str(n) for n in (place.line, place.column) if n is not None) if place else ""
    word = paint(grade, severity(finding.severity, language))
    yield f"  {where + ' ' if where else ''}{word}: {_told(finding, language, paint)}"
    if finding.focus and not (finding.excerpt and place and place.line):
        yield f"      {_visible(short(finding.focus))}"
    if finding.excerpt and place and place.column:
        line, carets = _quoted(_visible(finding.excerpt), place.column, place.length or 1)
        yield f"      {line}"
        if carets:
            yield f"      {paint(grade, carets)}"
    for detail in finding.details:
        yield f"      - {_told(detail, language, paint)}"
    if advice := finding.advice(language):
        yield f"      {_visible(advice)}"


def _told(finding: Finding, language: str, paint: Paint) -> str:
    return f"{_visible(finding.message(language))} {paint('rule', f'[{_visible(_ruled(finding))}]')}"


def _ruled(finding: Finding) -> str:
    """Give the rule, and where the shape stands that asks for it."""
    shape = finding.shape_place
    return f"{finding.rule} {Place(shape.file, shape.line)}" if shape else finding.rule


def _quoted(line: str, column: int, length: int) -> tuple[str, str]:
    """Give as much of a line as is read at one glance, and carets below the place in it."""
    before, here, after = excerpt(line, column, length)
    blank = "".join("\t" if c == "\t" else " " for c in before)
    return before + here + after, blank + "^" * len(here) if here else ""


def _json(report: Report, language: str) -> str:
    document = {
        "conforms": report.conforms,
        "counts": {one.value: count for one, count in report.counts.items()},
        "findings": [
            record(finding, language) | {"details": [record(detail, language) for detail in finding.details]}
            for finding in report.findings
        ],
        "notes": [tell(note, language) for note in report.notes],
        "seconds": dict(report.seconds),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


_FIELDS = (
    "severity", "rule", "file", "line", "column", "length", "message", "focus", "path", "value",
    "shape", "shape_file", "shape_line", "shape_column", "hint",
)  # fmt: skip


def record(finding: Finding, language: str = "en") -> dict[str, str | int | None]:
    """Give a finding as one flat row, the message in one language."""
    place, shape = finding.place, finding.shape_place
    return {
        "severity": finding.severity.value,
        "rule": finding.rule,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "length": place.length if place else None,
        "message": finding.message(language),
        "focus": finding.focus,
        "path": finding.path,
        "value": finding.value,
        "shape": finding.shape,
        "shape_file": shape.file if shape else None,
        "shape_line": shape.line if shape else None,
        "shape_column": shape.column if shape else None,
        "hint": finding.advice(language),
    }


def _csv(report: Report, language: str) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _FIELDS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(record(finding, language) for finding in report.findings)
    return buffer.getvalue()


_SARIF_LEVELS = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _sarif(report: Report, language: str) -> str:
    names = sorted({finding.rule for finding in report.findings})
    number = {name: index for index, name in enumerate(names)}
    driver = {
        "name": "kg",
        "version": __version__,
        "informationUri": rules.SITE,
        "rules": [_sarif_rule(name, language) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding, number[finding.rule], language) for finding in report.findings],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _sarif_rule(name: str, language: str) -> dict[str, Any]:
    """Give what SARIF has to say of a rule: all of it for ours, where to read on for those of SHACL."""
    rule = rules.named(name)
    if rule is None:
        url = rules.url_of(name)
        return {"id": name, **({"helpUri": url} if url else {})}
    said = rule.said(language)
    return {
        "id": name,
        "shortDescription": {"text": said.finds},
        "fullDescription": {"text": f"{said.finds} {said.why}"},
        "help": {"text": said.mend, "markdown": rules.explained(rule, language)},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
    }


def _sarif_result(finding: Finding, rule_index: int, language: str) -> dict[str, Any]:
    text = " ".join(filter(None, (finding.message(language), finding.advice(language))))
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": text},
    }
    if finding.place:
        result["locations"] = [_sarif_location(finding.place)]
    if finding.shape_place:
        result["relatedLocations"] = [
            {**_sarif_location(finding.shape_place), "message": {"text": say("shape", language)}}
        ]
    return result


def _sarif_location(place: Place) -> dict[str, Any]:
    region = {"region": _region(place, place.line)} if place.line else {}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(place.file)}, **region}}


def _uri(file: str) -> str:
    """Give a file's name as a reference; what was fetched has an address already."""
    return file if file.startswith(("http://", "https://")) else quote(file)


def _region(place: Place, line: int) -> dict[str, int]:
    region = {"startLine": line}
    if place.column:
        region["startColumn"] = place.column
        if place.length:
            region["endColumn"] = place.column + place.length
    return region


def _junit(report: Report, language: str) -> str:
    """Give JUnit XML: a case for each file with findings; violations fail it, the rest is its output."""
    by_file = {f: list(group) for f, group in groupby(report.findings, key=_file)}
    failed = sum(any(f.severity is Severity.VIOLATION for f in group) for group in by_file.values())
    suite = ElementTree.Element(
        "testsuite", name="kg check", tests=str(max(1, len(by_file))), failures=str(failed), errors="0"
    )
    for file, findings in by_file.items():
        case = ElementTree.SubElement(
            suite, "testcase", classname="kg.check", name=_xml_text(file) or say("elsewhere", "en")
        )
        _junit_case(case, findings, language)
    if not by_file:
        ElementTree.SubElement(suite, "testcase", classname="kg.check", name="everything")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _junit_case(case: ElementTree.Element, findings: Sequence[Finding], language: str) -> None:
    bad = [finding for finding in findings if finding.severity is Severity.VIOLATION]
    if bad:
        failure = ElementTree.SubElement(case, "failure", message=_xml_text(bad[0].message(language)))
        failure.text = _xml_text("\n".join(_line(finding, language) for finding in bad))
    rest = [finding for finding in findings if finding.severity is not Severity.VIOLATION]
    if rest:
        output = ElementTree.SubElement(case, "system-out")
        output.text = _xml_text("\n".join(_line(finding, language) for finding in rest))


def _xml_text(text: str) -> str:
    """Replace the characters that no XML document can hold."""
    return "".join(c if c in "\t\n\r" or 0x20 <= ord(c) not in (0xFFFE, 0xFFFF) else "\ufffd" for c in text)


def _line(finding: Finding, language: str) -> str:
    where = f"{finding.place}: " if finding.place else ""
    return f"{where}{finding.message(language)} [{finding.rule}]"


_GITHUB_LEVELS = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def _github(report: Report, language: str) -> str:
    """Give workflow commands that GitHub shows beside the lines of a change."""
    return "".join(f"{_github_line(finding, language)}\n" for finding in report.findings)


def _github_line(finding: Finding, language: str) -> str:
    place = finding.place
    named = {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "col": place.column if place else None,
        "title": finding.rule,
    }
    properties = ",".join(f"{k}={_github_escape(str(v), True)}" for k, v in named.items() if v is not None)
    text = " ".join(filter(None, (finding.message(language), finding.advice(language))))
    return f"::{_GITHUB_LEVELS[finding.severity]} {properties}::{_github_escape(text, False)}"


def _github_escape(text: str, is_property: bool) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text


_STRING = term("xsd:string").value
_SEVERITY_IRIS = {Severity.VIOLATION: "Violation", Severity.WARNING: "Warning", Severity.INFO: "Info"}


def triples(report: Report) -> Iterator[Triple]:
    """Yield the report as `sh:ValidationReport`; lint findings are results with their rule as component."""
    node = BlankNode()
    yield Triple(node, RDF_TYPE, sh("ValidationReport"))
    conforms = not report.findings
    yield Triple(node, sh("conforms"), Literal(str(conforms).lower(), datatype=term("xsd:boolean")))
    for finding in report.findings:
        result = BlankNode()
        yield Triple(node, sh("result"), result)
        yield from _result(result, finding)


def _result(node: BlankNode, finding: Finding) -> Iterator[Triple]:
    yield Triple(node, RDF_TYPE, sh("ValidationResult"))
    grade = finding.grade or SH + _SEVERITY_IRIS[finding.severity]
    yield Triple(node, sh("resultSeverity"), NamedNode(grade))
    yield Triple(node, sh("sourceConstraintComponent"), _component(finding.rule))
    if finding.focus:
        yield Triple(node, sh("focusNode"), _read(finding.focus))
    elif finding.place:
        yield Triple(node, sh("focusNode"), Literal(finding.place.file))
    if finding.shape:
        yield Triple(node, sh("sourceShape"), _read(finding.shape))
    if finding.constraint:
        yield Triple(node, sh("sourceConstraint"), _read(finding.constraint))
    if finding.path:
        path = spelling(read_step(finding.path))
        yield Triple(node, sh("resultPath"), path.node)
        yield from path.triples
    if finding.value:
        yield Triple(node, sh("value"), _read(finding.value))
    for language, text in finding.messages:
        yield Triple(node, sh("resultMessage"), Literal(text, language=language or None))
    if finding.place:
        yield Triple(node, term("rdfs:comment"), Literal(str(finding.place)))
    for detail in finding.details:
        part = BlankNode()
        yield Triple(node, sh("detail"), part)
        yield from _result(part, detail)


def _component(rule: str) -> NamedNode:
    if rule.startswith("sh:"):
        return NamedNode(SH + rule.removeprefix("sh:"))
    return NamedNode(rule if ":" in rule else f"urn:kg:rule:{rule}")


def _read(written: str) -> Node | Literal:
    """Give back the term that a finding carries as text; what is none, such as a relative prefix, as text."""
    if written.startswith("_:"):
        return BlankNode(written.removeprefix("_:"))
    if not written.startswith('"'):
        try:
            return NamedNode(written)
        except ValueError:
            return Literal(written)
    quad = next(parse(f"<urn:s> <urn:p> {written} .".encode(), format=RdfFormat.N_TRIPLES))
    assert isinstance(quad.object, Literal)
    return quad.object


_NAMES = {name: PREFIXES[name] for name in ("rdf", "rdfs", "sh", "xsd")}


def _ttl(report: Report, language: str) -> str:
    turtle = rdfio.named("turtle")
    assert turtle is not None
    return rdfio.write(triples(report), turtle, prefixes=_NAMES).decode()


def _jsonld(report: Report, language: str) -> str:
    """Give the report graph as one tree in JSON-LD: results inside the report, paths and details in these."""
    graph: dict[object, list[Triple]] = {}
    for triple in triples(report):
        graph.setdefault(triple.subject, []).append(triple)
    document = {"@context": _NAMES, **_tree(graph, next(iter(graph)))}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _tree(graph: Mapping[object, Sequence[Triple]], node: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for triple in graph[node]:
        if triple.predicate == RDF_TYPE:
            found["@type"] = short(_named(triple.object))
            continue
        inside = triple.object in graph
        value = _tree(graph, triple.object) if inside else _json_value(triple.object)
        found.setdefault(short(triple.predicate.value), []).append(value)
    return found


def _named(term: object) -> str:
    assert isinstance(term, NamedNode)
    return term.value


def _json_value(term: object) -> dict[str, str]:
    if isinstance(term, Literal):
        tag = {"@language": term.language} if term.language else {"@type": term.datatype.value}
        return {"@value": term.value, **({} if tag.get("@type") == _STRING else tag)}
    return {"@id": term.value if isinstance(term, NamedNode) else str(term)}


FORMATS: Mapping[str, Callable[[Report, str], str]] = MappingProxyType(
    {
        "text": text,
        "json": _json,
        "csv": _csv,
        "sarif": _sarif,
        "junit": _junit,
        "github": _github,
        "ttl": _ttl,
        "jsonld": _jsonld,
        "html": webreport.page,
    }
)
"""Report formats by name."""
