"""How pages are made: the template environment, its words and addresses, and the page's language."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from urllib.parse import quote, urlencode

from flask import Flask, current_app, g, render_template, request
from markupsafe import Markup, escape

from endpoint import cautions, citations, negotiate
from endpoint import site as current
from endpoint.citations import Citation
from endpoint.entity import common_label, interval
from endpoint.figures import Figures
from endpoint.lists import Paths, class_names, paths
from endpoint.literals import between, machine_date, readable
from endpoint.maps import Drawing, captions, parse_wkt, rounded
from endpoint.respond import here, root_path
from endpoint.timelines import Moment
from endpoint.words import LANGUAGES, LIMITS, UNITS, WORDS
from kg.index import Label
from kg.vocab import compact, document_path

_MANY_RINGS = 40
"""A surface of so many rings is a county with its islands: hundredths of a degree are enough for it."""


_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
_PLAIN = ":/?,;()*!$@"
"""What may stand in a query string as it is (RFC 3986); queries stay readable and compress better."""


def language() -> str:
    """Give the language of the page: `?lang=`, else Accept-Language, else the dataset's first."""
    found = g.get("language")
    if found is None:
        found = g.language = _language()
    return str(found)


def _asked() -> str:
    """Give the language that the address asks for; empty where it asks for none."""
    found = g.get("asked")
    if found is None:
        named = request.args.get("lang", "")
        found = g.asked = named if named in LANGUAGES else ""
    return str(found)


def _language() -> str:
    asked = _asked()
    if asked:
        return asked
    preferred = [tag for tag in current.snapshot().config.languages if tag in LANGUAGES]
    available = tuple(dict.fromkeys((*preferred, *LANGUAGES)))
    return negotiate.choose_language(request.headers.get("Accept-Language"), available)


def href(path: str, **query: object) -> str:
    """Give the root-relative address of a page; a language chosen by `?lang=` goes along."""
    return _address(root_path(), path, {**query, "lang": query.get("lang", _asked())})


def _address(root: str, path: str, query: Mapping[str, object]) -> str:
    path, hash_sign, fragment = path.partition("#")
    path, _, before = path.partition("?")
    kept = {name: value for name, value in query.items() if value not in (None, "")}
    after = urlencode(kept, doseq=True, safe=_PLAIN)
    both = "&".join(part for part in (before, after) if part)
    return f"{root}/{path}" + (f"?{both}" if both else "") + hash_sign + fragment


def toggled(predicate: str, value: str) -> dict[str, object]:
    """Give the query of this list with one value chosen, or no longer chosen; from its first page."""
    name = compact(predicate, current.snapshot().config.prefixes) or predicate
    kept = [(k, v) for k, v in request.args.items(multi=True) if k not in ("after", "lang", "format")]
    pair = (name, value)
    pairs = [p for p in kept if p != pair] if pair in kept else [*kept, pair]
    query: dict[str, object] = {}
    for key, one in pairs:
        query.setdefault(key, [])
        values = query[key]
        assert isinstance(values, list)
        values.append(one)
    return query


def quoted(iri: str) -> str:
    """Give an IRI as the value of a query string's parameter."""
    return quote(iri, safe="")


def digest(hexadecimal: str) -> str:
    """Give a SHA-256 as the value of a Repr-Digest header."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(hexadecimal)).decode()}:"


def expand(name: str) -> str | None:
    """Give the IRI of a prefixed name, by the dataset's prefixes; None if it is none."""
    prefix, colon, local = name.partition(":")
    namespace = current.snapshot().config.prefixes.get(prefix)
    return namespace + local if colon and namespace else None


def lists() -> Paths:
    """Give what there is a list of, and where."""
    config = current.snapshot().config
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return paths(current.index(), config.base, tuple(config.prefixes.items()), _taken(app))


@lru_cache(maxsize=4)
def _taken(app: Flask) -> frozenset[str]:
    """Give what paths of the site begin with."""
    return frozenset(re.split(r"[/.<]", rule.rule)[1] for rule in app.url_map.iter_rules())


def list_of(iri: str) -> str:
    """Give the address of the list of a class's things, or of a scheme's concepts; empty if there is none."""
    path = lists().of.get(iri)
    return href(path) if path else ""


