"""How to mend what a shape found: the value that was probably meant, the datatype to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode

from kg.check.lint.vocabulary import nearest
from kg.check.shacl.literals import XSD, well_formed
from kg.check.shacl.results import SH, Result, Term
from kg.errors import Bilingual
from kg.vocab import compact, local_name


def mend(result: Result) -> Bilingual | None:
    """Give a sentence on how to mend a result, in both languages, or None where nothing is likely enough."""
    advice = _ADVICE.get(result.component.value.removeprefix(SH).removesuffix("ConstraintComponent"))
    return advice(result) if advice is not None and result.value is not None else None


def _allowed(result: Result) -> Bilingual | None:
    """Say which of the allowed values is nearest to the one there is."""
    names = {_name(term): term for term in result.allowed}
    assert result.value is not None
    near = nearest(_name(result.value), names)
    return (f"Did you mean {_shown(names[near])}?", f"Mente du {_shown(names[near])}?") if near else None


def _datatype(result: Result) -> Bilingual | None:
    """Say what to write if the same characters are right under the datatype that is wanted."""
    value, wanted = result.value, result.parameter
    if not isinstance(value, Literal) or not isinstance(wanted, NamedNode) or value.language:
        return None
    name = wanted.value.removeprefix(XSD)
    if name == wanted.value or not well_formed(value.value, name):
        return None
    literal = f"{Literal(value.value)}^^{compact(wanted.value) or wanted}"
    return f"Write {literal}.", f"Skriv {literal}."


def _language(result: Result) -> Bilingual | None:
    tags = ", ".join(f"@{term.value}" for term in result.allowed)
    value = result.value
    if not isinstance(value, Literal) or value.language:
        return None
    return f"Add a language: {tags}.", f"Legg til et språk: {tags}."


def _node_kind(result: Result) -> Bilingual | None:
    """Say how to write an address that is there as a string."""
    value, wanted = result.value, result.parameter
    is_address = isinstance(value, Literal) and value.value.startswith(("http://", "https://"))
    if value is None or wanted != NamedNode(SH + "IRI") or not is_address or " " in value.value:
        return None
    return f"Write <{value.value}>, without quotation marks.", f"Skriv <{value.value}>, uten anførselstegn."


def _swapped(result: Result) -> Bilingual:
    return "The two values may be swapped.", "De to verdiene kan være byttet om."


_ADVICE: Mapping[str, Callable[[Result], Bilingual | None]] = MappingProxyType(
    {
        "In": _allowed,
        "Datatype": _datatype,
        "LanguageIn": _language,
        "NodeKind": _node_kind,
        "LessThan": _swapped,
        "LessThanOrEquals": _swapped,
    }
)


def _name(term: Term) -> str:
    return local_name(term.value) if isinstance(term, NamedNode) else term.value


def _shown(term: Term) -> str:
    return compact(term.value) or f"<{term.value}>" if isinstance(term, NamedNode) else str(term)
