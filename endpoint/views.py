"""The resources of the site, one short function each."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, request
from pyoxigraph import Literal, NamedNode, Quad, Store

from endpoint import (
    cautions,
    changes,
    concepts,
    discovery,
    documents,
    figures,
    html,
    lists,
    maps,
    negotiate,
    oddities,
    openapi,
    quality,
    questions,
    resolve,
    schemaorg,
    search,
    vocabulary,
)
from endpoint import entity as entities
from endpoint import limits as query_limits
from endpoint import ontology as ontologies
from endpoint import site as current
from endpoint.changes import Change
from endpoint.citations import WRITERS
from endpoint.figures import FrontMap
from endpoint.lists import KindRow, Listing, Members, foremost, kinds_of, listing
from endpoint.maps import Drawing
from endpoint.negotiate import (
    ALTERNATES,
    ANNOTATED,
    CSV,
    DOCUMENTS,
    HTML,
    JSON,
    LISTS,
    MEMBERS,
    ONTOLOGY,
    OWN,
    PROFILES,
    SCHEMA_ORG,
    Representation,
)
from endpoint.openapi import API, Route
from endpoint.problems import TYPES, Problem
from endpoint.respond import absolute, here, link, redirect, respond
from endpoint.signposting import Signposts
from endpoint.variants import (
    address,
    alternates,
    canonical,
    choose,
    named,
    path_of,
    principal,
    profile_iri,
    query_string,
)
from kg import dumps, rdfio
from kg.documents import heading
from kg.dumps import Dump
from kg.index import Description, Index, Label, Value
from kg.jsonld import Context
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
_JSONLD = next(fmt for fmt in rdfio.FORMATS if fmt.name == "jsonld")
_IRI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\\\^`]+")
_NUMBER = re.compile(r"\d{1,9}")
_YEARS = re.compile(r"\d{4}(/\d{4})?")


@blueprint.get("/")
def front() -> Response:
    """The front page: search, what is here in numbers, questions to begin with."""
    every = kinds_of(current.index(), html.language())
    kinds = foremost(every, vocabulary.of_store(current.snapshot().store))
    some = questions.chosen(current.snapshot(), html.language())
    drawn = _front_map(current.index(), current.snapshot().store, kinds, html.language())
    in_numbers = figures.told(kinds, every, current.index(), current.snapshot().store)
    return _page("front.html", kinds=in_numbers, questions=some, map=drawn)


@lru_cache(maxsize=6)
def _front_map(index: Index, store: Path, kinds: tuple[KindRow, ...], language: str) -> FrontMap | None:
    return figures.front(kinds, index, store, language)


@blueprint.get("/doc/<path:path>")
def document(path: str) -> Response:
    """Everything known about one thing, in the form the client asked for."""
    found = resolve.document(path)
    return describe(found.description, found.form, DOCUMENTS)


@blueprint.get("/doc")
def document_of() -> Response:
    """Everything known about an IRI given by ?iri=: one of others, or one with a hash."""
    iri = request.args.get("iri", "")
    if not _IRI.fullmatch(iri):
        raise Problem("bad-request", "Give an absolute IRI: /doc?iri=https://…")
    found = current.index().describe(iri, resolve.bounds())
    if found is None:
        raise resolve.missing(iri)
    return describe(found, None, DOCUMENTS, path=f"doc?iri={html.quoted(iri)}")


@blueprint.get("/history/<path:path>")
def history(path: str) -> Response:
    """When one thing changed, and what was written and struck out."""
    stem, form, _ = negotiate.split_suffix(path, (HTML, JSON))
    found = resolve.document(path if form is None else stem, "history/").description
    at = f"history/{document_path(found.iri, current.snapshot().config.base).removeprefix('doc/')}"
    chosen, vary = choose(form, (HTML, JSON), at)
    told = changes.of(found.iri, current.history().versions(found.iri), discovery.kept_snapshot)
    if not told:
        raise resolve.missing(path)
    if chosen is JSON:
        body = _json({"iri": found.iri, "versions": [change.record() for change in told]})
    else:
        body = html.render("history.html", changes=told, iri=found.iri, **_names_in(found.iri, told),
                           formats=[(one, address(at, one)) for one in (HTML, JSON)])  # fmt: skip
    answer = respond(body, chosen, vary=(*vary, "Accept-Language"), content_location=address(at, chosen),
                     language=html.language(), variant=query_string())  # fmt: skip
    return discovery.dated(answer, found.iri)


def _names_in(iri: str, told: Iterable[Change]) -> dict[str, Any]:
    parts = (
        part for change in told for some in (change.added, change.removed) for t in some or () for part in t
    )
    iris = {part.value for part in parts if isinstance(part, NamedNode)}
    names = current.index().labels((iri, *sorted(iris)), negotiate.fallbacks(html.language()))
    return {"label": names[iri], "names": names}


@blueprint.get("/def", defaults={"suffix": ""})
@blueprint.get("/def.<suffix>")
def ontology(suffix: str) -> Response:
    """The ontology on one page, or as RDF; its terms are anchors."""
    base = current.snapshot().config.base
    found = current.index().describe(f"{base}def")
    if found is None:
        raise resolve.missing("def")
    form = named(suffix, ONTOLOGY, "def")
    return describe(found, form, ONTOLOGY, path="def")


def describe(
    description: Description,
    form: Representation | None,
    table: Sequence[Representation],
    path: str | None = None,
) -> Response:
    """Give the document about a thing: the form is named by suffix or `?format=`, or negotiated.

    Pages show what is within bounds and link to the rest; every other form has all.
    """
    path = path or document_path(description.iri, current.snapshot().config.base)
    chosen, vary = choose(form, table, path)
    if description.whole and chosen is not HTML:
        description = current.index().describe(description.iri) or description
    signposts = discovery.signposts(description, path, table)
    if chosen is HTML:
        body: str | bytes = _entity_page(description, path, table, signposts)
        links = signposts.on_page()
    else:
        body = _metadata(description, chosen, path, table)
        links = [*alternates(path, table, chosen), *signposts.on_metadata()]
    in_language = chosen.kind != "graph" or chosen.profile == SCHEMA_ORG.token
    answer = respond(
        body,
        chosen,
        vary=(*vary, "Accept-Language") if in_language else vary,
        content_location=address(path, chosen),
        links=links,
        language=html.language() if in_language else None,
        variant=query_string() if chosen is HTML else (),
    )
    alone = chosen.kind == "graph" and chosen.profile == OWN.token
    return discovery.dated(canonical(answer, path, chosen), description.iri if alone else None)


def _metadata(
    description: Description, chosen: Representation, path: str, table: Sequence[Representation]
) -> str | bytes:
    """Give what is known of a thing as a reference, or as RDF in one of the profiles."""
    config, iri = current.snapshot().config, description.iri
    if chosen.kind == "citation":
        return WRITERS[chosen.name](html.citation(iri, html.name(iri)))
    document = config.base + path
    quads = (*description.quads(), *heading(document, iri, config))
    prefixes = dict(config.prefixes)
    if chosen.profile == ANNOTATED.token:
        quads = (*quads, *documents.names(quads, document, current.index()))
    elif chosen.profile == ALTERNATES.token:
        rows = [(row, absolute(path_of(path, row)), profile_iri(row.profile)) for row in table]
        quads = (*heading(document, iri, config), *documents.alternates(iri, document, rows))
        prefixes["altr"] = documents.ALTR
    elif chosen.profile == SCHEMA_ORG.token:
        told = schemaorg.document(discovery.structured(description, path))
        if chosen.name == f"{SCHEMA_ORG.token}.jsonld":
            return told
        quads = _by_subject(rdfio.read(told, _JSONLD, graph=NamedNode(document)))
    return documents.write(quads, chosen, root=iri, prefixes=prefixes, context=_context())


def _by_subject(quads: Iterable[Quad]) -> tuple[Quad, ...]:
    """Give quads with those of one subject together, in the order that subjects come in."""
    order: dict[object, int] = {}
    return tuple(sorted(quads, key=lambda quad: order.setdefault(quad.subject, len(order))))


def _entity_page(
    description: Description, path: str, table: Sequence[Representation], signposts: Signposts
) -> str:
    snapshot = current.snapshot()
    known = vocabulary.of_store(snapshot.store)
    is_ontology = _OWL_ONTOLOGY.value in description.types
    page = entities.build(
        _without_terms(description) if is_ontology else description,
        index=current.index(),
        vocabulary=known,
        graphs=snapshot.graphs,
        language=html.language(),
        cite=not is_ontology,
    )
    return html.render(
        "ontology.html" if is_ontology else "entity.html",
        page=page,
        odd=() if is_ontology else oddities.of(description, current.index()),
        figures=None
        if is_ontology
        else figures.of(description, current.index(), snapshot.store, html.language()),
        terms=ontologies.terms(description, negotiate.fallbacks(html.language())) if is_ontology else (),
        graph=_graph_of(page.iri),
        tree=concepts.tree(page.iri, current.index(), html.language())
        if _SCHEME.value in description.types
        else (),
        above=() if is_ontology else concepts.path(page.iri, current.index(), html.language()),
        companions=() if is_ontology else concepts.companions(page.iri, current.index(), html.language()),
        usage=figures.usage(page.iri, _uses(page.iri), current.index(), snapshot.store, html.language())
        if page.iri in known.properties
        else None,
        formats=[(form, address(path, form)) for form in principal(table) if form.kind != "citation"],
        cite_forms=[(form, address(path, form)) for form in table if form.kind == "citation"],
        history_path=f"history/{path[4:]}"
        if "?" not in path and current.history().versions(page.iri)
        else "",
        schema_org=html.script_json(discovery.structured(description, path)),
        signposts=signposts.in_head(),
        describe_query=f"DESCRIBE <{page.iri}>",
        statements_query=f"SELECT ?property ?value WHERE {{\n  <{page.iri}> ?property ?value .\n}}",
        back_query=f"SELECT ?thing ?property WHERE {{\n  ?thing ?property <{page.iri}> .\n}} LIMIT 100",
    )


def _without_terms(description: Description) -> Description:
    """Give what is said of an ontology itself; its terms have pages of their own."""
    start = f"{description.iri}#"
    return replace(description, parts={i: p for i, p in description.parts.items() if not i.startswith(start)})


def _uses(predicate: str) -> int:
    properties = current.numbers().properties
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
    return Context(vocabulary.of_store(store).properties, dict(prefixes))


@blueprint.get("/context.jsonld")
def context() -> Response:
    """The JSON-LD context: every name that documents use."""
    return respond(_context().document(), _CONTEXT, vary=())


@blueprint.get("/land.geojson")
def land() -> Response:
    """The outlines behind the maps."""
    drawn = maps.of_store(current.snapshot().store).land()
    return respond(json.dumps(drawn, separators=(",", ":")), _GEOJSON, vary=())


def _members(members: Members, form: Representation | None, path: str) -> Response:
    """The things of one class, or the concepts of one scheme, page by page."""
    narrowed, sort = _chosen_values(), request.args.get("sort", "")
    sign, name = ("-", sort[1:]) if sort.startswith("-") else ("", sort)
    found = listing(
        current.index(),
        current.snapshot().store,
        members,
        html.language(),
        chosen=narrowed,
        sort=sign + (html.expand(name) or name),
        after=request.args.get("after", ""),
        limit=current.site().settings.page_size,
    )
    chosen, vary = choose(form, MEMBERS, path)
    if chosen is not HTML:
        return _table(chosen, vary, path, _file_of(found, chosen, absolute(path)), found.more)
    page = html.render(
        "list.html",
        rows=found.rows,
        formats=_list_formats(MEMBERS, path),
        listing=found,
        list_path=path,
        query=lists.query(current.index(), current.snapshot().store, members, narrowed, html.language()),
        schemes=[(at, one.scheme) for at, one in html.lists().members.items() if at.startswith(f"{path}/")],
        **_map_of_list(found),
    )
    return _table(chosen, vary, path, page, found.more)


def _file_of(found: Listing, chosen: Representation, document: str) -> str | bytes:
    if chosen.kind != "graph":
        return _records(found.records(), chosen)
    prefixes = current.snapshot().config.prefixes
    return documents.write(
        found.quads(document), chosen, root=document, prefixes=prefixes, context=_context()
    )


def _chosen_values() -> list[tuple[str, str]]:
    """Give what a list is narrowed by: parameters named by a prefixed property, valued with IRIs or years."""
    pairs = ((html.expand(key) or key, value) for key, value in request.args.items(multi=True) if ":" in key)
    return [
        (p, value)
        for p, value in pairs
        if _IRI.fullmatch(p) and (_IRI.fullmatch(value) or _YEARS.fullmatch(value))
    ]


def _list_formats(table: Sequence[Representation], path: str) -> list[tuple[Representation, str]]:
    return [(form, html.href(f"{path}.{form.suffix}", **_list_query())) for form in table]


def _list_query(**changed: str) -> dict[str, list[str]]:
    """Give what this request's list is narrowed and sorted by, and where its page begins."""
    kept = {name: some for name, some in request.args.lists() if name not in ("format", "lang", "map")}
    return {**kept, **{name: [value] for name, value in changed.items()}}


