"""How fast queries are answered, beside other servers on the same data: `make bench`.

Starts our server, `oxigraph serve-read-only` and rdflib-endpoint where they are installed, sends each query
to each in turn, checks that the answers are equal, and prints medians and ratios. Never part of the tests.

    python tests/bench/sparql.py --triples 100000
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
from pyoxigraph import RdfFormat, Store, parse

from endpoint.serve import serve
from endpoint.settings import load
from kg import index
from kg.config import Config
from kg.snapshot import Snapshot
from tests.serving import ROOT, free_port

SHARED = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared")) / "bench"
FRESH = {"Cache-Control": "no-cache"}
ROWS = "application/sparql-results+json"
UNORDERED_LIMIT = ("Q13",)


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test."""

    name: str
    port: int
    path: str
    process: subprocess.Popen[bytes]

    def connect(self, source: str = "127.0.0.1") -> http.client.HTTPConnection:
        """Give a connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120, source_address=(source, 0))

    def ask(
        self, connection: http.client.HTTPConnection, query: str, accept: str, fresh: bool = True
    ) -> tuple[float, int, bytes]:
        """Give seconds, status and body of one query."""
        headers = {"Accept": accept, **(FRESH if fresh else {})}
        began = time.perf_counter()
        connection.request("GET", f"{self.path}?query={quote(query)}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return time.perf_counter() - began, answer.status, body


def queries() -> Any:
    """Give the module with the queries that the peers were measured with."""
    spec = importlib.util.spec_from_file_location("queries", SHARED / "queries.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
def running(name: str, folder: Path, file: Path) -> Iterator[Server | None]:
    """Run one server until the block ends; None if it is not installed."""
    port = free_port()
    started = START[name](folder, file, port)
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
        if name == "ours":
            wait_for_memory(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


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
        connection.request("GET", f"{server.path}?query={quote(f'ASK {{ BIND({number} AS ?x) }}')}")
        answer = connection.getresponse()
        answer.read()
        if "memory" in answer.headers.get("Server-Timing", ""):
            return
        time.sleep(0.1)
    click.echo("The store stays on disk.")


def start_ours(folder: Path, file: Path, port: int) -> tuple[list[str], str] | None:
    """Give the command and path of our server."""
    home = load_store(folder, file)
    code = "import sys; from pathlib import Path; from tests.bench.sparql import serve_ours;"
    code += "serve_ours(Path(sys.argv[1]), int(sys.argv[2]))"
    return [sys.executable, "-c", code, str(home), str(port)], "/sparql"


def tool(name: str) -> str | None:
    """Give the path of an installed program: in KG_PEERS, beside this Python, or anywhere."""
    for place in (os.environ.get("KG_PEERS", ""), str(Path(sys.executable).parent)):
        found = shutil.which(name, path=place) if place else None
        if found:
            return found
    return shutil.which(name)


def start_oxigraph(folder: Path, file: Path, port: int) -> tuple[list[str], str] | None:
    """Give the command and path of Oxigraph's server."""
    program = tool("oxigraph")
    if program is None:
        return None
    home = load_store(folder, file)
    return [
        program,
        "serve-read-only",
        "--location",
        str(home / "store"),
        "--bind",
        f"127.0.0.1:{port}",
    ], "/query"


def start_rdflib(folder: Path, file: Path, port: int) -> tuple[list[str], str] | None:
    """Give the command and path of rdflib-endpoint."""
    program = tool("rdflib-endpoint")
    if program is None:
        return None
    return [program, "serve", str(file), "--host", "127.0.0.1", "--port", str(port)], "/"


START: dict[str, Callable[[Path, Path, int], tuple[list[str], str] | None]] = {
    "ours": start_ours,
    "oxigraph": start_oxigraph,
    "rdflib-endpoint": start_rdflib,
}


