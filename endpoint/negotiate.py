"""Which representation and language a client gets: the one table of them, and pure choice from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kg import rdfio


@dataclass(frozen=True, slots=True)
class Representation:
    """One form that a resource can be had in.

    `kind` is "page", "graph", "table", "citation" or "results"; `aliases` holds further media types and
    further suffixes that name it; `quality` is the server's preference where the client has none; `profile`
    is the token of the profile that it follows.
    """

    name: str
    media_type: str
    suffix: str
    label: str
    kind: str
    aliases: tuple[str, ...] = ()
    quality: float = 0.5
    profile: str = "own"

    @property
    def content_type(self) -> str:
        """The Content-Type header's value.

        >>> HTML.content_type
        'text/html; charset=utf-8'
        """
        text = self.media_type.startswith("text/")
        return f"{self.media_type}; charset=utf-8" if text else self.media_type


def _graph(fmt: rdfio.Format, quality: float) -> Representation:
    aliases = (*fmt.media_types[1:], *fmt.suffixes[1:])
    if fmt.name == "jsonld":
        aliases += ("application/json",)
    return Representation(fmt.name, fmt.media_type, fmt.suffix, fmt.label, "graph", aliases, quality)


@dataclass(frozen=True, slots=True)
class Profile:
    """A way to say what is known of a thing: its token, and its IRI, which may be below a dataset's base.

    An empty IRI stands for what the dataset itself conforms to.
    """

    token: str
    label: str
    reference: str

    def iri(self, base: str, own: str) -> str:
        """Give the IRI; `own` is that of the dataset's vocabulary."""
        if not self.reference:
            return own
        return self.reference if ":" in self.reference else base + self.reference


OWN = Profile("own", "", "")
SCHEMA_ORG = Profile("schema", "schema.org", "https://schema.org/")
ANNOTATED = Profile("annotated", "annotated", "api#profile-annotated")
ALTERNATES = Profile("alt", "alternates", "http://www.w3.org/ns/dx/connegp/altr")
PROFILES = (OWN, SCHEMA_ORG, ANNOTATED, ALTERNATES)
"""What a thing can be told in: the dataset's vocabulary, that of search engines, the first with the names of
everything mentioned, and the list of what there is."""


def _in_profile(profile: Profile, *first: str) -> tuple[Representation, ...]:
    """Give the graph formats in another profile, those named first before the others."""
    ordered = sorted(GRAPHS, key=lambda form: form.name not in first)
    return tuple(
        replace(
            form,
            name=f"{profile.token}.{form.name}",
            suffix=f"{profile.token}.{form.suffix}",
            label=f"{form.label} ({profile.label})",
            aliases=tuple(a if "/" in a else f"{profile.token}.{a}" for a in form.aliases),
            profile=profile.token,
        )
        for form in ordered
    )


HTML = Representation("html", "text/html", "html", "HTML", "page", ("htm",), 1.0)
GRAPHS = tuple(_graph(fmt, 0.9 - place / 100) for place, fmt in enumerate(rdfio.FORMATS))
CSV = Representation("csv", "text/csv", "csv", "CSV", "table", (), 0.8)
JSON = Representation("json", "application/json", "json", "JSON", "table", (), 0.7)
PROBLEM = Representation(
    "problem", "application/problem+json", "json", "Problem", "problem", ("application/json",), 0.9
)
BIBTEX = Representation(
    "bibtex", "application/x-bibtex", "bib", "BibTeX", "citation", ("text/x-bibtex",), 0.3
)
RIS = Representation("ris", "application/x-research-info-systems", "ris", "RIS", "citation", (), 0.2)
CSL = Representation(
    "csl", "application/vnd.citationstyles.csl+json", "csl", "CSL-JSON", "citation", ("csl.json",), 0.1
)
CITATIONS = (BIBTEX, RIS, CSL)
"""What programs for references read."""

_TRIPLES = tuple(graph for graph in GRAPHS if graph.name not in ("trig", "nquads"))

