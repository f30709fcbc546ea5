"""The OpenAPI document of the site: made of its routes, representations, problem types and settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from endpoint import negotiate, problems, protocol, quality, signposting
from endpoint.negotiate import CSV, HTML, JSON, Representation
from endpoint.settings import Settings
from kg import catalog
from kg.query import RESULT_FORMATS
from kg.query.formats import GRAPH, RESULTS
from kg.snapshot import Snapshot

VERSION = "3.1.1"
DOCUMENT = Representation(
    "openapi", "application/vnd.oai.openapi+json", "json", "OpenAPI", "graph", ("application/json",), 0.9
)
API = (HTML, DOCUMENT)
"""What the description of the interfaces is to be had in."""

Schema = Mapping[str, Any]
_IRI: Schema = {"type": "string", "format": "iri"}
_TEXT: Schema = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table of parameters; `place` is "query", "path" or "header"."""

    name: str
    text: str
    schema: Schema
    place: str = "query"
    example: str = ""

    def document(self) -> dict[str, Any]:
        """Give its parameter object."""
        needed = {"required": True} if self.place == "path" else {}
        shown = {"example": self.example} if self.example else {}
        return {"name": self.name, "in": self.place, "description": self.text, **needed,
                "schema": dict(self.schema), **shown}  # fmt: skip


