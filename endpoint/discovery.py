"""How machines find their way: catalogue, VoID, signposts, site maps, citation; all made of the snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request

from endpoint import html, negotiate, openapi, resolve, schemaorg, variants, vocabulary
from endpoint import site as current
from endpoint.citations import WRITERS
from endpoint.lists import kinds_of
from endpoint.negotiate import (
    CATALOGUE,
    CITATIONS,
    DATASET,
    DOCUMENTS,
    GRAPHS,
    HTML,
    ONTOLOGY,
    Representation,
)
from endpoint.problems import Problem
from endpoint.respond import absolute, here, link, redirect, respond, respond_file
from endpoint.signposting import LINKSET_JSON, LINKSETS, Signposts, Target, as_links
from endpoint.words import LANGUAGES
from kg import catalog, dumps, rdfio
from kg.check.lint import RULES
from kg.errors import SnapshotError
from kg.index import Description
from kg.snapshot import Home, Snapshot
from kg.vocab import PREFIXES, document_path

blueprint = Blueprint("discovery", __name__)

URLS_IN_A_MAP = 10_000
_API_CATALOG_PROFILE = "https://www.rfc-editor.org/info/rfc9727"
_PAGES = (
    "", "search", "dataset", "kinds", "questions", "dumps/", "sparql", "api", "about", "accessibility",
    "quality", "quality/rules", *(f"quality/rules/{rule.name}" for rule in RULES), "shapes", "limits",
    "problems",
)  # fmt: skip
_NUMERIC = frozenset(
    PREFIXES["xsd"] + name
    for name in (
        "decimal",
        "double",
        "float",
        "int",
        "integer",
        "long",
        "nonNegativeInteger",
        "positiveInteger",
    )
)
_ASKED = ("sparql?", "search?", "suggest?", "links?", "statements?")
_TEXT = Representation("text", "text/plain", "txt", "Text", "page")
_MARKDOWN = Representation("markdown", "text/markdown", "md", "Markdown", "page")
_XML = Representation("xml", "application/xml", "xml", "XML", "page")
_CFF = Representation("cff", "application/yaml", "cff", "Citation File Format", "page")
_JSONLD = Representation("crate", "application/ld+json", "json", "RO-Crate", "graph")


@lru_cache(maxsize=32)
def _document(path: Path, kind: str, form: str) -> bytes:
    """Give the catalogue or the VoID of the snapshot in this folder, which never changes."""
    snapshot, fmt = current.snapshot(), rdfio.named(form)
    assert path == snapshot.path
    assert fmt is not None
    if kind == "dcat":
        described = current.index().describe(f"{snapshot.config.base}dataset")
        own = [quad.triple for quad in described.quads(derived=False)] if described else []
        versions = [(one.id, one.created) for one in _versions(current.site().home, path)]
        made = catalog.dcat(snapshot, current.numbers(), own, versions)
    else:
        made = catalog.void(snapshot, current.numbers())
    return catalog.in_format(made, fmt, {**PREFIXES, **snapshot.config.prefixes})


@blueprint.get("/catalog", defaults={"suffix": ""})
@blueprint.get("/catalog.<suffix>")
def catalogue(suffix: str) -> Response:
    """The DCAT-AP-NO catalogue; people are sent to the page about the dataset."""
    form, vary = _choose(suffix, CATALOGUE, "catalog", default="turtle")
    if form is HTML:
        return redirect(here("dataset"), vary=", ".join(vary))
    return _graph("dcat", form, vary, "catalog")


@blueprint.get("/dataset", defaults={"suffix": ""})
@blueprint.get("/dataset.<suffix>")
def dataset(suffix: str) -> Response:
    """What the dataset is, how to cite and get it; as RDF, its DCAT description."""
    form, vary = _choose(suffix, DATASET, "dataset", default="html")
    if form.kind == "graph":
        return _graph("dcat", form, vary, "dataset")
    signposts = dataset_signposts()
    if form.kind == "citation":
        body = WRITERS[form.name](html.citation(current.snapshot().config.base))
        links = signposts.on_metadata()
    else:
        body = _dataset_page(signposts)
        links = [*signposts.on_page(), _api_catalog_link()]
    return respond(
        body,
        form,
        vary=(*vary, "Accept-Language"),
        content_location=variants.address("dataset", form),
        links=links,
        language=html.language(),
        variant=variants.query_string(),
    )


def _dataset_page(signposts: Signposts) -> str:
    return html.render(
        "dataset.html",
        kinds=kinds_of(current.index(), html.language()),
        versions=_versions(current.site().home, current.snapshot().path),
        formats=[(found, variants.address("dataset", found)) for found in CATALOGUE],
        cite_forms=[(found, variants.address("dataset", found)) for found in CITATIONS],
        schema_org=_embedded_dataset(),
        signposts=signposts.in_head(),
    )


@lru_cache(maxsize=4)
def _versions(home: Home | None, path: Path) -> tuple[Snapshot, ...]:
    """Give the snapshots that are kept, the newest first: that at a path, which is published, and others."""
    snapshot = current.snapshot()
    assert path == snapshot.path
    try:
        return home.all() if home is not None else (snapshot,)
    except SnapshotError:  # one of the others is damaged
        return (snapshot,)


@blueprint.get("/dataset/<string(length=64):identity>")
def dataset_version(identity: str) -> Response:
    """The dataset as one snapshot has it: see its files."""
    if kept_snapshot(identity) is None:
        raise _no_snapshot(identity)
    return redirect(here(f"dumps/{identity}/{dumps.WHOLE}.nq"))


@blueprint.get("/.well-known/void", defaults={"suffix": ""})
@blueprint.get("/.well-known/void.<suffix>")
def void(suffix: str) -> Response:
    """The VoID description: totals, partitions by class and property, links to others."""
    form, vary = _choose(suffix, GRAPHS, ".well-known/void", default="turtle")
    return _graph("void", form, vary, ".well-known/void")


def _choose(
    suffix: str, table: Sequence[Representation], path: str, *, default: str
) -> tuple[Representation, tuple[str, ...]]:
    form = variants.named(suffix, table, path)
    return variants.choose(form, table, path, default=default)


def _graph(kind: str, form: Representation, vary: tuple[str, ...], path: str) -> Response:
    body = _document(current.snapshot().path, kind, form.name)
    links = dataset_signposts().on_metadata()
    return respond(body, form, vary=vary, content_location=variants.address(path, form), links=links)


def _embedded_dataset() -> str:
    snapshot = current.snapshot()
    variables = _variables(snapshot)
    return html.script_json(schemaorg.dataset(snapshot, html.text_of, html.language(), variables))


def _variables(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Give what is measured: the measures of data cubes, and the properties in use that have numbers."""
    known = vocabulary.of_store(snapshot.store).properties
    numeric = [
        p.iri for p in current.numbers().properties if p.iri in known and known[p.iri].range in _NUMERIC
    ]
    iris = tuple(dict.fromkeys((*current.numbers().measures, *numeric)))
    names = current.index().labels(iris, negotiate.fallbacks(html.language()))
    return [(iri, names[iri].text) for iri in iris]