def _map_of_list(found: Listing) -> dict[str, Any]:
    """Give the map of everything in a list, not only of its page, where one is asked for."""
    atlas, store = _atlas()
    if not request.args.get("map"):
        return {"drawn": None, "mappable": any(atlas.near(iri, store) for iri in found.every[:50])}
    drawn = _draw_list(found)
    marks = [mark.iri for mark in drawn.marks] if drawn else []
    names = current.index().labels(marks, negotiate.fallbacks(html.language()))
    return {"drawn": drawn, "mappable": drawn is not None, "map_names": names}


def _atlas() -> tuple[maps.Atlas, Store]:
    path = current.snapshot().store
    return maps.of_store(path), current.opened(path)


def _draw_list(found: Listing) -> Drawing | None:
    atlas, store = _atlas()
    places = [
        maps.Place(iri, maps.Geometry((), (geometry.box.centre,)), "0")
        for iri in found.every
        if (geometry := atlas.near(iri, store)) is not None
    ]
    return atlas.draw(places, None, 720)


@blueprint.get("/links", defaults={"suffix": ""})
@blueprint.get("/links.<suffix>")
def links(suffix: str) -> Response:
    """The things that point to one thing by one property, page by page."""
    form = named(suffix, LISTS, "links")
    target, predicate = request.args.get("to", ""), request.args.get("by", "")
    limit, after = current.site().settings.page_size, request.args.get("after", "")
    iris = current.index().incoming(target, predicate, after=after, limit=limit + 1)
    names = html.names((target, predicate, *iris))
    rows = [{"iri": iri, "label": names[iri].text, "language": names[iri].language} for iri in iris[:limit]]
    chosen, vary = choose(form, LISTS, "links")
    more = iris[limit - 1] if len(iris) > limit else ""
    if chosen is not HTML:
        return _table(chosen, vary, "links", _records(rows, chosen), more)
    page = html.render(
        "links.html",
        rows=rows,
        formats=_list_formats(LISTS, "links"),
        target=target,
        predicate=predicate,
        names=names,
        more=more,
    )
    return _table(chosen, vary, "links", page, more)


