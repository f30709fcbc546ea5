"""A report as one HTML file that needs nothing else: no script, no network, light and dark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from kg.check.lint import rules
from kg.check.words import excerpt, say, severity, short, summary, tongue
from kg.errors import Bilingual
from kg.findings import Finding, Report, Severity, spoken, tell

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1c1f23; --soft: #555b63; --line: #d5d9de;
  --panel: #f4f5f7; --violation: #a4211b; --warning: #7a4a00; --info: #1d5a8a; --mark: #ffe08a; }
@media (prefers-color-scheme: dark) { :root { --page: #15181c; --text: #e8eaed; --soft: #a9b0b8;
  --line: #3a4048; --panel: #1f242a; --violation: #ff9a90; --warning: #ffc46b; --info: #8cc6f5;
  --mark: #6b5300; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; } code { overflow-wrap: anywhere; }
a { color: inherit; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line);
  vertical-align: top; font-weight: 400; } thead th { font-weight: 600; border: 0; }
fieldset { border: 0; padding: 0; margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
legend { float: inline-start; margin-inline-end: .5rem; } label { padding: .2rem 0; }
input { inline-size: 1.15rem; block-size: 1.15rem; vertical-align: -.2em; }
ul { padding-inline-start: 1.25rem; } ol { list-style: none; padding: 0; margin: 0; }
ol > li { padding: .75rem 0; border-top: 1px solid var(--line); }
p { margin: 0 0 .25rem; overflow-wrap: anywhere; }
pre { margin: .4rem 0; padding: .5rem .75rem; background: var(--panel); border-radius: .4rem;
  white-space: pre-wrap;
  overflow-wrap: anywhere; }
mark { background: var(--mark); color: inherit; border-bottom: 2px solid currentColor; }
.soft { color: var(--soft); font-size: .9rem; } .number { text-align: end; }
.violation strong { color: var(--violation); } .warning strong { color: var(--warning); }
.info strong { color: var(--info); }
:focus-visible { outline: 3px solid var(--info); outline-offset: 2px; }
@media print { fieldset { display: none; } li { break-inside: avoid; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(report: Report, language: str) -> str:
    """Give the whole page, in one of our languages; what was found in another language is marked so."""
    return "\n".join(_page(report, language)) + "\n"


def _page(report: Report, language: str) -> Iterator[str]:
    title = escape(say("title", language))
    hidden = "".join(
        f"body:has(#show-{one.value}:not(:checked)) li.{one.value} {{ display: none; }}\n" for one in Severity
    )
    yield f'<!doctype html>\n<html lang="{tongue(language)}">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}: {escape(summary(report, language))}</title>"
    yield f"<style>{_STYLE}{hidden}</style>\n</head>"
    yield f"<body>\n<main>\n<h1>{title}</h1>"
    yield f"<p>{escape(say('conforms' if report.conforms else 'breaks', language))} "
    yield f"{escape(summary(report, language))}</p>"
    yield from _choices(report, language)
    yield from _rules(report, language)
    for file, findings in groupby(report.findings, key=lambda one: one.place.file if one.place else ""):
        yield f"<h2>{escape(file or say('elsewhere', language))}</h2>\n<ol>"
        for finding in findings:
            yield from _finding(finding, language)
        yield "</ol>"
    yield from _list(say("silenced", language), [waiver.said for waiver in report.waivers], language)
    yield from _list(say("notes", language), report.notes, language)
    yield "</main>\n</body>\n</html>"


def _choices(report: Report, language: str) -> Iterator[str]:
    """Yield a box to tick for each severity; the style sheet hides what is not ticked."""
    counts = {one: n for one, n in report.counts.items() if n}
    if len(counts) > 1:
        yield f"<fieldset><legend>{say('show', language)}</legend>"
        for one, n in counts.items():
            told = f"{n} {severity(one, language, n)}"
            yield f'<label><input type="checkbox" id="show-{one.value}" checked> {told}</label>'
        yield "</fieldset>"


def _rules(report: Report, language: str) -> Iterator[str]:
    counted = Counter((finding.severity, finding.rule) for finding in report.findings)
    if not counted:
        return
    heads = (say("rule", language), say("severity", language), say("findings", language))
    yield f"<h2>{say('rules', language)}</h2>\n<table>\n<thead><tr>"
    yield "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead>\n<tbody>"
    for (one, rule), n in sorted(counted.items(), key=_gravest_first):
        name, url = f"<code>{escape(rule)}</code>", rules.url_of(rule)
        linked = f'<a href="{escape(url)}">{name}</a>' if url else name
        yield f'<tr><th scope="row">{linked}</th><td>{severity(one, language)}</td><td>{n}</td></tr>'
    yield "</tbody></table>"


def _gravest_first(row: tuple[tuple[Severity, str], int]) -> tuple[int, int, str]:
    (one, rule), n = row
    return list(Severity).index(one), -n, rule


def _finding(finding: Finding, language: str) -> Iterator[str]:
    place = finding.place
    where = ":".join(str(n) for n in (place.line, place.column) if n is not None) if place else ""
    yield f'<li class="{finding.severity.value}">'
    told = f"<strong>{severity(finding.severity, language)}</strong>"
    yield f"<p>{f'<code>{where}</code> ' if where else ''}{told} "
    yield f"{_message(finding, language)} <code>{escape(finding.rule)}</code></p>"
    if finding.excerpt and place and place.column:
        before, here, after = map(escape, excerpt(finding.excerpt, place.column, place.length or 1))
        yield f"<pre>{before}<mark>{here}</mark>{after}</pre>"
    elif finding.focus:
        yield f"<p><code>{escape(short(finding.focus))}</code></p>"
    if advice := finding.advice(language):
        yield f'<p lang="{spoken(language)}">{escape(advice)}</p>'
    if finding.details:
        yield f"<p>{say('because', language)}:</p>\n<ul>"
        for detail in finding.details:
            yield f"<li>{_message(detail, language)} <code>{escape(detail.rule)}</code></li>"
        yield "</ul>"
    if finding.shape and finding.shape_place:
        yield f'<p class="soft">{say("shape", language)}: <code>{escape(str(finding.shape_place))}</code></p>'
    yield "</li>"


def _message(finding: Finding, language: str) -> str:
    """Give the message, its language marked where it is not that of the page."""
    text = finding.message(tongue(language))
    spoken = next((tag for tag, said in finding.messages if said == text), "en")
    if spoken == tongue(language):
        return escape(text)
    return f'<span lang="{escape(spoken)}">{escape(text)}</span>'


def _list(title: str, items: Sequence[Bilingual], language: str) -> Iterator[str]:
    if items:
        yield f'<h2>{escape(title)}</h2>\n<ul lang="{spoken(language)}">'
        yield from (f"<li>{escape(tell(item, language))}</li>" for item in items)
        yield "</ul>"
