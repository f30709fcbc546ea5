"""What can go wrong in a request: the one table of problem types, and the RFC 9457 document of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem; titles and help in nb, nn and en."""

    slug: str
    status: int
    titles: tuple[str, str, str]
    help: tuple[str, str, str]

    def title(self, language: str) -> str:
        """Give the title in a language of the interface, else in English."""
        return self.titles[_place(language)]

    def advice(self, language: str) -> str:
        """Give what to do about it, in a language of the interface, else in English."""
        return self.help[_place(language)]


_LANGUAGES = ("nb", "nn", "en")


def _place(language: str) -> int:
    return _LANGUAGES.index(language) if language in _LANGUAGES else 2


TYPES: tuple[ProblemType, ...] = (
    ProblemType(
        "bad-request",
        400,
        (
            "Forespørselen kan ikke forstås",
            "Førespurnaden kan ikkje forståast",
            "The request cannot be understood",
        ),
        (
            "Se på parameterne i adressen.",
            "Sjå på parametrane i adressa.",
            "Look at the parameters in the address.",
        ),
    ),
    ProblemType(
        "query-syntax",
        400,
        (
            "Spørringen er ikke gyldig SPARQL",
            "Spørjinga er ikkje gyldig SPARQL",
            "The query is not valid SPARQL",
        ),
        (
            "Rett den ved linjen og kolonnen som står i meldingen.",
            "Rett henne ved linja og kolonnen i meldinga.",
            "Mend it at the line and column in the message.",
        ),
    ),
    ProblemType(
        "query-refused",
        403,
        ("Spørringen kjøres ikke her", "Spørjinga blir ikkje køyrd her", "The query is not run here"),
        (
            "Tjenesten leser bare egne data: ingen SERVICE, ingen oppdatering.",
            "Tenesta les berre eigne data: ingen SERVICE, inga oppdatering.",
            "The service reads its own data only: no SERVICE, no update.",
        ),
    ),
    ProblemType(
        "not-found",
        404,
        (
            "Fant ikke det du spurte etter",
            "Fann ikkje det du spurde etter",
            "There is nothing here by that name",
        ),
        (
            "Søk etter navnet, eller gå til forsiden.",
            "Søk etter namnet, eller gå til framsida.",
            "Search for the name, or go to the front page.",
        ),
    ),
    ProblemType(
        "method-not-allowed",
        405,
        ("Metoden brukes ikke her", "Metoden blir ikkje brukt her", "The method is not used here"),
        (
            "Alt her kan leses med GET og HEAD.",
            "Alt her kan lesast med GET og HEAD.",
            "Everything here can be read with GET and HEAD.",
        ),
    ),
    ProblemType(
        "not-acceptable",
        406,
        (
            "Finnes ikke i et format du godtar",
            "Finst ikkje i eit format du godtek",
            "Not to be had in a form you accept",
        ),
        (
            "Velg et av formatene i listen.",
            "Vel eit av formata i lista.",
            "Choose one of the forms in the list.",
        ),
    ),
    ProblemType(
        "request-timeout",
        408,
        ("Forespørselen kom for sent", "Førespurnaden kom for seint", "The request came too slowly"),
        ("Prøv igjen.", "Prøv igjen.", "Try again."),
    ),
    ProblemType(
        "gone",
        410,
        ("Trukket tilbake", "Trekt tilbake", "Withdrawn"),
        (
            "Følg lenken til det som har kommet i stedet.",
            "Følg lenkja til det som har kome i staden.",
            "Follow the link to what has taken its place.",
        ),
    ),
    ProblemType(
        "snapshot-replaced",
        410,
        (
            "Dataene er byttet ut siden forrige side",
            "Dataa er bytte ut sidan førre side",
            "The data have been replaced since the page before",
        ),
        (
            "Begynn med første side igjen; lenken står i svaret.",
            "Byrj med første side igjen; lenkja står i svaret.",
            "Begin with the first page again; the answer links to it.",
        ),
    ),
    ProblemType(
        "body-too-large",
        413,
        ("Forespørselen er for stor", "Førespurnaden er for stor", "The request is too large"),
        ("Gjør spørringen kortere.", "Gjer spørjinga kortare.", "Make the query shorter."),
    ),
    ProblemType(
        "address-too-long",
        414,
        ("Adressen er for lang", "Adressa er for lang", "The address is too long"),
        ("Send spørringen med POST.", "Send spørjinga med POST.", "Send the query by POST."),
    ),
    ProblemType(
        "misdirected-request",
        421,
        (
            "Forespørselen var til et annet nettsted",
            "Førespurnaden var til ein annan nettstad",
            "The request was for another site",
        ),
        (
            "Bruk navnet som nettstedet har.",
            "Bruk namnet som nettstaden har.",
            "Use the name that the site has.",
        ),
    ),
    ProblemType(
        "headers-too-large",
        431,
        (
            "Hodet på forespørselen er for stort",
            "Hovudet på førespurnaden er for stort",
            "The headers are too large",
        ),
        (
            "Send færre eller kortere felt i hodet.",
            "Send færre eller kortare felt i hovudet.",
            "Send fewer or shorter header fields.",
        ),
    ),
    ProblemType(
        "unsupported-format",
        415,
        ("Formatet finnes ikke", "Formatet finst ikkje", "There is no such format"),
        (
            "Velg et av formatene i listen.",
            "Vel eit av formata i lista.",
            "Choose one of the formats in the list.",
        ),
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        (
            "Innholdet kan ikke leses i denne formen",
            "Innhaldet kan ikkje lesast i denne forma",
            "The body cannot be read in this form",
        ),
        (
            "Send spørringen som application/sparql-query eller som skjema, i UTF-8 og upakket.",
            "Send spørjinga som application/sparql-query eller som skjema, i UTF-8 og upakka.",
            "Send the query as application/sparql-query or as a form, in UTF-8 and not compressed.",
        ),
    ),
    ProblemType(
        "query-too-complex",
        422,
        (
            "Spørringen er for sammensatt",
            "Spørjinga er for samansett",
            "The query is too complex",
        ),
        (
            "Del den opp, eller list mange ledd med VALUES. Grensene står på siden om grenser.",
            "Del henne opp, eller list mange ledd med VALUES. Grensene står på sida om grenser.",
            "Split it, or list many terms with VALUES. The page about limits has the bounds.",
        ),
    ),
    ProblemType(
        "not-pageable",
        422,
        (
            "Svaret kan ikke deles i sider",
            "Svaret kan ikkje delast i sider",
            "The answer cannot be had in pages",
        ),
        (
            "Bare rader i fast rekkefølge kan deles. Meldingen sier hva som er i veien.",
            "Berre rader i fast rekkjefølgje kan delast. Meldinga seier kva som er i vegen.",
            "Only rows in a fixed order can be cut. The message says what is in the way.",
        ),
    ),
    ProblemType(
        "range-not-satisfiable",
        416,
        ("Filen er kortere enn det", "Fila er kortare enn det", "The file is shorter than that"),
        ("Be om færre byte.", "Be om færre byte.", "Ask for fewer bytes."),
    ),
    ProblemType(
        "not-serialisable",
        406,
        (
            "Kan ikke skrives i dette formatet",
            "Kan ikkje skrivast i dette formatet",
            "Cannot be written in this format",
        ),
        (
            "Velg et annet format; Turtle og JSON-LD kan skrive alt.",
            "Vel eit anna format; Turtle og JSON-LD kan skrive alt.",
            "Choose another format; Turtle and JSON-LD can write everything.",
        ),
    ),
    ProblemType(
        "too-many-requests",
        429,
        ("For mange forespørsler", "For mange førespurnader", "Too many requests"),
        ("Vent litt, og prøv igjen.", "Vent litt, og prøv igjen.", "Wait a little and try again."),
    ),
    ProblemType(
        "internal-error",
        500,
        ("Noe gikk galt hos oss", "Noko gjekk gale hos oss", "Something went wrong on our side"),
        (
            "Prøv igjen; meld fra med nummeret hvis det gjentar seg.",
            "Prøv igjen; meld frå med nummeret om det hender på nytt.",
            "Try again; report the number if it happens again.",
        ),
    ),
    ProblemType(
        "query-timeout",
        504,
        ("Spørringen tok for lang tid", "Spørjinga tok for lang tid", "The query took too long"),
        (
            "Gjør den snevrere: flere faste ledd, færre valgfrie, en LIMIT.",
            "Gjer henne smalare: fleire faste ledd, færre valfrie, ein LIMIT.",
            "Make it narrower: more fixed terms, fewer optional ones, a LIMIT.",
        ),
    ),
    ProblemType(
        "query-memory",
        507,
        (
            "Spørringen trengte for mye minne",
            "Spørjinga trong for mykje minne",
            "The query needed too much memory",
        ),
        (
            "Gjør den snevrere, og sorter færre rader.",
            "Gjer henne smalare, og sorter færre rader.",
            "Make it narrower, and sort fewer rows.",
        ),
    ),
    ProblemType(
        "result-too-large",
        413,
        ("Svaret er for stort", "Svaret er for stort", "The answer is too large"),
        (
            "Hent svaret side for side, sett en LIMIT, eller last ned hele datasettet.",
            "Hent svaret side for side, set ein LIMIT, eller last ned heile datasettet.",
            "Get the answer page by page, set a LIMIT, or download the whole dataset.",
        ),
    ),
    ProblemType(
        "busy",
        503,
        ("Tjenesten er opptatt", "Tenesta er oppteken", "The service is busy"),
        ("Prøv igjen om litt.", "Prøv igjen om litt.", "Try again in a while."),
    ),
)

_BY_SLUG = {found.slug: found for found in TYPES}
_BY_STATUS = {found.status: found for found in reversed(TYPES)}


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """An answer that is not what was asked for; `app` renders it as a problem document or a page."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        extra: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the table does not know: what exactly is wrong, further members, further headers."""
        super().__init__(detail)
        self.type = _BY_SLUG[slug]
        self.detail = detail
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})

    def document(self, *, base: str, instance: str, language: str) -> dict[str, object]:
        """Give the members of the RFC 9457 document.

        >>> gone = Problem("gone", "x was merged.")
        >>> gone.document(base="https://ex.org/", instance="/x", language="en")["type"]
        'https://ex.org/problems#gone'
        """
        return {
            **self.extra,
            "type": f"{base}problems#{self.type.slug}",
            "title": self.type.title(language),
            "status": self.type.status,
            "detail": self.detail,
            "instance": instance,
        }


def of_status(status: int, detail: str) -> Problem:
    """Give the problem for a status that the framework raised.

    >>> of_status(405, "GET only").type.slug
    'method-not-allowed'
    """
    found = _BY_STATUS.get(status) or _BY_STATUS[500 if status >= 500 else 400]
    return Problem(found.slug, detail)
