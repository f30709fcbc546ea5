"""What is said of documents that stop being in their format: where, what is wrong, and what to do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kg import complaints, source
from kg.complaints import Around, explain

EX = "@prefix ex: <http://e.org/> .\n"
RDF = '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:">{}</r:RDF>'
DOCUMENTS = (
    (
        "ttl",
        EX + "ex:a ex:b <http://e.org/a\nb> .",
        "2:11",
        "A line break stands in an IRI, or the IRI does not end.",
    ),
    ("ttl", EX + 'ex:a ex:b "1"^ex:int .', "2:14", "Between a text and its datatype there are two ^."),
    ("ttl", EX + 'ex:a ex:b "x" "y" .', "2:15", "'\"y\"' is a text, and no subject."),
    (
        "nq",
        '<a:a> <a:b> <a:c> "g" .',
        "1:19",
        "After the value comes a full stop, or in N-Quads the IRI of a graph.",
    ),
    (
        "jsonld",
        '{"@context": {"a": {"@id": "urn:a", "@type": "@idd"}}, "a": 1}',
        "1:46",
        "'@idd' is no type that a context can give.",
    ),
    ("jsonld", "not JSON", "1:1", "This is no JSON."),
    ("ttl", EX + 'ex:a ex:b "Roan"@nb_NO .', "2:20", "A language tag has no underscore."),
    ("ttl", EX + 'ex:a ex:b "it"s" .', "2:15", "A quotation mark ends the text here, and a word follows."),
    ("rdf", "<a>", "1:4", "The file ends in the middle of the document."),
    ("jsonld", "[1, 2", "1:6", "The file ends in the middle of the document."),
    ("ttl", "ex:a ex:b ex:c .", "1:1", "The prefix ex: is not declared."),
    ("ttl", EX + "ex:a ex:b ex:c\nex:d ex:e ex:f .", "3:1", "The statement before this has no end."),
    ("ttl", EX + "ex:a ex:b ex:c", "2:15", "The file ends in the middle of a statement."),
    ("ttl", EX + "ex:a ex:b ex:c .\n  ex:e ex:f .", "3:13", "Before this '.' a value is missing."),
    ("ttl", EX + "ex:a ex:b <http://e.org/a b> .", "2:11", "An IRI cannot have ' ' in it."),
    (
        "ttl",
        EX + "ex:a ex:b <http://e.org/a .\nex:c ex:d ex:e .",
        "2:11",
        "The IRI that begins here does not end.",
    ),
    ("ttl", EX + "ex:a ex:b <http://e.org:x/a> .", "2:11", "The IRI has no right host or port."),
    (
        "ttl",
        EX + "ex:a ex:b <http://e.org/%zz> .",
        "2:11",
        "After % come two hexadecimal digits, and not '%zz'.",
    ),
    ("ttl", EX + 'ex:a ex:b "abc .\nex:d ex:e ex:f .', "2:11", "The text that begins here does not end."),
    ("ttl", EX + 'ex:a ex:b """abc .\nex:d ex:e ex:f .', "2:11", "The text that begins here does not end."),
    ("ttl", EX + 'ex:a ex:b "abc"@n_b .', "2:17", "The language tag is not well formed."),
    ("ttl", EX + 'ex:a ex:b "abc"@nb--foo .', "2:21", "There is no direction --foo."),
    ("ttl", EX + 'ex:a ex:b "C:\\data" .', "2:14", "'\\d' stands for nothing."),
    ("ttl", EX + 'ex:a ex:b "\\u12" .', "2:11", "'\\u12' stands for no character."),
    ("ttl", EX + 'ex:a ex:b "\\uD800" .', "2:12", "'\\uD800' stands for no character."),
    ("ttl", EX + '"a" ex:b ex:c .', "2:1", "'\"a\"' is a text, and no subject."),
    ("ttl", EX + 'ex:a "b" ex:c .', "2:6", "'\"b\"' is no property."),
    ("ttl", EX + "ex:a .", "2:6", "Before this '.' a property and its value are missing."),
    ("ttl", EX + "ex:a ex:b [ ex:c ex:d .\nex:d ex:e ex:f .", "2:23", "A [ is not closed."),
    (
        "ttl",
        EX + "ex:a ex:b ex:c ] .",
        "2:16",
        "There is one ']' too many, or the statement before it has no end.",
    ),
    ("ttl", EX + "ex:a ex:b “abc” .", "2:11", "'“' is no quotation mark of Turtle."),
    ("ttl", EX + "ex:a ex:b §abc .", "2:11", "'§' cannot stand here."),
    ("ttl", EX + "a ex:b ex:c .", "2:1", "'a' is no subject of a statement."),
    ("ttl", EX + "ex:a ex:b hello .", "2:11", "'hello' is no value."),
    ("ttl", EX + "ex:a ex:b True .", "2:11", "'True' is no value."),
    ("ttl", EX + 'ex:a ex:b "1"^^ .', "2:17", "After ^^ comes the IRI of a datatype, and not '.'."),
    (
        "ttl",
        EX + 'ex:a ex:b "1"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .',
        "2:16",
        "A text of this datatype has a language, and this has none.",
    ),
    ("ttl", "@prefix ex <http://e.org/> .", "1:9", "After @prefix comes a prefix that ends in a colon."),
    ("ttl", "@prefix ex: http://e.org/ .", "1:13", "After a prefix comes its namespace between < and >."),
    ("ttl", "@base ex: .", "1:7", "After @base comes an IRI between < and >."),
    ("ttl", EX + "ex:a/b ex:b ex:c .", "2:5", "A name cannot have / in it."),
    ("ttl", EX + "ex:a\\b ex:b ex:c .", "2:3", "'\\b' stands for nothing in a name."),
    ("ttl", EX + "ex:a ex:b 1e .", "2:11", "This is no number."),
    ("ttl", EX + "ex:g { ex:a ex:b ex:c }", "2:6", "Named graphs are TriG, and not Turtle."),
    ("ttl", '{"a": 1}', "1:1", "This is JSON, and not Turtle."),
    ("ttl", '<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="x"/>', "1:1", "This is XML, and not Turtle."),
    ("ttl", EX + "_: ex:b ex:c .", "2:1", "After _: comes a name, and there is none."),
    ("ttl", "@prefx ex: <http://e.org/> .", "1:1", "Turtle has no @prefx."),
    (
        "ttl",
        "PREFIX ex: <http://e.org/>\nSELECT * WHERE { ?s ?p ?o }",
        "2:1",
        "This is SPARQL, and not Turtle.",
    ),
    ("ttl", EX + "ex:a ex:b 2020-01-01 .", "2:15", "A date stands here without quotation marks."),
    ("ttl", EX + "ex:a ex:b ex:c {| ex:d ex:e .", "2:29", "An annotation is not closed."),
    ("ttl", EX + "<< ex:a ex:b ex:c  ex:d ex:e .", "2:20", "A triple term is not closed."),
    (
        "ttl",
        EX + "<<<<<<< HEAD\nex:a ex:b 1 .\n=======\nex:a ex:b 2 .\n>>>>>>> other\n",
        "2:7",
        "A merge that is not finished: the marks of its conflicts stand in the file.",
    ),
    ("ttl", EX + "ex:a ex:b http://e.org/x .", "2:11", "An address stands here without < and >."),
    ("ttl", EX + "ex:a ex:b ex:c . .", "2:18", "Before this '.' there is no statement."),
    ("ttl", EX + "ex:a ex:b 'x\ny' .", "2:13", "A line break stands in a text, or the text does not end."),
    (
        "trig",
        EX + "GRAPH ex:g ex:a ex:b ex:c .",
        "2:12",
        "After GRAPH come the name of the graph and its statements between { and }.",
    ),
    ("trig", EX + 'GRAPH "x" { ex:a ex:b ex:c }', "2:7", "'\"x\"' is no name of a graph."),
    ("trig", EX + "ex:g { ex:a ex:b ex:c ex:d ex:e ex:f }", "2:23", "A graph is not closed."),
    ("nt", "@prefix ex: <http://e.org/> .", "1:1", "This is Turtle, and not N-Triples."),
    ("nt", "ex:a ex:b ex:c .", "1:1", "The subject is no IRI and no blank node."),
    (
        "nt",
        "<a:a> <a:b> <a:c>\n<a:a> <a:b> <a:c> .",
        "2:1",
        "Here the statement should end with a full stop.",
    ),
    (
        "nt",
        "<a:a> <a:b> <a:c> . <a:a> <a:b> <a:c> .",
        "1:21",
        "There is more than one statement on the line.",
    ),
    ("nt", "<a> <a:b> <a:c> .", "1:1", "The IRI is not whole: it has no scheme, such as https."),
    ("nt", '<a:a> "x" <a:c> .', "1:7", "The property is no IRI."),
    ("nt", "<a:a> <a:b> 1 .", "1:13", "The value is no IRI, blank node or literal."),
    ("nt", "<a:a> <a:b>\n <a:c> .", "2:1", "The line ends in the middle of a statement."),
    ("nt", '<a:a> <a:b> "1"^^"2" .', "1:18", "After ^^ comes the IRI of a datatype."),
    (
        "rdf",
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n<a></b></r:RDF>',
        "2:6",
        "This end tag does not belong to the element that is open.",
    ),
    ("rdf", RDF.format("<f:x/>"), "1:80", "The prefix f: is not declared."),
    ("rdf", "", "1:1", "The file is empty."),
    ("rdf", "hello", "1:1", "This is no XML."),
    ("rdf", RDF.format('<r:Description r:about="a&b"/>'), "1:106", "An & does not stand for itself in XML."),
    ("rdf", RDF.format('<e:x e:y="<"/>'), "1:89", "A < does not stand for itself in an attribute."),
    ("rdf", RDF.format("<e:x>&foo;</e:x>"), "1:84", "The entity &foo; is not declared."),
    ("rdf", "<a/><b/>", "1:5", "The document has ended, and there is more."),
    ("rdf", RDF.format("<e:x e:y=1/>"), "1:88", "The value of an attribute stands without quotation marks."),
    ("rdf", RDF.format('<e:x e:y="1" e:y="2"/>'), "1:92", "An attribute stands there twice."),
    ("rdf", RDF.format('<r:Description r:about="http://a b"/>'), "1:102", "'http://a b' is no IRI."),
    ("rdf", RDF.format("hello"), "1:79", "Text stands where an element should be: 'hello'."),
    (
        "rdf",
        RDF.format("<r:Description><e:p>a<e:q/></e:p></r:Description>"),
        "",
        "A property has a text and an element, and can have one of them.",
    ),
    ("rdf", RDF.format("<r:li/>"), "1:81", "The element 'li' cannot stand here."),
    (
        "rdf",
        RDF.format('<r:Description r:about="urn:a" r:ID="b"/>'),
        "",
        "An element has both rdf:ID and rdf:resource.",
    ),
    ("rdf", RDF.format('<r:Description r:ID="1b"/>'), "1:99", "'1b' is no name, as rdf:ID must be."),
    (
        "rdf",
        RDF.format('<r:Description r:ID="b"/><r:Description r:ID="b"/>'),
        "",
        "Two elements have the rdf:ID of http://localhost:8000/graph/a#b.",
    ),
    ("rdf", "<rdf/>", "", "An element or attribute has no namespace."),
    (
        "rdf",
        RDF.format('<e:x><e:p xml:lang="n_b">a</e:p></e:x>'),
        "1:98",
        "The language tag 'n_b' is not well formed.",
    ),
    (
        "rdf",
        '<?xml version="1.0" encoding="ISO-8859-1"?>' + RDF.format("<e:x/>"),
        "1:21",
        "The document is not in UTF-8, by its own words.",
    ),
    (
        "rdf",
        ' <?xml version="1.0"?>' + RDF.format("<e:x/>"),
        "1:2",
        "The declaration <?xml ...?> is not at the very beginning.",
    ),
    (
        "rdf",
        RDF.format("<e:x>\x01</e:x>"),
        "1:84",
        "A control character stands here, which no XML document can have.",
    ),
    ("rdf", RDF.format("<!-- a -- b -->"), "1:88", "This is no XML from here on."),
    (
        "rdf",
        RDF.format('<r:Description r:aboutEach="urn:a"/>'),
        "1:95",
        "RDF/XML has no attribute rdf:aboutEach, or not here.",
    ),
    ("rdf", RDF.format("<e:x><e:p>1 < 2</e:p></e:x>"), "1:92", "A < does not stand for itself in a text."),
    ("jsonld", '{"@id":"urn:a",}', "1:16", "Before a } or ] there is a comma too many."),
    ("jsonld", "{'@id':1}", "1:2", "''' cannot stand here in JSON."),
    ("jsonld", '{"@id":', "1:8", "The file ends in the middle of the document."),
    (
        "jsonld",
        '{"@context":"http://x/","@id":"urn:a"}',
        "1:2",
        "The context is another document, and nothing is fetched.",
    ),
    ("jsonld", '{"@id":3,"urn:p":1}', "1:2", "@id must be a string."),
    ("jsonld", '{"urn:p":{"@value":"x","@type":"y z"}}', "1:32", "'y z' is no IRI, as @type must be."),
    ("jsonld", '{"urn:p":{"@value":{"a":1}}}', "1:11", "@value must be a string, number, boolean or null."),
    (
        "jsonld",
        '{"@context":{"a":"b:x","b":"a:x"},"a":1}',
        "1:2",
        "Terms of the context are defined by each other.",
    ),
    ("jsonld", '{"@context":3}', "1:2", "@context must be null, a string or an object."),
    ("jsonld", '{"@context":{"@id":"urn:x"}}', "1:14", "The context cannot give @id a meaning: it has one."),
    ("jsonld", '{"a" 1}', "1:6", "After a name comes a colon, and its value."),
    ("jsonld", '{"a":1 "b":2}', "1:8", "Between two values a comma is missing."),
    ("jsonld", '{"a":"x\ny"}', "1:8", "A line break or another control character stands in a text."),
    ("jsonld", '{"a":"\\d"}', "1:7", "'\\d' stands for nothing."),
    ("jsonld", "{} {}", "1:4", "The document has ended, and there is more."),
    (
        "jsonld",
        '{"urn:p":{"@value":"x","@language":"nb","@type":"urn:t"}}',
        "1:41",
        "A value has both @type and @language.",
    ),
    ("jsonld", '{"@id":"urn:a","@id":"urn:b"}', "1:2", "An object has @id twice."),
    (
        "jsonld",
        '{"@context":{"@version":1.0}}',
        "",
        "This is not JSON-LD: The only supported @version value is 1.1, found 1.0.",
    ),
    (
        "jsonld",
        '{"@reverse":{"urn:p":"x"}}',
        "1:2",
        "A text or number stands in @reverse, where things stand.",
    ),
    ("jsonld", '{"a":"\\ud800"}', "1:6", "The text that begins here does not end."),
    (
        "jsonld",
        '{"urn:p":{"@list":[1],"@id":"urn:a"}}',
        "1:11",
        "Beside @list and @set there can be nothing else.",
    ),
    ("jsonld", '{"urn:p":{"@value":1,"@language":"nb"}}', "1:22", "Only a text can have @language."),
    ("jsonld", '{"@context":{"@base":"a b"}}', "1:22", "'a b' is no IRI, as @base must be."),
    ("jsonld", '{"@context":{"a":3}}', "1:2", "A term of the context is no IRI and no object."),
    (
        "ttl",
        "@prefix ex: <http://e.org:> .\nex:x ex:b 1 .",
        "2:1",
        "This name would be the IRI http://e.org:x, which is none.",
    ),
    ("ttl", EX + "ex:a ex:b ex:c ; ex:d .", "2:23", "Before this '.' a value is missing."),
    ("jsonld", '{"@id":"urn:a"', "1:15", "The file ends in the middle of the document."),
)
"""A document of each kind that is not in its format: its suffix, its text, the place, and what is said."""


