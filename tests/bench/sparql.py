"""How fast queries are answered, beside other servers on the same data: `make bench`.

Starts our server, `oxigraph serve-read-only`, rdflib-endpoint and Virtuoso where they are installed, sends
each query to each in turn, checks that the answers are equal to ours, and prints medians and ratios. What
another server does not answer, or answers otherwise, is told and not counted. Never part of the tests.

    python tests/bench/sparql.py --triples 100000
    python tests/bench/sparql.py --questions --rounds 5
    python tests/bench/sparql.py --triples 1000000 --servers ours,oxigraph --rounds 10
    python tests/bench/sparql.py --bystander
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from pyoxigraph import DefaultGraph, RdfFormat, Store, parse

from endpoint.serve import serve
from endpoint.settings import load
from kg import index
from kg.cli import built
from kg.config import Config
from kg.snapshot import Snapshot
from kg.source import read
from tests.serving import ROOT, free_port

SHARED = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared")) / "bench"
FRESH = {"Cache-Control": "no-cache"}
ROWS = "application/sparql-results+json"
UNORDERED_LIMIT = ("Q13",)
DIFFERENT = {
    ("20-single-source", "rdflib-endpoint"): "asks for named graphs, and gets the merge alone, as N-Triples",
    ("20-single-source", "virtuoso"): "asks for named graphs, and gets the merge alone, as N-Triples",
    ("11-near-in-time-an", "virtuoso"): "knows no GeoSPARQL functions by their IRIs",
}
"""Why a server answers one of this dataset's questions otherwise, where that is no fault of the question."""
_PATIENCE = 15
"""Seconds after which a server is stopped: most go on with a query whose client has gone."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test; `path` ends where the query begins."""

    name: str
    port: int
    path: str
    process: subprocess.Popen[bytes]

    def connect(self, source: str = "127.0.0.1") -> http.client.HTTPConnection:
        """Give a connection that stays open."""
        return http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=_PATIENCE, source_address=(source, 0)
        )

    def ask(
        self, connection: http.client.HTTPConnection, query: str, accept: str, fresh: bool = True
    ) -> tuple[float, int, bytes]:
        """Give seconds, status and body of one query."""
        headers = {"Accept": accept, **(FRESH if fresh else {})}
        for last in (False, True):
            began = time.perf_counter()
            connection.request("GET", f"{self.path}{quote(query)}", headers=headers)
            try:
                answer = connection.getresponse()
            except http.client.RemoteDisconnected:  # it was idle while another server was busy
                connection.close()
                if last:
                    raise
            else:
                body = answer.read()
                return time.perf_counter() - began, answer.status, body
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Data:
    """What is asked, and of what: a folder with a store as a snapshot has it, and the same as N-Triples."""

    home: Path
    file: Path
    queries: Callable[[int], dict[str, tuple[str, str]]]


