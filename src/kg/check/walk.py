"""What a walk along links leads to: from shape to shape, from class to class."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

_Node = TypeVar("_Node", bound=Hashable)


def reached(start: Iterable[_Node], following: Callable[[_Node], Iterable[_Node]]) -> tuple[_Node, ...]:
    """Give what a walk meets, its start included, each once and in the order in which it is met.

    >>> reached([1], lambda node: {1: [2, 3], 2: [1], 3: [4]}.get(node, ()))
    (1, 2, 3, 4)
    """
    found = dict.fromkeys(start)
    pending = list(found)
    while pending:
        for node in following(pending.pop()):
            if node not in found:
                found[node] = None
                pending.append(node)
    return tuple(found)
