"""How good the data is: the page of the snapshot's report, the same as JSON and RDF, and a badge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from markupsafe import Markup, escape
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from werkzeug.exceptions import NotFound

from endpoint import html, negotiate
from endpoint import site as current
from endpoint.negotiate import BESIDE_TABLES, HTML, JSON, Representation
from endpoint.respond import respond
from endpoint.shapes import blueprint as shapes
from endpoint.variants import address, alternates, choose, named, query_string
from kg import quality, rdfio
from kg.check import render
from kg.check.lint import RULES, rules
from kg.findings import Finding, Report, Severity, spoken, tagged, tell
from kg.index import Label
from kg.quality import Quality
from kg.vocab import PREFIXES, RDF_TYPE, term

blueprint = Blueprint("quality", __name__)
blueprint.register_blueprint(shapes)

FORMS = (
    HTML,
    JSON,
    *(form for form in BESIDE_TABLES if form.name not in ("trig", "nquads")),
)
"""What the report can be had in."""
_SVG = Representation("svg", "image/svg+xml", "svg", "SVG", "other")
_DIMENSIONS = "http://www.w3.org/2016/05/ldqd#"
_INTEGER, _DECIMAL = term("xsd:integer"), term("xsd:decimal")


def of_snapshot() -> Quality:
    """Give the quality of this request's snapshot."""
    return _read(current.snapshot().report)


@lru_cache(maxsize=4)
def _read(path: Path) -> Quality:
    return quality.read(path)


@blueprint.app_template_global("findings_of")
def about(iri: str) -> tuple[Finding, ...]:
    """Give the findings about a thing."""
    return of_snapshot().about(iri)


@blueprint.app_template_global("finding_counts")
def counts() -> dict[str, int]:
    """Give the number of findings about the snapshot, by severity."""
    return {severity.value: number for severity, number in of_snapshot().report.counts.items()}


@blueprint.app_template_global("told")
def told(finding: Finding) -> tuple[str, str]:
    """Give what a finding says, in the page's language or the nearest, and which that is."""
    texts = dict(finding.messages)
    near = (tag for tag in negotiate.fallbacks(html.language(), texts) if tag in texts)
    tag = next(near, "")
    return texts.get(tag, finding.rule), tag


