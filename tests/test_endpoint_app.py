"""Facts about every answer of the application, whatever the resource."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Blueprint
from flask.testing import FlaskClient

from endpoint.app import create_app
from endpoint.problems import Problem
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg.config import Config

BASE = "https://ex.org/kg/"


def client(root_path: str = "") -> FlaskClient:
    """Give a client of a site with three routes that fail and one that does not."""
    snapshot = SimpleNamespace(
        id="0" * 64, config=Config(base=BASE, languages=("nb", "nn", "en")), path=Path()
    )
    site = Site(Settings(root_path=root_path), Published(cast(Any, snapshot), cast(Any, None)))
    failing = Blueprint("failing", __name__)
    failing.add_url_rule("/gone", "gone", lambda: _raise(Problem("gone", "x was merged.")))
    failing.add_url_rule("/bug", "bug", lambda: _raise(ZeroDivisionError("secret detail")))
    failing.add_url_rule("/fine", "fine", lambda: "fine")
    failing.add_url_rule("/framed", "framed", lambda: ("", {"x-frame-options": "SAMEORIGIN"}))
    return create_app(site, (failing,)).test_client()


def _raise(error: Exception) -> str:
    raise error


def test_a_problem_is_a_problem_document_for_programs() -> None:
    answer = client().get("/gone")
    assert (answer.status_code, answer.content_type) == (410, "application/problem+json")
    assert json.loads(answer.data) == {
        "type": f"{BASE}problems#gone",
        "title": "Trukket tilbake",
        "status": 410,
        "detail": "x was merged.",
        "instance": "/gone",
    }


def test_a_problem_is_a_page_for_browsers_in_their_language() -> None:
    answer = client().get("/gone", headers={"Accept": "text/html", "Accept-Language": "nn"})
    assert (answer.status_code, answer.content_type) == (410, "text/html; charset=utf-8")
    assert "Trekt tilbake" in answer.text
    assert answer.headers["Content-Language"] == "nn"
    assert answer.headers["Vary"] == "Accept, Accept-Language"


def test_a_bug_says_a_number_and_no_detail(caplog: pytest.LogCaptureFixture) -> None:
    answer = client().get("/bug")
    document = json.loads(answer.data)
    assert (answer.status_code, document["type"]) == (500, f"{BASE}problems#internal-error")
    assert "secret" not in answer.text
    assert f"Problem {document['number']} at /bug" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/fine", 405, "method-not-allowed")],
)
def test_what_the_framework_refuses_is_a_problem_document_too(
    method: str, path: str, status: int, slug: str
) -> None:
    answer = client().open(path, method=method)
    assert (answer.status_code, json.loads(answer.data)["type"]) == (status, f"{BASE}problems#{slug}")


def test_a_405_says_what_is_allowed() -> None:
    assert client().delete("/fine").headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/fine", "/gone", "/nowhere", "/bug"])
def test_every_answer_has_cors_and_security_headers(path: str) -> None:
    headers = client().get(path).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")


def test_a_header_that_an_answer_has_already_is_not_there_twice() -> None:
    assert client().get("/framed").headers.getlist("X-Frame-Options") == ["SAMEORIGIN"]


def test_a_preflight_is_told_what_may_be_sent() -> None:
    headers = client().options("/fine").headers
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("path", ["/kg/fine", "/fine"])
def test_below_a_root_path_the_site_answers_with_and_without_it(path: str) -> None:
    assert client("/kg").get(path).text == "fine"


def test_the_host_header_reaches_no_answer() -> None:
    site = client()
    for path in ("/gone", "/nowhere", "/fine"):
        answer = site.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil" not in answer.text + str(answer.headers)
