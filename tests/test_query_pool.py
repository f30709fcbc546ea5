"""Queries run in processes of their own; what goes wrong there ends there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg.errors import SnapshotError
from kg.query import (
    Answer,
    Cancellation,
    Limits,
    NotRepresentable,
    Pool,
    PoolBusy,
    Query,
    QueryCancelled,
    QueryMemory,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    ResultTooLarge,
    formats,
)
from kg.query.guard import Outline

pytestmark = pytest.mark.xdist_group("pool")
LIMITS = Limits(seconds=3.0, memory=150 * 2**20, result=100_000, workers=2, queue=1.0)
CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
UNGUARDED = Outline("SELECT", {}, {}, "")


def make_store(path: Path, *quads: Quad) -> Path:
    store = Store(str(path))
    store.bulk_extend(quads)
    store.flush()
    return path


def triple(s: str, p: str, o: str, graph: str | None = None) -> Quad:
    nodes = (NamedNode(f"http://x/{s}"), NamedNode(f"http://x/{p}"), Literal(o))
    return Quad(*nodes, NamedNode(f"http://x/{graph}")) if graph else Quad(*nodes)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("stores")
    many = [triple(f"s{i}", "p", str(i)) for i in range(300)]
    first = make_store(folder / "first", *many, triple("a", "p", "in g", "g"), triple("b", "p", "in h", "h"))
    second = make_store(folder / "second", triple("only", "p", "second"))
    return first, second


@pytest.fixture(scope="module", params=["memory", "disk"])
def pool(request: pytest.FixtureRequest, stores: tuple[Path, Path]) -> Iterator[Pool]:
    budget = LIMITS.store_in_memory if request.param == "memory" else 0
    with Pool(stores[0], replace(LIMITS, store_in_memory=budget)) as opened:
        assert opened.in_memory == (request.param == "memory")
        yield opened


def run(pool: Pool, text: str, result: str = "csv", **options: object) -> Answer:
    wanted = formats.named(result)
    assert wanted is not None
    return pool.run(Query(text), wanted, **options)  # type: ignore[arg-type]


def test_an_answer_is_the_whole_result(pool: Pool) -> None:
    answer = run(pool, "SELECT ?o { <http://x/s7> ?p ?o }")
    assert (bytes(answer.body), answer.form) == (b"o\r\n7\r\n", "SELECT")


@pytest.mark.parametrize(
    ("text", "result", "form", "body"),
    [
        ("ASK {}", "json", "ASK", b'{"head":{},"boolean":true}'),
        (
            "CONSTRUCT WHERE { <http://x/s1> ?p ?o }",
            "ntriples",
            "CONSTRUCT",
            b'<http://x/s1> <http://x/p> "1" .\n',
        ),
        ("DESCRIBE <http://x/s2>", "turtle", "DESCRIBE", b'<http://x/s2> <http://x/p> "2" .\n'),
    ],
)
def test_each_form_is_told(pool: Pool, text: str, result: str, form: str, body: bytes) -> None:
    answer = run(pool, text, result)
    assert (answer.form, bytes(answer.body)) == (form, body)


def test_the_dataset_can_be_named_beside_the_query(pool: Pool) -> None:
    wanted = formats.named("csv")
    assert wanted
    text = "SELECT ?o { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
    answer = pool.run(Query(text, default_graphs=("http://x/g", "http://x/absent")), wanted)
    assert bytes(answer.body) == b"o\r\nin g\r\n"
    answer = pool.run(Query(text, named_graphs=("http://x/h",)), wanted)
    assert bytes(answer.body) == b"o\r\nin h\r\n"


def test_a_query_is_stopped_at_its_deadline_and_the_pool_goes_on(pool: Pool) -> None:
    with pytest.raises(QueryTimeout) as caught:
        run(pool, CROSS, timeout=0.3)
    assert caught.value.seconds == 0.3
    assert run(pool, "ASK {}").form == "ASK"


def test_nobody_gets_more_time_than_the_limit(pool: Pool) -> None:
    with pytest.raises(QueryTimeout) as caught:
        run(pool, CROSS, timeout=60)
    assert caught.value.seconds == LIMITS.seconds


def test_a_query_that_takes_too_much_memory_is_stopped(pool: Pool) -> None:
    doubling = " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(28))
    with pytest.raises(QueryMemory):
        run(pool, f'SELECT (STRLEN(?x28) AS ?n) {{ BIND("{"a" * 32}" AS ?x0) {doubling} }}')


def test_a_result_beyond_the_cap_is_no_result(pool: Pool) -> None:
    with pytest.raises(ResultTooLarge):
        run(pool, "SELECT * { ?a ?b ?c . ?d ?e ?f }")


def test_a_crash_of_the_engine_ends_one_worker(pool: Pool) -> None:
    """What the guard would refuse is sent past it, and overflows the engine's stack."""
    with pytest.raises(QueryRefused) as caught:
        run(pool, "SELECT * " + "{" * 20_000 + "}" * 20_000, outline=UNGUARDED)
    assert caught.value.reason == "complex"
    assert run(pool, "ASK {}").form == "ASK"