@blueprint.app_template_global("marked")
def marked(text: str) -> Markup:
    """Give a text with what stands between backticks as code.

    >>> marked("Write `<x>` here.")
    Markup('Write <code>&lt;x&gt;</code> here.')
    """
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if odd % 2 else escape(part)
                           for odd, part in enumerate(parts))  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule with its number of findings, and what it means where the table of rules tells."""

    name: str
    severity: Severity
    findings: int
    said: rules.Said | None

    @property
    def standard(self) -> str | None:
        """Where SHACL says what a constraint means, if it is one."""
        prefix, _, local = self.name.partition(":")
        anchor = "sparql-constraints" if local == "SPARQLConstraintComponent" else local
        return f"https://www.w3.org/TR/shacl/#{anchor}" if prefix == "sh" else None


def rule_counts(report: Report, language: str = "en") -> tuple[RuleCount, ...]:
    """Give the rules that found something, the gravest first."""
    counted = Counter((finding.severity, finding.rule) for finding in report.findings)
    rows = [_rule_count(rule, severity, n, language) for (severity, rule), n in counted.items()]
    order = list(Severity)
    return tuple(sorted(rows, key=lambda row: (order.index(row.severity), -row.findings, row.name)))


def _rule_count(name: str, severity: Severity, findings: int, language: str) -> RuleCount:
    rule = rules.named(name)
    return RuleCount(name, severity, findings, rule.said(language) if rule else None)


@blueprint.get("/quality", defaults={"suffix": ""})
@blueprint.get("/quality.<suffix>")
def page(suffix: str) -> Response:
    """What the checks said of this snapshot; as RDF, in DQV with the validation report."""
    form = named(suffix, FORMS, "quality")
    chosen, vary = choose(form, FORMS, "quality")
    links, where = alternates("quality", FORMS, chosen), address("quality", chosen)
    if chosen is HTML:
        return respond(_page(), HTML, vary=(*vary, "Accept-Language"), content_location=where, links=links,
                       language=html.language(), variant=query_string())  # fmt: skip
    if chosen is JSON:
        return respond(_json(of_snapshot()), JSON, vary=vary, content_location=where, links=links)
    return respond(_graph(chosen), chosen, vary=vary, content_location=where, links=links)


def _page() -> str:
    found, limit = of_snapshot(), current.site().settings.page_size
    rule, after = request.args.get("rule", ""), request.args.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 9 else 0
    chosen = [f for f in found.report.findings if rule in ("", f.rule)]
    shown = chosen[start : start + limit]
    bare = [iri for iri, _ in found.coverage.classes] + [u.type for u in found.coverage.unseen if u.type]
    iris = [f.focus for f in shown if f.focus and is_iri(f.focus)]
    return html.render(
        "quality.html",
        report=found.report,
        notes=[tell(note, html.language()) for note in found.report.notes],
        spoken=spoken(html.language()),
        coverage=found.coverage,
        counts={severity.value: n for severity, n in found.report.counts.items()},
        rules=rule_counts(found.report, html.language()),
        rule=rule,
        total=len(chosen),
        start=start,
        findings=shown,
        more=start + limit if len(chosen) > start + limit else 0,
        names=_names([*iris, *bare]),
        is_iri=is_iri,
        explained={one.name for one in RULES},
        formats=[(form, address("quality", form)) for form in FORMS],
    )


@blueprint.get("/quality/rules")
def every_rule() -> Response:
    """What the linter looks for, rule by rule."""
    told = [(rule, rule.said(html.language())) for rule in RULES]
    return _plain(html.render("rules.html", rules=told))


@blueprint.get("/quality/rules/<name>")
def one_rule(name: str) -> Response:
    """What a rule finds, why that matters, how to mend it, how to silence it, and what it found here."""
    rule = rules.named(name)
    if rule is None:
        raise NotFound
    language = html.language()
    found = sum(finding.rule == name for finding in of_snapshot().report.findings)
    return _plain(html.render("rule.html", rule=rule, said=rule.said(language), found=found,
                              silencing=rules.silencing(rule, language)))  # fmt: skip


def _plain(body: str) -> Response:
    return respond(body, HTML, vary=("Accept-Language",), language=html.language(), variant=query_string())


def is_iri(written: str) -> bool:
    """True for what is an IRI among the terms that findings carry as text.

    >>> is_iri("https://ex.org/x"), is_iri("_:b1"), is_iri('"text"@en')
    (True, False, False)
    """
    return not written.startswith(('"', "_:", "<", "^", "("))


def _names(iris: list[str]) -> Mapping[str, Label]:
    return current.index().labels(iris, negotiate.fallbacks(html.language()))


def _json(found: Quality) -> str:
    document: dict[str, Any] = {
        "snapshot": current.snapshot().id,
        "conforms": found.report.conforms,
        "counts": {severity.value: n for severity, n in found.report.counts.items()},
        "rules": {row.name: row.findings for row in rule_counts(found.report)},
        "coverage": {**asdict(found.coverage), "share": round(found.coverage.share, 6)},
        "waivers": [asdict(waiver) for waiver in found.report.waivers],
        "notes": [dict(tagged(note)) for note in found.report.notes],
        "findings": [
            {**render.record(finding), "messages": dict(finding.messages)}
            for finding in found.report.findings
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _graph(form: Representation) -> bytes:
    fmt = rdfio.named(form.name)
    assert fmt is not None
    found = list(_numbered(triples(of_snapshot(), current.snapshot().config.base)))
    return rdfio.write(
        found, fmt, prefixes=rdfio.used(found, {**PREFIXES, **current.snapshot().config.prefixes})
    )


def triples(found: Quality, base: str) -> Iterator[Triple]:
    """Yield the quality of a dataset in DQV: what was measured, by which metric, and the SHACL report."""
    dataset, document = NamedNode(f"{base}dataset"), NamedNode(f"{base}quality")
    yield Triple(dataset, term("dqv:hasQualityMetadata"), document)
    yield Triple(document, RDF_TYPE, term("dqv:QualityMetadata"))
    report = list(render.triples(found.report))
    yield Triple(document, term("dcterms:hasPart"), report[0].subject)
    for name, dimension, definition, value in _measured(found):
        metric, measurement = NamedNode(f"{base}quality#{name}"), NamedNode(f"{base}quality#{name}-measured")
        yield Triple(metric, RDF_TYPE, term("dqv:Metric"))
        yield Triple(metric, term("skos:definition"), Literal(definition, language="en"))
        yield Triple(metric, term("dqv:expectedDataType"), value.datatype)
        yield Triple(metric, term("dqv:inDimension"), NamedNode(_DIMENSIONS + dimension))
        yield Triple(dataset, term("dqv:hasQualityMeasurement"), measurement)
        yield Triple(measurement, RDF_TYPE, term("dqv:QualityMeasurement"))
        yield Triple(measurement, term("dqv:isMeasurementOf"), metric)
        yield Triple(measurement, term("dqv:computedOn"), dataset)
        yield Triple(measurement, term("dqv:value"), value)
    yield from report


def _measured(found: Quality) -> Iterator[tuple[str, str, str, Literal]]:
    for severity, n in found.report.counts.items():
        definition = f"How many findings of the checks are of the severity {severity.value}."
        yield severity.value, "consistency", definition, Literal(str(n), datatype=_INTEGER)
    waived = sum(waiver.findings for waiver in found.report.waivers)
    yield "waived", "consistency", "How many findings are silenced, with a reason.", Literal(str(waived), datatype=_INTEGER)  # noqa: E501  # fmt: skip
    share = f"{found.coverage.share:.6f}"
    yield "coverage", "completeness", "The part of the statements of the data that a shape looked at.", Literal(share, datatype=_DECIMAL)  # noqa: E501  # fmt: skip


def _numbered(some: Iterator[Triple]) -> Iterator[Triple]:
    """Name blank nodes in their order, so that the same report has the same bytes."""
    names: dict[BlankNode, BlankNode] = {}

    def named(node: Any) -> Any:
        return names.setdefault(node, BlankNode(f"r{len(names)}")) if isinstance(node, BlankNode) else node

    for triple in some:
        yield Triple(named(triple.subject), triple.predicate, named(triple.object))


_BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" \
aria-label="{label}: {text}">\
<title>{label}: {text}</title>\
<rect width="{left}" height="20" fill="#3b3b3b"/>\
<rect x="{left}" width="{right}" height="20" fill="{colour}"/>\
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\
<text x="6" y="14" textLength="{left_text}">{label}</text>\
<text x="{text_start}" y="14" textLength="{right_text}">{text}</text></g></svg>
"""
_LETTER = 6.5


