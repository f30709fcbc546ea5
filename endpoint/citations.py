"""How a thing of a dataset, or the dataset, is cited: as a sentence, BibTeX, RIS and CSL-JSON. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What a reference says; `part` names the thing, and is empty for the dataset itself.

    `issued` is an ISO 8601 date, `version` names the snapshot, `sentence` is the whole for people.
    """

    key: str
    author: str
    part: str
    dataset: str
    issued: str
    version: str
    url: str
    language: str
    sentence: str

    @property
    def title(self) -> str:
        """The thing and its dataset, or the dataset."""
        return f"{self.part}. {self.dataset}" if self.part else self.dataset

    def bibtex(self) -> str:
        """Give the BibTeX entry; the author's braces keep a name of several words whole."""
        fields = {
            "author": f"{{{_escaped(self.author)}}}",
            "title": _escaped(self.title),
            "year": self.issued[:4],
            "version": self.version,
            "url": self.url,
        }
        rows = (f"  {name} = {{{text}}}," for name, text in fields.items())
        return "\n".join((f"@misc{{{self.key},", *rows, "}")) + "\n"

    def ris(self) -> str:
        """Give the RIS record: one tag a line, lines end as the format asks."""
        rows = [
            ("TY", "DATA"),
            ("ID", self.key),
            ("AU", self.author),
            ("TI", self.part or self.dataset),
            *([("T2", self.dataset)] if self.part else []),
            ("PY", self.issued[:4]),
            ("DA", self.issued[:10].replace("-", "/")),
            ("ET", self.version),
            ("PB", self.author),
            ("LA", self.language),
            ("UR", self.url),
            ("ER", ""),
        ]
        return "".join(f"{tag}  - {' '.join(text.split())}\r\n" for tag, text in rows)

    def csl(self) -> str:
        """Give the CSL-JSON: a list of one item."""
        item: dict[str, Any] = {
            "id": self.key,
            "type": "entry" if self.part else "dataset",
            "title": self.part or self.dataset,
            **({"container-title": self.dataset} if self.part else {}),
            "author": [{"literal": self.author}],
            "publisher": self.author,
            "issued": {"date-parts": [[int(part) for part in self.issued[:10].split("-")]]},
            "version": self.version,
            "language": self.language,
            "URL": self.url,
        }
        return json.dumps([item], ensure_ascii=False, indent=1) + "\n"


WRITERS: Mapping[str, Callable[[Citation], str]] = {
    "bibtex": Citation.bibtex,
    "ris": Citation.ris,
    "csl": Citation.csl,
}
"""How each citation format of the table of representations is written."""


def key(iri: str, base: str) -> str:
    """Give the name of a reference.

    >>> key("https://ex.org/id/village/x", "https://ex.org/")
    'id-village-x'
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", iri.removeprefix(base)).strip("-") or "dataset"


def _escaped(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in text)
