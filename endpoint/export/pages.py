"""From addresses to files: each worker process asks the application, turns links, and writes.

The application is asked in process, without sockets, so that a file holds exactly what the site would send.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from endpoint import negotiate
from endpoint.export.links import FOLLOWED, Address, file_name, read, turn
from endpoint.negotiate import GRAPHS
from endpoint.words import LANGUAGES

HTML = "text/html"
LINKSET_SUFFIX, PROBLEM_SUFFIX, GONE = "linkset", "problem", "gone"
_DAY = 86_400
_NEGOTIATED = ("catalog", ".well-known/void")
_AS_THEY_ARE = ("id/", "search")
_LIVE_SEARCH = '<script src="{root}/static/search.js" defer></script>'
_FILE_SEARCH = '<script src="{root}/static/static-search.js" data-index="{root}/search.json" defer></script>'


@dataclass(frozen=True, slots=True)
class Plan:
    """What is exported, and whereto: the same for all workers."""

    folder: Path
    root: str
    documents: frozenset[str]
    foreign: frozenset[str]
    questions: dict[str, str]
    sparql: str
    pages: int
    when: float


@dataclass(frozen=True, slots=True)
class Job:
    """One address to write; `depth` is how many pages of a list come before it.

    What is optional need not be there.
    """

    address: Address
    depth: int = 0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a job: the files with their sizes, where its pages lead, and what could not be written."""

    job: Job
    files: tuple[tuple[str, int], ...]
    found: frozenset[Address]
    missing: tuple[str, ...]


class Writer:
    """Writes the files of jobs with one client of the application."""

    def __init__(self, app: Flask, plan: Plan) -> None:
        """Take the application and the plan."""
        self.plan = plan
        self.client: FlaskClient = app.test_client()

    def write(self, job: Job) -> Written:
        """Write all languages and forms of an address."""
        if job.address.path in _NEGOTIATED:
            return self._graphs(job)
        first = self._get(job.address, LANGUAGES[0])
        if first.mimetype != HTML:
            return self._file(job, first)
        replies = [first, *(self._get(job.address, language) for language in LANGUAGES[1:])]
        files, found = [], set[Address]()
        infix = "" if first.status_code == 200 else f".{GONE}"
        for language, reply in zip(LANGUAGES, replies, strict=True):
            turned = turn(reply.text, self.plan.root, self._exists(job.depth))
            found |= turned.addresses
            files.append((f"{index_name(job.address)}{infix}.{language}.html", self._ready(turned.text)))
        if infix:
            if first.status_code != 410:
                return Written(job, (), frozenset(), _missing(job, first))
            problem = self._get(job.address, LANGUAGES[0], negotiate.PROBLEM.media_type)
            files.append((f"{job.address.written}.{GONE}.{PROBLEM_SUFFIX}", problem.data))
            return Written(job, self._save(files), frozenset(found), ())
        forms, missing = self._forms(first)
        return Written(job, self._save([*files, *forms]), frozenset(found), missing)

    def _get(self, address: Address, language: str = "", accept: str = HTML) -> TestResponse:
        url = address.url
        if language:
            url += f"{'&' if address.query else '?'}lang={language}"
        return self.client.get(self.plan.root + url, headers={"Accept": f"{accept}, */*;q=0.1"})

    def _ready(self, page: str) -> bytes:
        root = self.plan.root
        return page.replace(_LIVE_SEARCH.format(root=root), _FILE_SEARCH.format(root=root)).encode()

    def _forms(self, page: TestResponse) -> tuple[list[tuple[str, bytes]], tuple[str, ...]]:
        """Give the other forms that a page's Link header names."""
        files: list[tuple[str, bytes]] = []
        missing: list[str] = []
        for value in page.headers.getlist("Link"):
            target, _, rest = value.partition(">")
            if "alternate" not in rest and "linkset" not in rest:
                continue
            found = read(target[1:], self.plan.root)
            assert found is not None
            reply = self._get(found[0], accept="*/*")
            if reply.status_code == 200:
                suffix = f".{LINKSET_SUFFIX}" if reply.mimetype == "application/linkset+json" else ""
                files.append((found[0].written + suffix, reply.data))
            else:
                missing.append(f"{found[0].url} is answered {reply.status_code}")
        return files, tuple(missing)

    def _file(self, job: Job, reply: TestResponse) -> Written:
        if reply.status_code != 200:
            return Written(job, (), frozenset(), _missing(job, reply))
        name = job.address.written
        if reply.mimetype == "application/linkset+json":
            name += f".{LINKSET_SUFFIX}"
        return Written(job, self._save([(name, reply.data)]), frozenset(), ())

    def _graphs(self, job: Job) -> Written:
        """Write what has no page, only graphs."""
        files = []
        for form in GRAPHS:
            reply = self.client.get(self.plan.root + job.address.url, headers={"Accept": form.media_type})
            if reply.status_code == 200:
                files.append((f"{job.address.written}.{form.suffix}", reply.data))
        return Written(job, self._save(files), frozenset(), ())

    def _save(self, files: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, int], ...]:
        return tuple(self._save_one(name, body) for name, body in files)

    def _save_one(self, path: str, body: bytes) -> tuple[str, int]:
        name = file_name(path)
        if name is None:
            return path, 0
        save(self.plan.folder / name, body, self.plan.when)
        return name, len(body)

    def _exists(self, depth: int) -> Callable[[Address], bool | str]:
        return lambda address: self._leads(address, depth)

    def _leads(self, address: Address, depth: int) -> bool | str:
        """Tell what becomes of a link: True for a file, an address in its place, or "" for none."""
        plan, path, query = self.plan, address.path, dict(address.query)
        if path == "sparql":
            return self._sparql(query.get("query", ""))
        if path.startswith(_AS_THEY_ARE):
            return f"{plan.root}{address.url}"
        if query.keys() - FOLLOWED - {"format"} or path.startswith("history/"):
            return ""
        if path == "doc":
            return True if query.get("iri", "") in plan.foreign else _outside(query.get("iri", ""))
        if path.startswith(("doc/", "linkset/")):
            stem = "doc/" + path.partition("/")[2]
            return stem in plan.documents or stem.rpartition(".")[0] in plan.documents
        if "after" in query and depth + 1 >= plan.pages:
            return f"{plan.root}/dumps/"
        return path != "suggest"

    def _sparql(self, query: str) -> str:
        plan = self.plan
        if plan.sparql:
            return f"{plan.sparql}?query={quote(query)}" if query else plan.sparql
        if not query:
            return f"{plan.root}/sparql"
        name = plan.questions.get(query)
        return f"{plan.root}/questions/{quote(name)}.csv" if name else ""


