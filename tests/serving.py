"""A real server for tests: the command, in a process of its own, on a free port."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_COMMAND = "import kg.cli, endpoint.serve as s; kg.cli.commands.add_command(s.command); kg.cli.main()"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: header names in lower case, each with all its values."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    host: str
    port: int
    pid: int

    @property
    def address(self) -> str:
        """The site's root."""
        return f"http://{self.host}:{self.port}/"

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
            found: dict[str, str] = {}
            for name, value in answer.getheaders():
                found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
            return Reply(answer.status, found, content)
        finally:
            connection.close()

    def send(self, raw: bytes, timeout: float = 5.0) -> bytes:
        """Send bytes as they are; give what comes back until the server closes or the time is up."""
        with socket.create_connection((self.host, self.port), timeout) as connection:
            connection.sendall(raw)
            received = b""
            try:
                while piece := connection.recv(65_536):
                    received += piece
            except TimeoutError:
                pass
            return received


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(
    *paths: Path,
    environment: Mapping[str, str] | None = None,
    base: bool = True,
    home: Path | None = None,
    watch: bool = False,
) -> Iterator[Served]:
    """Serve a dataset until the block ends; then expect a clean end without orphans.

    `home` is a folder that may hold its snapshot already. With `watch`, what is saved is shown.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as fresh:
        options = ["--port", str(port), "--snapshots", str(home or fresh), "--quiet"]
        options += ["--watch"] if watch else []
        if base:
            options += ["--base", f"http://127.0.0.1:{port}/"]
        process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, "serve", *map(str, paths), *options],
            stdout=subprocess.DEVNULL if watch else None,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **(environment or {})},
        )
        try:
            _wait_for(port, process)
            yield Served("127.0.0.1", port, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(20)
        assert status == 0


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"The server ended with {process.returncode}.")
