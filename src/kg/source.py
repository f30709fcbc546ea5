"""How folders and files become named graphs: what is read, in which room, under which graph name."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from pyoxigraph import NamedNode, Quad

from kg import config, rdfio, tables
from kg.complaints import Around, unreadable
from kg.config import Config
from kg.errors import Bilingual, SourceError
from kg.findings import Finding, Place, Severity, tagged
from kg.rdfio import Format
from kg.tables import RowProblem, TableError, more_problems

_UTF8_BOM = b"\xef\xbb\xbf"
_NTRIPLES = next(fmt for fmt in rdfio.FORMATS if fmt.name == "ntriples")
_WEB_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)?(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE | re.DOTALL)
_SUFFIXES = ", ".join(f".{suffix}" for fmt in rdfio.FORMATS for suffix in fmt.suffixes)


class Room(Enum):
    """The part of a dataset that a file belongs to."""

    ONTOLOGY = "ontology"
    SHAPES = "shapes"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as found: where, in which room, in which format, and the graph its triples go to.

    `relative` is the path that messages and graph names use: from the dataset's folder, with `/`.
    A CSV file has no RDF format but CSVW metadata beside it.
    """

    path: Path
    relative: str
    room: Room
    format: Format | None
    graph: NamedNode
    metadata: Path | None = None

    @property
    def home(self) -> NamedNode | None:
        """The graph of triples that stand in no named one; None where the format means the default graph."""
        keeps = self.format is not None and self.format.datasets and self.format.name != "jsonld"
        return None if keeps else self.graph

    def raw(self) -> bytes:
        """Give the bytes as they lie on disk. Raises SourceError if they cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise SourceError(
                (
                    f"{self.relative}: cannot be read: {error.strerror}.",
                    f"{self.relative}: kan ikke leses: «{error.strerror}».",
                )
            ) from error

    def content(self) -> bytes:
        """Give the document's bytes: unzipped, without a byte order mark. Raises SourceError."""
        return self.unpacked(self.raw()).removeprefix(_UTF8_BOM)

    def unpacked(self, data: bytes) -> bytes:
        """Give the document of which the file has these bytes. Raises SourceError."""
        if self.path.suffix != ".gz":
            return data
        try:
            return gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(
                (
                    f"{self.relative}: not a whole gzip file: {error}.",
                    f"{self.relative}: ikke en hel gzip-fil: «{error}».",
                ),
                hint=("Pack it again, or fetch it again.", "Pakk den på nytt, eller hent den på nytt."),
            ) from error

    def quads(self, *, named: bool = True) -> Iterator[Quad]:
        """Yield the file's quads in order, literals as written; `<>` is the file's graph.

        With `named` false, triples that stand in no graph of the file's own stay in none, which spares
        readers who merge all graphs some work. Raises SyntaxError, with line and column, where the document
        stops being in its format; TableError with the bad rows of a table.
        """
        content = self.content()
        graph = self.home if named else None
        if self.format is None:
            assert self.metadata is not None
            lines = _as_ntriples(content, self.metadata.read_bytes(), self.graph.value, self.relative)
            return rdfio.read(lines, _NTRIPLES, graph=graph)
        return rdfio.read(content, self.format, base=self.graph.value, graph=graph)


