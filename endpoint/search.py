"""The search page, completion for search boxes, and the OpenSearch description of both."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request

from endpoint import html, negotiate, resolve
from endpoint import site as current
from endpoint.lists import class_names
from endpoint.negotiate import CSV, HTML, JSON, LISTS, Representation
from endpoint.problems import Problem
from endpoint.respond import link, respond
from endpoint.variants import choose, named, query_string
from kg.index import Label
from kg.search import MAX_QUERY, Found, Hit
from kg.vocab import document_path

blueprint = Blueprint("search", __name__)

_OPENSEARCH = Representation(
    "opensearch", "application/opensearchdescription+xml", "xml", "OpenSearch", "other"
)
_COMPLETIONS = Representation(
    "opensearch", "application/x-suggestions+json", "opensearch", "OpenSearch suggestions", "other"
)
_COLUMNS = ("iri", "label", "language", "kind", "kind_label", "matched")


@dataclass(frozen=True, slots=True)
class Row:
    """One hit as people see it: its name in their language, and the name it was found by."""

    iri: str
    label: Label
    kind: str
    kind_label: Label
    matched: str

    def record(self) -> dict[str, str]:
        """Give the row for a table."""
        texts = (
            self.iri,
            self.label.text,
            self.label.language,
            self.kind,
            self.kind_label.text,
            self.matched,
        )
        return dict(zip(_COLUMNS, texts, strict=True))


@dataclass(frozen=True, slots=True)
class Choice:
    """A class that hits have, how many of them, and whether only those were asked for."""

    iri: str
    label: Label
    count: int
    address: str
    chosen: bool


@blueprint.get("/search", defaults={"suffix": ""})
@blueprint.get("/search.<suffix>")
def search(suffix: str) -> Response:
    """What the words of ?q= find, page by page, of the class ?kind= where one is named."""
    form = named(suffix, LISTS, "search")
    asked = request.args.get("q", "")[:MAX_QUERY].strip()
    found = _find(asked)
    chosen, vary = choose(form, LISTS, "search")
    path = f"search.{suffix}" if suffix else "search"
    following = html.href(path, **_query(after=found.after)) if found.after else ""
    links = [link(following, "next")] if following else []
    rows = _rows(found.hits)
    body = _body(chosen, asked, found, rows, following)
    return respond(body, chosen, vary=(*vary, "Accept-Language"), links=links, variant=query_string(),
                   language=html.language() if chosen is HTML else None)  # fmt: skip


def _find(asked: str) -> Found:
    kind = request.args.get("kind", "")
    try:
        return current.index().search(
            html.expand(asked) or asked,
            negotiate.fallbacks(html.language()),
            kind=html.expand(kind) or kind,
            after=request.args.get("after", ""),
            limit=min(current.site().settings.page_size, 500),
        )
    except ValueError as error:
        raise Problem("bad-request", f"after={request.args.get('after', '')!r}: {error}") from error


def _body(chosen: Representation, asked: str, found: Found, rows: Sequence[Row], following: str) -> str:
    if chosen is CSV:
        return _csv(row.record() for row in rows)
    choices = _choices(found)
    if chosen is JSON:
        return _json(
            {
                "query": asked,
                "total": found.total,
                "near": found.near,
                "kinds": [{"id": one.iri, "label": one.label.text, "count": one.count} for one in choices],
                "hits": [row.record() for row in rows],
                "next": following or None,
            }
        )
    close = () if found.total or not asked else resolve.near(asked, current.index())
    names = current.index().labels(close, negotiate.fallbacks(html.language()))
    formats = [(form, html.href(f"search.{form.suffix}", **_query())) for form in LISTS]
    return html.render(
        "search.html", words=asked, found=found, rows=rows, choices=choices, formats=formats,
        next_page=following, all_kinds=html.href("search", **_query(kind="", after="")),
        first_page=html.href("search", **_query(after="")) if request.args.get("after") else "",
        close=[(iri, names[iri]) for iri in close],
    )  # fmt: skip


def _query(**changed: str) -> dict[str, str]:
    """Give this request's query with some of it changed."""
    kept = {name: value for name, value in request.args.items() if name in ("q", "kind", "after")}
    return {**kept, **changed}