def queries() -> Any:
    """Give the module with the queries that the peers were measured with."""
    spec = importlib.util.spec_from_file_location("queries", SHARED / "queries.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def catalogue(folder: Path, triples: int) -> Data:
    """Give a synthetic catalogue of this size, and the queries that the peers were measured with."""
    file = generate(folder, triples)
    asked = queries()

    def texts(number: int) -> dict[str, tuple[str, str]]:
        return {name: (asked.text(name, number), asked.accept(name)) for name in asked.Q}

    return Data(load_store(folder, file), file, texts)


def questions(folder: Path) -> Data:
    """Give this repository's dataset, frozen, and its own questions."""
    snapshot, _ = built(read((ROOT,)), folder, quiet=True)
    file = folder / f"{snapshot.id[:12]}.nt"
    if not file.exists():
        Store.read_only(str(snapshot.store)).dump(file, RdfFormat.N_TRIPLES, from_graph=DefaultGraph())
    asked = {path.stem[:18]: (path.read_text("utf-8"), ROWS) for path in sorted(ROOT.glob("queries/*.rq"))}
    return Data(snapshot.path, file, lambda _: asked)


def generate(folder: Path, triples: int) -> Path:
    """Give the N-Triples file of a catalogue of this size, made if it is not there."""
    file = folder / f"catalogue-{triples}.nt"
    if not file.exists():
        command = [
            sys.executable,
            str(SHARED / "generate_catalogue.py"),
            str(triples),
            str(file.with_suffix("")),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return file


def load_store(folder: Path, file: Path) -> Path:
    """Give a folder with the store of a file, as a snapshot has it."""
    home = folder / f"{file.stem}-snapshot"
    if not (home / "store").exists():
        home.mkdir()
        store = Store(str(home / "store"))
        store.bulk_load(path=str(file), format=RdfFormat.N_TRIPLES)
        store.flush()
        store.optimize()
        del store
        index.build(home / "index.sqlite", lambda: iter(()), frozenset())
    return home


def serve_ours(home: Path, port: int) -> None:
    """Serve a store with nothing around it; runs in a process of its own."""
    snapshot = Snapshot(
        id=home.name, path=home, created="", quads=0, terms=0, config=Config(), graphs=(), queries=(),
        fingerprint="", seconds=(),
    )  # fmt: skip
    settings = load({"port": port, "query_timeout": 60.0}, {})
    serve(settings, snapshot, quiet=True)


@contextmanager
def running(name: str, data: Data) -> Iterator[Server | None]:
    """Run one server until the block ends; None if it is not installed."""
    port = free_port()
    started = START[name](data, port)
    if started is None:
        click.echo(f"{name} is not installed; left out.")
        yield None
        return
    command, path = started
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(name, port, path, process)
    try:
        wait(server)
        if name == "virtuoso":
            fill_virtuoso(data)
        if name == "ours":
            wait_for_memory(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(server: Server) -> None:
    """Wait for the first answer; for ours also until the store is in memory."""
    for _ in range(1200):
        with suppress(OSError):
            server.ask(server.connect(), "ASK {}", ROWS)
            return
        time.sleep(0.1)
    raise click.ClickException(f"{server.name} did not start.")


def wait_for_memory(server: Server) -> None:
    """Wait until our workers hold the store in memory."""
    connection = server.connect()
    for number in range(1200):
        connection.request("GET", f"{server.path}{quote(f'ASK {{ BIND({number} AS ?x) }}')}")
        answer = connection.getresponse()
        answer.read()
        if "memory" in answer.headers.get("Server-Timing", ""):
            return
        time.sleep(0.1)
    click.echo("The store stays on disk.")


def start_ours(data: Data, port: int) -> tuple[list[str], str] | None:
    """Give the command and path of our server."""
    code = "import sys; from pathlib import Path; from tests.bench.sparql import serve_ours;"
    code += "serve_ours(Path(sys.argv[1]), int(sys.argv[2]))"
    return [sys.executable, "-c", code, str(data.home), str(port)], "/sparql?query="


def tool(name: str) -> str | None:
    """Give the path of an installed program: in KG_PEERS, beside this Python, or anywhere."""
    for place in (os.environ.get("KG_PEERS", ""), str(Path(sys.executable).parent)):
        found = shutil.which(name, path=place) if place else None
        if found:
            return found
    return shutil.which(name)


def start_oxigraph(data: Data, port: int) -> tuple[list[str], str] | None:
    """Give the command and path of Oxigraph's server."""
    program = tool("oxigraph")
    if program is None:
        return None
    where = ["--location", str(data.home / "store"), "--bind", f"127.0.0.1:{port}"]
    return [program, "serve-read-only", *where], "/query?query="


def start_rdflib(data: Data, port: int) -> tuple[list[str], str] | None:
    """Give the command and path of rdflib-endpoint."""
    program = tool("rdflib-endpoint")
    if program is None:
        return None
    return [program, "serve", str(data.file), "--host", "127.0.0.1", "--port", str(port)], "/?query="


def start_virtuoso(data: Data, port: int) -> tuple[list[str], str] | None:
    """Give the command and path of Virtuoso, with a database of its own beside the data."""
    program = tool("virtuoso-t")
    if program is None:
        return None
    folder = virtuoso_folder(data)
    folder.mkdir(exist_ok=True)
    sql = free_port()
    (folder / "port").write_text(str(sql))
    (folder / "virtuoso.ini").write_text(
        f"[Database]\nDatabaseFile=v.db\nErrorLogFile=v.log\nTransactionFile=v.trx\nxa_persistent_file=v.pxa\n"
        f"[TempDatabase]\nDatabaseFile=v-temp.db\nTransactionFile=v-temp.trx\n"
        f"[Parameters]\nServerPort={sql}\nDirsAllowed={data.file.parent}\nNumberOfBuffers=100000\n"
        f"MaxDirtyBuffers=75000\n[HTTPServer]\nServerPort=127.0.0.1:{port}\nServerThreads=20\n"
        f"[SPARQL]\nResultSetMaxRows=1000000\n"
    )
    command = [program, "+foreground", "+wait", "+configfile", str(folder / "virtuoso.ini")]
    return ["env", "-C", str(folder), *command], f"/sparql?default-graph-uri={quote(_GRAPH, safe='')}&query="


_GRAPH = "http://bench/"


def virtuoso_folder(data: Data) -> Path:
    """Give the folder of Virtuoso's database for this data."""
    return data.file.with_suffix(".virtuoso")


def fill_virtuoso(data: Data) -> None:
    """Load the data, if this has not been done before."""
    folder = virtuoso_folder(data)
    done = folder / "loaded"
    if done.exists():
        return
    load = f"ld_add('{data.file}', '{_GRAPH}'); rdf_loader_run(); checkpoint;"
    isql = tool("isql-vt") or "isql-vt"
    command = [isql, (folder / "port").read_text(), "dba", "dba", f"exec={load}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    done.touch()


START: dict[str, Callable[[Data, int], tuple[list[str], str] | None]] = {
    "ours": start_ours,
    "oxigraph": start_oxigraph,
    "rdflib-endpoint": start_rdflib,
    "virtuoso": start_virtuoso,
}


def normal(body: bytes, accept: str, name: str) -> object:
    """Give an answer so that equal ones are equal: rows without order, triples as a set."""
    if accept != ROWS:
        return sorted(str(quad.triple) for quad in parse(body, RdfFormat.TURTLE))
    rows = json.loads(body)["results"]["bindings"]
    if name.startswith(UNORDERED_LIMIT):
        return len(rows)
    return sorted(json.dumps({k: _term(v) for k, v in row.items()}, sort_keys=True) for row in rows)


def _term(term: dict[str, str]) -> object:
    value: object = term["value"]
    if "datatype" in term and term["datatype"].endswith(("integer", "decimal", "double")):
        value = round(float(term["value"]), 6)
    return [term["type"].removeprefix("typed-"), value, term.get("xml:lang")]


def measure(servers: list[Server], data: Data, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Give the seconds of each query on each server; alternating, answers compared with ours.

    A server that fails at a query or answers it otherwise has no seconds for it.
    """
    stuck: set[str] = set()
    times: dict[str, dict[str, list[float]]] = {}
    for name in data.queries(0):
        times[name] = {server.name: [] for server in servers}
        fit = [server for server in servers if server.name not in stuck]
        connections = {server.name: server.connect() for server in fit}
        for number in range(rounds + 1):
            text, accept = data.queries(number)[name]
            first: object = None
            for server in tuple(fit):
                try:
                    seconds, wrong, found = _asked(server, connections[server.name], text, accept, name)
                except TimeoutError:
                    seconds, wrong, found = 0.0, f"gave nothing in {_PATIENCE} s; stopped", None
                    stuck.add(server.name)
                    server.process.kill()  # it would take the time of the others
                first = found if server is servers[0] else first
                if not wrong and found != first:
                    wrong = f"answers otherwise than {servers[0].name}"
                if wrong and server is servers[0]:
                    raise click.ClickException(f"{name}: {server.name} {wrong}")
                if wrong:
                    reason = DIFFERENT.get((name, server.name))
                    click.echo(f"{name}: {server.name} {f'{reason} (known)' if reason else wrong}")
                    fit.remove(server)
                    times[name][server.name] = []
                elif number:
                    times[name][server.name].append(seconds)
    return times


def _asked(
    server: Server, connection: http.client.HTTPConnection, text: str, accept: str, name: str
) -> tuple[float, str, object]:
    """Give seconds, what went wrong, and the answer so that equal ones are equal."""
    try:
        seconds, status, body = server.ask(connection, text, accept)
    except http.client.RemoteDisconnected:
        return 0.0, "ends the connection", None
    if status != 200:
        return seconds, f"answers {status}: {' '.join(body[:120].decode(errors='replace').split())}", None
    try:
        return seconds, "", normal(body, accept, name)
    except (ValueError, SyntaxError, KeyError) as error:
        return seconds, f"gives what cannot be read: {error}", None


def report(times: dict[str, dict[str, list[float]]], names: list[str]) -> None:
    """Print medians in milliseconds, and of each other server the geometric mean of our ratios to it."""
    click.echo(f"{'ms, median':<20}" + "".join(f"{name:>18}" for name in names))
    ratios: dict[str, list[float]] = {name: [] for name in names[1:]}
    for query, found in times.items():
        medians = {name: statistics.median(found[name]) * 1000 for name in names if found[name]}
        click.echo(
            f"{query:<20}" + "".join(f"{medians[n]:>18.2f}" if n in medians else f"{'-':>18}" for n in names)
        )
        for name in medians.keys() & ratios.keys():
            ratios[name].append(medians[names[0]] / medians[name])
    for name, found_ratios in ratios.items():
        if found_ratios:
            mean = math.exp(statistics.fmean(map(math.log, found_ratios)))
            click.echo(f"{names[0]}/{name}: {mean:.2f} (geometric mean of {len(found_ratios)} queries)")


def throughput(servers: list[Server], seconds: int) -> None:
    """Print requests per second of repeated queries at 16 connections, by wrk."""
    program = shutil.which("wrk")
    if program is None:
        click.echo("wrk is not installed; throughput left out.")
        return
    asked = queries()
    for name in ("Q01 lookup", "Q03 detail join", "Q08 optional+order", "Q12 describe"):
        rates = {}
        for server in servers:
            url = f"http://127.0.0.1:{server.port}{server.path}{quote(asked.text(name, 1))}"
            command = [program, "-t1", "-c16", f"-d{seconds}s", "-H", f"Accept: {asked.accept(name)}", url]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rates[server.name] = float(output.partition("Requests/sec:")[2].split()[0])
            if "Non-2xx" in output:
                raise click.ClickException(f"{server.name} failed under load: {output}")
        cells = "".join(f"{rate:>18.0f}" for rate in rates.values())
        click.echo(f"{name + ' /s':<20}{cells}")


def bystander(server: Server, seconds: float) -> None:
    """Print how small queries fare while another client sends bombs."""
    bomb = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    stop = threading.Event()

    def attack(number: int) -> None:
        while not stop.is_set():
            with suppress(OSError, http.client.HTTPException):
                server.ask(server.connect("127.0.0.2"), f"{bomb} #{number}", ROWS)

    threads = [threading.Thread(target=attack, args=(number,), daemon=True) for number in range(8)]
    for attacked in (False, True):
        if attacked:
            for thread in threads:
                thread.start()
            time.sleep(1)
        connection, times, end = server.connect(), [], time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            number += 1
            taken, status, _ = server.ask(connection, f"SELECT * {{ ?s ?p {number} }} LIMIT 5", ROWS)
            times.append(taken * 1000)
            assert status == 200, status
            time.sleep(0.005)
        times.sort()
        when = "under attack" if attacked else "in peace"
        middle, late = times[len(times) // 2], times[int(len(times) * 0.99)]
        click.echo(f"{when:<14} n={len(times)} p50={middle:.2f} p99={late:.2f} max={times[-1]:.2f} ms")
    stop.set()


@click.command()
@click.option("--triples", default=100_000, show_default=True)
@click.option("--questions", "own", is_flag=True, help="Ask this dataset its own questions instead.")
@click.option("--servers", default="ours,oxigraph,rdflib-endpoint,virtuoso", show_default=True)
@click.option("--rounds", default=15, show_default=True)
@click.option(
    "--wrk", "wrk_seconds", default=3, show_default=True, help="Seconds for each throughput; 0 for none."
)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep data here for the next time.")
@click.option(
    "--bystander", "only_bystander", is_flag=True, help="Measure small queries under attack instead."
)
def main(
    triples: int,
    own: bool,
    servers: str,
    rounds: int,
    wrk_seconds: int,
    folder: Path | None,
    only_bystander: bool,
) -> None:
    """Measure our server beside others."""
    with tempfile.TemporaryDirectory() as temporary:
        home = folder or Path(temporary)
        home.mkdir(exist_ok=True)
        data = questions(home) if own else catalogue(home, triples)
        names = ["ours"] if only_bystander else servers.split(",")
        seconds = 0 if own else wrk_seconds
        _in_turn(names, [], data, lambda found: _run(found, data, rounds, seconds, only_bystander))


def _in_turn(names: list[str], found: list[Server], data: Data, then: Callable[[list[Server]], None]) -> None:
    if not names:
        then(found)
        return
    with running(names[0], data) as server:
        _in_turn(names[1:], [*found, *([server] if server else [])], data, then)


def _run(servers: list[Server], data: Data, rounds: int, wrk_seconds: int, only_bystander: bool) -> None:
    if only_bystander:
        bystander(servers[0], 8)
        return
    names = [server.name for server in servers]
    report(measure(servers, data, rounds), names)
    if wrk_seconds:
        throughput(servers, wrk_seconds)


if __name__ == "__main__":
    main()