@dataclass(frozen=True)
class Source:
    """A dataset as found on disk: its settings and its files, in the order of their paths."""

    config: Config
    files: tuple[SourceFile, ...]
    queries: tuple[Path, ...]
    rules: tuple[Path, ...]
    root: Path | None

    def quads(self, *rooms: Room) -> Iterator[Quad]:
        """Yield the quads of all files in these rooms (all rooms when none is named)."""
        for file in self.files:
            if not rooms or file.room in rooms:
                yield from file.quads()

    def in_room(self, room: Room) -> tuple[SourceFile, ...]:
        """Give the files of one room."""
        return tuple(file for file in self.files if file.room is room)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of every byte that was read: the same only if nothing changed on disk."""
        digest = hashlib.sha256(repr(self.config).encode())
        for file in self.files:
            digest.update(f"{file.relative}\0{file.graph.value}\0".encode() + _sha256(file.path))
            if file.metadata:
                digest.update(_sha256(file.metadata))
        for path in (*self.rules, *self.queries):
            digest.update(path.name.encode() + b"\0" + _sha256(path))
        return digest.hexdigest()


@lru_cache(maxsize=64)
def _as_ntriples(csv: bytes, metadata: bytes, graph: str, path: str) -> bytes:
    """Convert a table once, however many stages read it."""
    table = tables.read_table(csv, metadata, table_iri=graph, path=path)
    return rdfio.write(tables.triples(table), _NTRIPLES)


def _sha256(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def read(paths: Sequence[Path], *, base: str | None = None, shapes: Sequence[Path] = ()) -> Source:
    """Find the dataset that paths name: a folder with rooms, a folder of RDF files, or single files.

    `shapes` are files or folders of further shapes; of a dataset, those in its room for shapes count.
    Nothing is parsed yet. Raises SourceError if there is nothing to read, ConfigError for a bad `kg.toml`.
    """
    roots = [path for path in paths if path.is_dir()]
    found = _config(roots)
    if base is not None:
        found = replace(found, base=config.checked_base(base))
    files: list[SourceFile] = []
    for path in paths:
        files += _files(path, found.base)
    if not files:
        raise SourceError(
            f"There is no RDF file in {', '.join(map(str, paths))}.",
            hint=f"Give a folder with ontology/, shapes/ and data/, or files ending in {_SUFFIXES}.",
        )
    for path in shapes:
        files = _with_shapes(files, _shape_files(path, found.base))
    if not any((root / config.FILE_NAME).is_file() for root in roots):
        files = list(_with_own_graphs(files, found.base))
    _unique_graphs(files)
    queries = [query for root in roots for query in sorted((root / "queries").glob("*.rq"))]
    rules = [rule for root in roots for rule in sorted((root / "ontology" / "rules").glob("*.rq"))]
    return Source(found, tuple(files), tuple(queries), tuple(rules), roots[0] if roots else None)


def _config(roots: Sequence[Path]) -> Config:
    for root in roots:
        if (root / config.FILE_NAME).is_file():
            return config.load(root / config.FILE_NAME)
    return Config()


def _files(path: Path, base: str) -> list[SourceFile]:
    if path.is_file():
        fmt, metadata = rdfio.of_path(path), _metadata(path)
        if path.suffix == ".csv" and metadata is None:
            raise SourceError(
                f"{path}: there is no {path.name}{tables.METADATA_SUFFIX} beside it.",
                hint="CSVW metadata says what the columns mean.",
            )
        if fmt is None and metadata is None:
            raise SourceError(
                f"{path}: no RDF format has this file ending.",
                hint=f"Known: {_SUFFIXES}, and .gz after it.",
            )
        return [_file(path, path.name, Room.DATA, base)]
    if not path.is_dir():
        raise SourceError(f"{path}: there is no such file or folder.")
    rooms = [(room, path / room.value) for room in Room if (path / room.value).is_dir()]
    return [
        _file(found, found.relative_to(path).as_posix(), room, base)
        for room, folder in (rooms or [(Room.DATA, path)])
        for found in _walk(folder)
    ]


def _with_shapes(files: list[SourceFile], shapes: list[SourceFile]) -> list[SourceFile]:
    """Add files of shapes; what was found as data before is shapes alone, and no shape counts twice."""
    known = {file.path.resolve() for file in files if file.room is Room.SHAPES}
    new = {path: file for file in shapes if (path := file.path.resolve()) not in known}
    return [*(file for file in files if file.path.resolve() not in new), *new.values()]


def _shape_files(path: Path, base: str) -> list[SourceFile]:
    room = path / Room.SHAPES.value
    files = _files(room if room.is_dir() else path, base)
    if not files:
        raise SourceError(f"There is no RDF file in {path}.")
    below = f"{base}graph/{Room.SHAPES.value}/"
    return [
        replace(
            file,
            relative=readable(file.path.as_posix()),
            room=Room.SHAPES,
            graph=NamedNode(below + file.graph.value.removeprefix(f"{base}graph/")),
        )
        for file in files
    ]


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        skipped = path.name.endswith(tables.METADATA_SUFFIX) or any(
            part.startswith(".") for part in path.relative_to(folder).parts
        )
        if (rdfio.of_path(path) or _metadata(path)) and not skipped and path.is_file():
            yield path


def _metadata(path: Path) -> Path | None:
    """Give the CSVW metadata that lies beside a CSV file."""
    beside = path.with_name(path.name + tables.METADATA_SUFFIX)
    return beside if path.suffix == ".csv" and beside.is_file() else None


def readable(name: str) -> str:
    """Give a file's name as text: bytes that are not UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _file(path: Path, relative: str, room: Room, base: str) -> SourceFile:
    relative = readable(relative)
    stem = re.sub(r"\.gz\Z", "", relative)
    stem = stem[: stem.rindex(".")]
    graph = NamedNode(f"{base}graph/{quote(stem)}")
    return SourceFile(path, relative, room, rdfio.of_path(path), graph, _metadata(path))


