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
from kg.check.shacl.results import SH, Node, sh
from kg.errors import ConfigError
from kg.findings import Finding, Report, Severity
from kg.vocab import PREFIXES, RDF_TYPE, compact, term

_WORDS: Mapping[str, Mapping[Severity, tuple[str, str]]] = MappingProxyType(
    {
        "en": {
            Severity.VIOLATION: ("violation", "violations"),
            Severity.WARNING: ("warning", "warnings"),
            Severity.INFO: ("note", "notes"),
        },
        "nb": {
            Severity.VIOLATION: ("brudd", "brudd"),
            Severity.WARNING: ("advarsel", "advarsler"),
            Severity.INFO: ("merknad", "merknader"),
        },
    }
)
_CLEAN = {"en": "Nothing to remark.", "nb": "Ingenting å bemerke."}
_ELSEWHERE = {"en": "(no file)", "nb": "(ingen fil)"}


def render(report: Report, format: str = "text", language: str = "en") -> str:  # noqa: A002
    """Give the report in one of FORMATS. Raises ConfigError, naming them, for any other."""
    writer = FORMATS.get(format)
    if writer is None:
        raise ConfigError(f"There is no report format {format!r}.", hint=f"There are: {', '.join(FORMATS)}.")
    return writer(report, language)


def _words(language: str) -> Mapping[Severity, tuple[str, str]]:
    return _WORDS["nb" if language in ("nb", "nn", "no") else "en"]


def _text(report: Report, language: str) -> str:
    """Give what people read in a terminal: findings by file, then what there was in all."""
    lines: list[str] = []
    for file, findings in groupby(report.findings, key=_file):
        lines.append(file or _say(_ELSEWHERE, language))
        for finding in findings:
            lines += _lines(finding, language)
        lines.append("")
    lines += [f"- {note}" for note in report.notes]
    return "\n".join([*lines, summary(report, language)]) + "\n"


def _say(texts: Mapping[str, str], language: str) -> str:
    return texts["nb" if language in ("nb", "nn", "no") else "en"]


def _file(finding: Finding) -> str:
    return finding.place.file if finding.place else ""


def _lines(finding: Finding, language: str) -> Iterator[str]:
    place = finding.place
    where = ":".join(str(n) for n in (place.line, place.column) if n is not None) if place else ""
    word = _words(language)[finding.severity][0]
    yield f"  {where + ' ' if where else ''}{word}: {finding.message(language)} [{finding.rule}]"
    if finding.focus and not (finding.excerpt and place and place.line):
        yield f"      {short(finding.focus)}"
    if finding.excerpt and place and place.column:
        yield from _quoted(finding.excerpt, place.column, place.length or 1)
    if finding.hint:
        yield f"      {finding.hint}"


WIDTH = 160