ENTITY = (HTML, *GRAPHS, *CITATIONS)
"""An entity, a concept, a graph, a shape, as any web server can negotiate it."""
DOCUMENTS = (
    *ENTITY,
    *_in_profile(SCHEMA_ORG, "jsonld"),
    *_in_profile(ANNOTATED, "turtle"),
    *_in_profile(ALTERNATES, "turtle"),
)
"""The same with everything that there is of it: anything that has a document."""
ONTOLOGY = (HTML, *_TRIPLES)
"""The ontology as a whole."""
CATALOGUE = (HTML, *GRAPHS)
"""What describes the dataset: DCAT and VoID."""
DATASET = (*CATALOGUE, *CITATIONS)
"""The dataset, which can be cited too."""
LISTS = (HTML, CSV, JSON)
"""Search hits, and what refers to a thing."""
BESIDE_TABLES = tuple(replace(form, aliases=(), quality=form.quality - 0.3) for form in GRAPHS)
"""Graph formats where there are tables too: those come first, and JSON is one of them."""
MEMBERS = (*LISTS, *BESIDE_TABLES)
"""A list of things."""
ERRORS = (PROBLEM, HTML)
"""What an error is told in."""


def of_name(name: str, table: Sequence[Representation]) -> Representation | None:
    """Give the representation with this name, suffix, media type or alias; None if there is none.

    >>> of_name("ttl", ENTITY).name
    'turtle'
    """
    key = name.strip().lower()
    for found in table:
        if key in (found.name, found.suffix, found.media_type):
            return found
    return next((found for found in table if key in found.aliases), None)


def choose(accept: str | None, table: Sequence[Representation], *, default: str) -> Representation | None:
    """Give the representation that an Accept header asks for; None if it excludes all there are.

    An absent header, and one that cannot be read at all, gets the default. `q=0` excludes. At equal q, what
    is named beats what a wildcard covers, and a named RDF type beats a named HTML.

    >>> choose("text/html;q=0.9, text/turtle", ENTITY, default="html").name
    'turtle'
    """
    ranges = tuple(_ranges(accept or ""))
    if not ranges:
        return of_name(default, table)
    ranked = [(_rank(candidate, ranges, default), candidate) for candidate in table]
    best = max(ranked, key=lambda pair: pair[0])
    return best[1] if best[0][0] > 0 else None


@dataclass(frozen=True, slots=True)
class _Range:
    """One element of an Accept header; `parameters` without q, names in lower case, sorted."""

    media_type: str
    parameters: tuple[tuple[str, str], ...]
    q: float


def _rank(
    candidate: Representation, ranges: Sequence[_Range], default: str
) -> tuple[float, bool, bool, bool, float]:
    q, specificity = _quality(candidate, ranges)
    named = specificity >= _NAMED
    return (q, named, named and candidate.kind != "page", candidate.name == default, candidate.quality)


_NAMED = 3


def _quality(candidate: Representation, ranges: Sequence[_Range]) -> tuple[float, int]:
    own = [(_specificity(candidate, found), found.q) for found in ranges]
    matching = [(specificity, q) for specificity, q in own if specificity > 0]
    if not matching:
        return 0.0, 0
    specificity, q = max(matching)
    return q, specificity


def _specificity(candidate: Representation, found: _Range) -> int:
    """How closely a range fits: 4 exact, 3 exact but for parameters, 2 `type/*`, 1 `*/*`, 0 not at all."""
    types = (candidate.media_type, *(alias for alias in candidate.aliases if "/" in alias))
    if found.media_type in types:
        if not found.parameters:
            return 4
        # A profile or charset that we do not know narrows the wish; it is no reason to refuse, unless q=0.
        return 3 if found.q > 0 else 0
    if found.parameters:
        return 0
    if found.media_type == "*/*":
        return 1
    return 2 if found.media_type == f"{types[0].split('/')[0]}/*" else 0


def _ranges(header: str) -> Iterator[_Range]:
    """Yield the elements of an Accept header that can be read; others are passed over."""
    for element in _split(header, ","):
        first, *rest = _split(element, ";")
        media_type = first.strip().lower()
        kind, slash, subtype = media_type.partition("/")
        if not (kind and slash and subtype) or not _is_token(kind) or not _is_token(subtype):
            continue
        if kind == "*" and subtype != "*":
            continue
        parameters = [(name.strip().lower(), value.strip().strip('"')) for name, _, value in
                      (part.partition("=") for part in rest if part.strip())]  # fmt: skip
        q = _q(next((value for name, value in parameters if name == "q"), "1"))
        if q is not None:
            yield _Range(media_type, tuple(sorted(p for p in parameters if p[0] not in ("q", "charset"))), q)


def _q(text: str) -> float | None:
    """Give a weight from 0 to 1; None if the text is none."""
    if not text or len(text) > 8 or not set(text) <= set("0123456789."):
        return None
    try:
        return min(1.0, float(text))
    except ValueError:
        return None