def _unique_graphs(files: Sequence[SourceFile]) -> None:
    seen: dict[str, SourceFile] = {}
    for file in files:
        other = seen.setdefault(file.graph.value, file)
        if other is not file:
            raise SourceError(
                f"{other.path} and {file.path} would both be the graph <{file.graph.value}>.",
                hint="Rename one of them.",
            )


def _with_own_graphs(files: Iterable[SourceFile], base: str) -> Iterator[SourceFile]:
    """Yield each file once; of those that would be one graph, each has a longer name."""
    each = {os.path.abspath(file.path): file for file in files}.values()
    graphs, names = Counter(file.graph for file in each), Counter(file.relative for file in each)
    for file in each:
        name = file.relative if names[file.relative] == 1 else readable(file.path.as_posix())
        own = replace(file, relative=name, graph=NamedNode(f"{base}graph/{quote(name)}"))
        yield own if graphs[file.graph] > 1 else file


def inspect(file: SourceFile) -> tuple[Finding, ...]:
    """Find what is wrong with a file as text and as its format, without looking at what it says.

    Not UTF-8 and not parseable are violations; a byte order mark and CRLF line ends are warnings.
    """
    found, _ = inspect_text(file)
    if any(finding.severity is Severity.VIOLATION for finding in found):
        return found
    try:
        for _ in file.quads():
            pass
    except (SyntaxError, TableError) as error:
        return (*found, *unparsed(error, file))
    return found


def inspect_text(file: SourceFile) -> tuple[tuple[Finding, ...], bytes]:
    """Find what is wrong with a file as text alone, and give its document to those who look further."""
    try:
        document = file.unpacked(file.raw())
    except SourceError as error:
        said = _without(f"{file.relative}: ", error.said)
        return (_finding("unreadable", Severity.VIOLATION, said, Place(file.relative), error.advice),), b""
    found: list[Finding] = []
    content = document.removeprefix(_UTF8_BOM)
    if content is not document:
        said = "The file begins with a byte order mark.", "Filen begynner med et byte order mark."
        mend = "Save it as UTF-8 without BOM.", "Lagre den som UTF-8 uten BOM."
        found.append(_finding("byte-order-mark", Severity.WARNING, said, Place(file.relative, 1, 1), mend))
    if b"\r\n" in content:
        line = content[: content.index(b"\r\n")].count(b"\n") + 1
        said = "Lines end in CR LF.", "Linjer slutter med CR LF."
        mend = "Save it with LF line ends.", "Lagre den med LF som linjeslutt."
        found.append(_finding("crlf", Severity.WARNING, said, Place(file.relative, line), mend))
    if _WEB_PAGE.match(content):
        said = "This is a web page, and no RDF.", "Dette er en nettside, og ikke RDF."
        mend = "Ask its address for RDF by an Accept header.", "Be adressen om RDF med et Accept-felt."
        found.append(_finding("syntax", Severity.VIOLATION, said, Place(file.relative, 1, 1), mend))
    if file.format is None:
        return tuple(found), content  # a table may be in another encoding, which those who read it know
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        found.append(_not_utf8(content, error.start, file.relative))
    return tuple(found), content


