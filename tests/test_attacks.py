"""Hostile queries and requests against a running server: each gets its answer, and nobody else notices.

The attacks are those that have stopped other SPARQL servers, and variations that go for the guard itself.
Run with `pytest -m attack`. Time is looked at only to tell "answered" from "stuck".
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest

from tests.serving import Reply, Served, served

pytestmark = [pytest.mark.attack, pytest.mark.xdist_group("attacks")]

DEADLINE = 1.0
SLACK = 4.0
MEMORY_MIB = 300
NODES = 1500


class Attack(NamedTuple):
    """A query, and the statuses that are true answers to it."""

    name: str
    query: str
    statuses: frozenset[int]


REFUSED = frozenset({422})
FORBIDDEN = frozenset({403})
STOPPED = frozenset({504, 507, 413})
ANSWERED = frozenset({200})
WRONG = frozenset({400})
LONG = frozenset({413})


def nested(open_: str, close: str, depth: int, inner: str = "") -> str:
    return open_ * depth + inner + close * depth


def select(where: str, what: str = "*") -> str:
    return f"SELECT {what} {{ {where} }}"


def chain(count: int) -> str:
    return " ".join(f"?v{i} <http://x/knows> ?v{i + 1} ." for i in range(count))


def star(count: int) -> str:
    return " ".join(f"?s ?p{i} ?o{i} ." for i in range(count))


def doubling(count: int, function: str = "CONCAT(?x{i},?x{i})") -> str:
    binds = " ".join(f"BIND({function.format(i=i)} AS ?x{i + 1})" for i in range(count))
    return f'BIND("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" AS ?x0) {binds}'


CROSS = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l"
KNOWS = "<http://x/knows>"


def deep() -> Iterator[Attack]:
    """Brackets and operators that overflow the engine's stack or its planner."""
    for depth in (49, 60, 250, 1000, 6000):
        yield Attack(f"braces {depth}", "SELECT * " + nested("{", "}", depth), REFUSED)
        yield Attack(f"parentheses {depth}", select("FILTER" + nested("(", ")", depth, "1")), REFUSED)
        yield Attack(f"STR {depth}", select("BIND(" + nested("STR(", ")", depth, "1") + " AS ?x)"), REFUSED)
    for name, open_, close, inner in (
        ("IF", "IF(true,1,", ")", "1"),
        ("COALESCE", "COALESCE(", ")", "1"),
        ("lists", "( ", " )", "1"),
        ("blank nodes", "[ ?p ", " ]", "1"),
    ):
        where = f"?s ?p {nested(open_, close, 100, inner)}" if name in ("lists", "blank nodes") else ""
        where = where or f"BIND({nested(open_, close, 100, inner)} AS ?x)"
        yield Attack(f"nested {name}", select(where), REFUSED)
    for name, open_ in (
        ("EXISTS", "FILTER EXISTS { ?s ?p ?o "),
        ("NOT EXISTS", "FILTER NOT EXISTS { ?s ?p ?o "),
        ("sub-selects", "{ SELECT * { ?s ?p ?o "),
        ("OPTIONAL", "OPTIONAL { ?s ?p ?o "),
        ("MINUS", "MINUS { ?s ?p ?o "),
        ("GRAPH", "GRAPH ?g { ?s ?p ?o "),
    ):
        close = "}}" if name == "sub-selects" else "}"
        yield Attack(f"nested {name}", select("?s ?p ?o " + nested(open_, close, 100)), REFUSED)
    yield Attack("nested triple terms", select("?s ?p " + nested("<< ?a ?b ", " >>", 100, "?c")), REFUSED)
    yield Attack("nested quoted terms", select("?s ?p " + nested("<<( ?a ?b ", " )>>", 60, "?c")), REFUSED)
    yield Attack("bang run", select(f"FILTER({'!' * 9000}true)"), REFUSED)
    yield Attack("minus run", select(f"BIND({'- ' * 5000}1 AS ?x)"), REFUSED)
    yield Attack("star run", select(f"?s <http://x/p>{'*' * 5000} ?o"), REFUSED)
    yield Attack("sum", select(f"BIND({'1+' * 7000}1 AS ?x)"), REFUSED)
    yield Attack("or chain", select(f"FILTER({'?a||' * 5000}?a)"), REFUSED)
    yield Attack("and chain", select(f"FILTER({'?a&&' * 5000}?a)"), REFUSED)
    yield Attack("comparisons", select(f"FILTER({'?a=?b||' * 1500}?a)"), REFUSED)
    yield Attack("union chain", select("{}" + " UNION {}" * 5000), REFUSED)
    yield Attack("optional chain", select("OPTIONAL {} " * 5000), REFUSED)
    yield Attack("path of steps", select(f"?s {'/'.join(['<http://x/p>'] * 300)} ?o"), REFUSED)
    yield Attack("path of nothing", select(f"?s {'()*/' * 4000}<http://x/p> ?o"), REFUSED)
    yield Attack("chain of 400 patterns", select(chain(400)), REFUSED)
    yield Attack("chain of 700 patterns", select(chain(700)), REFUSED)
    yield Attack("chain of 2000 patterns", select("?a:p?b." * 2000), REFUSED)
    yield Attack("star of 400 patterns", select(star(400)), REFUSED)
    yield Attack("a thousand blank nodes", select(f"?s ?p {nested('[ ?p ', ' ]', 1000)}"), REFUSED)
    yield Attack("object list", select(f"?s ?p {','.join(['?o'] * 5000)}"), REFUSED)
    yield Attack("predicate list", select(f"?s {';'.join(['?p ?o'] * 3000)}"), REFUSED)
    yield Attack("binds", select(" ".join(f"BIND({i} AS ?x{i})" for i in range(1500))), REFUSED)
    yield Attack("values 25000", select(f"VALUES ?x {{ {'1 ' * 25_000} }}"), REFUSED)
    yield Attack("in 20000", select(f"FILTER(1 IN ({'1,' * 20_000}1))"), REFUSED)
    yield Attack("functions of many arguments", select(f"BIND(CONCAT({'1,' * 9_000}1) AS ?x)"), REFUSED)
    yield Attack("an IRI of 5 kB", select(f"<http://x/{'a' * 5000}> ?p ?o"), REFUSED)