def structured(description: Description, path: str) -> Mapping[str, Any]:
    """Give a thing in schema.org, to stand in the page about it."""
    snapshot, chain = current.snapshot(), negotiate.fallbacks(html.language())
    changed = current.history().changed(description.iri)
    page = {
        "@type": "AboutPage",
        "@id": f"{snapshot.config.base}{path}",
        "isPartOf": {"@id": f"{snapshot.config.base}dataset"},
        "inLanguage": html.language(),
        **({"license": snapshot.config.license} if snapshot.config.license else {}),
        **({"dateModified": changed} if changed else {}),
    }
    return schemaorg.entity(
        description,
        schemaorg.of_store(snapshot.store),
        lambda iris: current.index().labels(iris, chain),
        chain,
        page=page,
    )


def dated(response: Response, iri: str | None = None) -> Response:
    """Say when an answer last changed: with the thing it is only about, or with the snapshot."""
    changed = current.snapshot().created if iri is None else current.history().changed(iri)
    if changed is not None and response.status_code == 200:
        response.last_modified = datetime.fromisoformat(changed)
        if request.if_modified_since:  # the tag was looked at before
            response.make_conditional(request)
    return response


def signposts(description: Description, path: str, table: Sequence[Representation]) -> Signposts:
    """Give the signposts of the page about a thing."""
    snapshot = current.snapshot()
    kind = schemaorg.of_store(snapshot.store).kind(description.types)
    config = snapshot.config
    return Signposts(
        thing=description.iri,
        page=path,
        kind=f"{schemaorg.SCHEMA}{kind}" if kind else None,
        author=config.publisher.iri if config.publisher else None,
        license=config.license,
        collection="dataset",
        metadata=_targets(path, table),
    )