def _not_utf8(content: bytes, at: int, relative: str) -> Finding:
    """Say what is not UTF-8, and what it is most likely in."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        said, mend = (
            ("The file is UTF-16.", "Filen er UTF-16."),
            ("Save it as UTF-8.", "Lagre den som UTF-8."),
        )
        return _finding("not-utf-8", Severity.VIOLATION, said, Place(relative), mend)
    lines = content[:at].split(b"\n")
    place = Place(relative, len(lines), len(lines[-1].decode("utf-8", "replace")) + 1)
    byte, read = f"Byte 0x{content[at]:02X}", content[at : at + 1].decode("cp1252", "replace")
    said = f"{byte} is not UTF-8.", f"{byte} er ikke UTF-8."
    mend = (
        f"Save the file as UTF-8; in Windows-1252 this is '{read}'.",
        f"Lagre filen som UTF-8; i Windows-1252 er dette «{read}».",
    )
    return _finding("not-utf-8", Severity.VIOLATION, said, place, mend)


def _without(name: str, said: Bilingual) -> Bilingual:
    """Give what an error says of a file, for those who name the file themselves."""
    en, nb = (text.removeprefix(name) for text in said)
    return f"{en[0].upper()}{en[1:]}", f"{nb[0].upper()}{nb[1:]}"


def unparsed(error: SyntaxError | TableError, file: SourceFile) -> tuple[Finding, ...]:
    """Give the findings that say where a document stops being in its format, or which rows of it are bad."""
    if not isinstance(error, TableError):
        return (_syntax(error, file),)
    rows = {problem.row for problem in error.problems if error.path == file.relative}
    lines = {n: line for n, line in enumerate(io.BytesIO(file.content()), 1) if n in rows}
    found = [
        _finding("table", Severity.VIOLATION, one.said, _cell(error.path, one, lines), one.hint)
        for one in error.problems
    ]
    more = error.total - len(error.problems)
    if more:
        found.append(_finding("table", Severity.VIOLATION, more_problems(more), Place(error.path)))
    return tuple(found)


def _cell(path: str, problem: RowProblem, lines: Mapping[int, bytes]) -> Place:
    """Give the place of a cell, where its text stands just once in the line that its row begins on."""
    line, value = lines.get(problem.row or 0, b"").decode("utf-8", "replace"), problem.value
    if not value or line.count(value) != 1:
        return Place(path, problem.row)
    return Place(path, problem.row, line.index(value) + 1, len(value))


def _syntax(error: SyntaxError, file: SourceFile) -> Finding:
    """Say what is wrong in the words of people, at the place that the parser names or that fits best."""
    assert file.format is not None
    content = file.content()
    words = re.sub(r"^Parser error (?:at|between|on) .*?: ", "", error.msg)
    told = unreadable(file.format.name, file.format.label, words, _around(error, content))
    place = Place(file.relative, error.lineno, error.offset, _length(error))
    if error.lineno is None and told.at:
        place = _found(told.at.encode(), content, file.relative)
    return _finding("syntax", Severity.VIOLATION, told.said, place, told.hint)


def _found(what: bytes, content: bytes, relative: str) -> Place:
    """Give the first place of a text, less the angle brackets that it begins with."""
    at, shown = content.find(what), what.lstrip(b"<>")
    if at < 0:
        return Place(relative)
    at += len(what) - len(shown)
    line = content[content.rfind(b"\n", 0, at) + 1 : at].decode("utf-8", "replace")
    return Place(relative, content.count(b"\n", 0, at) + 1, len(line) + 1, len(shown.decode()))


_BEGINNING, _BEFORE, _AFTER = 2**16, 200, 2_000
"""How much is looked at: bytes of the document, characters before the place of a fault and after."""


def _around(error: SyntaxError, content: bytes) -> Around:
    beginning = content[:_BEGINNING].decode("utf-8", "replace")
    if error.lineno is None or error.offset is None:
        return Around(text=beginning)
    some = islice(io.BytesIO(content), error.lineno - 1, error.lineno + 50)
    text, begin = b"".join(some).decode("utf-8", "replace"), error.offset - 1
    return Around(text[max(0, begin - _BEFORE) : begin], text[begin : begin + _AFTER], beginning)


def _length(error: SyntaxError) -> int | None:
    if error.lineno != error.end_lineno or not error.offset or not error.end_offset:
        return None
    return max(1, error.end_offset - error.offset)


def _finding(
    rule: str, severity: Severity, said: Bilingual, place: Place, hint: Bilingual | None = None
) -> Finding:
    return Finding(rule=rule, severity=severity, messages=tagged(said), place=place, hint=hint)
