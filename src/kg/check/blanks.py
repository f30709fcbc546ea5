"""Which blank node of one reading is which of another: by what is said with it, as labels differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

Spoken = tuple[str, str, str]
"""A triple with its terms as findings carry them."""

ROUNDS = 5
"""How far from a blank node its neighbours count."""


def is_blank(term: str) -> bool:
    """True for a blank node as findings carry it."""
    return term.startswith("_:")


def spoken(quads: Iterable[Quad]) -> list[Spoken]:
    """Give quads as triples of text."""
    return [(_text(quad.subject), quad.predicate.value, _text(quad.object)) for quad in quads]


def _text(term: NamedNode | BlankNode | Literal | Triple) -> str:
    return term.value if isinstance(term, NamedNode) else str(term)


def matched(theirs: Iterable[Spoken], ours: Iterable[Spoken]) -> Mapping[str, str]:
    """Give for each blank node of one reading the one of the other that the same is said of.

    Of several that look the same, the first goes with the first.
    """
    mine: dict[int, list[str]] = {}
    for node, colour in _colours(list(ours)).items():
        mine.setdefault(colour, []).append(node)
    found: dict[str, str] = {}
    taken: dict[int, int] = {}
    for node, colour in _colours(list(theirs)).items():
        same, number = mine.get(colour, []), taken.get(colour, 0)
        if same:
            found[node] = same[min(number, len(same) - 1)]
            taken[colour] = number + 1
    return found


def _colours(triples: list[Spoken]) -> dict[str, int]:
    """Give each blank node a number that depends on its neighbourhood alone."""
    colours = {term: 0 for s, _, o in triples for term in (s, o) if is_blank(term)}
    for _ in range(ROUNDS):
        signs: dict[str, list[tuple[int, int, int]]] = {node: [] for node in colours}
        for s, p, o in triples:
            about, value = colours.get(s, hash(s)), colours.get(o, hash(o))
            if s in signs:
                signs[s].append((0, hash(p), value))
            if o in signs:
                signs[o].append((1, hash(p), about))
        colours = {node: hash(tuple(sorted(said))) for node, said in signs.items()}
    return colours
