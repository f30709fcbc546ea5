"""Facts about `kg doctor`: our own server passes every check, and what spoils answers is found out."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from endpoint.doctor import CHECKS, examine
from endpoint.doctor.check import FAILED, NOT_APPLICABLE, PASSED, Outcome
from endpoint.doctor.client import Client, Reply
from endpoint.doctor.command import CannotExamineError, chosen, command, reached, table
from endpoint.doctor.deployment import Deployment

from .conftest import SMALL
from .serving import Served, served

FILES = {
    **SMALL,
    "kg.toml": SMALL["kg.toml"]
    + 'license = "https://creativecommons.org/licenses/by/4.0/"\n[publisher]\nname = "Somebody"\n'
    'iri = "https://ex.org/id/organisation/somebody"\n[catalogue]\ncontact_email = "somebody@ex.org"\n',
    "ontology/def.ttl": SMALL["ontology/def.ttl"]
    + "[] a owl:AllDisjointClasses ; owl:members ( ex:Village ex:Thing ) .\nex:Thing a owl:Class .\n",
    "data/village/odd.ttl": """\
@prefix ex: <https://ex.org/def#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix village: <https://ex.org/id/village/> .

<> prov:hadPrimarySource <https://example.no/odd> .

<https://ex.org/id/village/Sætervik> a ex:Village ; rdfs:label "Sætervik"@nb .
<https://ex.org/id/village/a%20b> a ex:Village ; rdfs:label "a b"@nb .
<https://ex.org/id/village/x(1)> a ex:Village ; rdfs:label "x (1)"@nb .
village:old a ex:Village ; rdfs:label "Gamle"@nb ; owl:deprecated true ; dcterms:isReplacedBy village:lonset .
""",
}
"""Two villages, three with unusual IRIs, and one that was withdrawn."""
pytestmark = pytest.mark.xdist_group("doctor")
NOT_HERE = {
    "https-kept": "the address is not https",
    "public-address": "the site is looked at by a local address",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("books")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    with served(folder, base=False) as running:
        yield running


def examined(address: str, *names: str, thing: str | None = None) -> dict[str, Outcome]:
    with Client() as client:
        site = Deployment(address, client, thing)
        return {outcome.check.name: outcome for outcome in examine(site, chosen(names, ()))}


def failed(outcomes: dict[str, Outcome]) -> dict[str, tuple[str, ...]]:
    return {name: outcome.remarks for name, outcome in outcomes.items() if outcome.state == FAILED}


@pytest.fixture(scope="module")
def outcomes(server: Served) -> dict[str, Outcome]:
    return examined(server.address)


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_our_own_server_passes(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    expected = (NOT_APPLICABLE, (NOT_HERE[name],)) if name in NOT_HERE else (PASSED, ())
    assert (outcome.state, outcome.remarks) == expected


def test_below_a_path_our_own_server_passes_too(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    with served(tmp_path, base=False, environment={"KG_ROOT_PATH": "/kg"}) as running:
        assert failed(examined(f"{running.address}kg/")) == {}


def test_names_of_checks_are_unique_and_each_says_what_to_do() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert all(text.endswith(".") for text in (check.must, check.why, check.mend)), check.name


@dataclass(frozen=True, slots=True)
class Answer:
    """What the proxy is about to send."""

    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    asked: dict[str, str] = field(default_factory=dict)

    def without(self, name: str) -> Answer:
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() != name))

    def having(self, name: str, value: str) -> Answer:
        return replace(self, headers=(*self.without(name.lower()).headers, (name, value)))

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


Fault = Callable[[Answer], Answer]


@contextmanager
def proxy(
    server: Served, fault: Fault, spoil: Callable[[str, dict[str, str]], None] = lambda m, h: None
) -> Iterator[str]:
    """Give the address of a little proxy that spoils requests on their way in or answers on their way out."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536

        def pass_on(self) -> None:
            asked = {name.lower(): value for name, value in self.headers.items()}
            sent = dict(asked)
            spoil(self.command, sent)
            sent = {name: value for name, value in sent.items() if name != "connection"}
            body = self.rfile.read(int(asked.get("content-length", "0")))
            connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            found = connection.getresponse()
            answer = fault(Answer(self.path, found.status, tuple(found.getheaders()), found.read(), asked))
            connection.close()
            self.send_response_only(answer.status)
            skipped = ("content-length", "transfer-encoding", "connection")
            for name, value in answer.headers:
                if name.lower() not in skipped:
                    self.send_header(name, value)
            if answer.status not in (204, 304):
                length = answer.header("content-length") if self.command == "HEAD" else str(len(answer.body))
                self.send_header("Content-Length", length or "0")
            self.end_headers()
            if self.command != "HEAD" and answer.status not in (204, 304):
                self.wfile.write(answer.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/"
    finally:
        running.shutdown()
        running.server_close()
        thread.join(5)


def on_errors(fault: Fault) -> Fault:
    return lambda answer: fault(answer) if answer.status >= 400 else answer


def error_page(answer: Answer) -> Answer:
    if answer.status < 400:
        return answer
    return replace(answer, body=b"<h1>nginx</h1>").having("Content-Type", "text/html")


def soft_error(answer: Answer) -> Answer:
    return replace(answer, status=200) if answer.status == 404 else answer


def echo_host(answer: Answer) -> Answer:
    if answer.header("location"):
        host = answer.asked.get("x-forwarded-host") or answer.asked["host"]
        return answer.having("Location", f"http://{host}{answer.header('location')}")
    return answer


def pack_again(answer: Answer) -> Answer:
    if "gzip" in answer.asked.get("accept-encoding", "") and not answer.header("content-encoding"):
        return replace(answer, body=gzip.compress(answer.body)).having("Content-Encoding", "gzip")
    return answer


def pack_always(answer: Answer) -> Answer:
    if answer.status == 200 and not answer.header("content-encoding"):
        return replace(answer, body=gzip.compress(answer.body)).having("Content-Encoding", "gzip")
    return answer


def found_not_see_other(answer: Answer) -> Answer:
    return replace(answer, status=302) if answer.status == 303 else answer


def whole_always(answer: Answer) -> Answer:
    return replace(answer, status=200) if answer.status == 206 else answer


def one_byte_off(answer: Answer) -> Answer:
    if answer.path.startswith("/dumps/") and answer.status == 200 and answer.body:
        return replace(answer, body=answer.body[:-1] + b" ")
    return answer


def inline_scripts(answer: Answer) -> Answer:
    policy = answer.header("content-security-policy").replace(
        "script-src 'self'", "script-src 'unsafe-inline'"
    )
    return answer.having("Content-Security-Policy", policy)


def syntax_is_500(answer: Answer) -> Answer:
    return replace(answer, status=500) if b"query-syntax" in answer.body else answer


def latin1(answer: Answer) -> Answer:
    if "sparql-results" in answer.header("content-type"):
        return replace(answer, body=answer.body.decode().encode("latin-1", "replace"))
    return answer


def no_links(answer: Answer) -> Answer:
    return answer.without("link")


def weak(answer: Answer) -> Answer:
    tag = answer.header("etag")
    return answer.having("ETag", f"W/{tag}") if tag else answer


def traceback(answer: Answer) -> Answer:
    if answer.status >= 400:
        return replace(answer, body=b"Traceback (most recent call last): ...")
    return answer


FAULTS: tuple[tuple[str, Fault, set[str]], ...] = (
    ("drops Vary", lambda a: a.without("vary"), {"vary", "packing", "sparql-caching"}),
    ("drops ETag", lambda a: a.without("etag"), {"etag-strong", "dumps-conditional"}),
    ("makes ETags weak", weak, {"etag-strong"}),
    ("has one ETag for all", lambda a: a.having("ETag", '"1"'), {"etag-strong", "packing"}),
    ("drops Content-Location", lambda a: a.without("content-location"), {"content-location"}),
    ("drops Link", no_links, {"link-alternates", "forms-by-address"}),
    ("answers 302", found_not_see_other, {"thing-redirects"}),
    ("drops Cache-Control", lambda a: a.without("cache-control"), {"cache-control"}),
    ("sets a cookie", lambda a: a.having("Set-Cookie", "id=1"), {"no-cookies"}),
    ("puts in its own error pages", error_page,
     {"unknown-thing", "unacceptable", "unknown-suffix", "sparql-syntax"}),
    ("says 200 for 404", soft_error, {"unknown-thing"}),
    ("tells tracebacks", traceback, {"errors-keep-quiet", "unknown-thing"}),
    ("drops CORS on errors", on_errors(lambda a: a.without("access-control-allow-origin")),
     {"cross-origin", "sparql-cross-origin"}),
    ("drops what is allowed", lambda a: a.without("access-control-allow-methods"),
     {"preflight", "sparql-cross-origin"}),
    ("makes redirects of the Host", echo_host, {"own-host-only"}),
    ("packs .gz again", pack_again, {"dumps-packed-once"}),
    ("packs for all", pack_always, {"packing-refused"}),
    ("ignores ranges", whole_always, {"dumps-ranges", "dumps-conditional"}),
    ("corrupts dumps", one_byte_off, {"dumps-checksums"}),
    ("lets inline scripts run", inline_scripts, {"security-headers"}),
    ("drops nosniff", lambda a: a.without("x-content-type-options"), {"security-headers"}),
    ("blames itself for bad queries", syntax_is_500, {"sparql-syntax"}),
    ("recodes results", latin1, {"sparql-get", "sparql-post"}),
)  # fmt: skip


@pytest.mark.parametrize(("fault", "names"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_proxy_that_spoils_answers_is_found_out(server: Served, fault: Fault, names: set[str]) -> None:
    with proxy(server, fault) as address:
        assert set(failed(examined(address, *names, thing="doc/village/lonset"))) == names


def drop_accept(method: str, headers: dict[str, str]) -> None:
    headers.pop("accept", None)


def first_accept(method: str, headers: dict[str, str]) -> None:
    if "accept" in headers:
        headers["accept"] = re.split("[,;]", headers["accept"])[0]


def drop_conditions(method: str, headers: dict[str, str]) -> None:
    headers.pop("if-none-match", None)


SPOILS: tuple[tuple[str, Callable[[str, dict[str, str]], None], set[str]], ...] = (
    ("drops Accept", drop_accept, {"forms-by-accept", "quality-orders", "quality-zero", "unacceptable"}),
    ("cuts Accept", first_accept, {"quality-orders", "quality-zero"}),
    ("drops conditions", drop_conditions, {"not-modified", "packing-not-modified", "sparql-caching"}),
)


@pytest.mark.parametrize(("spoil", "names"), [row[1:] for row in SPOILS], ids=[row[0] for row in SPOILS])
def test_a_proxy_that_spoils_requests_is_found_out(
    server: Served, spoil: Callable[[str, dict[str, str]], None], names: set[str]
) -> None:
    with proxy(server, lambda answer: answer, spoil) as address:
        assert set(failed(examined(address, *names, thing="doc/village/lonset"))) == names


def test_a_plain_proxy_spoils_nothing(server: Served) -> None:
    with proxy(server, lambda answer: answer) as address:
        assert failed(examined(address)) == {}


def hello(answer: Answer) -> Answer:
    return replace(answer, status=200, body=b"<!doctype html><title>Hello</title><p>Hello",
                   headers=(("Content-Type", "text/html"),))  # fmt: skip


def test_software_of_another_kind_is_judged_only_by_what_it_has(server: Served) -> None:
    with proxy(server, hello) as address:
        found = examined(address)
    assert found["front-page"].state == PASSED
    assert not {name for name in failed(found) if name.startswith("sparql-")}
    assert not {"no-header-injection", "thing-redirects", "dumps-ranges"} & set(failed(found))


def test_the_command_prints_what_is_wrong_why_and_how_to_mend_it(server: Served) -> None:
    with proxy(server, lambda answer: answer.having("Set-Cookie", "id=1")) as address:
        done = CliRunner().invoke(
            command, [address, "--only", "no-cookies", "--only", "vary"], standalone_mode=False
        )
    assert done.return_value == 1
    assert "FAIL no-cookies" in done.output
    assert "Mend: Switch off cookies" in done.output
    assert "1 passed, 1 failed, 0 not applicable" in done.output


def test_the_command_gives_json(server: Served) -> None:
    done = CliRunner().invoke(
        command, [server.address, "--only", "robots", "--only", "vary", "--json"], standalone_mode=False
    )
    report = json.loads(done.output)
    assert (done.return_value, report["url"]) == (0, server.address)
    assert {row["name"] for row in report["checks"]} == {"robots", "vary"}


@pytest.mark.parametrize("url", [None, "ftp://ex.org/", "example.org", "http://127.0.0.1:9/"])
def test_what_cannot_be_reached_is_no_finding(url: str | None) -> None:
    with Client(timeout=2) as client, pytest.raises(CannotExamineError) as raised:
        reached(url, client)
    assert raised.value.exit_code == 2


def test_an_unknown_check_is_refused() -> None:
    with pytest.raises(CannotExamineError, match="no check or area nonsense"):
        chosen(("nonsense",), ())


def test_the_table_has_a_row_for_each_check() -> None:
    assert table().count("\n") == len(CHECKS) + 2


def test_links_are_read_whatever_stands_in_them() -> None:
    first = '</a,b>; rel="alternate describedby"; type="text/turtle"'
    header = f'{first}, <https://ex.org/x>; rel=cite-as; title="a, b"'
    reply = Reply("https://ex.org/p/q", 200, (("link", header),), b"")
    assert [(link.target, link.rels, link.type) for link in reply.links] == [
        ("https://ex.org/a,b", ("alternate", "describedby"), "text/turtle"),
        ("https://ex.org/x", ("cite-as",), ""),
    ]
