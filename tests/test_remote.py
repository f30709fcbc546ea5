"""Documents that somebody names by their address; every server here is on this machine."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kg import remote
from kg.errors import SourceError

from .test_cli import kg

TURTLE = b"@prefix ex: <https://ex.org/> .\nex:a ex:p ex:b .\n"
Answer = tuple[int, dict[str, str], bytes]


class Server:
    """What addresses answer, and what was asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []
        self.drip = 0.0

    def serve(self, path: str, body: bytes = TURTLE, status: int = 200, **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = status, named, body
        return self.address + path

    address = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, self.headers["Accept"]))
            status, headers, body = served.answers[self.path]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            step = 1 if served.drip else len(body) or 1
            try:
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    time.sleep(served.drip)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    served.address = f"http://127.0.0.1:{http.server_port}"
    yield served
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.mark.parametrize(
    ("path", "media_type", "format_name"),
    [
        ("/x", "text/turtle; charset=utf-8", "turtle"),
        ("/x", "application/ld+json;profile=x", "jsonld"),
        ("/x", "application/rdf+xml", "rdfxml"),
        ("/x.ttl", "application/rdf+xml", "rdfxml"),
        ("/x", "text/xml", "rdfxml"),
        ("/x", "application/json", "jsonld"),
        ("/x.ttl", "text/plain", "turtle"),
        ("/x.ttl.gz", "application/octet-stream", "turtle"),
        ("/x.nq", "", "nquads"),
    ],
)
def test_the_format_is_what_the_server_says_or_else_the_ending(
    server: Server, path: str, media_type: str, format_name: str
) -> None:
    found = remote.fetch(server.serve(path, Content_Type=media_type))
    assert (found.format.name, found.body) == (format_name, TURTLE)


def test_turtle_is_asked_for_before_other_rdf(server: Server) -> None:
    remote.fetch(server.serve("/x", Content_Type="text/turtle"))
    assert server.asked == [
        (
            "/x",
            "text/turtle;q=0.9, application/ld+json;q=0.8, application/n-triples;q=0.7, "
            "application/rdf+xml;q=0.6, application/trig;q=0.5, application/n-quads;q=0.4",
        )
    ]


def test_a_redirect_is_followed_and_its_end_is_the_base(server: Server) -> None:
    start = server.serve("/old", b"", 303, Location="/new")
    end = server.serve("/new", Content_Type="text/turtle")
    assert remote.fetch(start).url == end


def test_what_is_gzipped_is_unpacked(server: Server) -> None:
    url = server.serve("/x", gzip.compress(TURTLE), Content_Type="text/turtle", Content_Encoding="gzip")
    assert remote.fetch(url).body == TURTLE


def refused(url: str, **limits: float) -> str:
    with pytest.raises(SourceError) as caught:
        remote.fetch(url, **limits)  # type: ignore[arg-type]
    return caught.value.message.removeprefix(url)


WRONG: dict[str, tuple[Callable[[Server], str], dict[str, float], str]] = {
    "nothing there": (lambda s: s.serve("/x", b"", 404), {}, ": the answer is 404 Not Found."),
    "a web page": (
        lambda s: s.serve("/x.ttl", Content_Type="text/html"), {},
        ": the answer is text/html, which is no RDF format.",
    ),
    "too large": (
        lambda s: s.serve("/x.ttl", b"#" * 3_000_000), {"most_bytes": 2**20},
        ": the document is larger than 1 MiB.",
    ),
    "too large once unpacked": (
        lambda s: s.serve("/x.ttl", gzip.compress(b"#" * 50_000_000)), {"most_bytes": 2**20},
        ": the document is larger than 1 MiB.",
    ),
    "cut": (
        lambda s: s.serve("/x.ttl", Content_Length="99"), {"seconds": 5},
        f": the answer breaks off after {len(TURTLE)} bytes.",
    ),
    "cut when packed": (
        lambda s: s.serve("/x.ttl", gzip.compress(TURTLE)[:-9]), {}, ": the answer breaks off after ",
    ),
    "a file": (
        lambda s: s.serve("/x.ttl", b"", 302, Location="file:///etc/passwd"), {}, ": the answer is 302 Found "
        "- Redirection to url 'file:///etc/passwd' is not allowed.",
    ),
    "a circle": (lambda s: s.serve("/x.ttl", b"", 302, Location="/x.ttl"), {}, ": the answer is 302 "),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_stands_in_the_way_is_one_sentence(server: Server, case: str) -> None:
    address, limits, told = WRONG[case]
    assert refused(address(server), **limits).startswith(told)


def test_a_server_that_drips_is_left_at_the_deadline(server: Server) -> None:
    server.drip = 0.05
    url = server.serve("/x.ttl", Content_Type="text/turtle")
    start = time.monotonic()
    assert refused(url, seconds=0.3) == ": no whole answer within 0.3 seconds."
    assert time.monotonic() - start < 2


def test_nobody_at_home_is_one_sentence() -> None:
    assert refused("http://127.0.0.1:9/x.ttl").startswith(": cannot be fetched: ")


SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <https://ex.org/> .
ex:S a sh:NodeShape ; sh:targetSubjectsOf ex:p ; sh:property ex:S-q .
ex:S-q sh:path ex:q ; sh:minCount 1 .
"""


def test_check_of_an_address_names_it_and_fetches_nothing_else(server: Server, tmp_path: Path) -> None:
    imported = server.serve("/imported.ttl", Content_Type="text/turtle")
    body = TURTLE + f"<> <http://www.w3.org/2002/07/owl#imports> <{imported}> .\n".encode()
    url = server.serve("/x", body, Content_Type="text/turtle")
    (tmp_path / "x.ttl").write_text(SHAPES, "utf-8")
    done = kg("check", url, "--shapes", tmp_path / "x.ttl", "--format", "github")
    assert (done.returncode, [path for path, _ in server.asked]) == (1, ["/x"])
    assert f"::error file={url.replace(':', '%3A')},line=2,col=1,title=sh%3AMinCount" in done.stdout


def test_shapes_can_have_an_address_too(server: Server, tmp_path: Path) -> None:
    shapes = server.serve("/s.ttl", SHAPES.encode(), Content_Type="text/turtle")
    (tmp_path / "x.ttl").write_bytes(TURTLE)
    done = kg("check", tmp_path / "x.ttl", "--shapes", shapes, "--format", "csv")
    assert done.returncode == 1
    assert "x.ttl,2,1," in done.stdout


@pytest.mark.parametrize("name", ["s.ttl", "folder", "dataset"])
def test_shapes_come_from_a_file_a_folder_or_the_room_of_a_dataset(tmp_path: Path, name: str) -> None:
    for file in ("s.ttl", "folder/s.ttl", "dataset/shapes/s.ttl"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(SHAPES, "utf-8")
    (tmp_path / "dataset/data").mkdir()
    (tmp_path / "dataset/data/bad.ttl").write_text("no Turtle", "utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/s.ttl").write_bytes(TURTLE)
    done = kg("check", "data/s.ttl", "--shapes", name, "--format", "csv", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.count("sh:MinCountConstraintComponent") == 1


def test_shapes_that_are_not_there_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.ttl").write_bytes(TURTLE)
    done = kg("check", "x.ttl", "--shapes", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere: there is no such file or folder." in done.stderr
