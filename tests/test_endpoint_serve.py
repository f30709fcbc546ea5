"""Facts about starting, following and stopping."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from endpoint import serve
from endpoint.budgets import Budgets
from endpoint.limits import document, limits_of
from endpoint.settings import load
from endpoint.site import Published, Site
from kg import check, source
from kg.index import Index
from kg.snapshot import Home, Snapshot
from tests.serving import ROOT, served


def test_a_taken_port_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "data.ttl").write_text("<http://x/a> <http://x/b> 1 .")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = "import kg.cli, endpoint.serve as s; kg.cli.commands.add_command(s.command); kg.cli.main()"
        ended = subprocess.run(
            [sys.executable, "-c", code, "serve", str(tmp_path), "--port", str(port)],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == (
        f"Error: Port {port} of 127.0.0.1 cannot be used: Address already in use. Try --port {port + 1}.\n"
    )


def test_a_stopped_server_leaves_no_process_behind(tmp_path: Path) -> None:
    (tmp_path / "data.ttl").write_text("<http://x/a> <http://x/b> 1 .")
    with served(tmp_path) as running:
        children = [int(pid) for task in Path(f"/proc/{running.pid}/task").iterdir()
                    for pid in (task / "children").read_text().split()]  # fmt: skip
        zygotes = [pid for pid in children if "zygote" in Path(f"/proc/{pid}/cmdline").read_text()]
        workers = [
            int(pid) for pid in Path(f"/proc/{zygotes[0]}/task/{zygotes[0]}/children").read_text().split()
        ]
    assert workers
    assert not any(Path(f"/proc/{pid}").exists() for pid in (*zygotes, *workers))


def test_a_server_stops_though_clients_keep_it_busy(tmp_path: Path) -> None:
    """A query that would take long, and a body that never comes."""
    lines = (f'<http://x/{number}> <http://x/b> "{number}" .' for number in range(500))
    (tmp_path / "data.nt").write_text("\n".join(lines) + "\n")
    cross = "SELECT%20(COUNT(*)%20AS%20?n)%7B?a%20?b%20?c.?d%20?e%20?f.?g%20?h%20?i.?j%20?k%20?l%7D"
    with closing(socket.socket()) as busy, closing(socket.socket()) as slow, served(tmp_path) as running:
        busy.connect((running.host, running.port))
        slow.connect((running.host, running.port))
        busy.sendall(f"GET /sparql?query={cross} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        slow.sendall(b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        time.sleep(0.5)


def snapshot_of(folder: Path, home: Home, text: str) -> Snapshot:
    (folder / "data.ttl").write_text(text)
    found = source.read([folder])
    built = home.build(found, check.run(found))
    home.publish(built)
    return built


class Stores:
    """A pool that remembers what it was switched to."""

    def __init__(self) -> None:
        self.stores: list[Path] = []

    def switch(self, store: Path) -> None:
        self.stores.append(store)


@pytest.mark.parametrize("length", [0, 9_000], ids=["in the loop", "in a thread"])
def test_a_client_that_hangs_up_frees_its_place(tmp_path: Path, length: int) -> None:
    """The one place of a client would be taken for ten seconds, and who waits for it is refused after two."""
    (tmp_path / "data.ttl").write_text("\n".join(f"<http://x/a> <http://x/b> {n} ." for n in range(300)))
    bomb = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }" + "#" * length
    headers = "Host: a\r\nContent-Type: application/sparql-query\r\n"
    request = f"POST /sparql HTTP/1.1\r\n{headers}Content-Length: {len(bomb)}\r\n\r\n{bomb}".encode()
    with served(tmp_path) as running:
        for _ in range(4):
            with closing(socket.create_connection((running.host, running.port), 5)) as connection:
                connection.sendall(request)
                time.sleep(0.3)
        assert running.ask("GET", "/sparql?query=ASK%7B%7D").status == 200


def test_a_site_follows_what_is_published_in_its_home(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    home = Home(tmp_path / "home")
    first = snapshot_of(folder, home, "<http://x/a> <http://x/b> 1 .")
    pool = Stores()
    site = Site(load({}, {}), Published(first, Index(first.index)), cast(Any, pool))
    assert not serve.follow(site, home)
    second = snapshot_of(folder, home, "<http://x/a> <http://x/b> 2 .")
    assert serve.follow(site, home)
    assert site.published.snapshot.id == second.id
    assert pool.stores == [second.store]
    home.publish(first)
    assert serve.follow(site, home)
    assert site.published.snapshot.id == first.id


def test_a_running_server_answers_from_what_is_published_later(tmp_path: Path) -> None:
    """The one test that waits for the server to look again."""
    folder, kept = tmp_path / "data", tmp_path / "home"
    folder.mkdir()
    (folder / "data.ttl").write_text("<http://x/a> <http://x/b> 1 .")
    with served(folder, home=kept, base=False) as running:
        query = "/sparql?query=SELECT%20%3Fo%20%7B%3Chttp://x/a%3E%20%3Fp%20%3Fo%7D&format=csv"
        assert running.ask("GET", query).body == b"o\r\n1\r\n"
        snapshot_of(folder, Home(kept), "<http://x/a> <http://x/b> 2 .")
        for _ in range(100):
            if running.ask("GET", query).body == b"o\r\n2\r\n":
                return
            time.sleep(0.1)
    pytest.fail("The server did not follow.")


def test_limits_are_those_that_the_operator_set() -> None:
    set_ = {
        "query_timeout": 3.0,
        "query_memory": 512,
        "query_workers": 7,
        "result_bytes": 2048,
        "result_rows": 9,
    }
    limits = limits_of(load(set_, {}))
    assert (limits.seconds, limits.memory, limits.places) == (3.0, 512 * 2**20, 7)
    assert (limits.result, limits.rows) == (2048, 9)


def test_a_budget_fills_again_at_its_rate() -> None:
    now = [0.0]
    budgets = Budgets(rate=1.0, burst=10.0, clock=lambda: now[0])
    budgets.charge("a", 15.0)
    assert (budgets.wait("a"), budgets.wait("b")) == (6, 0)
    now[0] = 5.5
    assert budgets.wait("a") == 0
    now[0] = 1000.0
    budgets.charge("a", 10.0)
    assert budgets.wait("a") == 1


def test_the_limits_are_told_to_programs() -> None:
    told = json.loads(document(load({"query_timeout": 3.0}, {})))
    assert told["limits"]["seconds"] == {
        "value": 3.0,
        "unit": "seconds",
        "meaning": "time a query may run; `timeout=` may ask for less",
    }
    assert "application/sparql-results+json" in told["formats"]["SELECT, ASK"]
    assert {"depth", "service", "patterns"} <= set(told["refusals"])
    assert told["faults"]
