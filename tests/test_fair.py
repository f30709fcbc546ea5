"""The checklists of FAIR data, asked of our own site; docs/fair.md says what comes out."""

import re
from pathlib import Path

import pytest

from endpoint.serve import application
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg.index import Index
from kg.snapshot import Snapshot
from tests.conftest import ROOT
from tests.fair import FOOPS, FUJI, Check, Evidence, document


@pytest.fixture(scope="module")
def evidence(published: Snapshot) -> Evidence:
    """Give what a visitor of this repository's dataset finds."""
    site = Site(Settings(), Published(published, Index(published.index)))
    return Evidence(application(site).test_client(), published.config.base)


def rows(checks: tuple[Check, ...]) -> list[object]:
    """Give each check as a case; those that are not met yet are expected to fail."""
    return [
        pytest.param(c, id=c.name, marks=[pytest.mark.xfail(reason=c.gap, strict=True)] if c.gap else [])
        for c in checks
    ]


@pytest.mark.parametrize("check", rows(FUJI))
def test_f_uji_finds_what_it_asks_of_the_dataset(check: Check, evidence: Evidence) -> None:
    assert check.look(evidence), check.asks


@pytest.mark.parametrize("check", rows(FOOPS))
def test_foops_finds_what_it_asks_of_the_ontology(check: Check, evidence: Evidence) -> None:
    assert check.look(evidence), check.asks


def test_the_checklist_is_f_uji_s_whole_one(shared: Path) -> None:
    text = (shared / "suites" / "fuji" / "metrics_v0.8.yaml").read_text("utf-8")
    assert sorted(re.findall(r"metric_test_identifier: (\S+)", text)) == sorted(c.name for c in FUJI)
    assert len(FUJI) == 32


def test_the_checklist_of_foops_has_its_24_tests() -> None:
    assert len({check.name for check in FOOPS}) == 24


def test_the_document_says_what_the_tests_find() -> None:
    assert (ROOT / "docs" / "fair.md").read_text("utf-8") == document(), (
        "Make it again: python -m tests.fair > docs/fair.md"
    )
