"""How CSVW metadata in JSON becomes columns with all that they inherit, and triples about the table."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any
from urllib.parse import quote, urljoin

import csvw
from csvw.metadata_utils import NAMESPACES
from pyoxigraph import Literal, NamedNode, Triple
from uritemplate import URITemplate

from kg.tables.problems import METADATA_SUFFIX, RowProblem, TableError, told
from kg.tables.values import REMEMBERED, Value, literal_maker, reader

_ABSOLUTE = re.compile(r"https?://")

Template = Callable[[Mapping[str, object]], NamedNode]
"""Makes an IRI from the values of a row. Raises ValueError if it is none."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the metadata with everything that it inherits resolved."""

    name: str
    titles: frozenset[str]
    virtual: bool
    suppressed: bool
    about: Template | None
    property: Template
    value: Template | None
    read: Callable[[str], Value]
    literal: Callable[[str], Literal]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Description:
    """What the metadata says of one table; no columns if it leaves them to the header."""

    dialect: Any
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    annotations: tuple[Triple, ...]
    named: Callable[[Sequence[str]], tuple[Column, ...]]


def read(metadata: bytes, table_iri: str, path: str) -> Description:
    """Read the metadata of a table. Raises TableError for anything the metadata model warns of."""
    table = _modelled(metadata, path)
    template = cache(partial(_template, base=table_iri))
    try:
        columns = tuple(_column(column, table, template) for column in table.tableSchema.columns)
    except ValueError as error:
        raise _unusable(path, error) from error
    return Description(
        dialect=table.inherit("dialect") or csvw.Dialect(),
        columns=columns,
        primary_key=tuple(table.tableSchema.primaryKey or ()),
        annotations=tuple(_annotations(table, NamedNode(table_iri), path)),
        named=lambda names: tuple(_column(csvw.Column(name=name), table, template) for name in names),
    )


def _modelled(metadata: bytes, path: str) -> Any:
    """Give the table in terms of the `csvw` package. Raises TableError."""
    try:
        document = json.loads(metadata)
    except (ValueError, RecursionError) as error:
        raise _not_json(path, error) from error
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = _parsed(document, path)
    except (ValueError, TypeError, AttributeError, AssertionError, KeyError, RecursionError) as error:
        raise _unusable(path, error) from error
    if caught:
        raise _unusable(path, *(warning.message for warning in caught))
    return table


def _not_json(path: str, error: ValueError | RecursionError) -> TableError:
    if isinstance(error, json.JSONDecodeError):
        where = f"column {error.colno}", f"kolonne {error.colno}"
        reason = f"not JSON: {error.msg}, {where[0]}", f"ikke JSON: «{error.msg}», {where[1]}"
        return TableError(path + METADATA_SUFFIX, [RowProblem(error.lineno, "", "", reason, _MIND_COMMAS)])
    if isinstance(error, UnicodeDecodeError):
        byte = f"byte 0x{error.object[error.start]:02X}"
        reason = f"{byte} is not UTF-8", f"{byte} er ikke UTF-8"
        return TableError(path + METADATA_SUFFIX, [RowProblem(None, "", "", reason, _SAVE_AS_UTF8)])
    reason = "not JSON, or nested too deep", "ikke JSON, eller for dypt nøstet"
    return TableError(path + METADATA_SUFFIX, [RowProblem(None, "", "", reason)])


_MIND_COMMAS = (
    "Names and texts stand between quotation marks, and commas between values, not after the last.",
    "Navn og tekster står mellom anførselstegn, og komma mellom verdier, ikke etter den siste.",
)
_SAVE_AS_UTF8 = "Save it as UTF-8.", "Lagre den som UTF-8."


def _unusable(path: str, *complaints: object) -> TableError:
    """Give the error for what the `csvw` package or we complain of in metadata."""
    frame = "not CSVW metadata", "ikke CSVW-metadata"
    problems = [RowProblem(None, "", "", *told("csvw", str(one), frame)) for one in complaints]
    return TableError(path + METADATA_SUFFIX, problems)


