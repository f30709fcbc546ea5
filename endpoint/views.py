"""The resources of the site, one short function each."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from endpoint import (
    concepts,
    discovery,
    documents,
    figures,
    html,
    maps,
    negotiate,
    quality,
    questions,
    resolve,
    search,
    vocabulary,
)
from endpoint import entity as entities
from endpoint import limits as query_limits
from endpoint import ontology as ontologies
from endpoint import site as current
from endpoint.figures import FrontMap
from endpoint.jsonld import Context
from endpoint.lists import KindRow, Listing, foremost, kinds_of, listing
from endpoint.maps import Drawing
from endpoint.negotiate import CSV, ENTITY, HTML, JSON, LISTS, ONTOLOGY, Representation
from endpoint.problems import TYPES, Problem
from endpoint.respond import here, redirect, respond
from endpoint.signposting import Signposts
from endpoint.variants import address, alternates, choose, query_string
from kg import dumps
from kg.dumps import Dump
from kg.index import Description, Index, Label
from kg.query.faults import FAULTS
from kg.snapshot import GraphInfo
from kg.vocab import document_path, term

blueprint = Blueprint("views", __name__)
blueprint.register_blueprint(discovery.blueprint)
blueprint.register_blueprint(search.blueprint)
blueprint.register_blueprint(quality.blueprint)

_SCHEME = term("skos:ConceptScheme")
_OWL_ONTOLOGY = term("owl:Ontology")
_GEOJSON = Representation("geojson", "application/geo+json", "geojson", "GeoJSON", "other")
_CONTEXT = Representation("context", "application/ld+json", "jsonld", "JSON-LD", "graph")
_IRI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\\\^`]+")
_LIST_QUERY = """\
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?thing ?label WHERE {
  ?thing a <CLASS> ;
    rdfs:label ?label .
} ORDER BY ?label LIMIT 100
"""


@blueprint.get("/")
def front() -> Response:
    """The front page: search, what is here in numbers, questions to begin with."""
    every = kinds_of(current.index(), html.language())
    kinds = foremost(every, vocabulary.of_store(current.snapshot().store))
    some = questions.chosen(current.snapshot(), html.language())
    drawn = _front_map(current.index(), current.snapshot().store, kinds, html.language())
    return _page("front.html", kinds=kinds, questions=some, map=drawn)


@lru_cache(maxsize=6)
def _front_map(index: Index, store: Path, kinds: tuple[KindRow, ...], language: str) -> FrontMap | None:
    return figures.front(kinds, index, store, language)


@blueprint.get("/doc/<path:path>")
def document(path: str) -> Response:
    """Everything known about one thing, in the form the client asked for."""
    found = resolve.document(path)
    return describe(found.description, found.form, ENTITY)


@blueprint.get("/doc")
def document_of() -> Response:
    """The same for an IRI given as `?iri=`: that of others, or one with a hash."""
    iri = request.args.get("iri", "")
    if not _IRI.fullmatch(iri):
        raise Problem("bad-request", "Give an absolute IRI: /doc?iri=https://…")
    found = current.index().describe(iri)
    if found is None:
        raise resolve.missing(iri)
    return describe(found, None, ENTITY, path=f"doc?iri={html.quoted(iri)}")


@blueprint.get("/def", defaults={"suffix": ""})
@blueprint.get("/def.<suffix>")
def ontology(suffix: str) -> Response:
    """The ontology on one page, or as RDF; its terms are anchors."""
    base = current.snapshot().config.base
    found = current.index().describe(f"{base}def")
    if found is None:
        raise resolve.missing("def")
    form = negotiate.of_name(suffix, ONTOLOGY)
    if suffix and form is None:
        raise resolve.unsupported(suffix, "def")
    return describe(found, form, ONTOLOGY, path="def")


def describe(
    description: Description,
    form: Representation | None,
    table: Sequence[Representation],
    path: str | None = None,
) -> Response:
    """Give the document about a thing: the form is named by suffix or `?format=`, or negotiated."""
    config = current.snapshot().config
    path = path or document_path(description.iri, config.base)
    chosen, vary = choose(form, table, path)
    where = address(path, chosen)
    signposts = discovery.signposts(description, path, table)
    if chosen is HTML:
        body = _entity_page(description, path, table, signposts)
        page = respond(body, HTML, vary=(*vary, "Accept-Language"), content_location=where,
                       links=signposts.on_page(), language=html.language(),
                       variant=query_string())  # fmt: skip
        return discovery.dated(page)
    links = [*alternates(path, table, chosen), *signposts.on_metadata()]
    body_bytes = documents.write(
        description, chosen, document=config.base + path, config=config, context=_context()
    )
    answer = respond(body_bytes, chosen, vary=vary, content_location=where, links=links)
    return discovery.dated(answer, description.iri)


def _entity_page(
    description: Description, path: str, table: Sequence[Representation], signposts: Signposts
) -> str:
    snapshot = current.snapshot()
    known = vocabulary.of_store(snapshot.store)
    is_ontology = _OWL_ONTOLOGY.value in description.types
    page = entities.build(
        description,
        index=current.index(),
        vocabulary=known,
        graphs=snapshot.graphs,
        language=html.language(),
        nest=not is_ontology,
    )
    formats = [(form, address(path, form)) for form in table]
    return html.render(
        "ontology.html" if is_ontology else "entity.html",
        page=page,
        figures=None
        if is_ontology
        else figures.of(description, current.index(), snapshot.store, html.language()),
        terms=ontologies.terms(description, page) if is_ontology else (),
        graph=_graph_of(page.iri),
        tree=concepts.tree(page.iri, current.index(), snapshot.store, html.language())
        if _SCHEME.value in description.types
        else (),
        companions=()
        if is_ontology
        else concepts.companions(page.iri, current.index(), snapshot.store, html.language()),
        usage=figures.usage(page.iri, _uses(page.iri), current.index(), snapshot.store, html.language())
        if page.iri in known.properties
        else None,
        formats=formats,
        schema_org=html.script_json(discovery.structured(description, path)),
        signposts=signposts.in_head(),
        describe_query=f"DESCRIBE <{page.iri}>",
        statements_query=f"SELECT ?property ?value WHERE {{\n  <{page.iri}> ?property ?value .\n}}",
        back_query=f"SELECT ?thing ?property WHERE {{\n  ?thing ?property <{page.iri}> .\n}} LIMIT 100",
    )


def _uses(predicate: str) -> int:
    properties = discovery.numbers().properties
    return next((found.triples for found in properties if found.iri == predicate), 0)


@dataclass(frozen=True, slots=True)
class GraphPage:
    """What the page of a named graph shows beside its statements: its size, its things, its files."""

    info: GraphInfo
    things: tuple[tuple[str, Label], ...]
    dumps: tuple[Dump, ...]


def _graph_of(iri: str) -> GraphPage | None:
    snapshot = current.snapshot()
    info = next((graph for graph in snapshot.graphs if graph.iri == iri), None)
    if info is None:
        return None
    things = figures.things_in(iri, snapshot.store)
    names = current.index().labels(things, negotiate.fallbacks(html.language()))
    files = tuple(d for d in dumps.by_path(snapshot.dumps).values() if d.graph == iri and not d.coding)
    return GraphPage(info, tuple((thing, names[thing]) for thing in things), files)


def _context() -> Context:
    snapshot = current.snapshot()
    return _context_of(snapshot.store, tuple(snapshot.config.prefixes.items()))


@lru_cache(maxsize=4)
def _context_of(store: Any, prefixes: tuple[tuple[str, str], ...]) -> Context:
    return Context(vocabulary.of_store(store), dict(prefixes))


@blueprint.get("/context.jsonld")
def context() -> Response:
    """The JSON-LD context: every name that documents use."""
    return respond(_context().document(), _CONTEXT, vary=())


@blueprint.get("/land.geojson")
def land() -> Response:
    """The outlines behind the maps."""
    drawn = maps.of_store(current.snapshot().store).land()
    return respond(json.dumps(drawn, separators=(",", ":")), _GEOJSON, vary=())


@blueprint.get("/list/<path:name>")
def members(name: str) -> Response:
    """The things of one class, page by page, in the order of their IRIs."""
    stem, form, _ = negotiate.split_suffix(name, LISTS)
    if form is None:
        stem = name
    class_iri = html.expand(stem) or request.args.get("class", "")
    if not class_iri:
        raise resolve.missing(name)
    chosen_values = _chosen_values()
    found = listing(
        current.index(),
        current.snapshot().store,
        class_iri,
        html.language(),
        chosen=chosen_values,
        after=request.args.get("after", ""),
        limit=current.site().settings.page_size,
    )
    if not found.rows and not chosen_values:
        raise resolve.missing(name)
    path = f"list/{stem}"
    form_chosen, vary = choose(form, LISTS, path)
    return _table(
        "list.html",
        form_chosen,
        vary,
        path,
        found.records() if form_chosen is not HTML else found.rows,
        listing=found,
        list_path=path,
        query=_list_query(class_iri, chosen_values),
        **_map_of_list(found),
    )


def _chosen_values() -> list[tuple[str, str]]:
    """Give what a list is narrowed by: parameters named by a prefixed property, valued with IRIs."""
    pairs = ((html.expand(key), value) for key, value in request.args.items(multi=True) if ":" in key)
    return [(predicate, value) for predicate, value in pairs if predicate and _IRI.fullmatch(value)]


def _list_query(class_iri: str, chosen: Sequence[tuple[str, str]]) -> str:
    """Give the SPARQL query that a list answers."""
    narrowed = "".join(f"    <{predicate}> <{value}> ;\n" for predicate, value in chosen)
    return _LIST_QUERY.replace("CLASS", class_iri).replace("    rdfs:label", f"{narrowed}    rdfs:label")


def _map_of_list(found: Listing) -> dict[str, Any]:
    """Give the map of everything in a list, not only of its page, where one is asked for."""
    atlas = maps.of_store(current.snapshot().store)
    if not request.args.get("map"):
        return {"drawn": None, "mappable": any(atlas.near(iri) for iri in found.every[:50])}
    drawn = _draw_list(found)
    marks = [mark.iri for mark in drawn.marks] if drawn else []
    names = current.index().labels(marks, negotiate.fallbacks(html.language()))
    return {"drawn": drawn, "mappable": drawn is not None, "map_names": names}


def _draw_list(found: Listing) -> Drawing | None:
    atlas = maps.of_store(current.snapshot().store)
    places = [
        maps.Place(iri, maps.Geometry((), (geometry.box.centre,)), "0")
        for iri in found.every
        if (geometry := atlas.near(iri)) is not None
    ]
    return atlas.draw(places, None, 720)


@blueprint.get("/links")
def links() -> Response:
    """The things that point to one thing by one property, page by page."""
    target, predicate = request.args.get("to", ""), request.args.get("by", "")
    limit, after = current.site().settings.page_size, request.args.get("after", "")
    iris = current.index().incoming(target, predicate, after=after, limit=limit + 1)
    names = current.index().labels((target, predicate, *iris), negotiate.fallbacks(html.language()))
    rows = [{"iri": iri, "label": names[iri].text, "language": names[iri].language} for iri in iris[:limit]]
    chosen, vary = choose(None, LISTS, "links")
    more = iris[limit - 1] if len(iris) > limit else ""
    return _table(
        "links.html", chosen, vary, "links", rows, target=target, predicate=predicate, names=names, more=more
    )


def _table(
    template: str,
    chosen: Representation,
    vary: Iterable[str],
    path: str,
    rows: Sequence[Any],
    **context: Any,
) -> Response:
    """Give rows as a page, as CSV or as JSON."""
    variant = query_string()
    vary = (*vary, "Accept-Language")
    if chosen is HTML:
        formats = [(form, html.href(f"{path}.{form.suffix}" if "." not in path and path != "links" else path,
                                    **_query(form, path))) for form in LISTS]  # fmt: skip
        return respond(html.render(template, rows=rows, formats=formats, **context), HTML, vary=vary,
                       language=html.language(), variant=variant)  # fmt: skip
    body = _csv(rows) if chosen is CSV else _json(rows)
    return respond(body, chosen, vary=vary, variant=variant)


def _query(form: Representation, path: str) -> dict[str, str]:
    query = {name: value for name, value in request.args.items() if name not in ("format", "lang")}
    return {**query, "format": form.suffix} if path == "links" else query


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["iri", "label"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _json(rows: object) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


@blueprint.get("/questions")
def all_questions() -> Response:
    """The questions that come with the dataset, explained, each one click from its answer."""
    return _page("questions.html", questions=questions.all_of(current.snapshot(), html.language()))


@blueprint.get("/dumps/")
def downloads() -> Response:
    """What can be downloaded, with sizes and checksums."""
    found = dumps.by_path(current.snapshot().dumps)
    after, limit = request.args.get("after", ""), current.site().settings.page_size
    graphs = sorted({dump.graph for dump in found.values() if dump.graph > after})
    shown = {graph: [dump for dump in found.values() if dump.graph == graph and not dump.coding]
             for graph in graphs[:limit]}  # fmt: skip
    whole = () if after else [dump for dump in found.values() if not dump.graph]
    more = graphs[limit - 1] if len(graphs) > limit else ""
    return _page("dumps.html", whole=whole, graphs=shown, more=more)


@blueprint.get("/dumps/<path:path>")
def download(path: str) -> Response:
    """One file of the list, whole or in ranges."""
    return discovery.send_dump(current.snapshot(), path)


@blueprint.get("/kinds")
def kinds() -> Response:
    """Every class that things have, with how many."""
    return _page("kinds.html", kinds=kinds_of(current.index(), html.language()))


@blueprint.get("/about")
def about() -> Response:
    """How the site works and what it promises."""
    return _page("about.html")


@blueprint.get("/limits")
def limits() -> Response:
    """How much a query may take, and what the engine gets wrong."""
    settings = current.site().settings
    chosen, vary = choose(None, (HTML, JSON), "limits")
    if chosen is JSON:
        return respond(query_limits.document(settings), JSON, vary=vary)
    told = {"rows": query_limits.rows(settings), "paging": query_limits.PAGING, "faults": FAULTS}
    return _page("limits.html", **told)


@blueprint.get("/problems")
def problems() -> Response:
    """What each problem type means."""
    return _page("problems.html", types=TYPES)


def _page(template: str, **context: Any) -> Response:
    body = html.render(template, **context)
    return respond(body, HTML, vary=("Accept-Language",), language=html.language(),
                   variant=query_string())  # fmt: skip


@blueprint.get("/<path:path>")
def thing(path: str) -> Response:
    """The IRI of a thing: see the document about it."""
    stem, form, _ = negotiate.split_suffix(path, ENTITY)
    found = resolve.entity(path)
    suffix = ""
    if found is None and form is not None:
        found, suffix = resolve.entity(stem), f".{form.suffix}"
    if found is None:
        raise resolve.missing(path)
    target = document_path(found.iri, current.snapshot().config.base)
    query = request.query_string.decode("latin-1")
    return redirect(here(target + suffix) + (f"?{query}" if query else ""))
