"""Facts about the answers that are given again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from endpoint.hot import Answer, Hot
from endpoint.negotiate import ENTITY, LISTS, choose, wishes

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
    assert (len(found.body["body"]), len(page.body["body"])) == (5, 7)
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
    kept = hot.get("/x", {})
    assert kept is not None
    start, body = kept.messages(tags, is_head=False)
    assert (start["status"], body["body"]) == (304, b"")
    assert [name for name, _ in start["headers"]] == [
        b"etag",
        b"cache-control",
        b"vary",
        b"access-control-allow-origin",
    ]
    assert kept.messages(b'"other"', is_head=False)[0]["status"] == 200