def _parsed(document: Any, path: str) -> Any:
    """Give the table description of a document about one table, or about several with one of this name."""
    if NAMESPACES["csvw"].rstrip("#") not in document["@context"]:
        raise ValueError("no @context http://www.w3.org/ns/csvw")
    _check_inline(document)
    if "tables" not in document:
        return csvw.Table.fromvalue(document)
    group = csvw.TableGroup.fromvalue(document)
    name = path.rpartition("/")[2]
    for table in group.tables:
        if str(table.url).rpartition("/")[2] == name:
            return table
    raise ValueError(f"no table with the url {name}")


def _check_inline(document: Any) -> None:
    """Refuse parts in files of their own: the metadata model would fetch them."""
    for part in (document, *document.get("tables", ())):
        for key in ("tableSchema", "dialect"):
            if isinstance(part.get(key), str):
                raise ValueError(f"{key} must be written out, not linked")


def _column(column: Any, table: Any, template: Callable[[str], Template]) -> Column:
    """Resolve what a column inherits; `template` makes each template once for all columns."""
    if column._parent is None:
        column._parent = table.tableSchema
    name = str(column)
    about, value = column.inherit("aboutUrl"), column.inherit("valueUrl")
    fallback = f"#{_variable_name(name)}"
    return Column(
        name=name,
        titles=frozenset({name, *(title for found in (column.titles or {}).values() for title in found)}),
        virtual=column.virtual,
        suppressed=column.suppressOutput,
        about=template(about.uri) if about else None,
        property=template(getattr(column.inherit("propertyUrl"), "uri", fallback)),
        value=template(value.uri) if value else None,
        read=reader(column),
        literal=literal_maker(column),
        ordered=bool(column.inherit("ordered")),
    )


def _variable_name(name: str) -> str:
    """Encode a column's name as the variables of URI templates are: letters, digits, `_`, `.`, percents."""
    return quote(name, safe="").replace("-", "%2D").replace("~", "%7E")


def _template(text: str, base: str) -> Template:
    """Make the function that fills a URI template; it remembers what it lately made."""
    template = URITemplate(text)
    names = tuple(template.variable_names)

    @lru_cache(maxsize=REMEMBERED)
    def made(*values: Any) -> NamedNode:
        filled = template.expand(dict(zip(names, values, strict=True)))
        return NamedNode(filled if _ABSOLUTE.match(filled) else urljoin(base, _expanded_prefix(filled)))

    return lambda row: made(*map(row.get, names))


def _expanded_prefix(text: str) -> str:
    """Spell out a prefixed name whose prefix CSVW knows; anything else stays."""
    prefix, colon, local = text.partition(":")
    namespace = NAMESPACES.get(prefix) if colon and not local.startswith("//") else None
    return namespace + local if namespace else text


def _annotations(table: Any, subject: NamedNode, path: str) -> Iterator[Triple]:
    """Yield the table's common properties as triples about its graph. Raises TableError."""
    language = _context_language(table)
    for name, value in table.common_props.items():
        try:
            predicate = NamedNode(_expanded_prefix(name))
            for item in value if isinstance(value, list) else [value]:
                yield Triple(subject, predicate, _annotation(item, language))
        except (ValueError, KeyError, TypeError) as error:
            reason = (
                f"the annotation {name} is no string, number, @id or @value: {error}",
                f"merknaden {name} er ingen streng, intet tall, ingen @id og ingen @value: «{error}»",
            )
            raise TableError(path + METADATA_SUFFIX, [RowProblem(None, "", "", reason)]) from error


def _annotation(item: Any, language: str | None) -> NamedNode | Literal:
    """Give the node that a JSON value of an annotation stands for."""
    if isinstance(item, str):
        return Literal(item, language=language) if language else Literal(item)
    if not isinstance(item, dict):
        return Literal(item)
    if "@id" in item:
        return NamedNode(_expanded_prefix(item["@id"]))
    if "@type" in item:
        return Literal(item["@value"], datatype=NamedNode(_expanded_prefix(item["@type"])))
    return Literal(item["@value"], language=item.get("@language"))


def _context_language(table: Any) -> str | None:
    """Give the `@language` of the metadata's context, the language of strings without one."""
    context = table.at_props.get("context") or (table._parent and table._parent.at_props.get("context"))
    for part in context if isinstance(context, list) else ():
        if isinstance(part, dict) and "@language" in part:
            return str(part["@language"])
    return None
