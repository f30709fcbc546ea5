"""Facts about `kg publish --static`: what is written, always the same, and how web servers serve it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import CliRunner

from endpoint.doctor import examine
from endpoint.doctor.check import NOT_APPLICABLE, PASSED, Outcome
from endpoint.doctor.client import Client
from endpoint.doctor.deployment import Deployment
from endpoint.export.command import command
from endpoint.export.limits import LIMITS
from endpoint.export.links import Address, file_name, read, turn
from endpoint.export.rules import Facts, choices, tables, tongues
from endpoint.export.site import ExportError, Options, export
from endpoint.negotiate import ENTITY, ERRORS, MEMBERS, choose, choose_language
from kg import source
from kg.findings import Report
from kg.snapshot import Home, Snapshot

from .browser import FLAGS
from .test_deploy import HOST, Resolver
from .test_endpoint_doctor import FILES, NOT_HERE
from .test_endpoint_negotiate import CHROME, JENA, RDFLIB
from .webservers import apache_server, caddy_server, nginx_server

pytestmark = pytest.mark.xdist_group("export")
NOT_BY_FILES = {
    **{name: reason for limit in LIMITS for name, reason in limit.checks.items()},
    **NOT_HERE,
}
"""What a static host cannot do, or the doctor cannot see of it, with the reason."""
Serve = Callable[[Path, Path], AbstractContextManager[str]]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("villages")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    home = Home(tmp_path_factory.mktemp("home"))
    return home.build(source.read([folder]), Report())


@pytest.fixture(scope="module")
def exported(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "site"
    report = export(snapshot, folder, Options(jobs=1))
    assert report.missing == []
    return folder


def files(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted((folder / "www").rglob("*"))
        if path.is_file()
    }


def test_every_thing_has_a_page_in_each_language_and_each_format(exported: Path) -> None:
    stem = exported / "www/doc/village"
    assert {path.name for path in stem.glob("lonset.*")} == {
        "lonset.nb.html", "lonset.nn.html", "lonset.en.html", "lonset.ttl", "lonset.jsonld", "lonset.nt",
        "lonset.rdf", "lonset.trig", "lonset.nq", "lonset.bib", "lonset.ris", "lonset.csl",
        "lonset.schema.jsonld", "lonset.annotated.ttl", "lonset.alt.ttl",
    }  # fmt: skip
    assert (stem / "Sætervik.ttl").is_file()
    assert (stem / "a b.nb.html").is_file()
    assert {path.name for path in stem.glob("old.*")} == {
        "old.gone.nb.html", "old.gone.nn.html", "old.gone.en.html", "old.gone.problem",
    }  # fmt: skip


def test_the_same_snapshot_gives_the_same_bytes_and_times(
    snapshot: Snapshot, exported: Path, tmp_path: Path
) -> None:
    export(snapshot, tmp_path / "again", Options(jobs=2))
    assert files(tmp_path / "again") == files(exported)
    for name in ("nginx.conf", "Caddyfile", "w3id/.htaccess", "export.json"):
        assert (tmp_path / "again" / name).read_bytes() == (exported / name).read_bytes()


def test_no_two_files_of_one_page_have_the_same_time_and_size(exported: Path) -> None:
    for path in exported.rglob("*.nb.html"):
        tags = [
            (one.stat().st_size, int(one.stat().st_mtime))
            for one in path.parent.glob(path.name.replace(".nb.", ".??."))
        ]
        assert len(set(tags)) == len(tags), path


def test_every_link_of_every_page_leads_to_a_file_or_is_answered_by_a_rule(exported: Path) -> None:
    www = exported / "www"
    wrong = set()
    for page in www.rglob("*.html"):
        for href in re.findall(r'\shref="(/[^"]*)"', page.read_text("utf-8")):
            found = read(href.replace("&amp;", "&"), "")
            assert found is not None
            name = file_name(found[0].path) or "index"
            there = [
                www / name,
                www / f"{name}.nb.html",
                www / f"{name}.gone.problem",
                www / f"{name}.linkset",
                www / f"{name}index.nb.html",
            ]
            if name != "sparql" and not any(path.is_file() for path in there):
                wrong.add(href)
    assert wrong == set()


def test_the_answers_to_the_questions_are_files(exported: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((exported / "www/questions/villages.csv").read_text("utf-8"))))
    assert {"village": "https://ex.org/id/village/lonset"} in rows
    assert 'href="/questions/villages.csv"' in (exported / "www/questions.en.html").read_text("utf-8")


def test_the_search_index_has_every_name(exported: Path) -> None:
    index = json.loads((exported / "www/search.json").read_text("utf-8"))
    rows = {row[0]: row[1] for row in index["rows"]}
    assert index["languages"] == ["nb", "nn", "en"]
    assert rows["doc/village/lonset"] == ["Lønset", "", ""]
    page = (exported / "www/search.nb.html").read_text("utf-8")
    assert '<script src="/static/static-search.js" data-index="/search.json" defer></script>' in page


@pytest.mark.browser
def test_search_runs_in_the_browser(exported: Path, tmp_path: Path) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with nginx_server(exported, tmp_path) as address:
        flags = (*(flag for flag in FLAGS if "pipe" not in flag), "--virtual-time-budget=20000")
        words = [chromium, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
        pages = [f"{address}/search?q={query}&lang=en" for query in ("lonset", "S%C3%86TER", "xyz")]
        shown = [subprocess.run([*words, page], capture_output=True, text=True, timeout=90, check=True).stdout
                 for page in pages]  # fmt: skip
    link = re.compile(r'<li><a class="ds-link" href="(/doc/[^"]*)"')
    assert [link.findall(page) for page in shown] == [
        ["/doc/village/lonset?lang=en"],
        ["/doc/village/S%C3%A6tervik?lang=en"],
        [],
    ]


def test_the_command_says_what_it_wrote(small: Path, tmp_path: Path) -> None:
    words = [
        str(small),
        "--static",
        str(tmp_path / "site"),
        "--snapshots",
        str(tmp_path / "home"),
        "--jobs",
        "1",
    ]
    done = CliRunner().invoke(command, words, standalone_mode=False, catch_exceptions=False)
    rows = [line.split()[:3] for line in done.stdout.splitlines() if line.startswith("graph")]
    assert rows == [["graph", "4", "60"]]
    assert f"The site is in {tmp_path / 'site' / 'www'}" in done.stdout


def test_what_is_left_out_is_told_and_no_link_leads_to_it(snapshot: Snapshot, tmp_path: Path) -> None:
    report = export(
        snapshot, tmp_path / "site", Options(jobs=1, without=("graph", "https://ex.org/def#Village"))
    )
    assert dict(report.left_out) == {"https://ex.org/def#Village": 6, "graph": 5}
    assert not (tmp_path / "site/www/doc").exists()
    assert json.loads((tmp_path / "site/export.json").read_text("utf-8"))["left_out"] == dict(report.left_out)
    assert "/doc/village" not in "".join(
        path.read_text("utf-8") for path in (tmp_path / "site/www").rglob("*.html")
    )


def test_a_kind_that_does_not_exist_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="Nothing here is of the kind ex:Town"):
        export(snapshot, tmp_path / "site", Options(kinds=("ex:Town",)))


def test_a_folder_with_something_else_in_it_is_left_alone(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(ExportError, match="holds something else"):
        export(snapshot, tmp_path, Options())
    assert (tmp_path / "thesis.txt").read_text("utf-8") == "mine"


def test_an_earlier_export_is_replaced_at_once(snapshot: Snapshot, tmp_path: Path) -> None:
    export(snapshot, tmp_path / "site", Options(jobs=1, kinds=("graph",)))
    (tmp_path / "site/www/stray.html").write_text("old", "utf-8")
    export(snapshot, tmp_path / "site", Options(jobs=1, kinds=("graph",)))
    assert not (tmp_path / "site/www/stray.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def examined(address: str) -> dict[str, Outcome]:
    with Client() as client:
        return {outcome.check.name: outcome for outcome in examine(Deployment(address, client))}


SERVERS = (nginx_server, apache_server, caddy_server)


@pytest.mark.parametrize("serve", SERVERS, ids=["nginx", "apache", "caddy"])
def test_a_server_passes_what_our_own_server_passes_but_for_queries(
    exported: Path, tmp_path: Path, serve: Serve
) -> None:
    with serve(exported, tmp_path) as address:
        outcomes = examined(f"{address}/")
    expected = {name: (NOT_APPLICABLE, (reason,)) for name, reason in NOT_BY_FILES.items()}
    found = {name: (outcome.state, outcome.remarks) for name, outcome in outcomes.items()}
    assert {name: told for name, told in found.items() if told != (PASSED, ())} == expected


@pytest.mark.parametrize("serve", SERVERS, ids=["nginx", "apache", "caddy"])
def test_below_a_path_too(snapshot: Snapshot, tmp_path: Path, serve: Serve) -> None:
    export(snapshot, tmp_path / "site", Options(jobs=1, root_path="/kg"))
    with serve(tmp_path / "site", tmp_path) as address:
        outcomes = examined(f"{address}/kg/")
    assert {name for name, outcome in outcomes.items() if outcome.state != PASSED} == set(NOT_BY_FILES)


def test_what_is_read_elsewhere_names_the_public_address(snapshot: Snapshot, tmp_path: Path) -> None:
    public = f"http://{HOST}/kg/"
    export(snapshot, tmp_path / "site", Options(jobs=1, root_path="/kg", public_url=public))
    with nginx_server(tmp_path / "site", tmp_path) as address, Resolver(address) as client:
        outcomes = list(examine(Deployment(public, client)))
    wrong = {outcome.check.name: outcome.remarks for outcome in outcomes if outcome.state != PASSED}
    assert set(wrong) == set(NOT_BY_FILES) - {"public-address"}, wrong


@pytest.fixture(scope="module", params=SERVERS, ids=["nginx", "apache", "caddy"])
def site(
    request: pytest.FixtureRequest, exported: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    with request.param(exported, tmp_path_factory.mktemp("server")) as address, Client() as client:
        yield Deployment(f"{address}/", client)


def test_what_was_withdrawn_is_a_410_that_names_its_successor(site: Deployment) -> None:
    reply = site.ask("doc/village/old", "text/turtle")
    page = site.ask("doc/village/old", "text/html", accept_language="en")
    suffixed = site.ask("doc/village/old.ttl")
    assert (reply.status, page.status, suffixed.status) == (410, 410, 410)
    assert json.loads(reply.body)["successor"][0]["href"] == "/doc/village/lonset"
    assert "Withdrawn" in page.text
    assert site.ask("id/village/old").location == f"{site.root}doc/village/old"


ACCEPTED = (
    None, "", "*/*", "nonsense", ",,;", "text/turtle", "TEXT/TURTLE", "application/x-turtle",
    "application/json", CHROME, RDFLIB, JENA, "text/html, text/turtle", "text/turtle, */*",
    "application/n-triples, */*;q=0.1", "text/*", "application/*", "text/html;q=0, */*",
    "text/html;q=0.5, application/ld+json;q=0.4", "text/turtle;q=0", "image/png", "*/*;q=0",
    "text/turtle;charset=utf-8", "application/rdf+xml", "application/trig;q=0.2, application/n-quads;q=0.7",
    'application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted, x"',
    "text/turtle;q=abc, application/n-triples;q=0.1",
)  # fmt: skip
TONGUES = ("", "nb", "nn-NO,nn;q=0.9,en;q=0.5", "no", "fr, en;q=0.3, nn;q=0.7", "de", "*", "x, *;q=0.1")


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_rules_choose_what_the_site_chooses(accept: str | None) -> None:
    for table, default in ((ENTITY, "html"), (MEMBERS, "html"), (ERRORS, "problem")):
        wanted = choose(accept, table, default=default)
        named = {form.name: "problem" if form.name == "problem" else form.suffix for form in table}
        rules = choices(table, default)
        found = next((form for rule, form in rules if re.search(f"(?i){rule}", accept or "")), default)
        assert found == (named[wanted.name] if wanted else "none"), table


@pytest.mark.parametrize("header", TONGUES)
def test_the_rules_choose_the_language_that_the_site_chooses(header: str) -> None:
    found = next((tag for pattern, tag in tongues("nb") if re.search(f"(?i){pattern}", header)), "nb")
    assert found == choose_language(header, ("nb", "nn", "en"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("links/to-1", True),
        ("statements/of-1", True),
        ("films", True),
        ("films/after-1", True),
        ("doc/x", False),
    ],
)
def test_what_is_a_table_is_one_to_the_rules(path: str, expected: bool) -> None:
    facts = Facts("", "https://ex.org/", (), (), (), {}, "", "nb", lists=("films",))
    assert bool(re.fullmatch(tables(facts), path)) == expected


def test_links_are_turned_or_lose_their_address() -> None:
    page = '<a href="/doc/x?lang=nb#p">x</a> <a class="y" href="/list/a?county=1">y</a> <a href="https://ex.org/">z</a>'
    found = turn(page, "", lambda address: address.path == "doc/x")
    assert found.text == '<a href="/doc/x?lang=nb#p">x</a> <a class="y">y</a> <a href="https://ex.org/">z</a>'
    assert found.addresses == frozenset([Address("doc/x")])


def test_w3id_leads_every_iri_to_the_site_as_it_was_written(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w3id" / "www" / "villages"
    folder.mkdir(parents=True)
    rules = (exported / "w3id/.htaccess").read_text("utf-8")
    (folder / ".htaccess").write_text(rules.replace("SITE", "https://data.example/kg"), "utf-8")
    with apache_server(tmp_path / "w3id", tmp_path) as address, Client() as client:
        for path in (
            "id/village/S%C3%A6tervik",
            "id/village/a%20b",
            "id/village/50%25",
            "def",
            "",
            "concept/x?format=ttl",
        ):
            reply = client.ask(f"{address}/villages/{path}")
            assert (reply.status, reply.header("location")) == (303, f"https://data.example/kg/{path}")