_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


def _is_token(text: str) -> bool:
    return set(text) <= _TOKEN


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator that stands outside quotation marks; one pass."""
    parts: list[str] = []
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return parts


def choose_profiles(header: str | None, known: Mapping[str, str]) -> tuple[str, ...]:
    """Give the tokens of the profiles that an Accept-Profile header asks for, the most wanted first.

    `known` has the tokens by IRI, the default first: an absent header, and one that cannot be read, gets it.

    >>> choose_profiles("<urn:b>;q=0.9, <urn:x>", {"urn:a": "own", "urn:b": "schema"})
    ('schema',)
    """
    wishes = [(_split(part, ";")[0].strip(), _weight(part)) for part in _split(header or "", ",")]
    read = [(iri[1:-1] if iri[:1] in '<"' else iri, q) for iri, q in wishes if iri and q is not None]
    if not read:
        return tuple(known.values())[:1]
    excluded = {iri for iri, q in read if q == 0}
    found: dict[str, None] = {}
    for iri, _ in sorted((row for row in read if row[1]), key=lambda row: -row[1]):
        for name, token in known.items():
            if name not in excluded and iri in ("*", name, token):
                found[token] = None
    return tuple(found)


def _weight(element: str) -> float | None:
    """Give the weight of an element; 1 where it has none, None where it cannot be read."""
    pairs = (part.partition("=") for part in _split(element, ";")[1:])
    return _q(next((value.strip() for name, _, value in pairs if name.strip().lower() == "q"), "1"))


_NEVER_SERVED = ("image/", "video/", "audio/", "application/xhtml+xml", "application/signed-exchange")


def wishes(accept: str) -> frozenset[object]:
    """Give what an Accept header means to `choose`: equal for headers that are answered alike.

    >>> wishes("text/html, image/avif, */*;q=0.8") == wishes("*/*;q=0.80,TEXT/HTML")
    True
    """
    every = frozenset(_ranges(accept))
    return frozenset(found for found in every if not found.media_type.startswith(_NEVER_SERVED)) or every


_MACROLANGUAGE = {"no": "nb"}


def choose_language(header: str | None, available: Sequence[str]) -> str:
    """Give the language of those available that an Accept-Language header likes best, else the first.

    `nb-NO` is served by `nb`, and `no` by `nb`.

    >>> choose_language("fr, nn-NO;q=0.8, en;q=0.5", ("nb", "nn", "en"))
    'nn'
    """
    wishes = sorted(_languages(header or ""), key=lambda pair: -pair[1])
    for tag, q in wishes:
        if q <= 0:
            break
        if tag == "*":
            return available[0]
        primary = tag.split("-")[0]
        for form in (tag, primary, _MACROLANGUAGE.get(primary)):
            if form in available:
                return str(form)
    return available[0]


def _languages(header: str) -> Iterator[tuple[str, float]]:
    for element in _split(header, ","):
        tag, _, rest = element.partition(";")
        name, _, value = rest.partition("=")
        q = _q(value.strip()) if name.strip().lower() == "q" else 1.0
        if tag.strip() and q is not None:
            yield tag.strip().lower(), q


def fallbacks(language: str, available: Iterable[str] = ()) -> tuple[str, ...]:
    """Give the languages to look for a text in, best first; after them any language will do.

    >>> fallbacks("nn")
    ('nn', 'nb', 'no', 'en')
    """
    chain = {"nb": ("nb", "nn", "no", "en"), "nn": ("nn", "nb", "no", "en")}.get(
        language, (language, "en", "nb", "nn")
    )
    return tuple(dict.fromkeys((*chain, *available)))


def split_suffix(path: str, table: Sequence[Representation]) -> tuple[str, Representation | None, str]:
    """Give the path without its suffix, the representation the suffix names, and the suffix itself.

    >>> stem, found, suffix = split_suffix("village/x.schema.ttl", DOCUMENTS)
    >>> stem, found.name, suffix
    ('village/x', 'schema.turtle', 'schema.ttl')
    """
    for dots in (2, 1):
        stem, *parts = path.rsplit(".", dots)
        suffix = ".".join(parts)
        found = of_name(suffix, table) if suffix and "/" not in suffix else None
        if found is not None:
            return stem, found, suffix
    stem, dot, suffix = path.rpartition(".")
    return (stem, None, suffix) if dot and suffix and "/" not in suffix else (path, None, "")