_AFTER = "The last thing of the page before; a Link header with rel=next has the address that follows."
PARAMETERS = (
    Parameter("format", "A suffix, in place of the Accept header.", _TEXT, example="ttl"),
    Parameter("lang", "The language of texts, in place of Accept-Language.", _TEXT, example="en"),
    Parameter("_profile", "Token or IRI of a profile, in place of Accept-Profile.", _TEXT, example="schema"),
    Parameter("Accept-Language", "The languages of texts, by weight.", _TEXT, "header", "nn, en;q=0.5"),
    Parameter("Accept-Profile", "IRIs of profiles in angle brackets, by weight.", _TEXT, "header",
              "<https://schema.org/>"),
    Parameter("If-None-Match", "ETags of what the client has already.", _TEXT, "header"),
    Parameter("Range", "Which bytes of a file.", _TEXT, "header", "bytes=0-999"),
    Parameter("suffix", "What names the form, as in x.ttl.", _TEXT, "path"),
    Parameter("path", "The rest of the path; it may have slashes.", _TEXT, "path"),
    Parameter("identity", "The id of a snapshot.", {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "path"),
    Parameter("name", "A name without slashes.", _TEXT, "path"),
    Parameter("iri", "An absolute IRI.", _IRI),
    Parameter("q", "Words, beginnings of words, or “phrases”.", {"type": "string", "maxLength": 200}),
    Parameter("kind", "Only things of this class: an IRI or a prefixed name.", _TEXT),
    Parameter("after", _AFTER, _TEXT),
    Parameter("sort", "The property of a column, with - before it the other way round.", _TEXT),
    Parameter("map", "Whether the page shows a map.", {"type": "string", "enum": ["", "1"]}),
    Parameter("to", "What is pointed to.", _IRI),
    Parameter("of", "What something is said of.", _IRI),
    Parameter("by", "The property that points, or that says something.", _IRI),
    Parameter("query", "A query in SPARQL 1.1.", _TEXT, example="SELECT * { ?s ?p ?o } LIMIT 10"),
    Parameter("default-graph-uri", "A graph to merge into the default graph.",
              {"type": "array", "items": _IRI}),
    Parameter("named-graph-uri", "A graph that GRAPH may name.", {"type": "array", "items": _IRI}),
    Parameter("rows", "Asks for the first page of a SELECT query's rows, of so many.",
              {"type": "integer", "minimum": 1}, example="10000"),
    Parameter("cursor", "The page that the Link rel=next of the page before leads to.", _TEXT),
    Parameter("timeout", "Seconds that the query may run, at most those of the service.",
              {"type": "number"}),
)  # fmt: skip
_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def _form(name: str, media_type: str) -> Representation:
    return Representation(name, media_type, "", name, "other")


_RESULTS = tuple(
    Representation(fmt.name, fmt.media_type, fmt.suffix, fmt.label, kind)
    for kind in (RESULTS, GRAPH)
    for fmt in RESULT_FORMATS
    if fmt.kind == kind
)
_LINKSET = _form("linkset", "application/linkset+json")
_SUGGESTIONS = _form("opensearch", "application/x-suggestions+json")
_SEES, _LEADS = "303", "302"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a route answers with, beside what its function says of itself.

    `view` is the name of the function below the site's blueprint, `forms` what the answer is to be had in,
    `problems` slugs of problem types, `status` of the answer if it is no 200.
    """

    view: str
    tag: str
    forms: tuple[Representation, ...]
    parameters: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    status: tuple[str, ...] = ("200",)


_NEGOTIATED = ("not-acceptable", "unsupported-format")
_FOUND = ("not-found", *_NEGOTIATED)
_QUERIES = (
    "bad-request", "query-syntax", "query-refused", "query-too-complex", "query-timeout", "query-memory",
    "not-acceptable", "body-too-large", "result-too-large", "unsupported-media-type", "too-many-requests",
    "busy", "not-pageable", "snapshot-replaced",
)  # fmt: skip
_PAGE, _FORMS = ("lang", "Accept-Language"), ("format", "lang", "Accept-Language")
_DOCUMENT = (*_FORMS, "_profile", "Accept-Profile", "If-None-Match")
_DUMP = ("Range", "If-None-Match")
_FILES = (*negotiate.GRAPHS, _form("gzip", "application/gzip"), _form("zstd", "application/zstd"))
_ALL_PROFILES = negotiate.DOCUMENTS
RESOURCES = (
    Resource("document", "Things", _ALL_PROFILES, _DOCUMENT, (*_FOUND, "gone", "not-serialisable")),
    Resource("document_of", "Things", _ALL_PROFILES, ("iri", *_DOCUMENT), ("bad-request", *_FOUND)),
    Resource("thing", "Things", negotiate.MEMBERS, (*_FORMS, "after", "sort", "map"), _FOUND, ("200", _SEES)),
    Resource("links", "Things", negotiate.LISTS, ("to", "by", "after", *_FORMS), _NEGOTIATED),
    Resource("statements", "Things", negotiate.LISTS, ("of", "by", "after", *_FORMS), _FOUND),
    Resource("discovery.linkset", "Things", signposting.LINKSETS, ("iri",), ("not-found",)),
    Resource("history", "Things", (HTML, JSON), _FORMS, ("gone", *_FOUND)),
    Resource("kinds", "Things", (HTML,), _PAGE),
    Resource("search.search", "Search", negotiate.LISTS, ("q", "kind", "after", *_FORMS),
             ("bad-request", *_NEGOTIATED)),
    Resource("search.suggest", "Search", (JSON, _SUGGESTIONS), ("q", *_FORMS)),
    Resource("search.opensearch", "Search", (_form("xml", "application/opensearchdescription+xml"),), _PAGE),
    Resource("sparql.sparql", "SPARQL", (*_RESULTS, HTML),
             tuple(name for name in protocol.PARAMETERS if name != "lang"), _QUERIES),
    Resource("completions.completions", "SPARQL", (JSON,), _PAGE),
    Resource("completions.example", "SPARQL", (HTML,), ("name", "lang"), ("not-found",), (_SEES,)),
    Resource("limits", "SPARQL", (HTML, JSON), _FORMS, _NEGOTIATED),
    Resource("all_questions", "SPARQL", (HTML,), _PAGE),
    Resource("discovery.dataset", "Dataset", negotiate.DATASET, _FORMS, _NEGOTIATED),
    Resource("discovery.dataset_version", "Dataset", (), (), ("not-found",), (_SEES,)),
    Resource("discovery.catalogue", "Dataset", negotiate.CATALOGUE, _FORMS, _NEGOTIATED, ("200", _SEES)),
    Resource("discovery.void", "Dataset", negotiate.GRAPHS, ("format",), _NEGOTIATED),
    Resource("ontology", "Dataset", negotiate.ONTOLOGY, (*_FORMS, "If-None-Match"), _FOUND),
    Resource("context", "Dataset", (_form("jsonld", "application/ld+json"),)),
    Resource("discovery.citation", "Dataset", (_form("cff", "application/yaml"),), _PAGE),
    Resource("discovery.ro_crate", "Dataset", (_form("jsonld", "application/ld+json"),), _PAGE),
    Resource("land", "Dataset", (_form("geojson", "application/geo+json"),)),
    Resource("downloads", "Files", (HTML,), ("after", *_PAGE)),
    Resource("download", "Files", _FILES, _DUMP, ("not-found", "range-not-satisfiable")),
    Resource("discovery.dump_of", "Files", _FILES, _DUMP, ("not-found", "range-not-satisfiable")),
    Resource("discovery.latest_dump", "Files", (), (), ("not-found",), (_LEADS,)),
    Resource("quality.page", "Quality", quality.FORMS, _FORMS, _NEGOTIATED),
    Resource("quality.shapes.page", "Quality", (HTML, JSON), _FORMS, _NEGOTIATED),
    Resource("quality.every_rule", "Quality", (HTML,), _PAGE),
    Resource("quality.one_rule", "Quality", (HTML,), ("name", *_PAGE), ("not-found",)),
    Resource("quality.badge", "Quality", (_form("svg", "image/svg+xml"),)),
    Resource("front", "Site", (HTML,), _PAGE),
    Resource("about", "Site", (HTML,), _PAGE),
    Resource("accessibility", "Site", (HTML,), _PAGE),
    Resource("problems", "Site", (HTML,), _PAGE),
    Resource("api", "Site", API, _FORMS, _NEGOTIATED),
    Resource("discovery.api_catalog", "Site", (_LINKSET,)),
    Resource("discovery.sitemap_index", "Site", (_form("xml", "application/xml"),)),
    Resource("discovery.sitemap", "Site", (_form("xml", "application/xml"),), ("name",), ("not-found",)),
    Resource("discovery.robots", "Site", (_form("text", "text/plain"),)),
    Resource("discovery.llms", "Site", (_form("markdown", "text/markdown"),), _PAGE),
)  # fmt: skip
"""The interfaces, one row for each function that answers."""

_BY_VIEW = {resource.view: resource for resource in RESOURCES}


@dataclass(frozen=True, slots=True)
class Route:
    """A rule of the application: its path, its methods, the name and the first sentence of its function."""

    path: str
    methods: tuple[str, ...]
    view: str
    summary: str

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it.

        >>> Route("/dumps/<string(length=64):identity>/<path:path>", (), "", "").template
        '/dumps/{identity}/{path}'
        """
        return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", self.path)


def document(
    snapshot: Snapshot,
    settings: Settings,
    routes: Iterable[Route],
    text: Callable[[Mapping[str, str]], str],
) -> dict[str, Any]:
    """Give the OpenAPI document; routes that no row of the table is about are left out."""
    paths: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for route in sorted(routes, key=lambda route: route.path):
        resource = _BY_VIEW.get(route.view)
        if resource is None:
            continue
        operations = {m.lower(): _operation(m, route, resource, settings) for m in sorted(route.methods)}
        paths[route.template] = operations
        used.update(resource.problems)
    tags = dict.fromkeys(resource.tag for resource in RESOURCES)
    return {
        "openapi": VERSION,
        "info": _info(snapshot, text),
        "servers": [{"url": (settings.public_url or snapshot.config.base).rstrip("/")}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "responses": dict(_responses(used)),
            "parameters": {_key(parameter): parameter.document() for parameter in PARAMETERS},
        },
    }


def _info(snapshot: Snapshot, text: Callable[[Mapping[str, str]], str]) -> dict[str, Any]:
    config = snapshot.config
    known = catalog.licence(config.license)
    contact = {"name": text(config.catalogue.contact_name), "url": config.catalogue.contact_url}
    info: dict[str, Any] = {
        "title": text(config.title) or config.base,
        "description": text(config.description),
        "version": config.version or snapshot.id[:12],
        "contact": {name: value for name, value in contact.items() if value},
        "license": {"name": known.spdx if known else config.license, "url": config.license}
        if config.license
        else {},
    }
    return {name: value for name, value in info.items() if value}


def _operation(method: str, route: Route, resource: Resource, settings: Settings) -> dict[str, Any]:
    in_path = re.findall(r"{(\w+)}", route.template)
    names = [*in_path, *(name for name in resource.parameters if name not in in_path)]
    operation: dict[str, Any] = {
        "operationId": "-".join((method.lower(), re.sub(r"[._]", "-", resource.view), *in_path)),
        "summary": route.summary,
        "tags": [resource.tag],
    }
    if method == "POST":
        names = [name for name in names if name == "format"]
        operation["requestBody"] = _body(settings)
    if names:
        operation["parameters"] = [
            {"$ref": f"#/components/parameters/{_key(_BY_NAME[name])}"} for name in names
        ]
    operation["responses"] = dict(_answers(resource, "suffix" in in_path))
    return operation


def _key(parameter: Parameter) -> str:
    return f"{parameter.place}-{parameter.name.strip('_')}"


def _body(settings: Settings) -> dict[str, Any]:
    query = {"type": "string", "maxLength": settings.query_bytes}
    form = {name: dict(_BY_NAME[name].schema) for name in protocol.PARAMETERS if name in _BY_NAME}
    return {
        "required": True,
        "description": f"At most {settings.body_bytes} bytes, not compressed.",
        "content": {
            protocol.QUERY: {"schema": query},
            protocol.FORM: {"schema": {"type": "object", "properties": {**form, "query": query}}},
        },
    }


def _answers(resource: Resource, by_suffix: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    texts = {"200": "The answer.", _SEES: "What to see instead.", _LEADS: "The newest file."}
    for status in resource.status:
        answer: dict[str, Any] = {"description": texts[status]}
        if status == "200":
            answer["headers"] = {"ETag": {"schema": dict(_TEXT)}}
            answer["content"] = {
                form.media_type: {"schema": _schema(resource, form)} for form in resource.forms
            }
        else:
            answer["headers"] = {"Location": {"schema": {"type": "string", "format": "uri-reference"}}}
        yield status, answer
    slugs = [slug for slug in resource.problems if not (by_suffix and slug == "not-acceptable")]
    for number in sorted({_TYPES[slug].status for slug in slugs}):
        yield str(number), {"$ref": f"#/components/responses/{number}"}


_TYPES = {found.slug: found for found in problems.TYPES}


def _responses(slugs: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    some: Sequence[problems.ProblemType] = [found for found in problems.TYPES if found.slug in set(slugs)]
    for status in sorted({found.status for found in some}):
        told = [f"`{found.slug}`: {found.title('en')}" for found in some if found.status == status]
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        yield (
            str(status),
            {
                "description": "; ".join(told) + ".",
                "content": {negotiate.PROBLEM.media_type: problem, HTML.media_type: {"schema": dict(_TEXT)}},
            },
        )


def _schema(resource: Resource, form: Representation) -> dict[str, Any]:
    if form is JSON and resource.view in _JSON:
        return {"$ref": f"#/components/schemas/{_JSON[resource.view]}"}
    if form.media_type.endswith("json"):
        return {}
    return {"type": "string", "contentMediaType": form.media_type} if form is CSV else dict(_TEXT)


_JSON = {
    "history": "History",
    "thing": "Rows",
    "links": "Rows",
    "statements": "Statements",
    "search.search": "Hits",
    "search.suggest": "Completions",
}


def _object(required: Sequence[str], **properties: Schema) -> dict[str, Any]:
    return {"type": "object", "properties": {k: dict(v) for k, v in properties.items()},
            "required": list(required)}  # fmt: skip


def _list(items: Schema) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}


_NUMBER: Schema = {"type": "integer"}
_ROW = _object(("iri", "label", "language"), iri=_TEXT, label=_TEXT, language=_TEXT)
_HIT = _object(
    ("iri", "label", "language", "kind", "kind_label", "matched"),
    iri=_IRI, label=_TEXT, language=_TEXT, kind=_TEXT, kind_label=_TEXT, matched=_TEXT,
)  # fmt: skip
_LINK = _object((), iri=_IRI, label=_TEXT, type=_TEXT, profile=_TEXT, href=_TEXT)
_TRIPLES: Schema = {"type": ["array", "null"], "items": dict(_TEXT)}
_SCHEMAS: Mapping[str, Any] = {
    "Problem": _object(
        ("type", "title", "status", "detail", "instance"),
        type=_IRI, title=_TEXT, status=_NUMBER, detail=_TEXT, instance=_TEXT,
        nearest=_list(_LINK), available=_list(_LINK), successor=_list(_LINK),
    ),
    "Rows": _list({**_ROW, "additionalProperties": {"type": "string"}}),
    "Statements": _list(
        _object(
            ("property", "value", "label", "language", "datatype"),
            property=_IRI, value=_TEXT, label=_TEXT, language=_TEXT, datatype=_TEXT,
        )
    ),
    "Hits": _object(
        ("query", "total", "near", "kinds", "hits", "next"),
        query=_TEXT, total=_NUMBER, near={"type": "boolean"}, hits=_list(_HIT),
        kinds=_list(_object(("id", "label", "count"), id=_IRI, label=_TEXT, count=_NUMBER)),
        next={"type": ["string", "null"]},
    ),
    "History": _object(
        ("iri", "versions"),
        iri=_IRI,
        versions=_list(
            _object(
                ("changed", "snapshot", "added", "removed"),
                changed={"type": "string", "format": "date-time"}, snapshot={"type": ["string", "null"]},
                added=_TRIPLES, removed=_TRIPLES,
            )
        ),
    ),
    "Completions": _list(
        _object(
            ("id", "label", "language", "kind", "kind_id", "matched", "href"),
            id=_IRI, label=_TEXT, language=_TEXT, kind=_TEXT, kind_id=_TEXT, matched=_TEXT, href=_TEXT,
        )
    ),
}  # fmt: skip