@blueprint.get("/statements", defaults={"suffix": ""})
@blueprint.get("/statements.<suffix>")
def statements(suffix: str) -> Response:
    """What is said of one thing, by all properties or one, page by page."""
    form = named(suffix, LISTS, "statements")
    about, predicate, after = (request.args.get(name, "") for name in ("of", "by", "after"))
    limit, skip = current.site().settings.page_size, int(after) if _NUMBER.fullmatch(after) else 0
    found = current.index().statements(about, predicate, skip=skip, limit=limit + 1)
    if about and not found and not current.index().knows(about):
        raise resolve.missing(about)
    names = html.names((about, *(predicate for predicate, _ in found), *_links_in(found)))
    rows = [_stated(predicate, value, names) for predicate, value in found[:limit]]
    chosen, vary = choose(form, LISTS, "statements")
    more = str(skip + limit) if len(found) > limit else ""
    if chosen is not HTML:
        return _table(chosen, vary, "statements", _records(rows, chosen), more)
    formats = _list_formats(LISTS, "statements")
    page = html.render("statements.html", rows=rows, formats=formats, about=about, by=predicate, names=names,
                       more=more)  # fmt: skip
    return _table(chosen, vary, "statements", page, more)


def _links_in(found: Iterable[tuple[str, Value]]) -> list[str]:
    return [value.value for _, value in found if isinstance(value, NamedNode)]


