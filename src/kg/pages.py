"""How the text of a page becomes statements: what is read as what, and what is only reported.

A page is text in a layout that the dataset describes in a TOML file (headings, properties, schemes). Every
line is either used or reported; a phrase is matched to what the dataset has, and nothing is made up. The
result is the same bytes each time.

>>> layout = load_layout(toml_bytes, path="ontology/page-layout.toml")          # doctest: +SKIP
>>> known = vocabulary(source.quads(), layout, base=source.config.base)         # doctest: +SKIP
>>> page = read_page(text, layout=layout, known=known, source="http://…")        # doctest: +SKIP
>>> for draft in page.drafts: print(draft.path)                                 # doctest: +SKIP
data/project/nettverk-for-optimistbygder.ttl
data/entry/nettverk-for-optimistbygder.ttl
data/website/optimistbygd.ttl
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad
from rapidfuzz import fuzz, process

from kg.errors import ConfigError, InvalidDataError
from kg.findings import Finding, Place, Report, Severity
from kg.vocab import PREFIXES, RDF_TYPE, RDFS_LABEL, term

LAYOUT_FILE = "ontology/page-layout.toml"
"""Where a dataset describes its pages."""

ACCEPTED_SCORE = 92.0
"""A phrase this like a label (0-100) is taken for it, and reported; the digits in both must be the same."""

SUGGESTED_SCORE = 55.0
"""A label this like a phrase is named as a suggestion."""

_SUGGESTIONS = 3
_PARTS = 4
_LONG_NAME = 8
_BULLET = re.compile(r"\s*[•·*\-–—▪◦]\s+(?=\S)")
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,})(/[^\s,)]*[^\s,.)])?", re.IGNORECASE)
_QUALIFIED = re.compile(r"(.+?)\s*\(([^()]+)\)\s*\Z")
_ASCII = (("ø", "o"), ("æ", "ae"), ("å", "a"), ("đ", "d"), ("ŋ", "n"), ("ŧ", "t"))
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_LAST_DAY_OF_ANY_MONTH = 31
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_IRI = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualified:
    """The terms for a phrase that holds for some places only."""

    property: str
    class_: str
    value: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """The terms for an item that is an agent with a name."""

    kind: str
    property: str
    class_: str
    agent: str
    role_property: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A list on the page: its headings, and the property and scheme of its items."""

    headings: tuple[str, ...]
    property: str
    scheme: str
    qualified: Qualified | None = None
    agents: Agents | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How pages are laid out, as the dataset's TOML file says; prefixed names are still prefixed."""

    sections: tuple[Section, ...]
    subject: Mapping[str, Any]
    period: Mapping[str, Any]
    places: Mapping[str, Any]
    homepage: Mapping[str, Any]
    entry: Mapping[str, Any]
    closing: Mapping[str, Any]
    languages: Mapping[str, Any]
    prefixes: Mapping[str, str]

    def iri(self, prefixed: str) -> str:
        """Give the IRI of a prefixed name. Raises ConfigError for an unknown prefix."""
        prefix, _, local = prefixed.partition(":")
        if prefix not in self.prefixes:
            raise ConfigError(f"The page layout uses the prefix {prefix!r}, which nothing declares.")
        return self.prefixes[prefix] + local


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of things, for looking up: as written, folded, and the one to show."""

    exact: Mapping[str, frozenset[str]]
    folded: Mapping[str, frozenset[str]]
    shown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceVersion:
    """A unit as it was for some time (both days inclusive; empty means unknown or still)."""

    iri: str
    unit: str
    names: tuple[str, ...]
    valid_from: str
    valid_until: str
    within: str | None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the dataset knows that a page may speak of."""

    base: str
    schemes: Mapping[str, Labels]
    agents: Labels
    kinds: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[PlaceVersion, ...]]
    containers: Mapping[str, tuple[str, ...]]
    sites: Mapping[str, tuple[str, str]]
    mentioned: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase and what it was taken for: `how` is exact, variant, split, fuzzy or name."""

    line: int
    phrase: str
    property: str
    iris: tuple[str, ...]
    how: str
    score: float = 100.0


@dataclass(frozen=True, slots=True)
class LineUse:
    """What became of one line that is not blank."""

    line: int
    text: str
    use: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A Turtle file ready for review, and the path in the dataset where it belongs."""

    path: str
    turtle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageImport:
    """Everything that came of a page."""

    title: str
    slug: str
    language: str
    drafts: tuple[Draft, ...]
    matches: tuple[Match, ...]
    lines: tuple[LineUse, ...]
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time as stated: start and end as year, month or day; empty where nothing is said."""

    start: str = ""
    end: str = ""
    approximate: bool = False
    doubt: str = ""


class PageError(InvalidDataError):
    """A page that cannot be read at all: nothing in it, or not text."""


# The layout and the vocabulary


def load_layout(content: bytes, *, path: str, prefixes: Mapping[str, str] = PREFIXES) -> Layout:
    """Read the TOML that describes pages. Raises ConfigError naming the file and the key."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}.") from error
    try:
        return Layout(
            sections=tuple(_section(section) for section in table["sections"]),
            subject=table["subject"],
            period=table["period"],
            places=table["places"],
            homepage=table["homepage"],
            entry=table["entry"],
            closing=table["closing"],
            languages=table["languages"],
            prefixes={**prefixes, **table["prefixes"]},
        )
    except KeyError as error:
        raise ConfigError(f"{path}: {error.args[0]!r} is missing.") from error


def _section(table: Mapping[str, Any]) -> Section:
    qualified, agents = table.get("qualified"), table.get("agents")
    return Section(
        headings=tuple(table["headings"]),
        property=table["property"],
        scheme=table["scheme"],
        qualified=Qualified(**_renamed(qualified)) if qualified else None,
        agents=Agents(**_renamed(agents)) if agents else None,
    )


