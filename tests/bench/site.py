"""How fast pages and documents are answered, beside other servers in the same minute: `make bench`.

nginx gives the same bytes from files; `oxigraph serve-read-only` and, where it is installed, Trifid over it
describe the same things. Each row is measured on each server in turn; rates come from wrk where it is
installed, else from a client of our own, and processor time from /proc. Never part of the tests.

    python tests/bench/site.py
    python tests/bench/site.py --triples 1000000 --folder kept
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

import click

from endpoint.serve import serve
from endpoint.settings import load
from kg import source
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Snapshot
from tests.bench.sparql import generate, tool
from tests.serving import ROOT, free_port

CONNECTIONS = 16
HTML, TURTLE, JSONLD = "text/html", "text/turtle", "application/ld+json"
RESULTS = "application/sparql-results+json"
QUERY = "SELECT ?class (COUNT(?x) AS ?n) { ?x a ?class } GROUP BY ?class ORDER BY DESC(?n)"
_CHUNK = "bytes=0-65535"
_FRESH = {"Cache-Control": "no-cache"}
_LUA = """\
local requests, n = {}, 0
function init()
  for line in io.lines("REQUESTS") do
    local path, tag = line:match("^(%S+)%s*(.*)$")
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    if tag ~= "" then headers["If-None-Match"] = tag end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end
function request()
  n = n % #requests + 1
  return requests[n]
end
"""
_NGINX = """\
daemon off; pid FOLDER/pid; error_log FOLDER/errors; worker_processes auto;
events {}
http {
    access_log off; keepalive_requests 100000000; open_file_cache max=10000;
    client_body_temp_path FOLDER/t1; proxy_temp_path FOLDER/t2; fastcgi_temp_path FOLDER/t3;
    uwsgi_temp_path FOLDER/t4; scgi_temp_path FOLDER/t5;
    server { listen 127.0.0.1:PORT; root FOLDER/www; }
}
"""
_TRIFID = """\
extends: [ITS_OWN]
server: {listener: {host: 127.0.0.1}, logLevel: silent}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test, and the process that it began as."""

    name: str
    port: int
    pid: int

    @property
    def address(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: Mapping[str, str]) -> tuple[bytes, str]:
        """Give the body and the ETag of an answer, which must be a good one."""
        request = urllib.request.Request(self.address + path, headers=dict(headers))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read(), answer.headers.get("ETag", "")

    def seconds(self) -> float:
        """Processor time of its processes so far."""
        return sum(map(_seconds, _family(self.pid)))


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to measure: paths by server, and the headers that all of them get."""

    name: str
    headers: Mapping[str, str]
    paths: Mapping[str, Sequence[str]]
    tags: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """What came of a measurement."""

    per_second: float
    microseconds: float