def _missing(job: Job, reply: TestResponse) -> tuple[str, ...]:
    return () if job.optional else (f"{job.address.url} is answered {reply.status_code}",)


def _outside(iri: str) -> str:
    return iri if urlsplit(iri).scheme in ("http", "https", "mailto") else ""


def index_name(address: Address) -> str:
    """Give the stem of a page's files.

    >>> index_name(Address("")), index_name(Address("dumps/")), index_name(Address("kinds"))
    ('index', 'dumps/index', 'kinds')
    """
    written = address.written
    return f"{written}index" if not written or written.endswith("/") else written


def save(path: Path, body: bytes, when: float) -> None:
    """Write a file whose time follows from its bytes.

    Web servers make ETags of time and size; so other bytes get another ETag, and the same bytes the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    stamp(path, hashlib.sha256(body).digest(), when)


def stamp(path: Path, digest: bytes, when: float) -> None:
    """Set a file's time within the day before `when`, by a digest of its bytes."""
    seconds = int(when) - int.from_bytes(digest[:4], "big") % _DAY
    microseconds = int.from_bytes(digest[4:7], "big") % 1_000_000
    nanoseconds = seconds * 10**9 + microseconds * 1000
    os.utime(path, ns=(nanoseconds, nanoseconds))


_writer: Writer | None = None


def begin(make: Callable[[], Flask], plan: Plan) -> None:
    """Give this process its writer."""
    global _writer
    _writer = Writer(make(), plan)


def write(job: Job) -> Written:
    """Do one job in this process."""
    assert _writer is not None
    return _writer.write(job)


def followed(found: Iterable[Address]) -> Iterator[Address]:
    """Yield the addresses that must be asked for: not what is copied, or written with others."""
    for address in found:
        suffix = address.path.rpartition("/")[2].rpartition(".")[2] if "." in address.path else ""
        copied = address.path.startswith(("static/", "doc/")) or (
            address.path.startswith("dumps/") and address.path != "dumps/"
        )
        graph = suffix in {form.suffix for form in GRAPHS} and address.path.startswith("def.")
        named = any(name == "format" for name, _ in address.query) and address.path == "doc"
        if not (copied or graph or named or suffix == "html"):
            yield address