def disguised() -> Iterator[Attack]:
    """Texts that the guard could read otherwise than the engine does."""
    either = FORBIDDEN | REFUSED | WRONG
    bombs = nested("(", ")", 3000, "1")
    yield Attack("brackets in an IRI", select(f"FILTER(?a<x{'(' * 1900}>1)"), either)
    yield Attack("brackets in many IRIs", select("FILTER(" + "?a<x((((>1&&" * 60 + "1)"), either)
    yield Attack("bangs in an IRI", select(f"FILTER(?a<{'!' * 2000}?b>?c)"), either)
    yield Attack("comment in an IRI", select(f'FILTER(?a <?b#>"""\n && {bombs}) #"""\n'), either)
    yield Attack("string in an IRI", select(f"FILTER(?a <'>2' && {bombs} < 3 )"), either)
    yield Attack("closing brackets in a comment", select("FILTER(" + "(?a<b#>))))\n" * 60 + ")"), either)
    yield Attack("brackets in an escape", select(rf"?s ?p \u007b{'{' * 60}"), either)
    yield Attack(
        "escaped apostrophe", f"PREFIX x: <http://x/> {select(f'?s x:a{chr(92)}' + chr(39) + bombs)}", either
    )
    yield Attack(
        "service glued to a prefix", "PREFIX : <http://127.0.0.1:9/> " + select("SERVICE:x{}"), FORBIDDEN
    )
    yield Attack("service glued to a number", select("?s ?p 1SERVICE<http://127.0.0.1:9/>{}"), FORBIDDEN)
    yield Attack("service glued to SILENT", select("SERVICESILENT<http://127.0.0.1:9/>{}"), FORBIDDEN)
    yield Attack("service in an escape", select(r"\u0053ERVICE <http://127.0.0.1:9/> {}"), either)
    yield Attack("service behind a comment", select("#\nSERVICE#\n<http://127.0.0.1:9/>{}"), FORBIDDEN)
    yield Attack("service behind CR", select("# x\rSERVICE <http://127.0.0.1:9/> {}"), FORBIDDEN)
    yield Attack("service to a variable", select("?s ?p ?x SERVICE ?x {}"), FORBIDDEN)
    yield Attack("service to a file", select("SERVICE <file:///etc/passwd> {}"), FORBIDDEN)
    yield Attack(
        "service in EXISTS", select("FILTER EXISTS { SERVICE SILENT <http://127.0.0.1:9/> {} }"), FORBIDDEN
    )
    yield Attack("service in mixed case", select("sErViCe <http://127.0.0.1:9/> {}"), FORBIDDEN)
    yield Attack("load", "LOAD <http://127.0.0.1:9/>", FORBIDDEN)
    yield Attack(
        "load after a prologue", "PREFIX a: <http://a/> # c\nLOAD SILENT <http://127.0.0.1:9/>", FORBIDDEN
    )
    yield Attack("insert", "INSERT DATA { <http://a> <http://b> <http://c> }", FORBIDDEN)
    yield Attack("clear", "CLEAR ALL", FORBIDDEN)
    yield Attack("drop", "DROP SILENT ALL", FORBIDDEN)
    yield Attack("query and update", "ASK {} ; CLEAR ALL", WRONG)
    yield Attack("quotes", '"' * 60_000, WRONG)
    yield Attack("escaped quotes", '\\"' * 30_000, WRONG)
    yield Attack("unclosed long string", select('"""' + "a" * 60_000), WRONG)
    yield Attack("angle brackets", "<" * 60_000, REFUSED | WRONG)
    yield Attack("dots in a name", "ASK { " + "a." * 30_000 + " }", either)
    yield Attack("fragments", select("<#a>" * 16_000), either)
    yield Attack("nothing but comments", "#\n" * 32_000, WRONG)
    yield Attack("zero bytes", "ASK { \0 }", WRONG)
    yield Attack("byte order mark", "\ufeffASK {}", WRONG)
    yield Attack("bidirectional marks", select('BIND("\u202e" AS ?x)'), ANSWERED)
    yield Attack("70 kB", select("") + "#" + "a" * 70_000, LONG)