def _renamed(table: Mapping[str, str]) -> dict[str, str]:
    return {("class_" if key == "class" else key): value for key, value in table.items()}


_LABELS = (term("skos:prefLabel"), RDFS_LABEL)
_VARIANTS = (term("skos:altLabel"), term("skos:hiddenLabel"))


def vocabulary(quads: Iterable[Quad], layout: Layout, *, base: str) -> Vocabulary:
    """Collect from a dataset's quads what phrases, places and addresses on a page are looked up in."""
    facts = _Facts(quads, layout)
    kind_property = {s.agents.kind for s in layout.sections if s.agents}
    kinds = {
        subject: tuple(sorted(values))
        for prefixed in kind_property
        for subject, values in facts.objects[layout.iri(prefixed)].items()
    }
    schemes = facts.objects[term("skos:inScheme").value]
    wanted = {s.scheme for s in layout.sections}
    return Vocabulary(
        base=base,
        schemes={w: _labels(facts, [c for c, s in schemes.items() if w in s]) for w in sorted(wanted)},
        agents=_labels(facts, list(kinds)),
        kinds=kinds,
        places=_places(facts, layout),
        containers=_containers(facts, layout),
        sites=_sites(facts, layout),
        mentioned=_mentioned(facts, base, layout),
    )


class _Facts:
    """The statements that matter here, by property: IRIs and literals of each subject, in order."""

    def __init__(self, quads: Iterable[Quad], layout: Layout) -> None:
        places = layout.places
        single = [places[key] for key in ("name", "unit", "valid_from", "valid_until", "within")]
        single += [layout.homepage["url"], *(s.agents.kind for s in layout.sections if s.agents)]
        wanted = {layout.iri(prefixed) for prefixed in single}
        wanted |= {node.value for node in (*_LABELS, *_VARIANTS, term("skos:inScheme"), RDF_TYPE)}
        self.objects: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for quad in quads:
            subject, value = quad.subject, quad.object
            if quad.predicate.value not in wanted or not isinstance(subject, NamedNode):
                continue
            if isinstance(value, (NamedNode, Literal)):
                self.objects[quad.predicate.value][subject.value].append(value.value)

    def of(self, prop: str, subject: str) -> list[str]:
        return self.objects[prop].get(subject, [])


def _labels(facts: _Facts, subjects: Sequence[str]) -> Labels:
    exact: dict[str, set[str]] = defaultdict(set)
    folded: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, str] = {}
    for subject in subjects:
        preferred = [text for prop in _LABELS for text in facts.of(prop.value, subject)]
        for text in preferred:
            exact[_spaced(text)].add(subject)
        for text in (*preferred, *(t for prop in _VARIANTS for t in facts.of(prop.value, subject))):
            folded[fold(text)].add(subject)
        shown[subject] = preferred[0] if preferred else subject
    return Labels(_frozen(exact), _frozen(folded), shown)


def _frozen(index: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in index.items()}


def _places(facts: _Facts, layout: Layout) -> dict[str, tuple[PlaceVersion, ...]]:
    terms = layout.places
    class_iri, found = layout.iri(terms["class"]), defaultdict(list)
    for subject, classes in facts.objects[RDF_TYPE.value].items():
        if class_iri not in classes:
            continue
        version = PlaceVersion(
            iri=subject,
            unit=_first(facts.of(layout.iri(terms["unit"]), subject)),
            names=tuple(dict.fromkeys(facts.of(layout.iri(terms["name"]), subject))),
            valid_from=_first(facts.of(layout.iri(terms["valid_from"]), subject)),
            valid_until=_first(facts.of(layout.iri(terms["valid_until"]), subject)),
            within=_first(facts.of(layout.iri(terms["within"]), subject)) or None,
        )
        for name in version.names:
            found[name].append(version)
    return {name: tuple(sorted(versions, key=lambda v: v.iri)) for name, versions in sorted(found.items())}


def _containers(facts: _Facts, layout: Layout) -> dict[str, tuple[str, ...]]:
    terms = layout.places
    held = {iri for values in facts.objects[layout.iri(terms["within"])].values() for iri in values}
    return {iri: tuple(facts.of(layout.iri(terms["name"]), iri)) for iri in sorted(held)}


def _sites(facts: _Facts, layout: Layout) -> dict[str, tuple[str, str]]:
    """Give the known web sites by host: their IRI and their address as the dataset writes it."""
    class_iri, url = layout.iri(layout.homepage["class"]), layout.iri(layout.homepage["url"])
    types = facts.objects[RDF_TYPE.value]
    pairs = [
        (_host(address), (subject, address))
        for subject, addresses in facts.objects[url].items()
        if class_iri in types.get(subject, ())
        for address in addresses
    ]
    return {host: site for host, site in sorted(pairs, reverse=True) if host}


def _mentioned(facts: _Facts, base: str, layout: Layout) -> dict[str, str]:
    things = f"{base}id/"
    own = {f"{things}{layout.entry['kind']}/", f"{things}{layout.homepage['kind']}/"}
    found: dict[str, str] = {}
    for prop in (*_VARIANTS, RDFS_LABEL):
        for subject, texts in facts.objects[prop.value].items():
            rest = subject.removeprefix(things)
            named = subject.startswith(things) and "#" not in rest and rest.count("/") == 1
            if named and not any(subject.startswith(prefix) for prefix in own):
                found.update({text: subject for text in texts if _is_name(text)})
    return dict(sorted(found.items()))


def _is_name(text: str) -> bool:
    return len(text) > 3 and text[0].isupper()


def _first(values: Sequence[str]) -> str:
    return values[0] if values else ""


