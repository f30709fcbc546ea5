"""The web application: its parts put together, and the one place where a failure becomes an answer."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from endpoint import html, negotiate, problems
from endpoint import site as current
from endpoint.negotiate import ERRORS
from endpoint.problems import Problem
from endpoint.respond import SECURITY_HEADERS
from endpoint.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)


def create_app(site: Site, blueprints: Sequence[Blueprint] = ()) -> Flask:
    """Give the WSGI application of a site; blueprints add what other modules answer."""
    app = Flask(__name__, static_folder="static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = site.settings.body_bytes
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 86_400
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    app.extensions["kg"] = site
    html.install(app)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.register_error_handler(Exception, answer_failure)
    app.after_request(_finish)
    inner = app.wsgi_app
    app.wsgi_app = _below(site.settings.root_path, inner)  # type: ignore[method-assign, assignment]
    return app


def _finish(response: Response) -> Response:
    given = {name.lower() for name, _ in response.headers}
    response.headers.extend([pair for pair in SECURITY_HEADERS.items() if pair[0].lower() not in given])
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS, POST"
        response.headers["Access-Control-Allow-Headers"] = (
            "Accept, Accept-Language, Accept-Profile, Content-Type, If-None-Match, Range"
        )
        response.headers["Access-Control-Max-Age"] = "86400"
    return response


def answer_failure(error: Exception) -> Response | HTTPException:
    """Give the problem document, or its page, for whatever went wrong."""
    if isinstance(error, RequestRedirect):
        return error
    problem = error if isinstance(error, Problem) else _problem(error)
    chosen = negotiate.choose(request.headers.get("Accept"), ERRORS, default="problem")
    document = problem.document(
        base=current.snapshot().config.base, instance=request.path, language=html.language()
    )
    if chosen is negotiate.HTML:
        body = html.render("problem.html", problem=problem, document=document)
    else:
        chosen = negotiate.PROBLEM
        body = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    response = Response(body, problem.type.status, content_type=chosen.content_type)
    response.headers["Vary"] = "Accept, Accept-Language"
    response.headers["Cache-Control"] = "no-store" if problem.type.status >= 500 else "public, max-age=60"
    response.headers["Content-Language"] = html.language()
    response.headers.update(problem.headers)
    return response


def _problem(error: Exception) -> Problem:
    if isinstance(error, HTTPException):
        problem = problems.of_status(error.code or 500, error.description or error.name)
        allow = getattr(error, "valid_methods", None)
        if allow:
            problem.headers["Allow"] = ", ".join(sorted(allow))
        return problem
    number = uuid.uuid4().hex[:12]
    log.error("Problem %s at %s", number, request.path, exc_info=error)
    return Problem("internal-error", f"Number {number}.", extra={"number": number})


Wsgi = Callable[[Any, Any], Iterable[bytes]]


def _below(root: str, inner: Wsgi) -> Wsgi:
    """Take the root path off where the proxy has left it on."""
    if not root:
        return inner

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path == root or path.startswith(f"{root}/"):
            environ["PATH_INFO"] = path[len(root) :] or "/"
        return inner(environ, start_response)

    return outer