@pytest.mark.parametrize(("suffix", "text", "place", "said"), DOCUMENTS)
def test_a_document_that_is_not_in_its_format_is_told_with_its_place(
    tmp_path: Path, suffix: str, text: str, place: str, said: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text(text, "utf-8")
    [finding] = [f for f in source.inspect(source.read([path]).files[0]) if f.rule == "syntax"]
    assert (str(finding.place).partition(":")[2], finding.message()) == (place, said)


@pytest.mark.parametrize(
    ("suffix", "text", "said"),
    [
        (
            "ttl",
            "<urn:a> foaf:name 1 .",
            (
                "The prefix foaf: is not declared.",
                "Prefikset foaf: er ikke deklarert.",
                "Write @prefix foaf: <http://xmlns.com/foaf/0.1/> . at the top, or mend the prefix.",
                "Skriv @prefix foaf: <http://xmlns.com/foaf/0.1/> . øverst, eller rett prefikset.",
            ),
        ),
        (
            "ttl",
            EX + "ex:a ex:b <http://e.org/a b> .",
            (
                "An IRI cannot have ' ' in it.",
                "En IRI kan ikke ha « » i seg.",
                "Write %20 for it.",
                "Skriv %20 for det.",
            ),
        ),
        (
            "ttl",
            EX + 'ex:a ex:b "Roan .\n',
            (
                "The text that begins here does not end.",
                "Teksten som begynner her, slutter ikke.",
                'End it with "; a text with line breaks stands between three of them on either side.',
                'Avslutt den med "; en tekst med linjeskift står mellom tre slike på hver side.',
            ),
        ),
        (
            "ttl",
            EX + "ex:a ex:b ex:c\nex:d ex:e ex:f .",
            (
                "The statement before this has no end.",
                "Utsagnet foran dette har ingen slutt.",
                "End it with a full stop, or with a semicolon where the next line is about the same thing.",
                "Avslutt det med punktum, eller med semikolon der neste linje handler om det samme.",
            ),
        ),
        (
            "rdf",
            RDF.format("<foaf:Person/>"),
            (
                "The prefix foaf: is not declared.",
                "Prefikset foaf: er ikke deklarert.",
                'Write xmlns:foaf="http://xmlns.com/foaf/0.1/" in the first element.',
                'Skriv xmlns:foaf="http://xmlns.com/foaf/0.1/" i det første elementet.',
            ),
        ),
        (
            "jsonld",
            '{"@id": "urn:a",}',
            (
                "Before a } or ] there is a comma too many.",
                "Foran en } eller ] står det et komma for mye.",
                "Take the comma out.",
                "Ta bort kommaet.",
            ),
        ),
        (
            "jsonld",
            '{"@context": {"@version": 1.0}}',
            (
                "This is not JSON-LD: The only supported @version value is 1.1, found 1.0.",
                "Dette er ikke JSON-LD: «The only supported @version value is 1.1, found 1.0».",
                None,
                None,
            ),
        ),
    ],
)
def test_what_is_wrong_and_what_to_do_is_told_in_both_languages(
    tmp_path: Path, suffix: str, text: str, said: tuple[str | None, ...]
) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text(text, "utf-8")
    [finding] = source.inspect(source.read([path]).files[0])
    assert (
        finding.message("en"),
        finding.message("nb"),
        finding.advice("en"),
        finding.advice("nb"),
    ) == said


def test_an_encoding_of_xml_that_nobody_knows_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.rdf").write_text('<?xml version="1.0" encoding="klingon"?>' + RDF.format(""), "utf-8")
    [finding] = source.inspect(source.read([tmp_path / "a.rdf"]).files[0])
    assert finding.message() == "The document is not in UTF-8, by its own words."


def test_the_column_of_a_fault_in_xml_counts_characters(tmp_path: Path) -> None:
    (tmp_path / "a.rdf").write_text(RDF.format("<!-- æøå --><e:x>&y;</e:x>"), "utf-8")
    [finding] = source.inspect(source.read([tmp_path / "a.rdf"]).files[0])
    assert finding.excerpt is None
    assert finding.place is not None
    assert finding.place.column == RDF.index("{") + len("<!-- æøå --><e:x>") + 1


def test_what_is_shown_of_a_document_is_short_and_printable() -> None:
    told = explain("turtle", "x" * 99 + "\x00 is not a valid predicate", Around())
    assert told is not None
    assert told.said[0] == f"'{'x' * 39}…' is no property."


HOSTILE = {
    "a.ttl": '<urn:a> <urn:b> "' + "y" * 15_000_000 + '" "z" .',
    "b.ttl": "<<<<<<< \n" * 400_000,
    "c.rdf": '<a b="' + "'" * 4_000_000 + "<<",
    "d.jsonld": '{"a":' + "[" * 4_000_000,
    "e.nt": "<urn:a> <urn:b> <urn:c> .\n" * 400_000 + "x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_wrong_with_a_large_document_is_found_in_linear_time(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(HOSTILE[name], "utf-8")
    start = time.process_time()
    [finding] = source.inspect(source.read([tmp_path / name]).files[0])
    assert len(finding.message()) < 200
    assert time.process_time() - start < 10


def test_what_no_row_knows_is_framed_in_both_languages() -> None:
    told = complaints.unreadable("turtle", "Turtle", "Something new.", complaints.NOWHERE)
    assert told.said == (
        "This is not Turtle: Something new.",
        "Dette er ikke Turtle: «Something new».",
    )
