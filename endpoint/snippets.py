"""How to ask a query from a shell, Python or R: a text to copy for each, whatever the query holds."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text to copy, and what it is written in."""

    name: str
    label: str
    text: str


def of(query: str, address: str, form: str = "SELECT") -> tuple[Snippet, ...]:
    """Give the ways to ask a query of this form."""
    return (
        Snippet("curl", "curl", curl(query, address, _type(form))),
        Snippet("python", "Python (SPARQLWrapper)", python(query, address, form)),
        Snippet("r", "R (httr2)", r(query, address, form)),
    )


def _type(form: str) -> str:
    return "text/turtle" if form in ("CONSTRUCT", "DESCRIBE") else "text/csv"


def curl(query: str, address: str, media_type: str = "text/csv") -> str:
    r"""Give the command for a POSIX shell.

    >>> print(curl("ASK {}", "https://ex.org/sparql"))
    curl --header 'Accept: text/csv' --data-urlencode query='ASK {}' https://ex.org/sparql
    """
    header = shlex.quote(f"Accept: {media_type}")
    break_line = " \\\n  " if "\n" in query else " "
    parts = (
        "curl",
        f"--header {header}",
        f"--data-urlencode query={shlex.quote(query)}",
        shlex.quote(address),
    )
    return break_line.join(parts)


def python(query: str, address: str, form: str = "SELECT") -> str:
    """Give the program for Python with SPARQLWrapper."""
    lines = ["from SPARQLWrapper import JSON, SPARQLWrapper", ""]
    lines += [f"service = SPARQLWrapper({json.dumps(address)})", f"service.setQuery({_python_text(query)})"]
    if _type(form) == "text/turtle":
        lines[0] = "from SPARQLWrapper import TURTLE, SPARQLWrapper"
        lines += ["service.setReturnFormat(TURTLE)", "print(service.query().convert().decode())"]
        return "\n".join(lines)
    lines += ["service.setReturnFormat(JSON)", "answer = service.query().convert()"]
    if form == "ASK":
        return "\n".join([*lines, 'print(answer["boolean"])'])
    lines += ['for row in answer["results"]["bindings"]:']
    lines += ['    print({name: term["value"] for name, term in row.items()})']
    return "\n".join(lines)


def _python_text(text: str) -> str:
    if '"""' in text or "\\" in text or text.endswith('"'):
        return repr(text)
    return f'"""\n{text}\n"""' if "\n" in text else json.dumps(text, ensure_ascii=False)


def r(query: str, address: str, form: str = "SELECT") -> str:
    """Give the program for R 4 with httr2, and readr for a table."""
    dashes = "-"
    while f'){dashes}"' in query:
        dashes += "-"
    last = "answer <- readr::read_csv(I(text))" if form == "SELECT" else "cat(text)"
    return f"""\
library(httr2)

query <- r"{dashes}({query}){dashes}"
text <- request({json.dumps(address)}) |>
  req_headers(Accept = "{_type(form)}") |>
  req_body_form(query = query) |>
  req_perform() |>
  resp_body_string()
{last}"""