def test_workers_have_no_network(pool: Pool) -> None:
    """Even SERVICE that slips past the guard reaches nobody."""
    with pytest.raises(Exception, match=r"unreachable|refused"):
        run(pool, "SELECT * { SERVICE <http://127.0.0.1:9999/> {} }", outline=UNGUARDED)


def test_the_guard_runs_before_the_engine(pool: Pool) -> None:
    with pytest.raises(QueryRefused) as caught:
        run(pool, "SELECT * { SERVICE <http://127.0.0.1:9999/> {} }")
    assert caught.value.reason == "service"


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("SELECT * { ?s foaf:name ?o }", 1, 15, "Add: PREFIX foaf: <http://xmlns.com/foaf/0.1/>"),
        ("SELECT * { ?s skso:name ?o }", 1, 15, "Did you mean skos: <http://www.w3.org/2004/02/skos/core#>?"),
        ("SELECT * {\n ?s ?p ?o OPTONAL {} }", 2, 11, "Did you mean OPTIONAL?"),
        ('SELECT (STRLN("a") AS ?n) {}', 1, 9, "Did you mean STRLEN?"),
        ("SELECT * {\n ?s ?p }", 2, 9, None),
    ],
)
def test_a_syntax_error_says_where_and_what_next(
    pool: Pool, text: str, line: int, column: int, hint: str | None
) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        run(pool, text)
    assert (caught.value.line, caught.value.column, caught.value.hint) == (line, column, hint)
    assert caught.value.excerpt.splitlines()[1] == " " * (column - 1) + "^"


def test_a_format_that_cannot_write_the_answer_is_named(pool: Pool) -> None:
    with pytest.raises(NotRepresentable, match="triples"):
        run(pool, "CONSTRUCT WHERE { ?s ?p ?o }", "csv")
    with pytest.raises(NotRepresentable, match="U\\+0001"):
        run(pool, 'SELECT ("\\u0001" AS ?x) {}', "xml")
    with pytest.raises(NotRepresentable, match="http://x/123"):
        run(pool, "CONSTRUCT { <http://x/a> <http://x/123> 1 } {}", "rdfxml")
    assert b"a&#xD;b" in run(pool, 'SELECT ("a\\rb" AS ?x) {}', "xml").body


def test_whoever_waits_can_be_cancelled(pool: Pool) -> None:
    cancellation = Cancellation()
    timer = threading.Timer(0.1, cancellation.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        run(pool, CROSS, cancellation=cancellation)
    with pytest.raises(QueryCancelled):
        run(pool, "ASK {}", cancellation=cancellation)
    assert run(pool, "ASK {}").form == "ASK"


def test_a_full_pool_says_when_to_come_back_and_keeps_a_place_for_the_site(pool: Pool) -> None:
    cancellation = Cancellation()
    failures: list[BaseException] = []

    def occupy() -> None:
        try:
            run(pool, CROSS, cancellation=cancellation)
        except (QueryCancelled, QueryTimeout) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=occupy) for _ in range(2)]
    for thread in threads:
        thread.start()
    with pytest.raises(PoolBusy) as caught:  # until both places are taken
        while True:
            run(pool, "ASK {}")
    assert caught.value.retry_after >= 1
    assert run(pool, "ASK {}", lane="internal").form == "ASK"
    cancellation.cancel()
    for thread in threads:
        thread.join()
    assert len(failures) == 2


def test_an_idle_worker_that_dies_is_replaced(pool: Pool) -> None:
    for pid in pool.processes():
        os.kill(pid, 9)
        status = Path(f"/proc/{pid}/status")
        while "State:\tZ" not in status.read_text() or "Threads:\t1\n" not in status.read_text():
            time.sleep(0.01)
    assert run(pool, "ASK {}").form == "ASK"


def test_a_switch_changes_what_new_queries_see(stores: tuple[Path, Path]) -> None:
    with Pool(stores[0], LIMITS) as pool:
        pool.switch(stores[1])
        answer = run(pool, "SELECT ?s { ?s ?p ?o }")
        assert (bytes(answer.body), answer.store) == (b"s\r\nhttp://x/only\r\n", stores[1])


def test_no_process_outlives_its_pool(stores: tuple[Path, Path]) -> None:
    with Pool(stores[0], LIMITS) as pool:
        pids = pool.processes()
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("budget", [2**30, 0], ids=["memory", "disk"])
def test_a_damaged_store_is_named(tmp_path: Path, budget: int) -> None:
    store = make_store(tmp_path / "store", *(triple(f"s{i}", "p", str(i)) for i in range(300)))
    for file in store.glob("*.sst"):
        file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(SnapshotError, match=r"store: no process could open the store\."):
        Pool(store, Limits(store_in_memory=budget))