def normal(body: bytes, accept: str, name: str) -> object:
    """Give an answer so that equal ones are equal: rows without order, triples as a set."""
    if accept != ROWS:
        return sorted(str(quad) for quad in parse(body, RdfFormat.TURTLE))
    rows = json.loads(body)["results"]["bindings"]
    if name.startswith(UNORDERED_LIMIT):
        return len(rows)
    return sorted(json.dumps({k: _term(v) for k, v in row.items()}, sort_keys=True) for row in rows)


def _term(term: dict[str, str]) -> object:
    value: object = term["value"]
    if "datatype" in term and term["datatype"].endswith(("integer", "decimal", "double")):
        value = round(float(term["value"]), 6)
    return [term["type"], value, term.get("xml:lang")]


def measure(servers: list[Server], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Give the seconds of each query on each server; alternating, answers compared."""
    asked = queries()
    connections = {server.name: server.connect() for server in servers}
    times: dict[str, dict[str, list[float]]] = {}
    for name in asked.Q:
        times[name] = {server.name: [] for server in servers}
        for number in range(rounds + 1):
            text, accept = asked.text(name, number), asked.accept(name)
            answers = {}
            for server in servers:
                seconds, status, body = server.ask(connections[server.name], text, accept)
                if status != 200:
                    raise click.ClickException(f"{server.name} answered {status} to {name}: {body[:200]!r}")
                answers[server.name] = normal(body, accept, name)
                if number:
                    times[name][server.name].append(seconds)
            different = [other for other in answers if answers[other] != answers[servers[0].name]]
            if different:
                raise click.ClickException(f"{name}: {', '.join(different)} differs from {servers[0].name}.")
    return times


def report(times: dict[str, dict[str, list[float]]], names: list[str], against: str) -> None:
    """Print medians in milliseconds, ratios to one server, and the geometric mean of the ratios."""
    click.echo(f"{'query':<20}" + "".join(f"{name:>18}" for name in names) + f"{'ours/' + against:>18}")
    ratios = []
    for query, found in times.items():
        medians = {name: statistics.median(found[name]) * 1000 for name in names}
        cells = "".join(f"{medians[name]:>18.2f}" for name in names)
        ratio = medians["ours"] / medians[against]
        ratios.append(ratio)
        click.echo(f"{query:<20}{cells}{ratio:>18.2f}")
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    click.echo(f"{'geometric mean':<20}" + " " * 18 * len(names) + f"{mean:>18.2f}")


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
            url = f"http://127.0.0.1:{server.port}{server.path}?query={quote(asked.text(name, 1))}"
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
@click.option("--servers", default="ours,oxigraph,rdflib-endpoint", show_default=True)
@click.option("--rounds", default=15, show_default=True)
@click.option(
    "--wrk", "wrk_seconds", default=3, show_default=True, help="Seconds for each throughput; 0 for none."
)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep data here for the next time.")
@click.option(
    "--bystander", "only_bystander", is_flag=True, help="Measure small queries under attack instead."
)
def main(
    triples: int, servers: str, rounds: int, wrk_seconds: int, folder: Path | None, only_bystander: bool
) -> None:
    """Measure our server beside others."""
    with tempfile.TemporaryDirectory() as temporary:
        home = folder or Path(temporary)
        home.mkdir(exist_ok=True)
        file = generate(home, triples)
        names = ["ours"] if only_bystander else servers.split(",")
        _in_turn(names, [], home, file, lambda found: _run(found, rounds, wrk_seconds, only_bystander))


def _in_turn(
    names: list[str], found: list[Server], home: Path, file: Path, then: Callable[[list[Server]], None]
) -> None:
    if not names:
        then(found)
        return
    with running(names[0], home, file) as server:
        _in_turn(names[1:], [*found, *([server] if server else [])], home, file, then)


def _run(servers: list[Server], rounds: int, wrk_seconds: int, only_bystander: bool) -> None:
    if only_bystander:
        bystander(servers[0], 8)
        return
    names = [server.name for server in servers]
    times = measure(servers, rounds)
    report(times, names, "oxigraph" if "oxigraph" in names else names[-1])
    if wrk_seconds:
        throughput(servers, wrk_seconds)


if __name__ == "__main__":
    main()
