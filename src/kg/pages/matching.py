"""What a phrase stands for: a label, a variant of one, one that is very like it, or several run together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from kg.pages.vocabulary import Labels
from kg.pages.words import fold, spaced

ACCEPTED_SCORE = 92.0
"""A phrase this like a label (0-100) is taken for it, and reported; the digits in both must be the same."""

SUGGESTED_SCORE = 55.0
"""A label this like a phrase is named as a suggestion."""

_SUGGESTIONS = 3
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """The things that a phrase stands for; `how` is exact, variant, split or fuzzy, the score 0 to 100."""

    iris: tuple[str, ...]
    how: str
    score: float = 100.0


def find(phrase: str, labels: Labels) -> Found | None:
    """Give what a phrase stands for among labels, exactly or as a variant."""
    exact = labels.exact.get(spaced(phrase))
    if exact:
        return Found(tuple(sorted(exact)), "exact")
    variant = labels.folded.get(fold(phrase))
    if variant:
        return Found(tuple(sorted(variant)), "variant")
    return None


def nearly(phrase: str, labels: Labels) -> Found | None:
    """Give what a phrase stands for if one label is very like it and no other nearly as much."""
    ranked = process.extract(
        fold(phrase), list(labels.folded), scorer=fuzz.ratio, score_cutoff=ACCEPTED_SCORE, limit=5
    )
    if not ranked or re.findall(r"\d+", ranked[0][0]) != re.findall(r"\d+", phrase):
        return None
    best = labels.folded[ranked[0][0]]
    if any(labels.folded[label] != best and score > ranked[0][1] - 3 for label, score, _ in ranked[1:]):
        return None
    return Found(tuple(sorted(best)), "fuzzy", round(ranked[0][1], 1))


def suggestions(phrase: str, labels: Labels) -> tuple[tuple[str, str, float], ...]:
    """Give the things whose labels are most like a phrase: IRI, label to show, score; best first."""
    ranked = process.extract(
        fold(phrase), list(labels.folded), scorer=fuzz.token_set_ratio, score_cutoff=SUGGESTED_SCORE, limit=12
    )
    best: dict[str, float] = {}
    for label, score, _ in ranked:
        for iri in sorted(labels.folded[label]):
            best.setdefault(iri, round(score, 1))
    ordered = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:_SUGGESTIONS]
    return tuple((iri, labels.shown[iri], score) for iri, score in ordered)


def split(
    phrase: str, known: Callable[[str], object | None], *, joints: Sequence[str] = (), most: int = _PARTS
) -> tuple[str, ...] | None:
    """Give the known phrases that were run together in one, or None; the longest first part wins.

    >>> fruit = {"apples": 1, "red pears": 2, "plums": 3}
    >>> split("apples red pears and plums", fruit.get, joints=["and"])
    ('apples', 'red pears', 'plums')
    """
    words = phrase.split()
    for cut in range(len(words) - 1, 0, -1):
        joint = words[cut] in joints
        head = " ".join(words[:cut]).strip(" ,;.")
        tail = " ".join(words[cut + joint :]).strip(" ,;.")
        if not head or not tail or known(head) is None:
            continue
        if known(tail) is not None:
            return head, tail
        rest = split(tail, known, joints=joints, most=most - 1) if most > 2 else None
        if rest:
            return head, *rest
    return None