def _rows(hits: Sequence[Hit]) -> tuple[Row, ...]:
    wanted = [iri for hit in hits for iri in (hit.iri, hit.kind) if iri]
    names = html.names(wanted)
    nothing = Label("", "")
    return tuple(
        Row(hit.iri, names[hit.iri], hit.kind, names.get(hit.kind, nothing), hit.text) for hit in hits
    )


def _choices(found: Found) -> tuple[Choice, ...]:
    iris = [iri for iri, _ in found.kinds]
    plurals = class_names(current.index(), html.language())
    names = html.names(iris) | {iri: plurals[iri] for iri in iris if iri in plurals and plurals[iri].language}
    kind = request.args.get("kind", "")
    chosen = html.expand(kind) or kind
    return tuple(
        Choice(
            iri,
            names[iri],
            count,
            html.href("search", **_query(kind=html.short(iri), after="")),
            iri == chosen,
        )
        for iri, count in found.kinds
    )


@blueprint.get("/suggest")
def suggest() -> Response:
    """Completions of ?q= for search boxes, as JSON; ?format=opensearch gives those of browsers."""
    asked = request.args.get("q", "")[:MAX_QUERY].strip()
    hits = current.index().complete(
        html.expand(asked) or asked, negotiate.fallbacks(html.language()), limit=10
    )
    rows = _rows(hits)
    chosen, body = JSON, json.dumps([_completion(row) for row in rows], ensure_ascii=False)
    if request.args.get("format") == "opensearch":
        base = current.snapshot().config.base
        texts, kinds = [row.label.text for row in rows], [row.kind_label.text for row in rows]
        addresses = [base + document_path(row.iri, base) for row in rows]
        chosen, body = _COMPLETIONS, json.dumps([asked, texts, kinds, addresses], ensure_ascii=False)
    return respond(f"{body}\n", chosen, vary=("Accept-Language",), variant=query_string())


def _completion(row: Row) -> dict[str, str]:
    return {
        "id": row.iri,
        "label": row.label.text,
        "language": row.label.language,
        "kind": row.kind_label.text,
        "kind_id": row.kind,
        "matched": row.matched,
        "href": html.page_of(row.iri),
    }


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """The description by which a browser or a catalogue searches here (OpenSearch 1.1)."""
    config = current.snapshot().config
    title = html.text_of(config.title) or config.base
    forms: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("results", HTML.media_type, {}),
        ("results", JSON.media_type, {"format": "json"}),
        ("results", CSV.media_type, {"format": "csv"}),
        ("suggestions", _COMPLETIONS.media_type, {"format": "opensearch"}),
    )
    urls = "".join(
        f'<Url type="{media_type}" rel="{rel}" template="{escape(_template(config.base, rel, query))}"/>\n'
        for rel, media_type, query in forms
    )
    languages = "".join(f"<Language>{escape(tag)}</Language>\n" for tag in config.languages)
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">\n'
        f"<ShortName>{escape(title.partition(':')[0][:16].strip())}</ShortName>\n"
        f"<Description>{escape(html.word('search-in', title=title)[:1024])}</Description>\n"
        f"{urls}"
        f'<Url type="{_OPENSEARCH.media_type}" rel="self" template="{escape(config.base)}opensearch.xml"/>\n'
        f'<Image type="image/svg+xml">{escape(config.base)}static/icon.svg</Image>\n'
        f"{languages}<InputEncoding>UTF-8</InputEncoding>\n<OutputEncoding>UTF-8</OutputEncoding>\n"
        "</OpenSearchDescription>\n"
    )
    return respond(body, _OPENSEARCH, vary=("Accept-Language",), language=html.language())


def _template(base: str, rel: str, query: Mapping[str, str]) -> str:
    path = "suggest" if rel == "suggestions" else "search"
    return f"{base}{path}?" + "&".join(part for part in ("q={searchTerms}", urlencode(query)) if part)


def _csv(records: Iterable[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