@blueprint.get("/quality.svg")
def badge() -> Response:
    """A badge that says how many violations and warnings there are, and how much the shapes look at."""
    found = of_snapshot()
    body = draw_badge(html.word("quality").lower(), _badge_text(found), found.report)
    return respond(body, _SVG, vary=("Accept-Language",), language=html.language(), variant=query_string())


def _badge_text(found: Quality) -> str:
    counts = found.report.counts
    graver = next((s for s in (Severity.VIOLATION, Severity.WARNING) if counts[s]), None)
    said = html.word(f"badge-{graver.value}", n=counts[graver]) if graver else html.word("badge-clean")
    return f"{said}, {html.word('badge-covered', n=int(found.coverage.share * 100))}"


def draw_badge(label: str, text: str, report: Report) -> str:
    """Give the SVG of a badge: green, amber with warnings, red with violations."""
    counts = report.counts
    colour = "#b3261e" if counts[Severity.VIOLATION] else "#8a5a00" if counts[Severity.WARNING] else "#1b6e3c"
    left_text, right_text = round(len(label) * _LETTER), round(len(text) * _LETTER)
    left, right = left_text + 12, right_text + 12
    return _BADGE.format(label=label, text=text, colour=colour, left=left, right=right, width=left + right,
                         left_text=left_text, right_text=right_text, text_start=left + 6)  # fmt: skip
