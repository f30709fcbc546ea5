"""The whole export: what there is to write, in which order, and what was written and left out."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from flask import Flask

from endpoint import html, sparql, views
from endpoint.app import create_app
from endpoint.export import apache, caddy, nginx, pages, rules
from endpoint.export.links import Address
from endpoint.export.pages import PROBLEM_SUFFIX, Job, Plan, Written
from endpoint.negotiate import ENTITY
from endpoint.problems import Problem
from endpoint.respond import uri
from endpoint.settings import Settings
from endpoint.site import Published, Site
from endpoint.words import LANGUAGES
from kg.errors import KgError
from kg.index import Index
from kg.query import RESULT_FORMATS, Limits, Pool, Query, QueryError
from kg.snapshot import Snapshot
from kg.vocab import compact, document_path

REPORT = "export.json"
WWW = "www"
_SEEDS = (
    "", "kinds", "questions", "about", "accessibility", "dataset", "def", "limits", "problems", "search",
    "dumps/", "catalog", "context.jsonld", "robots.txt", "sitemap.xml", ".well-known/void",
    ".well-known/api-catalog",
)  # fmt: skip
_PERHAPS = ("llms.txt", "CITATION.cff", "ro-crate-metadata.json", "opensearch.xml", "land.geojson")
_ERRORS = ("bad-request", "not-found", "method-not-allowed", "not-acceptable", "gone", "unsupported-format",
           "range-not-satisfiable")  # fmt: skip
_NO_SERVICE = "This is a static copy: it runs no queries. The dumps hold everything that could be asked."

Tell = Callable[..., None]


class ExportError(KgError):
    """The export cannot be written there, or what was chosen does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is exported: `kinds` and `without` are classes; `pages` how many pages of a list are written."""

    root_path: str = ""
    public_url: str = ""
    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    pages: int = 50
    page_size: int = 200
    sparql: str = ""
    jobs: int = 2


@dataclass(slots=True)
class Report:
    """What was written, by kind, and what was not, with the reason."""

    documents: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)

    def add(self, kind: str, files: Iterable[tuple[str, int]]) -> None:
        """Count files under a kind."""
        for _, size in files:
            self.files[kind] += 1
            self.bytes[kind] += size

    def as_object(self, snapshot: Snapshot) -> dict[str, object]:
        """Give the report for the file beside the site."""
        kinds = sorted(self.files)
        return {
            "snapshot": snapshot.id,
            "kinds": {
                k: {"documents": self.documents[k], "files": self.files[k], "bytes": self.bytes[k]}
                for k in kinds
            },
            "left_out": dict(sorted(self.left_out.items())),
            "missing": sorted(self.missing),
            "files": self.files.total(),
            "bytes": self.bytes.total(),
        }


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with a document: its IRI, the document's path, and the kind it is counted under."""

    iri: str
    path: str
    kind: str


def export(
    snapshot: Snapshot, folder: Path, options: Options, tell: Tell = lambda stage, done=0, total=0: None
) -> Report:
    """Write the site of a snapshot into a folder, which is new or holds an earlier export.

    The folder changes at the end, at once. Raises ExportError.
    """
    _may_write(folder)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.resolve().parent))
    building.chmod(0o755)
    try:
        report = _Export(snapshot, building, options, tell).run()
        (building / REPORT).write_text(
            json.dumps(report.as_object(snapshot), ensure_ascii=False, indent=1) + "\n"
        )
        _swap(building, folder)
    except OSError as error:
        raise ExportError(f"The export cannot be written to {folder}: {error}.") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return report


def _may_write(folder: Path) -> None:
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / REPORT).is_file())
    ):
        raise ExportError(
            f"{folder} holds something else.", hint="Name a new folder, or that of an earlier export."
        )
    folder.resolve().parent.mkdir(parents=True, exist_ok=True)


def _swap(building: Path, folder: Path) -> None:
    old = building.with_name(f"{building.name}.old")
    if folder.exists():
        folder.rename(old)
    building.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def application(snapshot: Snapshot, options: Options) -> Flask:
    """Give the site whose answers become files."""
    settings = Settings(
        root_path=options.root_path, public_url=options.public_url, page_size=options.page_size
    )
    site = Site(settings, Published(snapshot, Index(snapshot.index)))
    return create_app(site, (sparql.blueprint, views.blueprint))