def _quoted(line: str, column: int, length: int) -> Iterator[str]:
    """Yield as much of a line as is read at one glance, and carets below the place in it."""
    start = max(0, min(column - WIDTH // 4, len(line) - WIDTH)) if column > WIDTH - 20 else 0
    cut = ("…" if start else "") + line[start + bool(start) : start + WIDTH]
    yield f"      {cut}"
    before = column - 1 - start
    if before < len(cut):
        blank = "".join("\t" if c == "\t" else " " for c in cut[:before])
        yield f"      {blank}{'^' * max(1, min(length, len(cut) - before))}"


def short(written: str) -> str:
    """Give an IRI as a prefixed name where the prefix table allows, other terms as they are."""
    return compact(written) or written


def summary(report: Report, language: str = "en") -> str:
    """Give one sentence: how many findings of each severity.

    >>> summary(Report())
    'Nothing to remark.'
    """
    words = _words(language)
    parts = [f"{n} {words[severity][n != 1]}" for severity, n in report.counts.items() if n]
    return ", ".join(parts) + "." if parts else _say(_CLEAN, language)


def _json(report: Report, language: str) -> str:
    counts = {severity.value: count for severity, count in report.counts.items()}
    document = {
        "conforms": report.conforms,
        "counts": counts,
        "findings": [record(finding, language) for finding in report.findings],
        "notes": list(report.notes),
        "seconds": dict(report.seconds),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


_FIELDS = (
    "severity", "rule", "file", "line", "column", "length", "message", "focus", "path", "value",
    "shape", "hint",
)  # fmt: skip


def record(finding: Finding, language: str = "en") -> dict[str, str | int | None]:
    """Give a finding as one flat row, the message in one language."""
    place = finding.place
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
        "hint": finding.hint,
    }


def _csv(report: Report, language: str) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _FIELDS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(record(finding, language) for finding in report.findings)
    return buffer.getvalue()


_SARIF_LEVELS = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _sarif(report: Report, language: str) -> str:
    rules = sorted({finding.rule for finding in report.findings})
    run = {
        "tool": {"driver": {"name": "kg", "version": __version__, "rules": [{"id": rule} for rule in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _sarif_result(finding, rules.index(finding.rule), language) for finding in report.findings
        ],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _sarif_result(finding: Finding, rule_index: int, language: str) -> dict[str, Any]:
    text = finding.message(language) + (f" {finding.hint}" if finding.hint else "")
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": text},
    }
    if finding.place:
        location: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.place.file)}}
        if finding.place.line:
            location["region"] = _region(finding)
        result["locations"] = [{"physicalLocation": location}]
    return result


def _region(finding: Finding) -> dict[str, int]:
    place = finding.place
    assert place is not None
    assert place.line is not None
    region = {"startLine": place.line}
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
        case = ElementTree.SubElement(suite, "testcase", classname="kg.check", name=file or _ELSEWHERE["en"])
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
    text = finding.message(language) + (f" {finding.hint}" if finding.hint else "")
    return f"::{_GITHUB_LEVELS[finding.severity]} {properties}::{_github_escape(text, False)}"


def _github_escape(text: str, is_property: bool) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text


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
    yield Triple(node, sh("resultSeverity"), sh(_SEVERITY_IRIS[finding.severity]))
    yield Triple(node, sh("sourceConstraintComponent"), _component(finding.rule))
    if finding.focus:
        yield Triple(node, sh("focusNode"), _read(finding.focus))
    elif finding.place:
        yield Triple(node, sh("focusNode"), Literal(finding.place.file))
    if finding.shape:
        yield Triple(node, sh("sourceShape"), _shape(finding.shape))
    if finding.path:
        yield Triple(node, sh("resultPath"), _shape(finding.path))
    if finding.value:
        yield Triple(node, sh("value"), _read(finding.value))
    for language, text in finding.messages:
        yield Triple(node, sh("resultMessage"), Literal(text, language=language))
    if finding.place:
        yield Triple(node, term("rdfs:comment"), Literal(str(finding.place)))


def _component(rule: str) -> NamedNode:
    if rule.startswith("sh:"):
        return NamedNode(SH + rule.removeprefix("sh:"))
    return NamedNode(rule if ":" in rule else f"urn:kg:rule:{rule}")


def _shape(written: str) -> Node:
    found = _read(written)
    return found if isinstance(found, NamedNode) else BlankNode()


def _read(written: str) -> Node | Literal:
    """Give back the term that a finding carries as text."""
    if not written.startswith(('"', "_:", "<", "^", "(")):
        return NamedNode(written)
    if written.startswith("_:"):
        return BlankNode(written.removeprefix("_:"))
    if not written.startswith('"'):
        return BlankNode()
    quad = next(parse(f"<urn:s> <urn:p> {written} .".encode(), format=RdfFormat.N_TRIPLES))
    assert isinstance(quad.object, Literal)
    return quad.object


def _ttl(report: Report, language: str) -> str:
    turtle = rdfio.named("turtle")
    assert turtle is not None
    names = {name: PREFIXES[name] for name in ("rdfs", "sh", "xsd")}
    return rdfio.write(triples(report), turtle, prefixes=names).decode()


FORMATS: Mapping[str, Callable[[Report, str], str]] = MappingProxyType(
    {
        "text": _text,
        "json": _json,
        "csv": _csv,
        "sarif": _sarif,
        "junit": _junit,
        "github": _github,
        "ttl": _ttl,
    }
)
"""Report formats by name."""