def _targets(path: str, table: Sequence[Representation]) -> list[Target]:
    """Give the documents about a thing that every page names."""
    return [
        Target(
            variants.path_of(path, form),
            form.media_type,
            variants.profile_iri(form.profile) if form.kind == "graph" else "",
        )
        for form in variants.principal(table)
        if form is not HTML
    ]


def dataset_signposts() -> Signposts:
    """Give the signposts of the dataset's page; its items are the files to download."""
    snapshot = current.snapshot()
    config = snapshot.config
    return Signposts(
        thing=f"{config.base}dataset",
        page="dataset",
        kind=f"{schemaorg.SCHEMA}Dataset",
        author=config.publisher.iri if config.publisher else None,
        license=config.license,
        metadata=[
            *(Target(f"catalog.{form.suffix}", form.media_type, catalog.PROFILE) for form in GRAPHS),
            *(Target(f"dataset.{form.suffix}", form.media_type) for form in CITATIONS),
        ],
        items=[Target(f"dumps/{dump.path}", dump.file_type) for dump in catalog.whole_dumps(snapshot)],
    )


def send_dump(snapshot: Snapshot, path: str) -> Response:
    """Give one file of a snapshot, whole or in ranges, with its checksum and the way back to the dataset."""
    found = dumps.by_path(snapshot.dumps).get(path)
    if found is None:
        raise Problem("not-found", f"There is no dump {path!r}; {here('dumps/')} lists them.")
    response = respond_file(snapshot.dumps / found.path, found.file_type, found.bytes, found.sha256)
    response.headers["Repr-Digest"] = html.digest(found.sha256)
    response.headers["Content-Disposition"] = f'attachment; filename="{found.path.rpartition("/")[2]}"'
    for value in dataset_signposts().on_item():
        response.headers.add("Link", value)
    return response


@blueprint.get("/dumps/latest/<path:path>")
def latest_dump(path: str) -> Response:
    """The address for ever of what is the newest file now."""
    snapshot = current.snapshot()
    if path not in dumps.by_path(snapshot.dumps):
        raise Problem("not-found", f"There is no dump {path!r}; {here('dumps/')} lists them.")
    return redirect(here(f"dumps/{snapshot.dumped}/{path}"), status=302)


@blueprint.get("/dumps/<string(length=64):identity>/<path:path>")
def dump_of(identity: str, path: str) -> Response:
    """One file of one snapshot: it never changes, and stays as long as the snapshot is kept."""
    found = kept_snapshot(identity)
    if found is None:
        raise _no_snapshot(identity)
    response = send_dump(found, path)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def kept_snapshot(identity: str) -> Snapshot | None:
    """Give the snapshot with this id, if it is that of this request or still kept beside it."""
    snapshot, home = current.snapshot(), current.site().home
    if identity == snapshot.id:
        return snapshot
    return _kept(home, identity) if home is not None else None


def _no_snapshot(identity: str) -> Problem:
    return Problem("not-found", f"There is no snapshot {identity[:12]}…; {here('dumps/')} has the newest.")


@lru_cache(maxsize=16)
def _kept(home: Home, identity: str) -> Snapshot | None:
    try:
        return home.open(identity)
    except SnapshotError:
        return None


def _api_catalog_link() -> str:
    return link(here(".well-known/api-catalog"), "api-catalog", type=LINKSET_JSON.media_type)


@blueprint.after_app_request
def add_links(response: Response) -> Response:
    """Let the front page lead to the catalogue of the dataset and to that of the APIs."""
    if response.status_code == 200 and request.endpoint == "views.front":
        response.headers.add("Link", _api_catalog_link())
        response.headers.add("Link", link(here("catalog"), "describedby", type="text/turtle"))
    return response


@blueprint.get("/linkset", defaults={"path": "doc"})
@blueprint.get("/linkset/<path:path>")
def linkset(path: str) -> Response:
    """All links of a page, its metadata and its contents in one document (RFC 9264)."""
    contexts = _signposts_of(path).contexts()
    asked = negotiate.choose(request.headers.get("Accept"), LINKSETS, default=LINKSET_JSON.name)
    form = asked or LINKSET_JSON
    body = _json({"linkset": contexts}) if form is LINKSET_JSON else as_links(contexts)
    return respond(body, form, vary=("Accept",), variant=variants.query_string())


