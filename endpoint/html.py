"""How pages are made: the template environment, its words and addresses, and the page's language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode, urlsplit

from flask import Flask, g, render_template, request

from endpoint import negotiate
from endpoint import site as current
from endpoint.respond import here, root_path
from endpoint.words import LANGUAGES, WORDS
from kg.vocab import document_path


def language() -> str:
    """Give the language of the page: `?lang=`, else Accept-Language, else the dataset's first."""
    if "language" not in g:
        g.language = _language()
    return str(g.language)


def _language() -> str:
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    preferred = [tag for tag in current.snapshot().config.languages if tag in LANGUAGES]
    available = tuple(dict.fromkeys((*preferred, *LANGUAGES)))
    return negotiate.choose_language(request.headers.get("Accept-Language"), available)


def href(path: str, **query: object) -> str:
    """Give the root-relative address of a page; a language chosen by `?lang=` goes along."""
    asked = request.args.get("lang", "")
    path, hash_sign, fragment = path.partition("#")
    path, _, before = path.partition("?")
    if asked in LANGUAGES and "lang" not in query:
        query["lang"] = asked
    after = urlencode({name: value for name, value in query.items() if value not in (None, "")})
    both = "&".join(part for part in (before, after) if part)
    return here(path) + (f"?{both}" if both else "") + hash_sign + fragment


def page_of(iri: str) -> str:
    """Give the address of the page about an IRI, ours or another's."""
    return href(document_path(iri, current.snapshot().config.base))


def safe_url(iri: str) -> str | None:
    """Give an IRI that a link may lead to outside the site; None for schemes that run or hide something."""
    return iri if urlsplit(iri).scheme in ("http", "https", "mailto", "geo", "tel") else None


def word(key: str, /, **values: object) -> str:
    """Give a text of the interface in the page's language, with values filled in."""
    text = WORDS[key][LANGUAGES.index(language())]
    return text.format(**values) if values else text


def text_of(texts: Mapping[str, str]) -> str:
    """Give the text of a dataset setting in the page's language, else in one of its fallbacks."""
    for tag in negotiate.fallbacks(language(), texts):
        if tag in texts:
            return texts[tag]
    return ""


def render(template: str, **context: object) -> str:
    """Give the page that a template makes, with what every page needs."""
    return render_template(template, lang=language(), config_of=current.snapshot().config,
                           snapshot=current.snapshot(), **context)  # fmt: skip


def switch_language(tag: str) -> str:
    """Give this page's address in another language."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{root_path()}{request.path}?{urlencode([*query, ('lang', tag)])}"


def install(app: Flask) -> None:
    """Give the templates of an application the functions they use."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        href=href,
        page_of=page_of,
        safe_url=safe_url,
        static=lambda name: here(f"static/{name}"),
        switch_language=switch_language,
        languages=LANGUAGES,
        t=word,
        text_of=text_of,
        word_in=partial(_word_in),
    )


def _word_in(tag: str, key: str) -> str:
    return WORDS[key][LANGUAGES.index(tag)]