def list_name(iri: str, label: str) -> str:
    """Give what the list of a class's things is called; `label` where there is no list."""
    found = class_names(current.index(), language()).get(iri)
    return found.text if found else label


def short(iri: str) -> str:
    """Give an IRI as people write it: prefixed where a prefix fits."""
    return compact(iri, current.snapshot().config.prefixes) or iri


def short_path(iri: str) -> str:
    """Give an IRI without the dataset's base, or prefixed where a prefix fits."""
    base = current.snapshot().config.base
    return short(iri).removeprefix(f"{base}id/").removeprefix(base)


def breakable(text: str) -> Markup:
    """Give an address that may be broken after its slashes and marks, as markup."""
    return Markup("<wbr>").join(re.findall(r"[^/#?&=]*[/#?&=]+|[^/#?&=]+", text))


def short_address(url: str) -> str:
    """Give a web address without what everybody knows, cut to a readable length."""
    text = url.partition("://")[2].removeprefix("www.").rstrip("/") or url
    return text if len(text) <= 64 else f"{text[:40]}…{text[-20:]}"


def short_graph(iri: str) -> str:
    """Give a graph's name below the dataset's base."""
    return iri.removeprefix(f"{current.snapshot().config.base}graph/")


def citation(iri: str, label: str = "") -> Citation:
    """Give how to cite a thing with a name, or without one the dataset."""
    snapshot = current.snapshot()
    config, title = snapshot.config, text_of(snapshot.config.title)
    who = config.publisher.name if config.publisher else title
    what = f"{label}. {title}" if label else title
    version = f"{word('snapshot').lower()} {snapshot.id[:12]}"
    return Citation(
        key=citations.key(iri, config.base),
        author=who,
        part=label,
        dataset=title,
        issued=snapshot.created,
        version=snapshot.id[:12],
        url=iri,
        language=language(),
        sentence=f"{who} ({snapshot.created[:4]}). {what}, {version}. {iri}",
    )