# Words


def fold(text: str) -> str:
    """Give a phrase as it is compared: no case, plain spaces, no full stop at the end.

    >>> fold("  Grende- /Bygdelag. ")
    'grende-/bygdelag'
    """
    spaced = _spaced(unicodedata.normalize("NFC", text)).casefold()
    spaced = re.sub(r"\s*/\s*", "/", re.sub(r"[‐‑–—]", "-", spaced))
    return re.sub(r"(?<=\w)-\s+(?=\w)", "-", spaced).strip(" .;:,")


def _spaced(text: str) -> str:
    return " ".join(text.split())


def slugify(text: str) -> str:
    """Give the ASCII slug of a name.

    >>> slugify("Frøya inn i framtida: år 1")
    'froya-inn-i-framtida-ar-1'
    """
    plain = text.lower()
    for letter, letters in _ASCII:
        plain = plain.replace(letter, letters)
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def _host(address: str) -> str:
    found = _ADDRESS.search(address)
    return found[1].lower().removeprefix("www.") if found else ""


# Periods


def parse_period(text: str, *, about: Sequence[str] = (), months: Sequence[str] = ()) -> Period | None:
    """Read a stated period, or give None where it cannot be read for certain.

    >>> parse_period("2006 – 2010")
    Period(start='2006', end='2010', approximate=False, doubt='')
    >>> parse_period("2006–").end
    ''
    >>> parse_period("2006/07").end
    '2007'
    >>> parse_period("20012-2015") is None
    True
    """
    words = "|".join(re.escape(word) for word in sorted(about, key=len, reverse=True)) or "(?!)"
    rest, approximated = re.subn(rf"(?<!\w)(?:{words})(?=\s|\d)\s*", "", text.strip().lower())
    rest = re.sub(r"[‐‑–—]", "-", rest).strip(" .")
    short = re.fullmatch(r"(\d{4})\s*([-/])\s*(\d{2})", rest)
    if short:
        return _short_period(short[1], short[2], short[3], approximate=bool(approximated))
    ends = re.split(r"\s*-\s*", rest)
    dates = [_date(part, months) if part else "" for part in ends]
    if len(dates) > 2 or None in dates or not dates[0]:
        return None
    start, end = dates[0], dates[-1] or ""
    if end and end < start[: len(end)]:
        return None
    return Period(start=start, end=end, approximate=bool(approximated))


def _short_period(start: str, sign: str, last: str, *, approximate: bool) -> Period | None:
    end = start[:2] + last
    if end < start or not _year(start):
        return None
    doubt = f"{end}, not month {last} of {start}" if sign == "-" and last <= "12" else ""
    return Period(start=start, end=end, approximate=approximate, doubt=doubt)


def _date(text: str, months: Sequence[str]) -> str | None:
    if re.fullmatch(r"\d{4}", text):
        return _year(text)
    day = _DAY.fullmatch(text)
    if day:
        return _iso(day[3], day[2], day[1])
    named = re.fullmatch(r"(?:(\d{1,2})\.\s*)?(\w+)\s+(\d{4})", text)
    if named and named[2] in months:
        return _iso(named[3], str(list(months).index(named[2]) + 1), named[1])
    return None


def _year(text: str) -> str | None:
    return text if "1900" <= text <= "2100" else None


def _iso(year: str, month: str, day: str | None) -> str | None:
    if not _year(year) or not 1 <= int(month) <= 12:
        return None
    if day is None:
        return f"{year}-{int(month):02}"
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


# Lines


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    bullet: bool
    apart: bool
    before_bullets: bool


def decode(content: bytes) -> tuple[str, bool]:
    """Give the text of a page and whether it was Windows-1252 rather than UTF-8. Raises PageError."""
    try:
        return _as_text(content.decode("utf-8-sig")), False
    except UnicodeDecodeError:
        pass
    try:
        return _as_text(content.decode("cp1252")), True
    except UnicodeDecodeError as error:
        byte = content[error.start]
        raise PageError(
            f"The page is neither UTF-8 nor Windows-1252: byte 0x{byte:02X} at position {error.start}.",
            hint="Save it as UTF-8 and import it again.",
        ) from error


def _as_text(text: str) -> str:
    control = _CONTROL.search(text)
    if control:
        raise PageError(
            f"The page is not text: it has the control character U+{ord(control[0]):04X}.",
            hint="Save the page as plain text and import it again.",
        )
    return text


def _lines(text: str) -> tuple[_Line, ...]:
    raw = text.splitlines()
    filled = [number for number, line in enumerate(raw) if line.strip()]
    found = []
    for position, number in enumerate(filled):
        following = filled[position + 1] if position + 1 < len(filled) else None
        bullet = _BULLET.match(raw[number])
        found.append(
            _Line(
                number=number + 1,
                text=_spaced(raw[number][bullet.end() :] if bullet else raw[number]),
                bullet=bool(bullet),
                apart=number == 0 or not raw[number - 1].strip(),
                before_bullets=following is not None and bool(_BULLET.match(raw[following])),
            )
        )
    return tuple(found)


# Matching


@dataclass(frozen=True, slots=True)
class _Found:
    iris: tuple[str, ...]
    how: str
    score: float = 100.0


def find(phrase: str, labels: Labels) -> _Found | None:
    """Give what a phrase stands for among labels: exact, as a variant, or very like one."""
    exact = labels.exact.get(_spaced(phrase))
    if exact:
        return _Found(tuple(sorted(exact)), "exact")
    variant = labels.folded.get(fold(phrase))
    if variant:
        return _Found(tuple(sorted(variant)), "variant")
    return None