class _Export:
    """One export: each step adds to the report."""

    def __init__(self, snapshot: Snapshot, folder: Path, options: Options, tell: Tell) -> None:
        self.snapshot, self.folder, self.options, self.tell = snapshot, folder, options, tell
        self.www = folder / WWW
        self.site = self.www / options.root_path.strip("/")
        self.base = snapshot.config.base
        self.when = datetime.fromisoformat(snapshot.created).timestamp()
        self.report = Report()
        self.index = Index(snapshot.index)

    def run(self) -> Report:
        """Do all steps; give the report."""
        self.site.mkdir(parents=True)
        things = self.things()
        plan = self.plan(things)
        self.pages(plan, things)
        self.tell("files")
        self.static()
        self.dumps()
        self.search(things)
        self.questions()
        app = application(self.snapshot, self.options)
        self.errors(app)
        self.rules(things)
        return self.report

    def things(self) -> tuple[Thing, ...]:
        """Choose what has a document: what is described below the base, and foreign IRIs described."""
        graphs = {graph.iri for graph in self.snapshot.graphs}
        known = {
            iri: types
            for iri, types in self.index.subjects()
            if "#" not in iri or not iri.startswith(self.base)
        }
        for iri in graphs:
            known.setdefault(iri, ())
        wanted, unwanted = self.classes(self.options.kinds), self.classes(self.options.without)
        found = []
        for iri, types in sorted(known.items()):
            kind = self.kind(iri, types, graphs)
            if (wanted and not wanted & {*types, kind}) or unwanted & {*types, kind}:
                self.report.left_out[kind] += 1
                continue
            found.append(Thing(iri, document_path(iri, self.base), kind))
            self.report.documents[kind] += 1
        return tuple(found)

    def classes(self, names: Sequence[str]) -> set[str]:
        """Give the classes that prefixed names stand for. Raises ExportError for what is no kind here."""
        prefixes = self.snapshot.config.prefixes
        known = {iri for _, types in self.index.subjects() for iri in types} if names else set()
        found = set()
        for name in names:
            prefix, colon, local = name.partition(":")
            iri = prefixes[prefix] + local if colon and prefix in prefixes else name
            if iri not in known and name not in ("graph", "other", "foreign"):
                some = ", ".join(sorted(short for iri in known if (short := compact(iri, prefixes)))[:12])
                raise ExportError(
                    f"Nothing here is of the kind {name}.", hint=f"There is {some}; graph; foreign."
                )
            found.add(iri)
        return found

    def kind(self, iri: str, types: Sequence[str], graphs: set[str]) -> str:
        if not iri.startswith(self.base):
            return "foreign"
        if types:
            return compact(types[0], self.snapshot.config.prefixes) or types[0]
        return "graph" if iri in graphs else "other"

    def plan(self, things: Iterable[Thing]) -> Plan:
        return Plan(
            folder=self.site,
            root=self.options.root_path,
            documents=frozenset(t.path for t in things if t.path.startswith("doc/")),
            foreign=frozenset(t.iri for t in things if not t.path.startswith(("doc/", "def"))),
            questions={query.text: query.name for query in self.snapshot.queries},
            sparql=self.options.sparql,
            pages=self.options.pages,
            when=self.when,
        )

    def pages(self, plan: Plan, things: Sequence[Thing]) -> None:
        """Write every page and document, then what they lead to, until nothing new is found."""
        make = partial(application, self.snapshot, self.options)
        kinds = {thing.path: thing.kind for thing in things}
        jobs = [Job(_address(thing)) for thing in things if thing.path != "def"]
        jobs += [Job(Address(path)) for path in _SEEDS] + [Job(address) for address in self.maps()]
        jobs += [Job(Address(path), optional=True) for path in _PERHAPS]
        seen = {job.address.written for job in jobs}
        done = 0
        # Forked, so that nothing has to be read again; no thread runs yet.
        with ProcessPoolExecutor(self.options.jobs, get_context("fork"), pages.begin, (make, plan)) as pool:
            while jobs:
                more: list[Job] = []
                for written in pool.map(pages.write, jobs, chunksize=16):
                    done += 1
                    self.tell("pages", done, done + len(jobs) + len(more))
                    self.count(written, kinds)
                    more += _new(written, seen)
                jobs = sorted(more, key=lambda job: job.address.written)

    def maps(self) -> Iterator[Address]:
        """Yield the addresses of the site maps, which no page links to."""
        app = application(self.snapshot, self.options)
        found = app.test_client().get(f"{self.options.root_path}/sitemap.xml")
        for part in found.text.split("<loc>")[1:]:
            url = part.partition("</loc>")[0]
            yield Address(url.removeprefix(self.options.public_url or self.base))

    def count(self, written: Written, kinds: Mapping[str, str]) -> None:
        address = written.job.address
        kind = kinds.get(address.path) or ("foreign" if address.path == "doc" else "page")
        self.report.add(kind, written.files)
        self.report.missing += [
            *written.missing,
            *(f"{name}: no safe file name" for name, size in written.files if not size),
        ]

    def static(self) -> None:
        """Copy style sheets, scripts and pictures."""
        source = Path(html.__file__).parent / "static"
        for path in sorted(source.rglob("*")):
            if path.is_file() and path.suffix not in (".py",):
                self.copy(path, f"static/{path.relative_to(source).as_posix()}", "static")

    def dumps(self) -> None:
        """Copy the dumps, as their list says."""
        rows = json.loads((self.snapshot.dumps / "dumps.json").read_text("utf-8"))
        for row in rows:
            self.copy(self.snapshot.dumps / row["path"], f"dumps/{row['path']}", "dump")
        sums = "".join(f"{row['sha256']}  {row['path']}\n" for row in rows)
        self.save("dumps/SHA256SUMS", sums.encode(), "dump")

    def copy(self, source: Path, name: str, kind: str) -> None:
        target = self.site / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        pages.stamp(target, digest, self.when)
        self.report.add(kind, [(name, target.stat().st_size)])

    def save(self, name: str, body: bytes, kind: str) -> None:
        pages.save(self.site / name, body, self.when)
        self.report.add(kind, [(name, len(body))])

    def search(self, things: Iterable[Thing]) -> None:
        """Write the index that static-search.js reads: path, names by language, other names."""
        paths = {thing.iri: thing.path for thing in things if thing.path.startswith("doc/")}
        labels: dict[str, dict[str, str]] = defaultdict(dict)
        others: dict[str, list[str]] = defaultdict(list)
        for iri, name, language in self.index.names():
            if iri not in paths:
                continue
            if labels[iri].setdefault(language if language in LANGUAGES else "", name) != name:
                others[iri].append(name)
        rows = []
        for iri, texts in labels.items():
            rest = [*([texts[""]] if "" in texts else []), *dict.fromkeys(others[iri])]
            rows.append([paths[iri], [texts.get(tag, "") for tag in LANGUAGES], rest])
        body = json.dumps({"languages": LANGUAGES, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
        self.save("search.json", body.encode(), "search")

    def questions(self) -> None:
        """Write the answers to the questions that come with the dataset."""
        forms = [form for form in RESULT_FORMATS if form.name in ("csv", "json")]
        limits = Limits(workers=1, internal=0, seconds=60, store_in_memory=0)
        if not self.snapshot.queries:
            return
        with Pool(self.snapshot.store, limits, prefixes=self.snapshot.config.prefixes) as pool:
            for query in self.snapshot.queries:
                for form in forms:
                    try:
                        answer = pool.run(Query(query.text, base=self.base), form)
                    except QueryError as error:
                        self.report.missing.append(f"questions/{query.name}.{form.suffix}: {error}")
                        continue
                    self.save(f"questions/{query.name}.{form.suffix}", bytes(answer.body), "question")

    def errors(self, app: Flask) -> None:
        """Write the pages and problem documents that servers give for errors."""
        problems = {found.type.status: found for found in (Problem(slug, "") for slug in _ERRORS)}
        forms = [{"type": form.media_type, "format": form.suffix} for form in ENTITY]
        problems[406] = Problem("not-acceptable", "", extra={"available": forms})
        problems[415] = Problem("unsupported-format", "", extra={"available": forms})
        for status, problem in problems.items():
            self.error(app, str(status), problem)
        self.error(app, "sparql", Problem("not-found", _NO_SERVICE))

    def error(self, app: Flask, name: str, problem: Problem) -> None:
        document = problem.document(base=self.base, instance="", language="en")
        body = {key: value for key, value in document.items() if value}
        self.save(f"errors/{name}.{PROBLEM_SUFFIX}", (json.dumps(body, indent=1) + "\n").encode(), "error")
        for language in LANGUAGES:
            with app.test_request_context(f"{self.options.root_path}/?lang={language}"):
                shown = problem.document(base=self.base, instance="", language=language)
                shown.pop("available", None)
                page = html.render("problem.html", problem=problem, document=shown)
            self.save(f"errors/{name}.{language}.html", page.encode(), "error")

    def rules(self, things: Iterable[Thing]) -> None:
        """Write what tells nginx, Apache and Caddy how to serve the files."""
        own = [thing for thing in things if thing.path.startswith("doc/")]
        below_id = {_first(thing.path) for thing in own if thing.iri.startswith(f"{self.base}id/")}
        rest = {_first(thing.path) for thing in own if not thing.iri.startswith(f"{self.base}id/")}
        digests = {
            row["path"]: row["sha256"]
            for row in json.loads((self.snapshot.dumps / "dumps.json").read_text("utf-8"))
            if not row["graph"]
        }
        facts = rules.Facts(
            root=self.options.root_path,
            base=self.base,
            page_links=self.links(own, pages.HTML),
            graph_links=self.links(own, "text/turtle"),
            direct=tuple(sorted(rest - below_id)),
            digests=digests,
            sparql=self.options.sparql,
            lists=self.lists(),
            language=next((tag for tag in self.snapshot.config.languages if tag in LANGUAGES), LANGUAGES[0]),
        )
        (self.folder / "nginx.conf").write_text(nginx.configuration(facts), "utf-8")
        (self.folder / "Caddyfile").write_text(caddy.caddyfile(facts), "utf-8")
        pages.save(self.site / ".htaccess", apache.htaccess(facts).encode(), self.when)
        w3id = self.folder / "w3id"
        w3id.mkdir()
        (w3id / ".htaccess").write_text(rules.w3id(facts), "utf-8")

    def lists(self) -> tuple[str, ...]:
        """Give the first parts of the paths of lists."""
        with application(self.snapshot, self.options).test_request_context():
            return tuple(sorted({path.partition("/")[0] for path in html.lists()}))

    def links(self, own: Sequence[Thing], accept: str) -> tuple[str, ...]:
        """Give the Link values of a document, with places for its path and its IRI."""
        thing = next((thing for thing in own if thing.iri.startswith(f"{self.base}id/")), None)
        if thing is None:
            return ()
        document = thing.path.removeprefix("doc/")
        client = application(self.snapshot, self.options).test_client()
        reply = client.get(f"{self.options.root_path}/{thing.path}", headers={"Accept": accept})
        found = []
        for value in reply.headers.getlist("Link"):
            about = value.replace(uri(thing.iri), "{iri}")
            for room in ("doc", "linkset"):
                about = about.replace(f"/{room}/{document}", f"/{room}/{{document}}")
            if 'rel="type"' not in about or "schema.org/AboutPage" in about:
                found.append(about)
        return tuple(found)


def _first(path: str) -> str:
    return path.split("/")[1]


def _address(thing: Thing) -> Address:
    """Give the address of a thing's document."""
    if thing.path.startswith("doc?"):
        return Address("doc", (("iri", thing.iri),))
    return Address(thing.path)


def _new(written: Written, seen: set[str]) -> list[Job]:
    """Give jobs for the addresses that a page led to and nobody has had yet."""
    jobs = []
    for address in sorted(pages.followed(written.found), key=lambda one: one.written):
        if address.written not in seen:
            seen.add(address.written)
            after = any(name == "after" for name, _ in address.query)
            jobs.append(Job(address, written.job.depth + 1 if after else 0))
    return jobs