@dataclass(slots=True)
class Bench:
    """The servers, the things that they are asked for, and a folder to work in."""

    folder: Path
    snapshot: Snapshot
    seconds: int
    things: list[str]
    servers: dict[str, Server] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Yield what is measured, in order."""
        warm = [self.document(iri) for iri in self.things[:200]]
        for name, accept in (("HTML", HTML), ("Turtle", TURTLE), ("JSON-LD", JSONLD)):
            paths = {"ours": warm, "nginx": self.files(name, warm, {"Accept": accept})}
            yield Row(f"warm {name}", {"Accept": accept}, paths)
            if accept is HTML:
                packed = {"Accept": accept, "Accept-Encoding": "gzip"}  # as browsers ask
                there = self.files("packed", warm, packed)
                yield Row("warm HTML, gzip", packed, {"ours": warm, "nginx": there})
            if name != "JSON-LD":
                yield Row(f"304 {name}", {"Accept": accept}, paths, tags=True)
        things = [f"/{quote(iri.removeprefix(self.snapshot.config.base))}" for iri in self.things[:200]]
        yield Row("303 to documents", {"Accept": HTML}, {"ours": things})
        every = [self.document(iri) for iri in self.things]
        described = [f"/query?query={quote(f'DESCRIBE <{iri}>')}" for iri in self.things]
        local = [f"/{iri.removeprefix(self.snapshot.config.base)}" for iri in self.things]
        for name, accept in (("Turtle", TURTLE), ("JSON-LD", JSONLD), ("HTML", HTML)):
            paths = {"ours": every, "trifid": local, **({} if accept is HTML else {"oxigraph": described})}
            yield Row(f"cold {name}", {"Accept": accept, **_FRESH}, paths)
        yield Row("cold front page", {"Accept": HTML, **_FRESH}, {"ours": ["/"]})
        dump = self.dump()
        yield Row(
            "dump, 64 kB of it", {"Range": _CHUNK}, {"ours": [f"/dumps/{dump.name}"], "nginx": ["/dump"]}
        )
        asked = f"query={quote(QUERY)}"
        yield Row("query, asked before", {"Accept": RESULTS},
                  {"ours": [f"/sparql?{asked}"], "oxigraph": [f"/query?{asked}"]})  # fmt: skip

    def document(self, iri: str) -> str:
        """Give the path of the document about a thing."""
        return quote("/doc/" + iri.removeprefix(f"{self.snapshot.config.base}id/"))

    def files(self, name: str, paths: Sequence[str], headers: Mapping[str, str]) -> list[str]:
        """Write the answers of ours to files, which nginx is to serve; give their paths."""
        folder = self.folder / "nginx/www" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, path in enumerate(paths):
            (folder / str(number)).write_bytes(self.servers["ours"].get(path, headers)[0])
        return [f"/{name}/{number}" for number in range(len(paths))]

    def dump(self) -> Path:
        """Give the largest dump, there for nginx too."""
        largest = max(self.snapshot.dumps.glob("*.n[tq]"), key=lambda path: path.stat().st_size)
        there = self.folder / "nginx/www/dump"
        shutil.copyfile(largest, there)
        return largest

    def measure(self, row: Row) -> dict[str, Rate]:
        """Measure a row on each server that can answer it."""
        return {
            name: self.rate(self.servers[name], paths, row)
            for name, paths in row.paths.items()
            if name in self.servers
        }

    def rate(self, server: Server, paths: Sequence[str], row: Row) -> Rate:
        """Give requests a second and processor time for each; what is to be warm was asked before."""
        tags = [""] * len(paths)
        if "cold" not in row.name:
            tags = [server.get(path, row.headers)[1] for path in paths]
        lines = [f"{path} {tag if row.tags else ''}" for path, tag in zip(paths, tags, strict=True)]
        before, began = server.seconds(), time.perf_counter()
        client = _wrk if shutil.which("wrk") else _own_client
        done = client(server, lines, row.headers, self.seconds, self.folder)
        return Rate(done / (time.perf_counter() - began), (server.seconds() - before) / done * 1e6)


def _seconds(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _family(pid: int) -> Iterator[int]:
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in path.read_text().split():
                yield from _family(int(child))


def _wrk(server: Server, lines: Sequence[str], headers: Mapping[str, str], seconds: int, folder: Path) -> int:
    """Load a server by wrk; give the number of answers."""
    (folder / "requests").write_text("\n".join(lines))
    script = folder / "requests.lua"
    script.write_text(_LUA.replace("REQUESTS", str(folder / "requests")))
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), server.address]
    words += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise click.ClickException(f"{server.name} failed: {lines[0]}\n{output}")
    return int(output.partition(" requests in")[0].split()[-1])


def _own_client(
    server: Server, lines: Sequence[str], headers: Mapping[str, str], seconds: int, folder: Path
) -> int:
    """Load a server from this process; give the number of answers."""
    common = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = []
    for line in lines:
        path, _, tag = line.partition(" ")
        known = f"If-None-Match: {tag}\r\n" if tag else ""
        requests.append(f"GET {path} HTTP/1.1\r\nHost: {server.address[7:]}\r\n{common}{known}\r\n".encode())
    return asyncio.run(_load(server.port, requests, seconds))


async def _load(port: int, requests: Sequence[bytes], seconds: int) -> int:
    end = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(_one(port, requests, end, n) for n in range(CONNECTIONS))))


async def _one(port: int, requests: Sequence[bytes], end: float, start: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    done = 0
    while time.perf_counter() < end:
        writer.write(requests[(start + done * CONNECTIONS) % len(requests)])
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(None, 2)[1])
        if status not in (200, 206, 303, 304):
            raise click.ClickException(f"An answer has the status {status}.")
        if b"transfer-encoding: chunked" in head:
            while size := int((await reader.readline()).strip(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()
        elif status != 304 and b"content-length:" in head:
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(None, 1)[0]))
        done += 1
    writer.close()
    return done


@contextmanager
def running(name: str, words: Sequence[str], port: int, probe: str = "/") -> Iterator[Server]:
    """Run a server until the block ends."""
    nobody = {f"SPARQL_ENDPOINT_{name}": "" for name in ("USERNAME", "PASSWORD")}  # Trifid wants them
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **nobody}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(name, port, process.pid)
    try:
        for _ in range(600):
            try:
                server.get(probe, {"Accept": "*/*"})
                break
            except HTTPError:
                break
            except OSError:
                if process.poll() is not None:
                    raise click.ClickException(f"{name} ended with {process.returncode}.") from None
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def serve_ours(home: str, port: int) -> None:
    """Serve the snapshot published in a home; runs in a process of its own."""
    snapshot = Home(Path(home)).current()
    assert snapshot is not None
    serve(load({"port": port}, {}), snapshot, quiet=True)


def peers(bench: Bench) -> Iterator[tuple[str, list[str], int, str]]:
    """Yield name, command, port and first request of each server that is installed, ours first."""
    port = free_port()
    code = "import sys; from tests.bench.site import serve_ours; serve_ours(sys.argv[1], int(sys.argv[2]))"
    home = str(bench.snapshot.path.parent.parent)
    yield "ours", [sys.executable, "-c", code, home, str(port)], port, "/"
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx:
        port, folder = free_port(), bench.folder / "nginx"
        (folder / "www").mkdir(parents=True, exist_ok=True)
        rules = _NGINX.replace("FOLDER", str(folder)).replace("PORT", str(port))
        (folder / "nginx.conf").write_text(rules)
        yield "nginx", [nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)], port, "/"
    oxigraph = tool("oxigraph")
    if oxigraph:
        port = free_port()
        store = ["--location", str(bench.snapshot.store), "--bind", f"127.0.0.1:{port}"]
        yield "oxigraph", [oxigraph, "serve-read-only", *store], port, "/query?query=ASK%7B%7D"
        trifid = tool("trifid")
        if trifid:
            yield _trifid(bench, trifid, port)


def _trifid(bench: Bench, program: str, oxigraph: int) -> tuple[str, list[str], int, str]:
    port = free_port()
    settings = bench.folder / "trifid.yaml"
    own = Path(program).resolve().parent / "instances/docker-sparql/config.yaml"
    settings.write_text(_TRIFID.replace("ITS_OWN", str(own)))
    words = [program, "--config", str(settings), "--port", str(port),
             "--sparql-endpoint-url", f"http://127.0.0.1:{oxigraph}/query",
             "--dataset-base-url", bench.snapshot.config.base]  # fmt: skip
    return "trifid", words, port, "/"


def synthetic(folder: Path, triples: int) -> Snapshot:
    """Give the snapshot of a made-up catalogue of this size, built if it is not there."""
    home = Home(folder / f"home-{triples}")
    found = home.current()
    if found:
        return found
    data = folder / f"data-{triples}"
    data.mkdir(exist_ok=True)
    (data / "kg.toml").write_text('base = "https://kg.example.no/"\n')
    shutil.copy(generate(folder, triples), data / "catalogue.nt")
    snapshot = home.build(source.read([data]), Report())
    home.publish(snapshot)
    return snapshot


def real(folder: Path) -> Snapshot:
    """Give the snapshot of this project's own data, built if it is not there."""
    home = Home(folder / "home")
    found = source.read([ROOT])
    snapshot = home.of_input(found)
    if snapshot is None:
        snapshot = home.build(found, Report())
        home.publish(snapshot)
    return snapshot