def _nearly(phrase: str, labels: Labels) -> _Found | None:
    ranked = process.extract(
        fold(phrase), list(labels.folded), scorer=fuzz.ratio, score_cutoff=ACCEPTED_SCORE, limit=5
    )
    if not ranked or re.findall(r"\d+", ranked[0][0]) != re.findall(r"\d+", phrase):
        return None
    best = labels.folded[ranked[0][0]]
    if any(labels.folded[label] != best and score > ranked[0][1] - 3 for label, score, _ in ranked[1:]):
        return None
    return _Found(tuple(sorted(best)), "fuzzy", round(ranked[0][1], 1))


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


# Turtle


@dataclass(slots=True)
class _Node:
    subject: str
    statements: list[tuple[str, str]]

    def add(self, predicate: str, value: str) -> None:
        if (predicate, value) not in self.statements:
            self.statements.append((predicate, value))


@dataclass(slots=True)
class _Writer:
    """Writes IRIs as short as the prefixes allow, and remembers which prefixes it took."""

    layout: Layout
    base: str
    used: dict[str, str] = field(default_factory=dict)

    def iri(self, iri: str) -> str:
        found = re.fullmatch(rf"({re.escape(self.base)}(?:id|concept)/([a-z-]+)/)([a-z0-9-]+)", iri)
        if found:
            self.used[found[2]] = found[1]
            return f"{found[2]}:{found[3]}"
        return f"<{iri}>"

    def name(self, prefixed: str) -> str:
        prefix = prefixed.partition(":")[0]
        self.used[prefix] = self.layout.iri(f"{prefix}:")
        return prefixed

    def statement(self, text: str) -> tuple[str, str]:
        """Split a statement of the layout, such as `bg:assessed false`."""
        predicate, _, value = text.partition(" ")
        named = predicate if predicate == "a" else self.name(predicate)
        return named, self.name(value) if re.match(r"[a-z][\w-]*:", value) else value

    def date(self, text: str) -> str:
        return f'"{text}"^^' + self.name({4: "xsd:gYear", 7: "xsd:gYearMonth"}.get(len(text), "xsd:date"))

    def draft(self, path: str, subject: str, source: str, nodes: Sequence[_Node]) -> Draft:
        """Lay a file out: prefixes, where it comes from, then one statement a line."""
        graph = _Node(
            "<>", [("a", self.name("prov:Entity")), (self.name("prov:hadPrimarySource"), f"<{source}>")]
        )
        blocks = [_block(node) for node in (graph, *nodes) if node.statements]
        if any(node.subject.startswith(":") for node in nodes):
            self.used[""] = f"{subject}#"
        prefixes = "".join(f"@prefix {p}: <{ns}> .\n" for p, ns in sorted(self.used.items()))
        return Draft(path, prefixes + "\n" + "\n".join(blocks))


def _block(node: _Node) -> str:
    lines = [f"{predicate} {value}" for predicate, value in node.statements]
    return f"{node.subject} " + " ;\n    ".join(lines) + " .\n"


