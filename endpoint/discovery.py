"""The addresses that machines look at first: catalogue, VoID, site map, robots, link sets, API catalogue."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from flask import Blueprint, Response

from endpoint import catalogue, html, negotiate, resolve
from endpoint import site as current
from endpoint.lists import kinds_of
from endpoint.negotiate import CATALOGUE, GRAPHS, Representation
from endpoint.respond import here, link, redirect, respond
from endpoint.variants import address, alternates, choose, query_string
from kg import rdfio
from kg.vocab import compact, document_path

blueprint = Blueprint("discovery", __name__)

_XML = Representation("sitemap", "application/xml", "xml", "XML", "other")
_TEXT = Representation("text", "text/plain", "txt", "Text", "other")
_LINKSET = Representation("linkset", "application/linkset+json", "json", "Link set", "other")
_MAX_URLS = 10_000


@blueprint.get("/catalog", defaults={"suffix": ""})
@blueprint.get("/catalog.<suffix>")
def catalog(suffix: str) -> Response:
    """The DCAT catalogue; people are sent to the page about the dataset."""
    form = negotiate.of_name(suffix, CATALOGUE)
    if suffix and form is None:
        raise resolve.unsupported(suffix, "catalog")
    chosen, vary = choose(form, CATALOGUE, "catalog", default="turtle")
    if chosen is negotiate.HTML:
        return redirect(here("dataset"), vary=", ".join(vary))
    return dcat(chosen, vary, "catalog")


@blueprint.get("/dataset", defaults={"suffix": ""})
@blueprint.get("/dataset.<suffix>")
def dataset(suffix: str) -> Response:
    """What the dataset is, how to cite and get it; as RDF, its DCAT description."""
    form = negotiate.of_name(suffix, CATALOGUE)
    if suffix and form is None:
        raise resolve.unsupported(suffix, "dataset")
    chosen, vary = choose(form, CATALOGUE, "dataset")
    snapshot = current.snapshot()
    if chosen is not negotiate.HTML:
        return dcat(chosen, vary, "dataset")
    described = catalogue.dataset_json(
        snapshot, tuple(catalogue.dumps_of(snapshot.dumps).values()), html.language()
    )
    formats = [(form, address("dataset", form)) for form in CATALOGUE]
    body = html.render("dataset.html", formats=formats, schema_org=html.script_json(described))
    links = [link(snapshot.config.base + "dataset", "cite-as"), link(catalogue.PAGE, "type"),
             *alternates("dataset", CATALOGUE, negotiate.HTML)]  # fmt: skip
    return respond(
        body,
        negotiate.HTML,
        vary=(*vary, "Accept-Language"),
        language=html.language(),
        links=links,
        content_location=address("dataset", negotiate.HTML),
        variant=query_string(),
    )


def dcat(chosen: Representation, vary: tuple[str, ...], path: str) -> Response:
    """Give the DCAT description in a graph format."""
    snapshot = current.snapshot()
    own = current.index().describe(f"{snapshot.config.base}dataset")
    triples = catalogue.dcat(snapshot, tuple(catalogue.dumps_of(snapshot.dumps).values()), own)
    return _graph(triples, chosen, vary, path)


@blueprint.get("/.well-known/void")
def void() -> Response:
    """The VoID description of the dataset."""
    snapshot = current.snapshot()
    chosen, vary = choose(None, GRAPHS, ".well-known/void", default="turtle")
    triples = catalogue.void(
        snapshot, current.index().kinds(), tuple(catalogue.dumps_of(snapshot.dumps).values())
    )
    return _graph(triples, chosen, vary, "")


def _graph(triples: object, chosen: Representation, vary: tuple[str, ...], path: str) -> Response:
    fmt = rdfio.named(chosen.name)
    assert fmt is not None
    assert isinstance(triples, tuple)
    config = current.snapshot().config
    body = rdfio.write(triples, fmt, prefixes={**catalogue.PREFIXES_USED, **config.prefixes})
    links = [link(config.license, "license")] if config.license else []
    where = address(path, chosen) if path else None
    return respond(body, chosen, vary=vary, content_location=where, links=links)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Everything may be read, but queries and searches are no pages."""
    base = current.snapshot().config.base
    lines = [
        "User-agent: *",
        *(f"Disallow: {here(path)}" for path in ("sparql?", "search?", "suggest", "links?")),
    ]
    return respond("\n".join([*lines, "Allow: /", "", f"Sitemap: {base}sitemap.xml", ""]), _TEXT, vary=())


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """The index of the site maps, one for each class of things that have pages."""
    snapshot = current.snapshot()
    day, base = snapshot.created[:10], snapshot.config.base
    rows = [
        f"<sitemap><loc>{escape(f'{base}sitemap/{name}.xml')}</loc><lastmod>{day}</lastmod></sitemap>"
        for name in ("site", *_mapped())
    ]
    return _xml("sitemapindex", rows)