def _stated(predicate: str, value: Value, names: Mapping[str, Label]) -> dict[str, str]:
    """Give a statement as a row of a list."""
    row = {"property": predicate, "value": str(getattr(value, "value", value)), "label": "", "language": "",
           "datatype": ""}  # fmt: skip
    if isinstance(value, NamedNode):
        label = names[value.value]
        return row | {"label": label.text, "language": label.language}
    if isinstance(value, Literal):
        return row | {"language": value.language or "", "datatype": value.datatype.value}
    return row | {"value": str(value)}


def _table(chosen: Representation, vary: Iterable[str], path: str, body: str | bytes, more: str) -> Response:
    """Give a page of a list in some form, with the way to the next and to the other forms."""
    suffix = "" if chosen is HTML else f".{chosen.suffix}"
    links = [
        link(at, "alternate", type=form.media_type)
        for form, at in _list_formats(LISTS if path in ("links", "statements") else MEMBERS, path)
        if form.name != chosen.name
    ]
    if more:
        links.append(link(html.href(f"{path}{suffix}", **_list_query(after=more)), "next"))
    answer = respond(
        body,
        chosen,
        vary=(*vary, "Accept-Language"),
        content_location=html.href(f"{path}.{chosen.suffix}", **_list_query()),
        links=links,
        language=html.language(),
        variant=query_string(),
    )
    return discovery.dated(answer)