def _literal(text: str, language: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"@{language}'


def to_turtle(page: PageImport) -> str:
    """Give all drafts as one Turtle text, each under the path where it belongs."""
    return "\n".join(f"# {draft.path}\n{draft.turtle}" for draft in page.drafts)


# The page


def read_page(
    content: bytes,
    *,
    layout: Layout,
    known: Vocabulary,
    source: str,
    path: str = "page.txt",
    slug: str | None = None,
) -> PageImport:
    """Read a page into drafts and a report of everything that was not carried over for certain.

    `source` is the page's address, which every statement rests on; `slug` is its name in the dataset, by
    default made of the title. Raises PageError for an empty page or one that is not text.
    """
    text, windows = decode(content)
    lines = _lines(text)
    if not lines:
        raise PageError(f"{path}: the page is empty.", hint="Save the page's text and import it again.")
    reader = _Reader(layout, known, path, lines)
    if windows:
        reader.find("page-encoding", Severity.WARNING, lines[0], _ENCODING)
    return reader.read(source, slug)


_Message = tuple[str, str]
_ENCODING: _Message = (
    "The page is Windows-1252; it was read as that.",
    "Siden er Windows-1252 og ble lest som det.",
)


class _Reader:
    """One pass over one page; holds what has been read so far."""

    def __init__(self, layout: Layout, known: Vocabulary, path: str, lines: tuple[_Line, ...]) -> None:
        self.layout, self.known, self.path, self.lines = layout, known, path, lines
        self.findings: list[Finding] = []
        self.uses: list[LineUse] = []
        self.matches: list[Match] = []
        self.prose: list[_Line] = []
        self.items: list[tuple[Section, _Line]] = []
        self.periods: list[_Line] = []
        self.addresses: list[_Line] = []
        self.closing: list[_Line] = []
        self.closed = False
        self.language = _language(lines, layout)

    def find(
        self,
        rule: str,
        severity: Severity,
        line: _Line,
        message: _Message,
        *,
        value: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                messages=(("en", message[0]), ("nb", message[1])),
                place=Place(self.path, line.number),
                value=value,
                hint=hint,
                excerpt=line.text,
            )
        )

    def used(self, line: _Line, use: str) -> None:
        self.uses.append(LineUse(line.number, line.text, use))

    def read(self, source: str, slug: str | None) -> PageImport:
        title = self.lines[0].text
        self.used(self.lines[0], "title")
        self._sort()
        slug = slug or slugify(title)
        if not _SLUG.fullmatch(slug):
            raise PageError(
                f"{self.path}: {slug!r} cannot be a name in an IRI.",
                hint="Give one of a-z, 0-9 and hyphens with --slug.",
            )
        if not _IRI.fullmatch(source):
            raise PageError(
                f"{self.path}: {source!r} is not an address.", hint="Give the page's own http(s) IRI."
            )
        drafts = _Drafts(self, title, slug, source).all()
        found = sorted(
            self.findings, key=lambda f: (f.place.line or 0 if f.place else 0, f.rule, f.value or "")
        )
        return PageImport(
            title=title,
            slug=slug,
            language=self.language,
            drafts=drafts,
            matches=tuple(self.matches),
            lines=tuple(sorted(self.uses, key=lambda use: use.line)),
            report=Report(findings=tuple(found)),
        )

    # What each line is

    def _sort(self) -> None:
        take: Callable[[_Line], None] = self._take_prose
        seen: dict[str, int] = {}
        for line in self._joined(self.lines[1:]):
            heading, rest = self._heading(line)
            if heading:
                take = self._opened(heading, line, seen)
                self.used(line, "heading")
                if rest:
                    take(_Line(line.number, rest, False, True, False))
            elif take != self._take_closing and self._is_address(line):
                self.addresses.append(line)
                self.used(line, "homepage")
                if take == self._take_prose:
                    self._take_prose(line)
            elif take not in (self._take_prose, self._take_closing) and self._is_unknown_heading(line):
                take = self._unknown(line)
            else:
                take(line)
                self.used(line, "read")
        if not self.closed:
            self.find("page-cut", Severity.WARNING, self.lines[-1], _UNCLOSED)

    def _joined(self, lines: Sequence[_Line]) -> Iterator[_Line]:
        """Yield lines with an item that runs on over a line break put together again."""
        held: _Line | None = None
        for line in lines:
            runs_on = (
                held and held.bullet and not line.bullet and not line.apart and not self._heading(line)[0]
            )
            if held and runs_on:
                self.used(line, "joined to the item above")
                held = _Line(held.number, f"{held.text} {line.text}", True, held.apart, line.before_bullets)
                continue
            if held:
                yield held
            held = line
        if held:
            yield held

    def _heading(self, line: _Line) -> tuple[str, str]:
        """Give the heading that a line is, folded, and what stands after its colon."""
        if line.bullet:
            return "", ""
        whole, (before, _, after) = fold(line.text), line.text.partition(":")
        for heading in self._headings():
            if fold(heading) == whole:
                return fold(heading), ""
            if after.strip() and fold(heading) == fold(before):
                return fold(heading), after.strip()
        return "", ""

    def _headings(self) -> tuple[str, ...]:
        lists = [heading for section in self.layout.sections for heading in section.headings]
        return (*self.layout.period["headings"], *lists, *self.layout.closing["headings"])

    def _opened(self, heading: str, line: _Line, seen: dict[str, int]) -> Callable[[_Line], None]:
        part = self._part(heading)
        if part in seen:
            first = seen[part]
            self.find(
                "page-heading-twice",
                Severity.WARNING,
                line,
                (
                    f"The heading {line.text!r} is for the same part as line {first}; both are read as one.",
                    f"Overskriften «{line.text}» gjelder samme del som linje {first}; begge leses som én.",
                ),
                value=line.text,
            )
        seen.setdefault(part, line.number)
        if part == "period":
            return self.periods.append
        if part == "closing":
            self.closed = True
            return self._take_closing
        section = self.layout.sections[int(part)]
        return lambda item: self._take_item(section, item)

    def _part(self, heading: str) -> str:
        if heading in map(fold, self.layout.period["headings"]):
            return "period"
        for number, section in enumerate(self.layout.sections):
            if heading in map(fold, section.headings):
                return str(number)
        return "closing"

    def _is_unknown_heading(self, line: _Line) -> bool:
        if line.bullet or line.text.endswith(".") or len(line.text.split()) > 5:
            return False
        return line.before_bullets and line.apart

    def _unknown(self, line: _Line) -> Callable[[_Line], None]:
        near = process.extractOne(fold(line.text), [fold(h) for h in self._headings()], scorer=fuzz.ratio)
        likely = near[0] if near and near[1] >= SUGGESTED_SCORE else None
        self.used(line, "reported: unknown heading")
        self.find(
            "page-unknown-heading",
            Severity.WARNING,
            line,
            (
                f"{line.text!r} looks like a heading and is not known; what is under it is left out.",
                f"«{line.text}» ser ut som en overskrift og er ukjent; det som står under, er ikke tatt med.",
            ),
            value=line.text,
            hint=f"Did you mean {likely!r}? A new spelling belongs in the page layout." if likely else None,
        )
        return lambda item: self.report_unplaced(item, f"under the unknown heading {line.text!r}", ())

    def _take_prose(self, line: _Line) -> None:
        self.prose.append(line)

    def _take_closing(self, line: _Line) -> None:
        self.closing.append(line)

    def _take_item(self, section: Section, line: _Line) -> None:
        bulleted = any(s is section and item.bullet for s, item in self.items)
        if bulleted and not line.bullet:
            self._take_prose(line)
        else:
            self.items.append((section, line))

    def _is_address(self, line: _Line) -> bool:
        words = self.layout.homepage["words"]
        said = any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line.text, re.IGNORECASE) for word in words)
        return said and not line.bullet and self.address_in(line) is not None

    def address_in(self, line: _Line) -> re.Match[str] | None:
        """Give the first address in a line that is none of the abbreviations that look like one."""
        odd = self.layout.homepage["not_addresses"]
        return next((found for found in _ADDRESS.finditer(line.text) if found[0].lower() not in odd), None)

    def report_unplaced(self, line: _Line, why: str, near: tuple[tuple[str, str, float], ...]) -> None:
        named = ", ".join(f"{label} <{iri}> ({score:g})" for iri, label, score in near)
        self.find(
            "page-unplaced",
            Severity.WARNING,
            line,
            (f"{line.text!r} could not be placed: {why}.", f"«{line.text}» kunne ikke plasseres."),
            value=line.text,
            hint=f"Nearest: {named}." if named else "Nothing is like it; it may need a concept of its own.",
        )


