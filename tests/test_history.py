"""Since when each thing is as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kg import history, source
from kg.findings import Report
from kg.history import Change, History, Version
from kg.snapshot import Home
from tests.conftest import SMALL
from tests.test_snapshot import built

BASE = "https://ex.org/"
MONDAY, TUESDAY, WEDNESDAY = (f"2026-11-{day}T08:00:00+00:00" for day in (23, 24, 25))


def line(subject: str, value: str, predicate: str = "https://ex.org/p") -> bytes:
    return f"<{BASE}{subject}> <{predicate}> {value} <{BASE}graph/g> .\n".encode()


def after(folder: Path, content: bytes, before: Path | None = None, now: str = MONDAY) -> Path:
    path = folder / f"{now[:10]}.sqlite"
    history.build(path, content, BASE, f"{BASE}graph/derived", now, f"snapshot of {now[:10]}", before)
    return path


def test_at_first_everything_is_as_old_as_the_snapshot(tmp_path: Path) -> None:
    found = History(after(tmp_path, line("id/a", '"1"') + line("id/b", '"2"')))
    assert found.living() == (Change(f"{BASE}id/a", MONDAY), Change(f"{BASE}id/b", MONDAY))


def test_what_the_snapshot_before_said_too_keeps_its_date(tmp_path: Path) -> None:
    monday = after(tmp_path, line("id/a", '"1"') + line("id/b", '"2"'))
    content = line("id/a", '"1"') + line("id/b", '"3"') + line("id/c", '"4"')
    tuesday = History(after(tmp_path, content, monday, TUESDAY))
    assert [tuesday.changed(f"{BASE}id/{name}") for name in "abcd"] == [MONDAY, TUESDAY, TUESDAY, None]


def test_a_part_changes_its_whole(tmp_path: Path) -> None:
    monday = after(tmp_path, line("id/a", '"1"') + line("id/a#part", '"2"'))
    tuesday = History(after(tmp_path, line("id/a", '"1"') + line("id/a#part", '"3"'), monday, TUESDAY))
    assert tuesday.living() == (Change(f"{BASE}id/a", TUESDAY),)
    assert tuesday.changed(f"{BASE}id/a#part") == TUESDAY


def test_another_name_of_a_blank_node_changes_nothing(tmp_path: Path) -> None:
    monday = after(tmp_path, line("id/a", "_:c14n0"))
    assert History(after(tmp_path, line("id/a", "_:c14n7"), monday, TUESDAY)).changed(f"{BASE}id/a") == MONDAY


def test_the_deprecated_are_remembered_but_not_living(tmp_path: Path) -> None:
    deprecated, replaced = "http://www.w3.org/2002/07/owl#deprecated", "http://purl.org/dc/terms/isReplacedBy"
    boolean = "^^<http://www.w3.org/2001/XMLSchema#boolean>"
    content = (
        line("id/a", f'"true"{boolean}', deprecated)
        + line("id/b", f'"false"{boolean}', deprecated)
        + line("id/c", f"<{BASE}id/b>", replaced)
    )
    found = History(after(tmp_path, content))
    assert ([change.iri for change in found.living()], found.count()) == ([f"{BASE}id/b", f"{BASE}id/c"], 2)
    assert found.changed(f"{BASE}id/a") == MONDAY


def test_each_version_of_a_thing_is_kept_with_the_snapshot_that_began_it(tmp_path: Path) -> None:
    monday = after(tmp_path, line("id/a", '"1"') + line("id/b", '"2"'))
    tuesday = after(tmp_path, line("id/a", '"1"') + line("id/b", '"3"'), monday, TUESDAY)
    wednesday = History(after(tmp_path, line("id/a", '"5"') + line("id/b", '"3"'), tuesday, WEDNESDAY))
    first, second, third = (Version(day, f"snapshot of {day[:10]}") for day in (MONDAY, TUESDAY, WEDNESDAY))
    assert wednesday.versions(f"{BASE}id/a#part") == (third, first)
    assert wednesday.versions(f"{BASE}id/b") == (second, first)
    assert wednesday.versions(f"{BASE}id/c") == ()


def test_what_is_said_no_more_is_gone_until_it_comes_back(tmp_path: Path) -> None:
    monday = after(tmp_path, line("id/a", '"1"') + line("id/b", '"2"'))
    tuesday = after(tmp_path, line("id/a", '"1"'), monday, TUESDAY)
    wednesday = after(tmp_path, line("id/b", '"2"'), tuesday, WEDNESDAY)
    since = [
        [History(day).gone(f"{BASE}id/{name}") for name in "abc"] for day in (monday, tuesday, wednesday)
    ]
    assert since == [[None, None, None], [None, TUESDAY, None], [WEDNESDAY, None, None]]
    assert History(wednesday).changed(f"{BASE}id/b") == WEDNESDAY


def test_dates_are_taken_from_a_history_of_an_earlier_layout_too(tmp_path: Path) -> None:
    monday = after(tmp_path, line("id/a", '"1"') + line("id/b", '"2"'))
    with closing(sqlite3.connect(monday)) as connection:
        connection.executescript("DROP TABLE version; DROP TABLE gone")
    found = History(after(tmp_path, line("id/a", '"1"'), monday, TUESDAY))
    assert (found.changed(f"{BASE}id/a"), found.gone(f"{BASE}id/b")) == (MONDAY, None)


def test_what_only_follows_from_other_things_has_no_history(tmp_path: Path) -> None:
    derived = line("id/a", f"<{BASE}id/b>").replace(b"graph/g", b"graph/derived")
    (tmp_path / "first").mkdir()
    assert History(after(tmp_path / "first", derived)).count() == 0
    monday = after(tmp_path, line("id/a", '"1"') + derived)
    assert History(after(tmp_path, derived, monday, TUESDAY)).gone(f"{BASE}id/a") == TUESDAY


def test_things_of_others_have_no_history(tmp_path: Path) -> None:
    content = f'<https://other.example/x> <https://ex.org/p> "1" <{BASE}graph/g> .\n'.encode()
    assert History(after(tmp_path, content)).count() == 0


def test_a_build_looks_at_the_snapshot_that_is_published(small: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    first = built(small, home)
    file = small / "data/village/budalen.ttl"
    file.write_text(SMALL["data/village/budalen.ttl"].replace('"Budalen"', '"Budal"'), "utf-8")
    second = home.build(source.read([small]), Report())
    budalen, lonset = (f"{BASE}id/village/{name}" for name in ("budalen", "lonset"))
    assert History(second.history).changed(lonset) == first.created
    assert History(second.history).changed(budalen) == second.created