def heavy() -> Iterator[Attack]:
    """Queries that pass the guard and want more than there is."""
    yield Attack("count of a cross", select(CROSS, "(COUNT(*) AS ?n)"), STOPPED)
    yield Attack("distinct cross", select(CROSS, "DISTINCT *"), STOPPED)
    yield Attack("ordered cross", select(CROSS) + " ORDER BY ?l ?a", STOPPED)
    yield Attack("plain cross", select(CROSS), STOPPED)
    yield Attack("grouped cross", select(CROSS, "?a (COUNT(*) AS ?n)") + " GROUP BY ?a", STOPPED)
    yield Attack("filtered cross", select(f"{CROSS} FILTER(?a = ?l && ?c = 1)"), ANSWERED | STOPPED)
    yield Attack("cross with OFFSET", select(CROSS) + " OFFSET 1000000000 LIMIT 1", STOPPED)
    yield Attack("construct cross", f"CONSTRUCT {{ ?a ?b ?f }} WHERE {{ {CROSS} }}", STOPPED)
    yield Attack("describe all", f"DESCRIBE * {{ {CROSS} }}", STOPPED)
    yield Attack("group_concat of a cross", select(CROSS, "(GROUP_CONCAT(?c) AS ?n)"), STOPPED)
    yield Attack(
        "any path",
        select("?a (<http://x/p>|!<http://x/p>)* ?b . ?c (<http://x/p>|!<http://x/p>)* ?d"),
        STOPPED,
    )
    yield Attack("paths in a row", select(f"?a {KNOWS}*/{KNOWS}*/{KNOWS}* ?b", "(COUNT(*) AS ?n)"), STOPPED)
    yield Attack("path of twelve steps", select(f"?a {'/'.join([KNOWS] * 12)} ?b"), STOPPED)
    yield Attack("exists cross", select(f"?a ?b ?c FILTER NOT EXISTS {{ {CROSS} FILTER(?l = 2) }}"), STOPPED)
    yield Attack("minus cross", select("?a ?b ?c MINUS { ?d ?e ?f . ?g ?h ?i . ?j ?k ?a }"), STOPPED)
    yield Attack("concat doubling", select(doubling(28), "(STRLEN(?x28) AS ?n)"), STOPPED)
    yield Attack("replace growth", select(doubling(9, 'REPLACE(?x{i},"a","aaaaaaaaaaaa")'), "?x9"), STOPPED)
    yield Attack(
        "values cross",
        select(" ".join(f"VALUES ?v{i} {{ {'1 ' * 20}}}" for i in range(10)), "(COUNT(*) AS ?n)"),
        STOPPED,
    )
    yield Attack("uuid cross", select(f"{CROSS} BIND(UUID() AS ?u)", "(COUNT(DISTINCT ?u) AS ?n)"), STOPPED)
    yield Attack(
        "sha cross", select(f"{CROSS} BIND(SHA512(STR(?a)) AS ?u)", "(COUNT(DISTINCT ?u) AS ?n)"), STOPPED
    )
    yield Attack("chain of 100 patterns", select(chain(100), "(COUNT(*) AS ?n)"), ANSWERED | STOPPED)
    yield Attack("star of 100 patterns", select(star(100), "(COUNT(*) AS ?n)"), ANSWERED | STOPPED)
    yield Attack("lists of 40", select(f"?s ?p {nested('( ', ' )', 40, '1')}"), ANSWERED | STOPPED)
    yield Attack("large answer", select("?a ?b ?c . ?d ?e ?f"), STOPPED)