def marks_json(drawing: Drawing, names: Mapping[str, Label]) -> str:
    """Give the points and outlines of a map for the script that makes it movable."""
    rows = [
        {"x": round(mark.longitude, 4), "y": round(mark.latitude, 4), "role": mark.role,
         "name": names[mark.iri].text, "href": page_of(mark.iri)}
        | ({"rings": rounded(mark.outline, 3 if len(mark.outline) < _MANY_RINGS else 2)} if mark.path else {})
        for mark in drawing.marks
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def position(text: str) -> str:
    """Give a geometry in words: the degrees of a point, the size of what is larger; empty if it is none."""
    found = parse_wkt(text)
    if found is None:
        return ""
    if found.rings:
        return word("surface", n=sum(len(ring) - 1 for ring in found.rings))
    if len(found.points) > 1:
        return word("points", n=len(found.points))
    (longitude, latitude), point = found.points[0], "." if language() == "en" else ","
    east, west = ("E", "W") if language() == "en" else ("Ø", "V")
    parts = ((latitude, "N", "S"), (longitude, east, west))
    texts = (f"{abs(degrees):.5f}".rstrip("0").rstrip(".") + f"° {up if degrees >= 0 else down}"
             for degrees, up, down in parts)  # fmt: skip
    return ", ".join(text.replace(".", point) for text in texts)


def names_of(drawn: Figures, moment: Moment) -> str:
    """Give what a moment on a time line is called: the thing, and what the date is of where that is said."""
    found = drawn.names[moment.iri]
    inner = not found.language and "#" in moment.iri
    name = found.text.replace("-", " ") if inner else found.text
    return f"{name} ({drawn.names[moment.predicate].text})" if moment.predicate else name


def bytes_text(size: int) -> str:
    """Give a file's size in words."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}".replace(".", "." if language() == "en" else ",")
        size = size / 1000  # type: ignore[assignment]
    return f"{size:.3g} GB"


def page_of(iri: str) -> str:
    """Give the address of the page about an IRI, ours or another's."""
    return _page_of(iri, current.snapshot().config.base, root_path(), _asked())


@lru_cache(maxsize=8192)
def _page_of(iri: str, base: str, root: str, asked: str) -> str:
    return _address(root, document_path(iri, base), {"lang": asked})


def safe_url(iri: str) -> str | None:
    """Give an IRI that a link may lead to outside the site; None for schemes that run or hide something."""
    return iri if iri.partition(":")[0].lower() in ("http", "https", "mailto", "geo", "tel") else None


def word(key: str, /, *places: object, **values: object) -> str:
    """Give a text of the interface in the page's language, with values filled in."""
    return _word_in(language(), key, *places, **values)


def _word_in(tag: str, key: str, /, *places: object, **values: object) -> str:
    text = WORDS[key][LANGUAGES.index(tag)]
    return text.format(*places, **values) if places or values else text


def translated(table: Mapping[str, tuple[str, str]], key: str, english: str) -> Markup:
    """Give a text of a table in the page's language; what the table lacks in English, marked as such."""
    place = LANGUAGES.index(language())
    if place < len(table.get(key, ())):
        return escape(table[key][place])
    return escape(english) if language() == "en" else Markup('<span lang="en">{}</span>').format(english)


def name(iri: str) -> str:
    """Give a thing's name in the page's language, or the nearest there is."""
    return current.index().labels([iri], negotiate.fallbacks(language()))[iri].text


def names(iris: Iterable[str]) -> dict[str, Label]:
    """Give names in the page's language; the interface has words for terms that the dataset does not name."""
    found = current.index().labels(iris, negotiate.fallbacks(language()))
    own = {iri: common_label(iri, language()) for iri, label in found.items() if not label.language}
    return found | {iri: label for iri, label in own.items() if label is not None}


def text_of(texts: Mapping[str, str]) -> str:
    """Give the text of a dataset setting in the page's language, else in one of its fallbacks."""
    for tag in negotiate.fallbacks(language(), texts):
        if tag in texts:
            return texts[tag]
    return ""


def render(template: str, **context: object) -> str:
    """Give the page that a template makes, with what every page needs.

    What is called for each word and link is bound to the request here, once.
    """
    snapshot, tag = current.snapshot(), language()
    bound = {
        "t": partial(_word_in, tag),
        "page_of": partial(_page_of, base=snapshot.config.base, root=root_path(), asked=_asked()),
        "readable": partial(readable, language=tag),
        "number": lambda n: readable(str(n), _INTEGER, tag),
    }
    return render_template(template, lang=tag, config_of=snapshot.config, snapshot=snapshot,
                           watched=current.site().watched, **bound, **context)  # fmt: skip


def cautions_of(iri: str) -> tuple[cautions.Caution, ...]:
    """Give what a reader of the page about a thing is warned of."""
    return cautions.about(iri, current.snapshot(), current.index(), language())


def switch_language(tag: str) -> str:
    """Give this page's address in another language."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    path = quote(request.path, safe="/:@!$&'()*+,;=~")
    return f"{root_path()}{path}?{urlencode([*query, ('lang', tag)])}"


def script_json(document: object) -> str:
    """Give JSON that is safe inside a script element: nothing in it can end the element."""
    return json.dumps(document, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")


def install(app: Flask) -> None:
    """Give the templates of an application the functions they use."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        href=href,
        safe_url=safe_url,
        quoted=quoted,
        list_of=list_of,
        list_name=list_name,
        name_of=name,
        toggled=toggled,
        same_query=lambda **more: {**request.args.to_dict(flat=False), **more},
        short_address=short_address,
        short_path=short_path,
        breakable=breakable,
        short_graph=short_graph,
        citation=citation,
        names_of=names_of,
        marks_json=marks_json,
        cautions_of=cautions_of,
        captions=lambda drawing, names: captions(drawing, {iri: label.text for iri, label in names.items()}),
        decimal=lambda n: f"{n:.4f}".replace(".", "." if language() == "en" else ","),
        position=position,
        period_of=lambda part: interval(part, language()),
        short=short,
        bytes_text=bytes_text,
        machine_date=machine_date,
        between=lambda first, last: between(first, last, language()),
        static=lambda name: here(f"static/{name}"),
        switch_language=switch_language,
        limit_text=partial(translated, LIMITS),
        unit_text=partial(translated, UNITS),
        languages=LANGUAGES,
        text_of=text_of,
        word_in=_word_in,
    )
