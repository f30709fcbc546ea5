"""The W3C SPARQL 1.0, 1.1 and 1.2 query suites, each test sent through the guard and the pool.

Every data file of the suites is a named graph of one store; a test's data are its protocol dataset.
What the engine is known to get wrong is listed by name with the reason; a listed test that passes fails.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Store,
    parse,
    parse_query_results,
)

from kg.query import Answer, Limits, Pool, Query, QueryError, QueryRefused, QuerySyntaxError, formats, guard

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
BASE = "http://suites.test/"
EMPTY = "http://suites.test/empty"
LEFT_OUT = ("service", "entailment", "protocol", "service-description", "graph-store-protocol", "syntax-fed")
KINDS = ("QueryEvaluationTest", "CSVResultFormatTest", "PositiveSyntaxTest11", "PositiveSyntaxTest",
         "NegativeSyntaxTest11", "NegativeSyntaxTest")  # fmt: skip

FROM = re.compile(r"\bFROM\s+(?:NAMED\s+)?<([^>]*)>", re.IGNORECASE)
PATH = "the engine finds no zero-length path from a constant that is not in the data"
VALUE = "the store keeps numbers by value: 1 for 01"
FUNCTION = "a function the engine does not know is an error, not an unbound value"
KNOWN = {
    "sparql10/distinct/distinct-1": VALUE,
    "sparql10/distinct/distinct-9": VALUE,
    "sparql10/expr-builtin/case-insensitive-booleans": "true and false are known in small letters only",
    "sparql10/expr-builtin/dawg-str-1": VALUE,
    "sparql10/expr-builtin/dawg-str-2": VALUE,
    "sparql10/expr-builtin/sameTerm-eq": VALUE,
    "sparql10/expr-builtin/sameTerm-not-eq": VALUE,
    "sparql10/expr-builtin/sameTerm-simple": VALUE,
    "sparql10/expr-equals/eq-graph-1": VALUE,
    "sparql10/expr-equals/eq-graph-2": VALUE,
    "sparql10/graph/graph-optional": "?g is bound already inside GRAPH ?g",
    "sparql10/graph/graph-variable-scope": "?g is bound already inside GRAPH ?g",
    "sparql10/open-world/date-2": "dates with and without time zone are told apart where they may be equal",
    "sparql10/open-world/open-eq-01": VALUE,
    "sparql10/syntax-sparql1/syntax-expr-05": FUNCTION,
    "sparql10/syntax-sparql1/syntax-order-05": FUNCTION,
    "sparql10/syntax-sparql1/syntax-order-06": FUNCTION,
    "sparql10/syntax-sparql2/syntax-function-01": FUNCTION,
    "sparql10/syntax-sparql2/syntax-function-02": FUNCTION,
    "sparql10/syntax-sparql2/syntax-function-03": FUNCTION,
    "sparql10/syntax-sparql2/syntax-function-04": FUNCTION,
    "sparql10/syntax-sparql3/syn-bad-26": "?x<?a&&?b>?y is read as comparisons, as SPARQL 1.0 forbids",
    "sparql11/aggregates/agg-groupconcat-04": "GROUP_CONCAT of texts in one language keeps the language",
    "sparql11/aggregates/agg-groupconcat-06": "GROUP_CONCAT of texts in one language keeps the language",
    "sparql11/aggregates/agg-empty-group-count-graph": "COUNT in a sub-select inside GRAPH ?g",
    "sparql11/bindings/graph": "VALUES inside GRAPH ?g",
    "sparql11/csv-tsv-res/csv03": "the store keeps numbers by value: 1.0 for 1.00",
    "sparql11/functions/bnode01": 'BNODE("x") gives one blank node for all rows, not one for each',
    "sparql11/negation/graph-minus": "MINUS inside GRAPH ?g",
    "sparql11/property-path/zero_or_more_set_start": PATH,
    "sparql11/property-path/zero_or_more_set_end": PATH,
    "sparql11/property-path/zero_or_one_set_start": PATH,
    "sparql11/property-path/zero_or_one_set_end": PATH,
    "sparql11/syntax-query/test_4": FUNCTION,
    "sparql12/grouping/group01": "the store keeps numbers by value, so groups of 1 and 1.0 are one",
    "sparql12/grouping/select-variable-reuse": "the engine takes the variable for unbound",
    "sparql12/syntax-triple-terms-negative/tripleterm-subject-03": "accepted by the engine",
    "sparql12/syntax-triple-terms-negative/tripleterm-subject-06": "accepted by the engine",
    "sparql12/syntax/nested-aggregate-functions": "accepted by the engine",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a suite."""

    name: str
    kind: str
    query: str
    data: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    result: str | None = None