def harmless() -> Iterator[Attack]:
    """Queries that harm other servers."""
    yield Attack("catastrophic regex", select(f'FILTER(REGEX("{"a" * 200}!", "(a+)+$"))'), ANSWERED)
    yield Attack("huge regex", select('FILTER(REGEX("a", "((a{1000}){1000}){10}"))'), ANSWERED)
    yield Attack("from a file", "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }", ANSWERED)
    yield Attack("from a server", "SELECT * FROM <http://127.0.0.1:9/> { ?s ?p ?o }", ANSWERED)
    yield Attack(
        "from named a file", "SELECT * FROM NAMED <file:///etc/passwd> { GRAPH ?g { ?s ?p ?o } }", ANSWERED
    )
    yield Attack("unknown function", select("BIND(<http://x/system>('id') AS ?x)"), WRONG)
    yield Attack("substring of nothing", select('BIND(SUBSTR("a", 1e308) AS ?x)'), ANSWERED)
    yield Attack("division by zero", select("BIND(1/0 AS ?x)"), ANSWERED)
    yield Attack("big numbers", select(f"BIND({'9' * 1000}*{'9' * 1000} AS ?x)"), ANSWERED)
    far = '"999999999-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>'
    yield Attack("far dates", select(f"BIND(YEAR({far}) AS ?x)"), ANSWERED)
    yield Attack("empty", "", ANSWERED)
    yield Attack("spaces", " " * 15_000, WRONG)


QUERIES = [*deep(), *disguised(), *heavy(), *harmless()]


class Outcome(NamedTuple):
    """What came back, and after how many seconds."""

    status: int
    body: bytes
    seconds: float


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("attacked")
    lines = (f"<http://x/n{i}> <http://x/knows> <http://x/n{(7 * i + k) % NODES}> ."
             for i in range(NODES) for k in range(1, 4))  # fmt: skip
    (folder / "data.nt").write_text("\n".join(lines) + "\n")
    environment = {
        "KG_QUERY_TIMEOUT": str(DEADLINE),
        "KG_QUERY_MEMORY": str(MEMORY_MIB),
        "KG_RESULT_BYTES": "5000000",
    }
    with served(folder / "data.nt", environment=environment) as running:
        yield running