def _signposts_of(path: str) -> Signposts:
    """Give the signposts of the page at a path: the dataset's, the ontology's, or one below `doc/`."""
    base = current.snapshot().config.base
    if path == "dataset":
        return dataset_signposts()
    if path == "doc":
        found = current.index().describe(request.args.get("iri", ""))
        if found is not None:
            return signposts(found, f"doc?iri={html.quoted(found.iri)}", DOCUMENTS)
    elif path == "def":
        found = current.index().describe(f"{base}def")
        if found is not None:
            return signposts(found, "def", ONTOLOGY)
    else:
        described = resolve.document(path, "linkset/").description
        return signposts(described, document_path(described.iri, base), DOCUMENTS)
    raise resolve.missing(f"linkset/{path}")


@blueprint.get("/.well-known/api-catalog")
def api_catalog() -> Response:
    """The interfaces of this site, with where each is described (RFC 9727)."""
    body = _json({"linkset": _apis()})
    form = Representation(
        "api-catalog", f'{LINKSET_JSON.media_type}; profile="{_API_CATALOG_PROFILE}"', "json", "", "graph"
    )
    return respond(body, form, vary=(), links=[_api_catalog_link()])


def _apis() -> list[dict[str, Any]]:
    document, sparql = absolute(".well-known/api-catalog"), absolute("sparql")
    described = {"href": absolute("api.json"), "type": openapi.DOCUMENT.media_type}
    about = {"href": absolute("api"), "type": "text/html"}
    void_forms = [{"href": absolute(f".well-known/void.{f.suffix}"), "type": f.media_type} for f in GRAPHS]
    apis = [sparql, absolute("search"), absolute("suggest"), absolute("dumps/"), absolute("catalog")]
    apis.append(absolute("doc"))
    return [
        {"anchor": document, "item": [{"href": api} for api in apis]},
        {
            "anchor": sparql,
            "service-desc": [{"href": sparql, "type": "text/turtle"}, described],
            "service-doc": [{"href": absolute("limits"), "type": "text/html"}, about],
            "service-meta": void_forms,
        },
        *({"anchor": api, "service-desc": [described], "service-doc": [about]} for api in apis[1:]),
    ]


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


@blueprint.get("/sitemap.xml")
def sitemap_index() -> Response:
    """The site maps there are: one of the site's own pages, the others of things."""
    snapshot = current.snapshot()
    rows = [(absolute(f"sitemap/{name}.xml"), day, "") for name, day in _maps(snapshot.path).items()]
    return respond(_xml("sitemapindex", "sitemap", rows), _XML, vary=())


@lru_cache(maxsize=4)
def _maps(path: Path) -> Mapping[str, str]:
    """Give the names of the maps and when something on each last changed."""
    snapshot = current.snapshot()
    assert path == snapshot.path
    newest = {
        str(number): max(found.changed for found in current.history().living(start, URLS_IN_A_MAP))
        for number, start in enumerate(range(0, current.history().count(), URLS_IN_A_MAP), start=1)
    }
    return {"site": snapshot.created, **newest}


@blueprint.get("/sitemap/<name>.xml")
def sitemap(name: str) -> Response:
    """One site map: the site's own pages, or things, with when each last changed."""
    snapshot = current.snapshot()
    if name not in _maps(snapshot.path):
        raise resolve.missing(f"sitemap/{name}.xml")
    if name == "site":
        paths = (*_PAGES, *_list_paths(), *_term_paths())
        rows = [(absolute(path), snapshot.created) for path in paths]
    else:
        base, graphs = snapshot.config.base, {graph.iri for graph in snapshot.graphs}
        rows = [
            (absolute(document_path(found.iri, base)), found.changed)
            for found in current.history().living((int(name) - 1) * URLS_IN_A_MAP, URLS_IN_A_MAP)
            if found.iri not in graphs
        ]
    body = _xml("urlset", "url", ((url, changed, _in_languages(url)) for url, changed in rows))
    return respond(body, _XML, vary=(), variant=(name,))


def _list_paths() -> list[str]:
    """Give the paths of lists of what people look for: no inner nodes, no terms of the model."""
    kinds = {
        kind.iri for kind in kinds_of(current.index(), html.language()) if not kind.inner and not kind.model
    }
    return [
        path for path, members in html.lists().members.items() if members.class_iri in kinds or members.scheme
    ]


