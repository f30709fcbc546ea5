"""What a page states, as files of the dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kg.findings import Severity
from kg.pages.layout import Agents, Section
from kg.pages.lines import Line
from kg.pages.matching import Found, find, nearly, split, suggestions
from kg.pages.periods import Period, day_in, parse_period
from kg.pages.reader import Match, Reader
from kg.pages.vocabulary import PlaceVersion
from kg.pages.words import fold, slugify
from kg.pages.writer import Draft, Node, Writer, literal

_LONG_NAME = 8
_QUALIFIED = re.compile(r"(.+?)\s*\(([^()]+)\)\s*\Z")
_LAST_DAY_OF_ANY_MONTH = 31


class Drafts:
    """Turns what a reader has sorted into files."""

    def __init__(self, reader: Reader, title: str, slug: str, source: str) -> None:
        self.reader, self.title, self.slug, self.source = reader, title, slug, source
        self.layout, self.known = reader.layout, reader.known
        self.tag = self.layout.subject["label_language"]
        self.subject = f"{self.known.base}id/{self.layout.subject['kind']}/{slug}"
        self.writer = Writer(self.layout, self.known.base)
        self.main = Node(self.writer.iri(self.subject), [])
        self.nodes: list[Node] = []
        self.period: Period | None = None
        self.others: list[Draft] = []
        self.units: tuple[str, ...] = ()

    def all(self) -> tuple[Draft, ...]:
        """Give the file of the subject, of its entry, and of a web site that is new."""
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

    def _label(self, node: Node, text: str) -> None:
        node.add(self.writer.name("rdfs:label"), literal(text, self.tag))
        node.add("rdfs:label", literal(text, self.reader.language))

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
        self.main.add(say.name(terms["stated"]), literal(stated, self.reader.language))
        if not self.period or self.period.doubt:
            self._doubtful_period(lines[0], stated)

    def _doubtful_period(self, line: Line, stated: str) -> None:
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

    def _period_node(self, period: Period) -> Node:
        say, node = self.writer, Node(":period", [])
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

    def _place_names(self, lines: Sequence[Line]) -> Iterator[tuple[Line, str]]:
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

    def _containers_in(self, lines: Sequence[Line]) -> frozenset[str]:
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

    def _unresolved(self, line: Line, name: str, near: tuple[PlaceVersion, ...]) -> None:
        terms = self.layout.places
        candidates = ", ".join(f"<{version.iri}>" for version in near)
        self.main.add(self.writer.name(terms["unresolved"]), literal(name, self.reader.language))
        self.reader.find(
            "page-place",
            Severity.WARNING,
            line,
            (
                f"{name!r} may be more than one place; it is kept as stated.",
                f"«{name}» kan være flere steder; navnet er tatt med som det står.",
            ),
            value=name,
            hint=(f"Candidates: {candidates}.", f"Kandidater: {candidates}."),
        )

    # Lists

    def _item(self, section: Section, line: Line) -> None:
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
        near_miss = nearly(line.text, self.known.schemes[section.scheme])
        if near_miss:
            self._state(section, line, line.text, near_miss)
            self._report_fuzzy(section, line, near_miss)
            return
        near = suggestions(line.text, self.known.schemes[section.scheme])
        self.reader.report_unplaced(line, "no label is near enough", near)

    def _found(self, section: Section, phrase: str) -> Found | None:
        concept = find(phrase, self.known.schemes[section.scheme])
        return concept or (find(phrase, self.known.agents) if section.agents else None)

    def _state(self, section: Section, line: Line, phrase: str, found: Found) -> None:
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

    def _node(self, subject: str) -> Node:
        """Give the node of this name, made if it is new."""
        found = next((node for node in self.nodes if node.subject == subject), None)
        if found is None:
            found = Node(subject, [])
            self.nodes.append(found)
        return found

    def _qualified(self, section: Section, line: Line, phrase: str, names: str) -> bool:
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

    def _run_together(self, section: Section, line: Line, parts: Sequence[str]) -> None:
        for part in parts:
            found = self._found(section, part)
            if found:
                self._state(section, line, part, Found(found.iris, "split"))
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

    def _report_repeated(self, line: Line, phrase: str, first: Match) -> None:
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

    def _report_fuzzy(self, section: Section, line: Line, found: Found) -> None:
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
            hint=(
                "If that is right, add it to the concept as skos:hiddenLabel.",
                "Er det riktig, så legg den til begrepet som skos:hiddenLabel.",
            ),
        )

    # The web site

    def _homepage(self, line: Line) -> None:
        terms, address = self.layout.homepage, self.reader.address_in(line)
        if not address:
            return
        host = address[1].lower().removeprefix("www.")
        own = f"{self.known.base}id/{terms['kind']}/{slugify(host.rpartition('.')[0])}"
        iri, url = self.known.sites.get(host, (own, _absolute(address[0])))
        self.main.add(self.writer.name(terms["property"]), self.writer.iri(iri))
        say = Writer(self.layout, self.known.base)
        site = Node(say.iri(iri), [("a", say.name(terms["class"]))])
        site.add(say.name("rdfs:label"), literal(host, self.tag))
        site.add(say.name(terms["url"]), f"<{url}>")
        nodes = [site, *self._observation(say, line, iri, host)]
        path = f"data/{terms['kind']}/{iri.rpartition('/')[2]}.ttl"
        if all(other.path != path for other in self.others):
            self.others.append(say.draft(path, iri, self.source, nodes))

    def _observation(self, say: Writer, line: Line, site: str, host: str) -> Iterator[Node]:
        terms, lower = self.layout.homepage, line.text.lower()
        if not any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lower) for word in terms["down_words"]):
            return
        seen = day_in(line.text)
        node = Node(f":down-{seen}" if seen else ":down", [("a", say.name(terms["observation_class"]))])
        label = terms["down_label"].format(site=host, date=seen or "").strip()
        node.add(say.name("rdfs:label"), literal(label, self.tag))
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
                hint=(
                    f"It names {named}: state how they belong to the subject.",
                    f"Den nevner {named}: si hvordan de hører til emnet.",
                )
                if named
                else None,
            )

    def _entry(self) -> Draft:
        terms, say = self.layout.entry, Writer(self.layout, self.known.base)
        iri = f"{self.known.base}id/{terms['kind']}/{self.slug}"
        node = Node(say.iri(iri), [("a", say.name(terms["class"]))])
        for tag, pattern in terms["label"].items():
            node.add(say.name("rdfs:label"), literal(pattern.format(title=self.title), tag))
        if self.reader.language not in terms["label"]:
            label = terms["label"][self.tag].format(title=self.title)
            node.add("rdfs:label", literal(label, self.reader.language))
        node.add(say.name(terms["about"]), say.iri(self.subject))
        node.add(say.name(terms["url"]), f"<{self.source}>")
        node.add(say.name(terms["language"]), f"<{self.layout.languages[self.reader.language]['iri']}>")
        text = " ".join(line.text for line in self.reader.closing)
        for says in self.layout.closing["says"]:
            if any(fold(words) in fold(text) for words in says["words"]):
                node.add(*say.statement(says["statement"]))
        node.add(say.name(terms["completeness"]), say.name(self._completeness(text)))
        node.add(say.name(terms["publisher_property"]), ":publisher")
        publisher = Node(":publisher", [say.statement(text) for text in terms["publisher"]])
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
