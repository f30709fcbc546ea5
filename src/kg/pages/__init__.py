"""How the text of a page becomes statements: what is read as what, and what is only reported.

A page is text in a layout that the dataset describes in a TOML file (headings, properties, schemes). Every
line is either used or reported; a phrase is matched to what the dataset has, and nothing is made up. The
result is the same bytes each time.

`load_layout` and `vocabulary` of a dataset go into `read_page`; the drafts are files of it, for review.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kg.findings import Report, Severity
from kg.pages.drafts import Drafts
from kg.pages.layout import LAYOUT_FILE, Layout, load_layout
from kg.pages.lines import PageError, decode, lines
from kg.pages.matching import split
from kg.pages.periods import Period, parse_period
from kg.pages.reader import LineUse, Match, Reader
from kg.pages.vocabulary import Vocabulary, vocabulary
from kg.pages.words import fold, slugify
from kg.pages.writer import Draft

__all__ = [
    "LAYOUT_FILE",
    "Draft",
    "Layout",
    "LineUse",
    "Match",
    "PageError",
    "PageImport",
    "Period",
    "Vocabulary",
    "fold",
    "load_layout",
    "parse_period",
    "read_page",
    "split",
    "to_turtle",
    "vocabulary",
]

_IRI = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENCODING = (
    "The page is Windows-1252; it was read as that.",
    "Siden er Windows-1252 og ble lest som det.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageImport:
    """Everything that came of a page."""

    title: str
    slug: str
    language: str
    drafts: tuple[Draft, ...]
    matches: tuple[Match, ...]
    lines: tuple[LineUse, ...]
    report: Report


def read_page(
    content: bytes,
    *,
    layout: Layout,
    known: Vocabulary,
    source: str,
    path: str = "page.txt",
    slug: str | None = None,
) -> PageImport:
    """Read a page into drafts and a report of everything that was not carried over for certain.

    `source` is the page's address, which every statement rests on; `slug` is its name in the dataset, by
    default made of the title. Raises PageError for an empty page or one that is not text.
    """
    text, windows = decode(content)
    found = lines(text)
    if not found:
        raise PageError(f"{path}: the page is empty.", hint="Save the page's text and import it again.")
    reader = Reader(layout, known, path, found)
    if windows:
        reader.find("page-encoding", Severity.WARNING, found[0], _ENCODING)
    title = found[0].text
    reader.used(found[0], "title")
    reader.sort()
    slug = _checked(path, slug or slugify(title), source)
    drafts = Drafts(reader, title, slug, source).all()
    findings = sorted(
        reader.findings, key=lambda f: (f.place.line or 0 if f.place else 0, f.rule, f.value or "")
    )
    return PageImport(
        title=title,
        slug=slug,
        language=reader.language,
        drafts=drafts,
        matches=tuple(reader.matches),
        lines=tuple(sorted(reader.uses, key=lambda use: use.line)),
        report=Report(findings=tuple(findings)),
    )


def _checked(path: str, slug: str, source: str) -> str:
    """Give the slug if it can be one, and the source is an address."""
    if not _SLUG.fullmatch(slug):
        raise PageError(
            f"{path}: {slug!r} cannot be a name in an IRI.",
            hint="Give one of a-z, 0-9 and hyphens with --slug.",
        )
    if not _IRI.fullmatch(source):
        raise PageError(f"{path}: {source!r} is not an address.", hint="Give the page's own http(s) IRI.")
    return slug


def to_turtle(page: PageImport) -> str:
    """Give all drafts as one Turtle text, each under the path where it belongs."""
    return "\n".join(f"# {draft.path}\n{draft.turtle}" for draft in page.drafts)
