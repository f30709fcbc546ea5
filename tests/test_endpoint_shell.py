"""Facts about the shell around the application, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Blueprint, Response, request

from endpoint import sparql
from endpoint.app import create_app
from endpoint.hot import Answer
from endpoint.settings import Settings
from endpoint.shell import Bounds, Queue, QueueFullError, Shell
from endpoint.site import Published, Site
from kg.config import Config

BOUNDS = Bounds(body=100, body_seconds=0.05, address=200, queue_seconds=0.05)
LONG = 3 * 1024 * 1024


class Application:
    """A shell around a few routes, with a count of what reached them."""

    def __init__(self, *, behind_proxy: bool = False, root_path: str = "", hosts: str = "") -> None:
        self.asked: list[str] = []
        self.closed = False
        self.site = Site(Settings(root_path=root_path, hosts=hosts), self.published("a" * 64))
        blueprint = Blueprint("routes", __name__)
        blueprint.before_request(lambda: self.asked.append(request.path))
        blueprint.add_url_rule("/page", "page", self.page)
        blueprint.add_url_rule(
            "/private", "private", lambda: Response("x", headers={"Cache-Control": "no-store"})
        )
        blueprint.add_url_rule("/long", "long", lambda: Response(self.pieces(), content_type="text/plain"))
        blueprint.add_url_rule("/address", "address", lambda: str(request.remote_addr))
        blueprint.add_url_rule("/echo", "echo", lambda: request.get_data(), methods=["POST"])
        self.app = create_app(self.site, (blueprint, sparql.blueprint))
        self.shell = Shell(self.app, self.site, BOUNDS, behind_proxy=behind_proxy)

    @staticmethod
    def published(number: str) -> Published:
        return Published(cast(Any, SimpleNamespace(id=number, config=Config())), cast(Any, None))

    @staticmethod
    def page() -> Response:
        answer = Response("page " * 200, content_type="text/plain")
        answer.set_etag("tag")
        answer.headers["Cache-Control"] = "public, max-age=60"
        answer.headers["Vary"] = "Accept"
        return answer

    def pieces(self) -> Iterator[bytes]:
        try:
            for _ in range(LONG // 1024):
                yield b"x" * 1024
        finally:
            self.closed = True

    def ask(
        self,
        path: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: tuple[bytes, ...] = (b"",),
        receive: Callable[[], Awaitable[dict[str, Any]]] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[Any] = []
        messages = [
            {"type": "http.request", "body": piece, "more_body": number < len(body) - 1}
            for number, piece in enumerate(body)
        ]

        async def receive_one() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        all_headers = {"host": "localhost", **{k.lower(): v for k, v in (headers or {}).items()}}
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "client": ("192.0.2.1", 1), "scheme": "http",
            "headers": [(k.encode(), v.encode()) for k, v in all_headers.items()],
        }  # fmt: skip
        asyncio.run(self.shell(scope, receive or receive_one, send))
        given = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return sent[0]["status"], given, b"".join(message["body"] for message in sent[1:])


@pytest.fixture
def application() -> Iterator[Application]:
    made = Application()
    yield made
    made.shell.close()


def kind(body: bytes) -> str:
    return str(json.loads(body)["type"]).rpartition("#")[2]


def test_a_page_is_made_once_for_each_snapshot_and_wish(application: Application) -> None:
    for headers in ({}, {}, {"Accept": "text/html"}, {"Accept": "text/html"}, {"Cache-Control": "no-cache"}):
        assert application.ask("/page", headers=headers)[0] == 200
    assert application.asked == ["/page"] * 3
    application.site.switch(application.published("b" * 64))
    application.ask("/page")
    assert application.asked == ["/page"] * 4


def test_what_is_private_is_made_each_time(application: Application) -> None:
    for _ in range(3):
        application.ask("/private")
    assert application.asked == ["/private"] * 3


def test_a_page_that_the_client_has_is_304_without_asking_the_application(application: Application) -> None:
    _, headers, _ = application.ask("/page")
    status, given, body = application.ask("/page", headers={"If-None-Match": headers["etag"]})
    assert (status, given["etag"], body) == (304, '"tag"', b"")
    assert application.asked == ["/page"]


def test_head_is_get_without_a_body(application: Application) -> None:
    _, of_get, _ = application.ask("/page")
    status, of_head, body = application.ask("/page", "HEAD")
    assert (status, of_head, body) == (200, of_get, b"")


def test_a_long_answer_passes_in_pieces_and_is_closed(application: Application) -> None:
    status, _, body = application.ask("/long", headers={"Accept-Encoding": "gzip"})
    assert (status, len(body), application.closed) == (200, LONG, True)
    application.closed = False
    status, _, body = application.ask("/long", "HEAD")
    assert (status, body, application.closed) == (200, b"", True)


def test_a_body_arrives_whole(application: Application) -> None:
    assert application.ask("/echo", "POST", body=(b"one ", b"two"))[2] == b"one two"


@pytest.mark.parametrize(
    ("headers", "body"), [({"Content-Length": "101"}, (b"",)), ({}, (b"x" * 60, b"x" * 60))]
)
def test_a_body_beyond_the_bound_is_413(
    application: Application, headers: dict[str, str], body: tuple[bytes, ...]
) -> None:
    status, _, answer = application.ask("/echo", "POST", headers, body)
    assert (status, kind(answer), application.asked) == (413, "body-too-large", [])


def test_a_body_that_does_not_come_is_408(application: Application) -> None:
    async def never() -> dict[str, Any]:
        await asyncio.sleep(10)
        raise AssertionError

    status, headers, answer = application.ask("/echo", "POST", receive=never)
    assert (status, kind(answer), headers["connection"]) == (408, "request-timeout", "close")


def test_a_body_that_breaks_off_is_400(application: Application) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    status, _, answer = application.ask("/echo", "POST", receive=gone)
    assert (status, kind(answer)) == (400, "bad-request")


def test_an_address_beyond_the_bound_is_414(application: Application) -> None:
    status, _, answer = application.ask("/" + "a" * 300)
    assert (status, kind(answer)) == (414, "address-too-long")


def test_a_request_has_one_host(application: Application) -> None:
    status, _, answer = application.ask("/page", headers={"Host": ""})
    assert (status, kind(answer)) == (400, "bad-request")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("data.example.org", 200), ("DATA.example.org:443", 200), ("[::1]:8000", 200), ("[::1]", 421),
     ("evil.example", 421), ("data.example.org.evil.example", 421), ("data.example.org:x", 421)],
)  # fmt: skip
def test_where_a_site_knows_its_names_it_answers_to_no_other(host: str, expected: int) -> None:
    application = Application(hosts="data.example.org,[::1]:8000")
    for _ in range(2):  # made, and kept
        status, _, answer = application.ask("/page", headers={"Host": host})
        assert status == expected
    if expected == 421:
        assert kind(answer) == "misdirected-request"
    assert application.asked == ["/page"] * (expected == 200)
    application.shell.close()


@pytest.mark.parametrize(("behind_proxy", "address"), [(False, b"192.0.2.1"), (True, b"198.51.100.7")])
def test_forwarded_addresses_are_believed_behind_a_proxy_only(behind_proxy: bool, address: bytes) -> None:
    application = Application(behind_proxy=behind_proxy)
    headers = {"X-Forwarded-For": "203.0.113.1, 198.51.100.7"}
    assert application.ask("/address", headers=headers)[2] == address
    application.shell.close()


def test_a_query_is_one_below_a_root_path_that_a_proxy_took_off(monkeypatch: pytest.MonkeyPatch) -> None:
    application = Application(root_path="/kg")

    async def query(*_: object) -> Answer:
        return Answer(200, [], b"a result")

    monkeypatch.setattr(Shell, "_query", query)
    for path in ("/kg/sparql", "/sparql"):
        assert application.ask(path, "POST", body=(b"ASK {}",))[2] == b"a result"
    assert application.ask("/sparqlx", "POST", body=(b"ASK {}",))[0] == 404
    application.shell.close()


def test_a_failure_of_the_application_is_a_problem_without_details(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(environ: object, start_response: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(application.app, "wsgi_app", fail)
    status, _, answer = application.ask("/page")
    assert (status, kind(answer)) == (500, "internal-error")
    assert b"secret" not in answer


def in_queue(bounds: Bounds, work: Callable[[Queue], Awaitable[None]]) -> None:
    async def run() -> None:
        await work(Queue(bounds))

    asyncio.run(run())


def test_a_client_gets_its_share_of_places_and_no_more() -> None:
    async def work(queue: Queue) -> None:
        assert [queue.try_enter("a") for _ in range(3)] == [True, True, False]
        assert [queue.try_enter("b") for _ in range(3)] == [True, True, False]
        assert not queue.try_enter("c")

    in_queue(Bounds(query_places=4), work)


def test_who_waits_gets_in_by_turn_and_passes_those_at_their_limit() -> None:
    async def work(queue: Queue) -> None:
        order: list[str] = []

        async def enter(client: str) -> None:
            await queue.enter(client)
            order.append(client)

        for client in ("a", "a", "b", "c"):
            assert queue.try_enter(client)
        tasks = [asyncio.ensure_future(enter(client)) for client in ("a", "b", "d")]
        await asyncio.sleep(0)
        for leaving, then in (("c", ["b"]), ("a", ["b", "a"]), ("b", ["b", "a", "d"])):
            queue.leave(leaving)
            await asyncio.sleep(0.01)
            assert order == then
        await asyncio.wait(tasks)

    in_queue(Bounds(query_places=4, queue_seconds=1), work)


def test_who_waits_too_long_hears_whose_limit_it_was() -> None:
    async def work(queue: Queue) -> None:
        assert queue.try_enter("a")
        with pytest.raises(QueueFullError, match="client"):
            await queue.enter("a")
        assert queue.try_enter("b")
        with pytest.raises(QueueFullError, match="busy"):
            await queue.enter("c")
        queue.leave("a")
        assert queue.try_enter("c")

    in_queue(Bounds(query_places=2, queue_seconds=0.02), work)


def test_who_asks_while_its_own_queries_take_its_share_hears_so_though_they_end_meanwhile() -> None:
    async def work(queue: Queue) -> None:
        for client in ("a", "b"):
            assert queue.try_enter(client)
        before = [asyncio.ensure_future(queue.enter(client)) for client in ("c", "a")]
        await asyncio.sleep(0)
        queue.leave("a")
        await asyncio.wait(before)
        assert [str(task.exception()) for task in before] == ["None", "client"]

    in_queue(Bounds(query_places=2, queue_seconds=0.02), work)


def test_a_queue_has_an_end() -> None:
    async def work(queue: Queue) -> None:
        assert queue.try_enter("a")
        waiting = [asyncio.ensure_future(queue.enter("a")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError, match="client"):
            await queue.enter("a")
        for task in waiting:
            task.cancel()

    in_queue(Bounds(query_places=2, waiting_of_client=2, queue_seconds=1), work)


@pytest.mark.parametrize("turns", range(6))
def test_a_place_that_comes_as_its_client_goes_is_given_back(application: Application, turns: int) -> None:
    """Whoever hangs up while a place comes free leaves none taken, whichever of the two is noticed first."""
    shell = application.shell
    queue: Queue = shell._queue

    async def scenario() -> list[bool]:
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        held = [queue.try_enter("a") for _ in range(BOUNDS.places_of_client)]
        exchange = cast(Any, SimpleNamespace(receive=receive))
        waiting = asyncio.ensure_future(shell._wait_for_place(exchange, "a"))
        await asyncio.sleep(0.01)
        gone.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        queue.leave("a")
        if await waiting is None:
            queue.leave("a")
        await asyncio.sleep(0.01)
        for _ in held[1:]:
            queue.leave("a")
        return [queue.try_enter("a") for _ in held]

    assert asyncio.run(scenario()) == [True] * BOUNDS.places_of_client