def send_query(server: Served, query: str) -> Reply:
    short = len(quote(query)) < 15_000
    if short:
        return server.ask("GET", "/sparql?query=" + quote(query))
    return server.ask("POST", "/sparql", query.encode(), {"Content-Type": "application/sparql-query"})


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def peak_mib(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


class Watch(threading.Thread):
    """Looks at the memory of the workers, and asks small queries as a bystander does."""

    def __init__(self, server: Served) -> None:
        super().__init__(daemon=True)
        self.server, self.stopped = server, threading.Event()
        self.peak = 0.0
        self.failures: list[int] = []

    def run(self) -> None:
        while not self.stopped.wait(0.02):
            self.peak = max([self.peak, *map(peak_mib, descendants(self.server.pid))])
            reply = self.server.ask("GET", "/static/site.css")
            if reply.status != 200:
                self.failures.append(reply.status)


@pytest.fixture(scope="module")
def watched(server: Served) -> Iterator[Watch]:
    watch = Watch(server)
    watch.start()
    yield watch
    watch.stopped.set()
    watch.join()


@pytest.fixture(scope="module")
def outcomes(server: Served, watched: Watch) -> dict[str, Outcome]:
    def one(attack: Attack) -> Outcome:
        began = time.monotonic()
        reply = send_query(server, attack.query)
        return Outcome(reply.status, reply.body, time.monotonic() - began)

    with ThreadPoolExecutor(2) as threads:
        return dict(zip([a.name for a in QUERIES], threads.map(one, QUERIES), strict=True))


def test_there_are_a_hundred_attacks_with_names_of_their_own() -> None:
    assert len({attack.name for attack in QUERIES}) == len(QUERIES) >= 100


@pytest.mark.parametrize("attack", QUERIES, ids=lambda attack: attack.name)
def test_a_hostile_query_gets_a_true_status_in_time(attack: Attack, outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes[attack.name]
    assert outcome.status in attack.statuses, outcome.body[:300]
    assert outcome.seconds < DEADLINE + SLACK


def test_no_worker_went_beyond_its_cap_and_bystanders_were_served(
    outcomes: Mapping[str, Outcome], watched: Watch
) -> None:
    assert outcomes
    assert 0 < watched.peak < MEMORY_MIB + 100
    assert watched.failures == []


def test_the_server_still_answers_and_still_is_the_same(
    outcomes: Mapping[str, Outcome], server: Served
) -> None:
    assert outcomes
    reply = send_query(server, "SELECT (COUNT(*) AS ?n) { ?s <http://x/knows> ?o }")
    assert f'"{3 * NODES}"'.encode() in reply.body


def at_once(count: int, work: Callable[[int], int]) -> list[int]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(work, range(count)))


def test_a_flood_from_one_client_is_told_to_wait(server: Served) -> None:
    """Heavy queries by the dozen: each is answered, by its deadline or by 429 with Retry-After."""

    def one(number: int) -> int:
        reply = send_query(server, select(CROSS, f"(COUNT(*) AS ?n{number})"))
        assert reply.status != 429 or int(reply.headers["retry-after"]) >= 1
        return reply.status

    statuses = at_once(12, one)
    assert set(statuses) <= {429, 504}
    assert 429 in statuses


def test_clients_that_all_hang_up_at_once_leave_no_place_taken(server: Served) -> None:
    for round_ in range(8):
        connections = [socket.create_connection((server.host, server.port), 5) for _ in range(16)]
        for number, connection in enumerate(connections):
            query = quote(f"SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c . ?d ?e {round_}{number} }}")
            connection.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        time.sleep(0.01 * round_)
        for connection in connections:
            connection.close()
    time.sleep(0.5)
    assert at_once(2, lambda number: send_query(server, f"ASK {{ BIND({number} AS ?x) }}").status) == [
        200,
        200,
    ]
