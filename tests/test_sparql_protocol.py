"""The W3C tests of the SPARQL 1.1 Protocol and Service Description, against a running server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode, RdfFormat, Store, parse

from tests.serving import Reply, Served, served

pytestmark = pytest.mark.xdist_group("protocol")
SUITE = Path("suites/rdf-tests/sparql/sparql11/protocol")
HT = "http://www.w3.org/2011/http#"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
CNT = "http://www.w3.org/2011/content#"
SD = "http://www.w3.org/ns/sparql-service-description#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
UPDATES_REFUSED = 403
TESTS = (
    "query_post_form query_dataset_default_graphs_get query_dataset_default_graphs_post "
    "query_dataset_named_graphs_post query_dataset_named_graphs_get query_dataset_full "
    "query_multiple_dataset query_get query_content_type_select query_content_type_ask "
    "query_content_type_describe query_content_type_construct update_dataset_default_graph "
    "update_dataset_default_graphs update_dataset_named_graphs update_dataset_full update_post_form "
    "update_post_direct update_base_uri query_post_direct bad_query_method bad_multiple_queries "
    "bad_query_wrong_media_type bad_query_missing_form_type bad_query_missing_direct_type "
    "bad_query_non_utf8 bad_query_syntax bad_update_get bad_multiple_updates "
    "bad_update_wrong_media_type bad_update_missing_form_type bad_update_non_utf8 bad_update_syntax "
    "bad_update_dataset_conflict "
).split()  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the suite and what must come back."""

    method: str
    path: str
    body: bytes | None
    headers: dict[str, str] = field(default_factory=dict)
    statuses: frozenset[int] = frozenset()
    boolean: bool | None = None
    format: str | None = None

    @property
    def is_update(self) -> bool:
        """Whether it would change the data."""
        form = self.body is not None and self.body.startswith(b"update=")
        return form or "sparql-update" in self.headers.get("content-type", "")


class Manifest:
    """The suite's manifest, read."""

    def __init__(self, path: Path) -> None:
        self.store = Store()
        self.store.bulk_extend(parse(path=str(path), base_iri="http://m/manifest", format=RdfFormat.TURTLE))

    def one(self, subject: Any, predicate: str) -> Any:
        return next(
            (q.object for q in self.store.quads_for_pattern(subject, NamedNode(predicate), None)), None
        )

    def every(self, subject: Any, predicate: str) -> list[Any]:
        return [q.object for q in self.store.quads_for_pattern(subject, NamedNode(predicate), None)]

    def items(self, node: Any) -> Iterator[Any]:
        while node is not None and node != NamedNode(f"{RDF}nil"):
            yield self.one(node, f"{RDF}first")
            node = self.one(node, f"{RDF}rest")

    def exchanges(self, name: str) -> Iterator[Exchange]:
        base = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/manifest#"
        action = self.one(NamedNode(base + name), f"{MF}action")
        for request in self.items(self.one(action, f"{HT}requests")):
            yield self.exchange(request)

    def exchange(self, request: Any) -> Exchange:
        body = self.one(request, f"{HT}body")
        content = None
        if body is not None:
            encoding = self.one(body, f"{CNT}characterEncoding")
            content = self.one(body, f"{CNT}chars").value.encode(encoding.value if encoding else "utf-8")
        headers = {
            self.one(header, f"{HT}fieldName").value.lower(): self.one(header, f"{HT}fieldValue").value
            for header in self.items(self.one(request, f"{HT}headers"))
        }
        response = self.one(request, f"{HT}resp")
        boolean = self.one(response, f"{MF}expectedBoolean")
        wanted = self.one(response, f"{MF}expectedFormat")
        hundreds = [int(str(s.value)[-3]) for s in self.every(response, f"{MF}expectedStatus")]
        return Exchange(
            self.one(request, f"{HT}methodName").value,
            self.one(request, f"{HT}absolutePath").value.replace("/sparql/", "/sparql", 1),
            content,
            headers,
            frozenset(hundreds),
            None if boolean is None else boolean.value == "true",
            wanted.value if isinstance(wanted, RdfLiteral) else None,
        )


@pytest.fixture(scope="module")
def suite(shared: Path) -> Path:
    return shared / SUITE


@pytest.fixture(scope="module")
def manifest(suite: Path) -> Manifest:
    return Manifest(suite / "manifest.ttl")