def _records(rows: Sequence[Mapping[str, Any]], chosen: Representation) -> str:
    return _csv(rows) if chosen is CSV else _json(rows)


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
    every = questions.all_of(current.snapshot(), html.language())
    return _page("questions.html", questions=every, failures=cautions.failures(current.snapshot()))


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


@blueprint.get("/accessibility")
def accessibility() -> Response:
    """What has been tested of how everybody can use the site, and what is missing."""
    return _page("accessibility.html")


@blueprint.get("/api", defaults={"suffix": ""})
@blueprint.get("/api.<suffix>")
def api(suffix: str) -> Response:
    """What can be asked of this site and how: an OpenAPI document, and the page made of it."""
    form = named(suffix, API, "api")
    chosen, vary = choose(form, API, "api")
    told = openapi.document(current.snapshot(), current.site().settings, _routes(), html.text_of)
    profiles = [(profile, profile_iri(profile.token)) for profile in PROFILES]
    body = (
        html.render("api.html", api=told, profiles=profiles, formats=[(f, address("api", f)) for f in API])
        if chosen is HTML
        else _json(told)
    )
    return respond(body, chosen, vary=(*vary, "Accept-Language"), content_location=address("api", chosen),
                   language=html.language(), variant=query_string())  # fmt: skip


def _routes() -> Iterator[Route]:
    """Yield the rules of the application, each with the first sentence of its function."""
    for rule in current_app.url_map.iter_rules():
        view = rule.endpoint.removeprefix(f"{blueprint.name}.")
        said = (current_app.view_functions[rule.endpoint].__doc__ or "").partition("\n")[0]
        yield Route(rule.rule, tuple((rule.methods or set()) - {"HEAD", "OPTIONS"}), view, said)


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
    """The IRI of a thing: see the document about it; or a list."""
    stem, table, ending = negotiate.split_suffix(path, MEMBERS)
    members = html.lists().members.get(path if table is None else stem)
    if members is not None:
        return _members(members, table, path if table is None else stem)
    if table is None and stem in html.lists().members:
        raise resolve.unsupported(ending, stem, MEMBERS)
    named = ((stem, f".{form.suffix}") for stem, form, _ in negotiate.splits(path, DOCUMENTS))
    query = request.query_string.decode("latin-1")
    for at, suffix in ((path, ""), *named):
        found = resolve.entity(at)
        if found is not None:
            target = document_path(found.iri, current.snapshot().config.base) + suffix
            return redirect(here(target) + (f"?{query}" if query else ""))
    raise resolve.no_entity(path)
