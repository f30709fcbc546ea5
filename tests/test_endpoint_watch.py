"""Facts about watching: what is saved is checked, published when right, and told when wrong."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from endpoint import views
from endpoint.app import create_app
from endpoint.serve import start_build, switch
from endpoint.settings import Settings
from endpoint.site import Published, Site
from endpoint.watch import Desk, Watcher, blueprint_of, foremost, stamp
from kg import check, source
from kg.findings import Finding, Place, Report, Severity
from kg.index import Index
from kg.snapshot import Home

HTML = {"Accept": "text/html", "Accept-Language": "en"}


class Watched:
    """A site of a folder, its watcher, and what that said."""

    def __init__(self, folder: Path, home: Home) -> None:
        found = source.read([folder])
        home.publish(home.build(found, check.run(found)))
        current = home.current()
        assert current
        self.folder, self.said, self.home = folder, list[str](), home
        self.site = Site(Settings(cache_seconds=0), Published(current, Index(current.index)), home=home)
        self.site.watched = True
        self.desk = Desk(home, lambda shown: switch(self.site, shown), self.build)
        self.desk.begin(found)
        self.watcher = Watcher(
            [folder], lambda: source.read([folder]), self.desk, seen=stamp([folder]), tell=self.said.append
        )
        self.client = create_app(self.site, (blueprint_of(self.watcher), views.blueprint)).test_client()

    def build(self) -> subprocess.Popen[bytes]:
        """Start what `kg serve --watch` starts when nothing is saved for a while."""
        return start_build([self.folder], None, self.home)

    def rest(self) -> str:
        """Let the author pause until there is a snapshot; give its id."""
        until = time.monotonic() + 60
        while self.state()["snapshot"].startswith("preview-") and time.monotonic() < until:
            self.watcher.rest()
            time.sleep(0.05)
        return self.state()["snapshot"]

    def save(self, name: str, old: str, new: str) -> None:
        """Change a file as an editor does: write it beside, and put it in place."""
        path = self.folder / name
        beside = path.with_suffix(".new~")
        beside.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        beside.replace(path)
        assert self.watcher.look()

    def state(self) -> dict[str, str]:
        """Give what an open page hears."""
        return dict(json.loads(self.client.get("/watch.json", headers={"Accept-Language": "en"}).data))


@pytest.fixture
def watched(small: Path, tmp_path: Path) -> Iterator[Watched]:
    """Give the small dataset, watched."""
    made = Watched(small, Home(tmp_path / "home"))
    yield made
    made.desk.close()


def test_where_nothing_was_saved_nothing_is_done(watched: Watched) -> None:
    assert not watched.watcher.look()
    assert watched.said == []


def test_what_is_saved_is_on_the_page_as_a_preview(watched: Watched) -> None:
    before = watched.state()["snapshot"]
    watched.save("data/village/budalen.ttl", '"Budalen"@nb', '"Budal"@nb')
    shown = watched.state()["snapshot"]
    assert shown != before
    assert shown.startswith("preview-")
    page = watched.client.get("/doc/village/budalen", headers=HTML)
    assert ("Budal<" in page.text, page.headers["Cache-Control"]) == (True, "public, max-age=0")
    assert watched.said[-1].startswith(f"Shown as {shown[:12]}, ")
    current = watched.home.current()
    assert current
    assert current.id == before


def test_each_page_of_a_preview_can_be_had(watched: Watched) -> None:
    watched.save("data/village/budalen.ttl", '"Budalen"@nb', '"Budal"@nb')
    paths = ("/", "/dataset", "/dumps/", "/quality", "/search?q=Lonset", "/graph/data/village/budalen")
    answers = {
        path: watched.client.get(path, headers=HTML, follow_redirects=True).status_code for path in paths
    }
    assert answers == dict.fromkeys(paths, 200)


def test_a_snapshot_is_built_when_nothing_is_saved_for_a_while(watched: Watched) -> None:
    before = watched.state()["snapshot"]
    watched.save("data/village/budalen.ttl", '"Budalen"@nb', '"Budal"@nb')
    after = watched.rest()
    current = watched.home.current()
    assert current
    assert (current.id, watched.said[-1]) == (after, f"Published {after[:12]}.")
    assert after != before
    watched.save("data/village/budalen.ttl", '"Budal"@nb', '"Budalen"@nb')
    assert watched.state()["snapshot"].startswith("preview-")
    assert watched.rest() == before
    assert watched.client.get("/search?q=Budalen", headers=HTML).status_code == 200


def test_a_build_that_a_save_makes_stale_is_ended(watched: Watched) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def build() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        return started[-1]

    watched.desk._build = build
    watched.save("data/village/budalen.ttl", '"Budalen"@nb', '"Budal"@nb')
    watched.watcher.rest()
    watched.save("data/village/budalen.ttl", '"Budal"@nb', '"Bu"@nb')
    assert [process.returncode for process in started] == [-9]


def test_a_file_that_breaks_is_told_with_its_line_and_nothing_is_published(watched: Watched) -> None:
    before = watched.state()["snapshot"]
    watched.save("data/village/budalen.ttl", "a ex:Village ;", "a ex:Village")
    state = watched.state()
    assert (state["snapshot"], state["stage"]) == (before, "waiting")
    assert "data/village/budalen.ttl" in state["text"]
    assert "violation" in state["text"]
    assert "Shown" not in "".join(watched.said)
    watched.save("data/village/budalen.ttl", "a ex:Village", "a ex:Village ;")
    assert "violation" not in watched.state()["text"]


def test_settings_that_break_are_told_and_watching_goes_on(watched: Watched) -> None:
    watched.save("kg.toml", "languages", "languages = [")
    assert "kg.toml" in watched.state()["text"]
    watched.save("kg.toml", "languages = [", "languages")
    assert watched.said[-1].startswith("Shown ")


def test_another_base_is_shown_by_a_whole_snapshot(watched: Watched) -> None:
    watched.save("kg.toml", 'base = "https://ex.org/"', 'base = "https://ex.org/other/"')
    assert not watched.state()["snapshot"].startswith("preview-")
    watched.save("data/village/budalen.ttl", '"Budalen"@nb', '"Budal"@nb')
    assert watched.state()["snapshot"].startswith("preview-")


def test_new_and_deleted_files_count(watched: Watched) -> None:
    new = watched.folder / "data" / "new.ttl"
    new.write_text("<https://ex.org/id/x> a <https://ex.org/def#Village> .", "utf-8")
    assert watched.watcher.look()
    assert watched.client.get("/doc/x", headers=HTML).status_code == 200
    new.unlink()
    assert watched.watcher.look()
    assert watched.client.get("/doc/x", headers=HTML).status_code == 404


def test_a_watched_page_looks_for_news_and_its_state_is_not_kept(watched: Watched) -> None:
    page = watched.client.get("/", headers=HTML)
    assert f'data-snapshot="{watched.site.published.snapshot.id}"' in page.text
    assert watched.client.get("/watch.json").headers["Cache-Control"] == "no-store"
    watched.site.watched = False
    plain = watched.client.get("/", headers=HTML)
    assert "watch.js" not in plain.text
    assert plain.headers["ETag"] != page.headers["ETag"]


def test_violations_come_first_and_what_was_there_before_is_left_out() -> None:
    def at(severity: Severity, file: str) -> Finding:
        return Finding(rule="r", severity=severity, messages=(), place=Place(file, 1))

    old, near, bad = at(Severity.INFO, "a"), at(Severity.WARNING, "b"), at(Severity.VIOLATION, "c")
    assert foremost(Report(findings=(old, near, bad)), {"b"}).findings == (bad, near)
    assert len(foremost(Report(findings=(near,) * 99), {"b"}).findings) == 50


def test_a_stamp_is_of_what_is_read(small: Path) -> None:
    (small / ".git").mkdir()
    (small / "build").mkdir()
    for name in (".git/x", "build/x.ttl", "data/.hidden.ttl", "data/seen.ttl"):
        (small / name).write_text("", "utf-8")
    os.symlink("nowhere", small / "data" / "dangling.ttl")
    names = {Path(name).relative_to(small).as_posix() for name in stamp([small])}
    assert names == {
        "kg.toml", "ontology/def.ttl", "data/village/lonset.ttl", "data/village/budalen.ttl", "data/seen.ttl",
        "queries/villages.rq",
    }  # fmt: skip