@pytest.fixture(scope="module")
def server(suite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the graphs that the suite speaks of."""
    folder = tmp_path_factory.mktemp("protocol")
    lines = [
        f"{line[:-1].rstrip()} <http://kasei.us/2009/09/sparql/data/{path.stem}.rdf> ."
        for path in sorted(suite.glob("data*.nt"))
        for line in path.read_text().splitlines()
        if line.strip()
    ]
    (folder / "data.nq").write_text("\n".join(lines) + "\n")
    with served(folder / "data.nq") as running:
        yield running


def test_the_list_of_tests_is_that_of_the_suite(manifest: Manifest) -> None:
    root = manifest.store.quads_for_pattern(None, NamedNode(f"{MF}entries"), None)
    entries = [entry.value.rpartition("#")[2] for quad in root for entry in manifest.items(quad.object)]
    assert entries == TESTS


@pytest.mark.parametrize("name", TESTS)
def test_protocol(name: str, manifest: Manifest, server: Served) -> None:
    """Each exchange has the status, format and answer of the suite; a good update is refused with 403."""
    for exchange in manifest.exchanges(name):
        reply = server.ask(exchange.method, exchange.path, exchange.body, exchange.headers)
        if exchange.is_update and 2 in exchange.statuses:
            assert reply.status == UPDATES_REFUSED
            return
        assert reply.status // 100 in exchange.statuses, reply.body
        if exchange.boolean is not None:
            assert json.loads(reply.body)["boolean"] is exchange.boolean
        check_format(exchange.format, reply)


def check_format(wanted: str | None, reply: Reply) -> None:
    media_type = reply.headers.get("content-type", "").partition(";")[0]
    match wanted:
        case "boolean":
            assert media_type in {"application/sparql-results+json", "application/sparql-results+xml"}
        case "tabular":
            assert media_type in {
                "application/sparql-results+json",
                "application/sparql-results+xml",
                "text/csv",
            }
        case "RDF":
            fmt = RdfFormat.from_media_type(media_type)
            assert fmt is not None
            list(parse(reply.body, fmt))


def test_updates_by_get_are_a_bad_request(server: Served) -> None:
    assert server.ask("GET", "/sparql?update=CLEAR%20ALL").status == 400


def description_of(server: Served, media_type: str) -> Store:
    reply = server.ask("GET", "/sparql", headers={"Accept": media_type})
    fmt = RdfFormat.from_media_type(reply.headers["content-type"].partition(";")[0])
    assert fmt is not None
    store = Store()
    store.bulk_extend(parse(reply.body, fmt))
    return store


@pytest.mark.parametrize(
    "media_type",
    ["*/*", "text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json"],
)
def test_a_get_on_the_endpoint_returns_rdf(server: Served, media_type: str) -> None:
    assert len(description_of(server, media_type)) > 20


def test_the_description_has_a_matching_endpoint_triple(server: Served) -> None:
    endpoints = description_of(server, "text/turtle").quads_for_pattern(
        None, NamedNode(f"{SD}endpoint"), None
    )
    found = [str(quad.object)[1:-1] for quad in endpoints]
    assert [urlsplit(iri).path for iri in found] == ["/sparql"]
    assert found == [f"{server.address}sparql"]


def test_the_description_conforms_to_the_vocabulary(server: Served) -> None:
    """Classes of subjects and objects are those of the service description vocabulary."""
    store = description_of(server, "text/turtle")
    domains = {
        "endpoint": "Service",
        "defaultDataset": "Service",
        "resultFormat": "Service",
        "feature": "Service",
        "supportedLanguage": "Service",
        "extensionFunction": "Service",
        "defaultGraph": "Dataset",
        "namedGraph": "Dataset",
        "name": "NamedGraph",
        "graph": "NamedGraph",
    }
    ranges = {
        "defaultDataset": "Dataset",
        "defaultGraph": "Graph",
        "namedGraph": "NamedGraph",
        "graph": "Graph",
        "extensionFunction": "Function",
    }
    rdf_type = NamedNode(f"{RDF}type")

    def is_a(node: Any, name: str) -> bool:
        return any(store.quads_for_pattern(node, rdf_type, NamedNode(SD + name)))

    for quad in store:
        name = quad.predicate.value.removeprefix(SD)
        if name in domains:
            assert is_a(quad.subject, domains[name]), quad
        if name in ranges:
            assert is_a(quad.object, ranges[name]), quad
        assert not quad.predicate.value.startswith(SD) or name in domains, quad
