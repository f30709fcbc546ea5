"""Facts about the answers that are given again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from endpoint.hot import Answer, Hot
from endpoint.negotiate import ENTITY, LISTS, choose, wishes
from endpoint.respond import FilePart

from .test_endpoint_export import ACCEPTED

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)


def answer(vary: str = "Accept", more: Mapping[str, str] = MappingProxyType({}), *, size: int = 5) -> Answer:
    headers = {"etag": '"tag"', "cache-control": "public, max-age=60", "vary": vary, **more}
    return Answer(200, [(k.encode(), v.encode()) for k, v in headers.items()], b"x" * size)


def sent(**headers: str) -> dict[bytes, bytes]:
    return {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}


def test_browsers_that_mean_the_same_share_a_page() -> None:
    hot = Hot()
    hot.keep(
        "/x",
        sent(accept=FIREFOX, accept_language="nb-NO,nb;q=0.9,en;q=0.8"),
        answer("Accept, Accept-Language"),
    )
    assert hot.get("/x", sent(accept=CHROME, accept_language="nb")) is not None
    assert hot.get("/x", sent(accept=CHROME, accept_language="en,nb;q=0.9")) is None
    assert hot.get("/x", sent(accept="text/turtle", accept_language="nb")) is None


@pytest.mark.parametrize("one", ACCEPTED)
def test_headers_of_one_meaning_are_answered_alike(one: str | None) -> None:
    for other in ACCEPTED:
        if wishes(one or "") == wishes(other or ""):
            for table in (ENTITY, LISTS):
                assert choose(one, table, default="html") == choose(other, table, default="html")


def test_only_what_an_answer_varies_by_counts() -> None:
    hot = Hot()
    hot.keep("/x.ttl", sent(accept="text/html"), answer(""))
    assert hot.get("/x.ttl", sent(accept="text/csv", accept_language="en", user_agent="x")) is not None
    assert hot.get("/x.ttl", sent(accept_encoding="gzip")) is None


def test_the_forms_of_a_page_may_vary_by_different_headers() -> None:
    hot = Hot()
    for _ in range(2):
        hot.keep("/x", sent(accept="text/turtle"), answer("Accept"))
        hot.keep(
            "/x", sent(accept="text/html", accept_language="nb"), answer("Accept, Accept-Language", size=7)
        )
    found = hot.get("/x", sent(accept="text/turtle"))
    page = hot.get("/x", sent(accept="text/html", accept_language="nb"))
    assert found is not None
    assert page is not None
    assert (len(found[1]["body"]), len(page[1]["body"])) == (5, 7)
    assert hot.get("/x", sent(accept="text/html", accept_language="en")) is None


@pytest.mark.parametrize(
    "other",
    [
        answer("Cookie"),
        answer("*"),
        answer(more={"cache-control": "no-store"}),
        answer(more={"etag": 'W/"x"'}),
        answer(size=600 * 1024),
        Answer(404, answer().headers, b""),
        Answer(200, answer().headers, b"", iter(())),
    ],
)  # fmt: skip
def test_what_is_private_long_or_no_good_is_not_kept(other: Answer) -> None:
    hot = Hot()
    hot.keep("/x", {}, other)
    assert hot.get("/x", {}) is None


@pytest.mark.parametrize("headers", [{}, sent(if_none_match="*"), sent(if_none_match='"tag"')])
def test_the_way_from_a_thing_to_its_document_is_kept(headers: dict[bytes, bytes]) -> None:
    hot = Hot()
    told = [(b"location", b"/doc/x"), (b"cache-control", b"public, max-age=60")]
    hot.keep("/id/x", {}, Answer(303, told, b"/doc/x\n"))
    found = hot.get("/id/x", headers)
    assert found is not None
    assert (found[0]["status"], found[0]["headers"], found[1]["body"]) == (303, told, b"/doc/x\n")


def test_the_oldest_make_room() -> None:
    hot = Hot(room=3 * 14_096)
    for name in "abc":
        hot.keep(name, {}, answer(size=10_000))
    assert hot.get("a", {}) is not None
    hot.keep("d", {}, answer(size=10_000))
    assert [name for name in "abcd" if hot.get(name, {})] == ["a", "c", "d"]


@pytest.mark.parametrize("tags", [b'"tag"', b'W/"tag"', b'"other", "tag"', b"*"])
def test_who_has_it_gets_304_with_what_a_cache_renews(tags: bytes) -> None:
    hot = Hot()
    hot.keep("/x", {}, answer(more={"content-language": "nb", "access-control-allow-origin": "*"}))
    found = hot.get("/x", sent(if_none_match=tags.decode()))
    assert found is not None
    assert (found[0]["status"], found[1]["body"]) == (304, b"")
    names = [name for name, _ in found[0]["headers"]]
    assert names == [b"etag", b"cache-control", b"vary", b"access-control-allow-origin"]
    other = hot.get("/x", sent(if_none_match='"other"'))
    assert other is not None
    assert other[0]["status"] == 200


SIZE = 2**20 + 10


@pytest.fixture
def dump(tmp_path: Path) -> tuple[Hot, Path]:
    path = tmp_path / "dataset.nt"
    path.write_bytes(bytes(number % 251 for number in range(SIZE)))
    told = [(b"content-range", b"bytes 0-9/x"), (b"content-length", b"10")]
    part = Answer(206, [*answer().headers, *told], b"", None, FilePart(path, 0, 10))
    hot = Hot()
    hot.keep("/dump", {}, part)
    return hot, path


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("0-9", 0, 9),
        ("1000-66535", 1000, 66_535),
        (f"{SIZE - 3}-", SIZE - 3, SIZE - 1),
        (f"{SIZE - 3}-{SIZE + 9}", SIZE - 3, SIZE - 1),
    ],
)
def test_ranges_of_a_file_are_read_without_asking(
    dump: tuple[Hot, Path], asked: str, begin: int, end: int
) -> None:
    hot, path = dump
    found = hot.get("/dump", sent(range=f"bytes={asked}", if_range='"tag"'))
    assert found is not None
    headers = dict(found[0]["headers"])
    assert (found[0]["status"], found[1]["body"]) == (206, path.read_bytes()[begin : end + 1])
    assert headers[b"content-range"] == f"bytes {begin}-{end}/{SIZE}".encode()
    assert headers[b"content-length"] == str(end + 1 - begin).encode()


@pytest.mark.parametrize(
    "headers",
    [sent(range="bytes=-5"), sent(range="bytes=0-1,3-4"), sent(range=f"bytes={SIZE}-"),
     sent(range="bytes=5-4"), sent(range="bytes=0-700000"), sent(range="bytes=0-9", if_range='"other"'),
     sent(range="x"), {}],
)  # fmt: skip
def test_what_takes_more_thought_is_asked_for(dump: tuple[Hot, Path], headers: dict[bytes, bytes]) -> None:
    assert dump[0].get("/dump", headers) is None


def test_a_whole_file_is_named_to_servers_that_can_send_it(dump: tuple[Hot, Path]) -> None:
    hot, path = dump
    found = hot.get("/dump", {}, {"http.response.pathsend": {}})
    assert found is not None
    assert (found[0]["status"], found[1]) == (200, {"type": "http.response.pathsend", "path": str(path)})
    assert dict(found[0]["headers"])[b"content-length"] == str(SIZE).encode()
    fresh = hot.get("/dump", sent(range="bytes=0-9", if_none_match='"tag"'))
    assert fresh is not None
    assert fresh[0]["status"] == 304


def test_small_files_are_kept_like_pages(tmp_path: Path) -> None:
    (tmp_path / "x.nt").write_bytes(b"x")
    hot = Hot()
    hot.keep("/dump", {}, Answer(200, answer().headers, b"x", None, FilePart(tmp_path / "x.nt", 0, 1)))
    found = hot.get("/dump", {})
    assert found is not None
    assert found[1]["body"] == b"x"
    assert hot.get("/dump", sent(range="bytes=0-0")) is None