def sample(snapshot: Snapshot, count: int) -> list[str]:
    """Give things of the snapshot, by chance, but the same each time."""
    start = f"{snapshot.config.base}id/"
    every = [iri for iri, _ in Index(snapshot.index).subjects() if iri.startswith(start) and "#" not in iri]
    return random.Random(1).sample(every, min(count, len(every)))


def told(name: str, rates: Mapping[str, Rate]) -> str:
    """Give a line: requests a second, microseconds of processor each, and ours in proportion."""
    ours = rates["ours"]
    cells = [
        f"{name:<20}",
        *(f"{n} {rate.per_second:>6.0f}/s {rate.microseconds:>5.0f} µs" for n, rate in rates.items()),
    ]
    ratios = [f"{ours.per_second / rate.per_second:.2f} x {n}" for n, rate in rates.items() if n != "ours"]
    return "   ".join([*cells, *ratios])


@click.command()
@click.option("--triples", default=0, help="Measure a made-up catalogue of this size, not our own data.")
@click.option("--seconds", default=2, show_default=True, help="Seconds for each measurement.")
@click.option(
    "--things", default=2000, show_default=True, help="Different things that cold requests ask for."
)
@click.option("--only", default="", help="Measure only rows whose names hold this.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep data here for the next time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(triples: int, seconds: int, things: int, only: str, folder: Path | None, as_json: bool) -> None:
    """Measure the site beside other servers."""
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        Path(temporary).chmod(0o755)  # nginx reads it as another user
        kept = (folder or Path(temporary)).resolve()
        kept.mkdir(exist_ok=True)
        snapshot = synthetic(kept, triples) if triples else real(kept)
        bench = Bench(kept, snapshot, seconds, sample(snapshot, things))
        for name, words, port, probe in peers(bench):
            bench.servers[name] = stack.enter_context(running(name, words, port, probe))
        found = {}
        for row in bench.rows():
            if only in row.name:
                rates = found[row.name] = bench.measure(row)
                click.echo(told(row.name, rates), err=as_json)
        if as_json:
            rows = {
                n: {s: [r.per_second, r.microseconds] for s, r in rates.items()} for n, rates in found.items()
            }
            click.echo(json.dumps({"quads": snapshot.quads, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