_UNCLOSED: _Message = (
    "The closing heading is missing: the page seems to be cut.",
    "Avslutningen mangler: siden ser ut til å være kuttet.",
)


def _language(lines: Sequence[_Line], layout: Layout) -> str:
    text = " " + " ".join(line.text for line in lines).casefold() + " "
    words = set(re.findall(r"\w+", text))
    return max(layout.languages, key=lambda tag: len(words & set(layout.languages[tag]["words"])))


class _Drafts:
    """Turns what a reader has sorted into files."""

    def __init__(self, reader: _Reader, title: str, slug: str, source: str) -> None:
        self.reader, self.title, self.slug, self.source = reader, title, slug, source
        self.layout, self.known = reader.layout, reader.known
        self.tag = self.layout.subject["label_language"]
        self.subject = f"{self.known.base}id/{self.layout.subject['kind']}/{slug}"
        self.writer = _Writer(self.layout, self.known.base)
        self.main = _Node(self.writer.iri(self.subject), [])
        self.nodes: list[_Node] = []
        self.period: Period | None = None
        self.others: list[Draft] = []
        self.units: tuple[str, ...] = ()

    def all(self) -> tuple[Draft, ...]:
        say = self.writer
        self.main.add("a", say.name(self.layout.subject["class"]))
        self._label(self.main, self.title)
        self._periods()
        self._places()
        for line in self.reader.addresses:
            self._homepage(line)
        for section, line in self.reader.items:
            self._item(section, line)
        self._prose()
        kind = self.layout.subject["kind"]
        draft = say.draft(f"data/{kind}/{self.slug}.ttl", self.subject, self.source, [self.main, *self.nodes])
        return (draft, self._entry(), *self.others)

    def _label(self, node: _Node, text: str) -> None:
        node.add(self.writer.name("rdfs:label"), _literal(text, self.tag))
        node.add("rdfs:label", _literal(text, self.reader.language))

    # Time

    def _periods(self) -> None:
        terms, lines, say = self.layout.period, self.reader.periods, self.writer
        if not lines:
            return
        stated = "; ".join(line.text for line in lines)
        read = [parse_period(line.text, about=terms["about"], months=terms["months"]) for line in lines]
        self.period = read[0] if len(read) == 1 else None
        if self.period:
            self.main.add(say.name(terms["property"]), ":period")
            self.nodes.append(self._period_node(self.period))
        self.main.add(say.name(terms["stated"]), _literal(stated, self.reader.language))
        if not self.period or self.period.doubt:
            self._doubtful_period(lines[0], stated)

    def _doubtful_period(self, line: _Line, stated: str) -> None:
        if self.period:
            message = (
                f"The period {stated!r} was read as ending in {self.period.doubt}.",
                f"Perioden «{stated}» ble lest som at den slutter i {self.period.end}.",
            )
        else:
            message = (
                f"The period {stated!r} could not be read; it is kept as stated, without dates.",
                f"Perioden «{stated}» kunne ikke leses; den er tatt med som den står, uten datoer.",
            )
        self.reader.find("page-period", Severity.WARNING, line, message, value=stated)

    def _period_node(self, period: Period) -> _Node:
        say, node = self.writer, _Node(":period", [])
        node.add("a", say.name("dcterms:PeriodOfTime"))
        node.add(say.name("dcat:startDate"), say.date(period.start))
        if period.end:
            node.add("dcat:endDate", say.date(period.end))
        if period.approximate:
            node.add(say.name(self.layout.period["approximate_start"]), "true")
            if period.end:
                node.add(say.name(self.layout.period["approximate_end"]), "true")
        return node

    # Places

    def _places(self) -> None:
        terms, say = self.layout.places, self.writer
        text_lines = self.reader.prose
        containers = self._containers_in(text_lines)
        placed: list[PlaceVersion] = []
        for line, name in self._place_names(text_lines):
            versions, near = self._resolve(name, containers)
            for version in versions:
                self.reader.matches.append(
                    Match(line.number, name, terms["property"], (version.iri,), "name")
                )
            placed += versions
            if not versions:
                self._unresolved(line, name, near)
        self.units = tuple(version.unit for version in placed)
        within = dict.fromkeys(v.within for v in placed if v.within in containers)
        for iri in within:
            self.main.add(say.name(terms["within"]), say.iri(str(iri)))
        for version in placed:
            self.main.add(say.name(terms["property"]), say.iri(version.iri))

    def _place_names(self, lines: Sequence[_Line]) -> Iterator[tuple[_Line, str]]:
        """Yield each known name beside a word for such places ("Halsa og Rindal kommuner")."""
        if not self.known.places:
            return
        name = "|".join(re.escape(n) for n in sorted(self.known.places, key=len, reverse=True))
        words = "|".join(self.layout.places["words"])
        joints = "|".join(re.escape(word) for word in self.layout.subject["and"])
        names = rf"(?<![\w-])((?:(?:{name})(?:,\s+|\s+(?:{joints})\s+))*(?:{name}))(?![\w-])"
        one = re.compile(rf"(?<![\w-])(?:{name})(?![\w-])")
        beside = (rf"{names}\s+(?i:{words})(?!\w)", rf"(?<!\w)(?i:{words})\s+{names}")
        for line in lines:
            for pattern in beside:
                for found in re.finditer(pattern, line.text):
                    yield from ((line, place) for place in one.findall(found[1]))

    def _containers_in(self, lines: Sequence[_Line]) -> frozenset[str]:
        text = "\n".join(line.text for line in lines)
        return frozenset(
            iri for iri, names in self.known.containers.items() if any(_stands_in(n, text) for n in names)
        )

    def _resolve(
        self, name: str, containers: frozenset[str]
    ) -> tuple[tuple[PlaceVersion, ...], tuple[PlaceVersion, ...]]:
        """Give the versions of the one place meant, else nothing and the candidates."""
        first, last = self._span()
        fitting = tuple(
            v
            for v in self.known.places[name]
            if (v.valid_from or "0000") <= last and (v.valid_until or "9999") >= first
        )
        if len({v.unit for v in fitting}) > 1:
            narrowed = tuple(v for v in fitting if v.within in containers)
            if len({v.unit for v in narrowed}) == 1:
                return narrowed, ()
            return (), fitting
        return fitting, () if fitting else self.known.places[name]

    def _span(self) -> tuple[str, str]:
        """Give the first and last day at which a place counts: of the period, else the reference date."""
        if not self.period:
            day = self.layout.places["reference_date"]
            return day, day
        first = (self.period.start + "-01-01")[:10]
        end = self.period.end
        return first, {0: first, 4: f"{end}-12-31", 7: f"{end}-{_LAST_DAY_OF_ANY_MONTH}"}.get(len(end), end)

    def _unresolved(self, line: _Line, name: str, near: tuple[PlaceVersion, ...]) -> None:
        terms = self.layout.places
        self.main.add(self.writer.name(terms["unresolved"]), _literal(name, self.reader.language))
        self.reader.find(
            "page-place",
            Severity.WARNING,
            line,
            (
                f"{name!r} may be more than one place; it is kept as stated.",
                f"«{name}» kan være flere steder; navnet er tatt med som det står.",
            ),
            value=name,
            hint="Candidates: " + ", ".join(f"<{version.iri}>" for version in near) + ".",
        )

    # Lists

    def _item(self, section: Section, line: _Line) -> None:
        found = self._found(section, line.text)
        if found:
            self._state(section, line, line.text, found)
            return
        qualified = _QUALIFIED.match(line.text)
        if section.qualified and qualified and self._qualified(section, line, qualified[1], qualified[2]):
            return
        joints, bare = self.layout.subject["and"], re.sub(r"[()]", " ", line.text)
        parts = split(bare, lambda part: self._found(section, part), joints=joints)
        if parts:
            self._run_together(section, line, parts)
            return
        nearly = _nearly(line.text, self.known.schemes[section.scheme])
        if nearly:
            self._state(section, line, line.text, nearly)
            self._report_fuzzy(section, line, nearly)
            return
        near = suggestions(line.text, self.known.schemes[section.scheme])
        self.reader.report_unplaced(line, "no label is near enough", near)

    def _found(self, section: Section, phrase: str) -> _Found | None:
        concept = find(phrase, self.known.schemes[section.scheme])
        return concept or (find(phrase, self.known.agents) if section.agents else None)

    def _state(self, section: Section, line: _Line, phrase: str, found: _Found) -> None:
        same = [m for m in self.reader.matches if (m.property, m.iris) == (section.property, found.iris)]
        if same:
            self._report_repeated(line, phrase, same[0])
        self.reader.matches.append(
            Match(line.number, phrase, section.property, found.iris, found.how, found.score)
        )
        for iri in found.iris:
            if section.agents and iri in self.known.agents.shown:
                self._agent(section, section.agents, iri)
            else:
                self._add_list(section, iri)

    def _add_list(self, section: Section, iri: str) -> None:
        self.main.add(self.writer.name(section.property), self.writer.iri(iri))

    def _agent(self, section: Section, agents: Agents, iri: str) -> None:
        say = self.writer
        for kind in self.known.kinds.get(iri, ()):
            self._add_list(section, kind)
        node = self._node(f":{agents.role.partition(':')[2]}-{iri.rpartition('/')[2]}")
        self.main.add(say.name(agents.property), node.subject)
        node.add("a", say.name(agents.class_))
        node.add(say.name(agents.agent), say.iri(iri))
        node.add(say.name(agents.role_property), say.name(agents.role))
        node.add(say.name("dcterms:source"), f"<{self.source}>")

    def _node(self, subject: str) -> _Node:
        """Give the node of this name, made if it is new."""
        found = next((node for node in self.nodes if node.subject == subject), None)
        if found is None:
            found = _Node(subject, [])
            self.nodes.append(found)
        return found

    def _qualified(self, section: Section, line: _Line, phrase: str, names: str) -> bool:
        terms, found = section.qualified, self._found(section, phrase)
        joints = "|".join(re.escape(word) for word in self.layout.subject["and"])
        listed = [name.strip() for name in re.split(rf",|\s(?:{joints})\s", names)]
        containers = self._containers_in(self.reader.prose)
        places = [self._resolve(n, containers)[0] if n in self.known.places else () for n in listed]
        if not terms or not found or not all(places):
            return False
        self._state(section, line, phrase, found)
        say = self.writer
        for iri in found.iris:
            node = self._node(f":{section.scheme.rpartition('/')[2]}-{iri.rpartition('/')[2]}")
            self.main.add(say.name(terms.property), node.subject)
            node.add("a", say.name(terms.class_))
            node.add(say.name(terms.value), say.iri(iri))
            for version in (v for versions in places for v in versions):
                node.add(say.name(terms.place), say.iri(version.iri))
        return True

    def _run_together(self, section: Section, line: _Line, parts: Sequence[str]) -> None:
        for part in parts:
            found = self._found(section, part)
            if found:
                self._state(section, line, part, _Found(found.iris, "split"))
        self.reader.find(
            "page-run-together",
            Severity.WARNING,
            line,
            (
                f"{line.text!r} was read as {len(parts)} items: {'; '.join(parts)}.",
                f"«{line.text}» ble lest som {len(parts)} punkter: {'; '.join(parts)}.",
            ),
            value=line.text,
        )

    def _report_repeated(self, line: _Line, phrase: str, first: Match) -> None:
        self.reader.find(
            "page-repeated",
            Severity.INFO,
            line,
            (
                f"{phrase!r} says the same as line {first.line}; it is stated once.",
                f"«{phrase}» sier det samme som linje {first.line}; det er tatt med én gang.",
            ),
            value=phrase,
        )

    def _report_fuzzy(self, section: Section, line: _Line, found: _Found) -> None:
        shown = ", ".join(self.known.schemes[section.scheme].shown[iri] for iri in found.iris)
        self.reader.find(
            "page-fuzzy",
            Severity.WARNING,
            line,
            (
                f"{line.text!r} was taken for {shown!r} (score {found.score:g}).",
                f"«{line.text}» ble tatt for «{shown}» (likhet {found.score:g}).",
            ),
            value=line.text,
            hint="If that is right, add it to the concept as skos:hiddenLabel.",
        )

    # The web site

    def _homepage(self, line: _Line) -> None:
        terms, address = self.layout.homepage, self.reader.address_in(line)
        if not address:
            return
        host = address[1].lower().removeprefix("www.")
        own = f"{self.known.base}id/{terms['kind']}/{slugify(host.rpartition('.')[0])}"
        iri, url = self.known.sites.get(host, (own, _absolute(address[0])))
        self.main.add(self.writer.name(terms["property"]), self.writer.iri(iri))
        say = _Writer(self.layout, self.known.base)
        site = _Node(say.iri(iri), [("a", say.name(terms["class"]))])
        site.add(say.name("rdfs:label"), _literal(host, self.tag))
        site.add(say.name(terms["url"]), f"<{url}>")
        nodes = [site, *self._observation(say, line, iri, host)]
        path = f"data/{terms['kind']}/{iri.rpartition('/')[2]}.ttl"
        if all(other.path != path for other in self.others):
            self.others.append(say.draft(path, iri, self.source, nodes))

    def _observation(self, say: _Writer, line: _Line, site: str, host: str) -> Iterator[_Node]:
        terms, lower = self.layout.homepage, line.text.lower()
        if not any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lower) for word in terms["down_words"]):
            return
        day = _DAY.search(line.text)
        seen = _iso(day[3], day[2], day[1]) if day else None
        node = _Node(f":down-{seen}" if seen else ":down", [("a", say.name(terms["observation_class"]))])
        label = terms["down_label"].format(site=host, date=seen or "").strip()
        node.add(say.name("rdfs:label"), _literal(label, self.tag))
        node.add(say.name(terms["observed"]), say.iri(site))
        node.add(*say.statement(terms["status"]))
        if seen:
            node.add(say.name(terms["as_of"]), say.date(seen))
        node.add(*say.statement(terms["observer"]))
        node.add(say.name("dcterms:source"), f"<{self.source}>")
        yield node

    # What is not carried over, and the entry

    def _prose(self) -> None:
        for line in self.reader.prose:
            seen = {iri: name for name, iri in self.known.mentioned.items() if _stands_in(name, line.text)}
            for iri in (self.subject, *self.units):
                seen.pop(iri, None)
            named = ", ".join(f"{name} <{iri}>" for iri, name in sorted(seen.items()))
            self.reader.find(
                "page-prose",
                Severity.INFO,
                line,
                (
                    "Running text: only places were read from it.",
                    "Løpende tekst: bare steder er lest ut av den.",
                ),
                hint=f"It names {named}: state how they belong to the subject." if named else None,
            )

    def _entry(self) -> Draft:
        terms, say = self.layout.entry, _Writer(self.layout, self.known.base)
        iri = f"{self.known.base}id/{terms['kind']}/{self.slug}"
        node = _Node(say.iri(iri), [("a", say.name(terms["class"]))])
        for tag, pattern in terms["label"].items():
            node.add(say.name("rdfs:label"), _literal(pattern.format(title=self.title), tag))
        if self.reader.language not in terms["label"]:
            label = terms["label"][self.tag].format(title=self.title)
            node.add("rdfs:label", _literal(label, self.reader.language))
        node.add(say.name(terms["about"]), say.iri(self.subject))
        node.add(say.name(terms["url"]), f"<{self.source}>")
        node.add(say.name(terms["language"]), f"<{self.layout.languages[self.reader.language]['iri']}>")
        text = " ".join(line.text for line in self.reader.closing)
        for says in self.layout.closing["says"]:
            if any(fold(words) in fold(text) for words in says["words"]):
                node.add(*say.statement(says["statement"]))
        node.add(say.name(terms["completeness"]), say.name(self._completeness(text)))
        node.add(say.name(terms["publisher_property"]), ":publisher")
        publisher = _Node(":publisher", [say.statement(text) for text in terms["publisher"]])
        publisher.add(say.name("dcterms:source"), f"<{self.source}>")
        return say.draft(f"data/{terms['kind']}/{self.slug}.ttl", iri, self.source, [node, publisher])

    def _completeness(self, closing: str) -> str:
        terms = self.layout.entry
        if not self.reader.closed:
            return str(terms["body_cut"])
        return str(terms["complete"] if closing.endswith(".") else terms["closing_cut"])


def _stands_in(name: str, text: str) -> bool:
    """Tell whether a name stands in a text as a word of its own; long names whatever their case."""
    sought, given = (name.casefold(), text.casefold()) if len(name) >= _LONG_NAME else (name, text)
    return sought in given and re.search(rf"(?<![\w-]){re.escape(sought)}(?![\w-])", given) is not None


def _absolute(address: str) -> str:
    found = address if address.lower().startswith("http") else f"http://{address}"
    return found if found.count("/") > 2 else f"{found}/"