class Suite:
    """The manifests and data of the suites, read from their folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifests = Store()
        self.seen: set[str] = set()

    def path(self, iri: str) -> Path:
        return self.folder / iri.removeprefix(BASE)

    def quads(self, iri: str) -> Iterator[Quad]:
        """Give a data file's quads; what stands in no named graph is in the graph of the file's name."""
        for quad in read_graph(self.path(iri).read_bytes(), iri):
            graph = NamedNode(iri) if isinstance(quad.graph_name, DefaultGraph) else quad.graph_name
            yield Quad(quad.subject, quad.predicate, quad.object, graph)

    def named_graphs(self, iri: str) -> set[str]:
        return {str(quad.graph_name)[1:-1] for quad in self.quads(iri)} - {iri}

    def one(self, subject: Any, predicate: str) -> Any:
        return next(iter(self.every(subject, predicate)), None)

    def every(self, subject: Any, predicate: str) -> list[Any]:
        return [q.object for q in self.manifests.quads_for_pattern(subject, NamedNode(predicate), None)]

    def items(self, node: Any) -> Iterator[Any]:
        while node is not None and node != NamedNode(f"{RDF}nil"):
            yield self.one(node, f"{RDF}first")
            node = self.one(node, f"{RDF}rest")

    def cases(self, manifest: str) -> Iterator[Case]:
        if manifest in self.seen:
            return
        self.seen.add(manifest)
        content = self.path(manifest).read_bytes()
        quads = list(parse(content, RdfFormat.TURTLE, base_iri=manifest, rename_blank_nodes=True))
        self.manifests.bulk_extend(quads)
        root = next(q.subject for q in quads if q.object == NamedNode(f"{MF}Manifest"))
        for included in self.items(self.one(root, f"{MF}include")):
            if not any(f"/{name}/" in included.value for name in LEFT_OUT):
                yield from self.cases(included.value)
        for entry in self.items(self.one(root, f"{MF}entries")):
            case = self.case(entry, manifest)
            if case is not None:
                yield case

    def case(self, entry: Any, manifest: str) -> Case | None:
        types = {t.value.rpartition("#")[2] for t in self.every(entry, f"{RDF}type")}
        kind = next((kind for kind in KINDS if kind in types), None)
        if kind is None:
            return None
        folder = manifest.removeprefix(BASE).rpartition("/")[0]
        name = f"{folder.removeprefix('sparql/')}/{entry.value.rpartition('#')[2].rpartition('/')[2]}"
        action = self.one(entry, f"{MF}action")
        if isinstance(action, NamedNode):
            if action.value.endswith(".ru"):
                return None
            return Case(name, kind, action.value)
        result = self.one(entry, f"{MF}result")
        query = self.one(action, f"{QT}query").value
        return Case(
            name,
            kind,
            query,
            tuple(iri.value for iri in self.every(action, f"{QT}data")),
            tuple(iri.value for iri in self.every(action, f"{QT}graphData")) or self.from_clauses(query),
            result.value if isinstance(result, NamedNode) else None,
        )

    def from_clauses(self, query: str) -> tuple[str, ...]:
        """Give the files of the suite that a query names itself."""
        found = (urljoin(query, iri) for iri in FROM.findall(self.path(query).read_text("utf-8")))
        return tuple(iri for iri in found if iri.startswith(BASE) and self.path(iri).is_file())


def read_graph(content: bytes, iri: str) -> list[Quad]:
    fmt = RdfFormat.from_extension(iri.rpartition(".")[2])
    assert fmt is not None, iri
    return list(parse(content, fmt, base_iri=iri, rename_blank_nodes=True))


def rows_as_graph(variables: list[str], rows: list[dict[str, Any]]) -> list[Quad]:
    quads = [Quad(NamedNode("x:result"), NamedNode("x:variable"), Literal(name)) for name in variables]
    for number, row in enumerate(rows):
        node = BlankNode(f"row{number}")
        quads.append(Quad(node, NamedNode("x:row"), Literal("")))
        quads += [Quad(node, NamedNode(f"x:{name}"), value) for name, value in row.items()]
    return quads


def solutions(found: QuerySolutions | QueryBoolean) -> list[Quad]:
    if isinstance(found, QueryBoolean):
        return [Quad(NamedNode("x:result"), NamedNode("x:boolean"), Literal(bool(found)))]
    names = [variable.value for variable in found.variables]
    rows = [{n: row[n] for n in names if row[n] is not None} for row in found]
    return rows_as_graph(names, rows)


def result_set(quads: list[Quad]) -> list[Quad]:
    """Give what a result set written as RDF says."""
    store = Store()
    store.bulk_extend(quads)

    def of(subject: Any, name: str) -> list[Any]:
        return [q.object for q in store.quads_for_pattern(subject, NamedNode(RS + name), None)]

    root = next(q.subject for q in store.quads_for_pattern(None, NamedNode(f"{RDF}type"), None)
                if q.object == NamedNode(f"{RS}ResultSet"))  # fmt: skip
    booleans = of(root, "boolean")
    if booleans:
        return [Quad(NamedNode("x:result"), NamedNode("x:boolean"), booleans[0])]
    rows = [
        {of(binding, "variable")[0].value: of(binding, "value")[0] for binding in of(row, "binding")}
        for row in of(root, "solution")
    ]
    return rows_as_graph([name.value for name in of(root, "resultVariable")], rows)


def canonical(quads: list[Quad]) -> list[str]:
    """Give the statements in an order and with names of their own; literals as the engine stores them."""
    store = Store()
    store.bulk_extend(Quad(q.subject, q.predicate, q.object, DefaultGraph()) for q in quads)
    dataset = Dataset(store)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(str(quad) for quad in dataset)


def is_result_set(quads: list[Quad]) -> bool:
    return any(q.object == NamedNode(f"{RS}ResultSet") for q in quads)


def check(case: Case, suite: Suite, pool: Pool) -> None:
    text = suite.path(case.query).read_text("utf-8")
    if case.kind.startswith("Negative"):
        with pytest.raises(QuerySyntaxError):
            run(case, text, suite, pool)
        return
    if case.kind.startswith("Positive"):
        try:
            run(case, text, suite, pool)
        except (QuerySyntaxError, QueryRefused):
            raise
        except QueryError:
            pass
        return
    assert case.result is not None
    content = suite.path(case.result).read_bytes()
    suffix = case.result.rpartition(".")[2]
    wanted = formats.named({"srj": "json", "srx": "xml", "tsv": "tsv", "csv": "csv"}.get(suffix, ""))
    if case.kind == "CSVResultFormatTest":
        assert csv_rows(bytes(run(case, text, suite, pool, "csv").body)) == csv_rows(content)
        return
    if wanted is not None and isinstance(wanted.engine, QueryResultsFormat):
        answer = run(case, text, suite, pool, "json")
        found = solutions(parse_query_results(bytes(answer.body), QueryResultsFormat.JSON))
        expected = solutions(parse_query_results(content, wanted.engine))
    else:
        quads = read_graph(content, case.result)
        if is_result_set(quads):
            answer = run(case, text, suite, pool, "json")
            found = solutions(parse_query_results(bytes(answer.body), QueryResultsFormat.JSON))
            expected = result_set(quads)
        else:
            found = list(parse(bytes(run(case, text, suite, pool, "nt").body), RdfFormat.N_TRIPLES))
            expected = quads
    if "REDUCED" in text:
        found, expected = without_repetition(found, expected)
    assert canonical(found) == canonical(expected)


def without_repetition(found: list[Quad], expected: list[Quad]) -> tuple[list[Quad], list[Quad]]:
    """Give both results with each row once; a reduced one has no row more often than the whole."""
    one, other = rows_of(found), rows_of(expected)
    assert len(one) <= len(other)
    return [quad for row in set(one) for quad in row], [quad for row in set(other) for quad in row]


def rows_of(quads: list[Quad]) -> list[frozenset[Quad]]:
    """Give the values of each row, the row itself without a name."""
    rows: dict[Any, set[Quad]] = {}
    for quad in quads:
        rows.setdefault(quad.subject, set()).add(Quad(NamedNode("x:row"), quad.predicate, quad.object))
    return [frozenset(row) for row in rows.values()]


def csv_rows(content: bytes) -> list[list[tuple[str, str]]]:
    """Give the rows without an order, columns by name, blank nodes by their first appearance."""
    labels: dict[str, str] = {}
    rows = []
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"))):
        cells = {
            n: labels.setdefault(c, f"_:{len(labels)}") if c.startswith("_:") else c for n, c in row.items()
        }
        rows.append(sorted(cells.items()))
    return sorted(rows)


def run(case: Case, text: str, suite: Suite, pool: Pool, name: str | None = None) -> Answer:
    outline = guard.inspect(text, pool.limits)
    wanted = formats.named(name) if name else formats.default(outline.form)
    assert wanted is not None
    inner = {graph for iri in case.data if iri.endswith(".trig") for graph in suite.named_graphs(iri)}
    from_clause = FROM.search(text)
    default = () if from_clause else (case.data or (EMPTY,))
    query = Query(text, default, () if from_clause else (*case.graphs, *inner), base=case.query)
    return pool.run(query, wanted, outline=outline)


def load(path: Path, suite: Suite, files: set[str]) -> None:
    """Write the store and let go of it."""
    store = Store(str(path))
    store.bulk_extend(quad for iri in sorted(files) for quad in suite.quads(iri))
    for iri in files:
        store.add_graph(NamedNode(iri))
    store.flush()


@pytest.fixture(scope="module")
def suite(shared: Path) -> Suite:
    return Suite(shared / "suites" / "rdf-tests")


@pytest.fixture(scope="module")
def pool_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Suite, list[Case]], Pool]]:
    opened: list[Pool] = []

    def open_pool(suite: Suite, cases: list[Case]) -> Pool:
        path = tmp_path_factory.mktemp("suites") / "store"
        load(path, suite, {iri for case in cases for iri in (*case.data, *case.graphs)})
        opened.append(Pool(path, Limits(seconds=10, workers=1)))
        return opened[-1]

    yield open_pool
    for pool in opened:
        pool.close()


@pytest.mark.parametrize(("version", "fewest"), [("sparql10", 480), ("sparql11", 330), ("sparql12", 200)])
def test_the_engine_passes_the_suite_but_for_what_is_known(
    version: str, fewest: int, suite: Suite, pool_of: Callable[[Suite, list[Case]], Pool]
) -> None:
    """Every query test of a version, in one go: what fails is exactly what is listed."""
    manifest = "manifest-all.ttl" if version == "sparql11" else "manifest.ttl"
    cases = list(suite.cases(f"{BASE}sparql/{version}/{manifest}"))
    pool = pool_of(suite, cases)
    failed: dict[str, str] = {}
    for case in cases:
        try:
            check(case, suite, pool)
        except (AssertionError, QueryError, pytest.fail.Exception) as error:
            failed[case.name] = str(error).splitlines()[0]
    known = {name: reason for name, reason in KNOWN.items() if name.startswith(version)}
    assert len(cases) >= fewest
    assert sorted(failed) == sorted(known), {name: failed[name] for name in failed.keys() - known.keys()}