@blueprint.get("/sitemap/<name>.xml")
def sitemap_of(name: str) -> Response:
    """The pages of the things of one class, or of the site itself."""
    snapshot = current.snapshot()
    day, base = snapshot.created[:10], snapshot.config.base
    if name == "site":
        paths = ["", "kinds", "questions", "dumps/", "dataset", "about", "def"]
    elif (class_iri := _mapped().get(name)) is not None:
        iris = current.index().members(class_iri, limit=_MAX_URLS)
        paths = [document_path(iri, base) for iri in iris if "#" not in iri and iri.startswith(base)]
    else:
        raise resolve.missing(f"sitemap/{name}.xml")
    return _xml(
        "urlset", [f"<url><loc>{escape(base + path)}</loc><lastmod>{day}</lastmod></url>" for path in paths]
    )


def _mapped() -> dict[str, str]:
    """Give the classes whose things have pages, by the names of their site maps."""
    prefixes = current.snapshot().config.prefixes
    kinds = [kind for kind in kinds_of(current.index(), "en") if not kind.inner and not kind.model]
    names = {kind.iri: compact(kind.iri, prefixes) for kind in kinds}
    return {name.replace(":", "-"): iri for iri, name in names.items() if name is not None}


def _xml(root: str, rows: list[str]) -> Response:
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        + f'<{root} xmlns="{space}">\n'
        + "\n".join(rows)
        + f"\n</{root}>\n"
    )
    return respond(body, _XML, vary=())


@blueprint.get("/.well-known/api-catalog")
def api_catalog() -> Response:
    """The APIs of the site and where each is described (RFC 9727)."""
    base = current.snapshot().config.base
    described = {
        "anchor": f"{base}sparql",
        "service-desc": [{"href": f"{base}sparql", "type": "text/turtle"}],
        "service-doc": [{"href": f"{base}about", "type": "text/html"}],
        "service-meta": [{"href": f"{base}.well-known/void", "type": "text/turtle"}],
    }
    entry = {"anchor": f"{base}.well-known/api-catalog", "item": [{"href": f"{base}sparql"}]}
    return respond(json.dumps({"linkset": [entry, described]}, indent=1) + "\n", _LINKSET, vary=())


@blueprint.get("/linkset/<path:path>")
def linkset(path: str) -> Response:
    """The links of a document as one set (RFC 9264), for whoever reads no headers."""
    found = resolve.document(path)
    config = current.snapshot().config
    base, where = config.base, config.base + document_path(found.description.iri, config.base)
    entry: dict[str, object] = {
        "anchor": where,
        "cite-as": [{"href": found.description.iri}],
        "type": [
            {"href": "https://schema.org/AboutPage"},
            *({"href": iri} for iri in found.description.types[:1]),
        ],
        "describedby": [{"href": f"{where}.{form.suffix}", "type": form.media_type} for form in GRAPHS],
        "collection": [{"href": f"{base}dataset"}],
    }
    if config.license:
        entry["license"] = [{"href": config.license}]
    back = [{"anchor": f"{where}.{form.suffix}", "describes": [{"href": where}]} for form in GRAPHS]
    return respond(json.dumps({"linkset": [entry, *back]}, indent=1) + "\n", _LINKSET, vary=())