def _term_paths() -> list[str]:
    """Give the paths of the pages about the terms of the ontology."""
    ontology = f"{current.snapshot().config.base}def"
    found = current.index().describe(ontology)
    terms = found.parts if found else ()
    return [f"doc?iri={html.quoted(iri)}" for iri in terms if iri.startswith(f"{ontology}#")]


def _in_languages(url: str) -> str:
    """Give the links of a page in a site map to the page in each language."""
    sign = "&amp;" if "?" in url else "?"
    links = [(tag, f"{escape(url)}{sign}lang={tag}") for tag in LANGUAGES] + [("x-default", escape(url))]
    return "".join(f'<xhtml:link rel="alternate" hreflang="{tag}" href="{at}"/>' for tag, at in links)


def _xml(root: str, entry: str, rows: Iterable[tuple[str, str, str]]) -> str:
    lines = "\n".join(
        f"<{entry}><loc>{escape(url)}</loc><lastmod>{day}</lastmod>{more}</{entry}>"
        for url, day, more in rows
    )
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {spaces}>\n{lines}\n</{root}>\n'


@blueprint.get("/robots.txt")
def robots() -> Response:
    """What crawlers may fetch: everything but answers that are made for each question."""
    asked = "".join(f"Disallow: {here(path)}\n" for path in _ASKED)
    return respond(f"User-agent: *\n{asked}\nSitemap: {absolute('sitemap.xml')}\n", _TEXT, vary=())


@blueprint.get("/llms.txt")
def llms() -> Response:
    """The site in a page of Markdown, for language models."""
    config = current.snapshot().config
    lines = [
        f"# {html.text_of(config.title)}",
        "",
        f"> {html.text_of(config.description)}",
        "",
        "## Data",
        "",
    ]
    lines += [f"- [{name}]({absolute(path)}): {told}" for name, path, told in _LLMS]
    return respond("\n".join(lines) + "\n", _MARKDOWN, vary=("Accept-Language",), language=html.language())


_LLMS = (
    ("SPARQL", "sparql", "SPARQL 1.1 over all triples; the default graph is the merge of all named graphs."),
    ("Questions", "questions", "Example queries with their answers."),
    ("VoID", ".well-known/void.ttl", "Classes and properties with counts, links to other datasets."),
    ("DCAT catalogue", "catalog.ttl", "Publisher, licence, files with sizes and checksums."),
    ("Ontology", "def.ttl", "Terms with labels and definitions."),
    ("Dumps", "dumps/", "The whole dataset, and each named graph, as files."),
    ("Things", "kinds", "Every thing has an IRI; add .ttl, .jsonld or .nt to its page's address."),
    ("Search", "search.json?q=", "Things by name, as JSON."),
    ("API", "api.json", "Every interface of the site, as an OpenAPI document."),
    ("Citation", "CITATION.cff", "How to cite the dataset."),
)


@blueprint.get("/CITATION.cff")
def citation() -> Response:
    """How to cite the dataset, in the Citation File Format."""
    snapshot = current.snapshot()
    config, known = snapshot.config, catalog.licence(snapshot.config.license)
    title = html.text_of(config.title)
    words = next((w for tag, w in config.catalogue.keywords.items() if tag == html.language()), ())
    rows: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it as below.",
        "type": "dataset",
        "title": title,
        "abstract": html.text_of(config.description),
        "authors": [{"name": config.publisher.name if config.publisher else title}],
        "version": config.version or snapshot.id[:12],
        "date-released": config.created or snapshot.created[:10],
        "license": known.spdx if known else None,
        "license-url": config.license if not known else None,
        "url": config.base,
        "identifiers": [{"type": "other", "value": snapshot.id, "description": "Hash of the snapshot"}],
        "keywords": list(words),
    }
    # JSON is YAML: each value stands on its line as JSON.
    body = "".join(f"{key}: {json.dumps(v, ensure_ascii=False)}\n" for key, v in rows.items() if v)
    return respond(body, _CFF, vary=("Accept-Language",), language=html.language())


@blueprint.get("/ro-crate-metadata.json")
def ro_crate() -> Response:
    """The dataset as an RO-Crate on the web."""
    body = _json(schemaorg.crate(current.snapshot(), html.text_of))
    return respond(body, _JSONLD, vary=("Accept-Language",), language=html.language())
