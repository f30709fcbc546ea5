"""Signposts: typed links that tell machines what a page is about, and where its metadata and contents are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from endpoint.negotiate import Representation
from endpoint.respond import absolute, here, link, uri

LINKSET_JSON = Representation(
    "linkset-json", "application/linkset+json", "json", "Link set (JSON)", "graph", ("application/json",), 0.9
)
LINKSET = Representation("linkset", "application/linkset", "txt", "Link set", "graph", ("text/plain",), 0.8)
LINKSETS = (LINKSET_JSON, LINKSET)
"""What a link set is to be had in (RFC 9264)."""

_ABOUT_PAGE = "https://schema.org/AboutPage"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads: a path of the site, what is there, and what profile it follows."""

    path: str
    media_type: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signposts:
    """What there is to know of one page: the thing it is about, and the ways on from it.

    `page` is the path of the page; `kind` a class of schema.org; `collection` the path of the page about
    what the thing belongs to.
    """

    thing: str
    page: str
    kind: str | None = None
    author: str | None = None
    license: str | None = None
    collection: str | None = None
    metadata: Sequence[Target] = ()
    items: Sequence[Target] = ()

    @property
    def linkset(self) -> str:
        """The path of the link set."""
        return (
            "linkset/" + self.page.removeprefix("doc/") if "?" not in self.page else f"linkset{self.page[3:]}"
        )

    def on_page(self) -> list[str]:
        """Give the links of the page, as values of a Link header; with few items these too."""
        return [
            link(self.thing, "cite-as"),
            *(link(kind, "type") for kind in self._types()),
            *self._rights(),
            *self._collection(),
            *(_to(found, "alternate describedby") for found in self.metadata),
            *(_to(found, "item") for found in self.items),
            self._to_linkset(),
        ]

    def in_head(self) -> list[dict[str, str]]:
        """Give the links as attributes of link elements, for a page that comes without headers."""
        metadata = [
            {"rel": "describedby", "href": here(one.path), "type": one.media_type}
            for one in self.metadata[:2]
        ]
        rest = {"author": self.author, "license": self.license}
        return [
            {"rel": "cite-as", "href": uri(self.thing)},
            *({"rel": "type", "href": kind} for kind in self._types()),
            *({"rel": rel, "href": uri(found)} for rel, found in rest.items() if found),
            *metadata,
            {"rel": "linkset", "href": here(self.linkset), "type": LINKSET_JSON.media_type},
        ]

    def on_metadata(self) -> list[str]:
        """Give the links of a document that describes the thing."""
        return [
            link(self.thing, "describes"),
            link(here(self.page), "describes", type="text/html"),
            *self._rights(),
            *self._collection(),
            self._to_linkset(),
        ]

    def on_item(self) -> list[str]:
        """Give the links of a file that belongs to the thing."""
        return [link(here(self.page), "collection", type="text/html"), *self._rights(), self._to_linkset()]

    def _types(self) -> Iterator[str]:
        yield _ABOUT_PAGE
        if self.kind:
            yield self.kind

    def _rights(self) -> list[str]:
        found = [link(self.author, "author")] if self.author else []
        return found + ([link(self.license, "license")] if self.license else [])

    def _collection(self) -> list[str]:
        return [link(here(self.collection), "collection")] if self.collection else []

    def _to_linkset(self) -> str:
        return link(here(self.linkset), "linkset", type=LINKSET_JSON.media_type)

    def contexts(self) -> list[dict[str, object]]:
        """Give the link set: what the page, the thing, its metadata and its files link to."""
        metadata = [_target(found) for found in self.metadata]
        page = {"href": absolute(self.page), "type": "text/html"}
        rights: dict[str, object] = {}
        if self.author:
            rights["author"] = [{"href": uri(self.author)}]
        if self.license:
            rights["license"] = [{"href": uri(self.license)}]
        shared: dict[str, object] = {**rights, "describedby": metadata}
        if self.collection:
            shared["collection"] = [{"href": absolute(self.collection), "type": "text/html"}]
        if self.items:
            shared["item"] = [_target(found) for found in self.items]
        cite = {"cite-as": [{"href": uri(self.thing)}], "type": [{"href": kind} for kind in self._types()]}
        found: list[dict[str, object]] = [{"anchor": page["href"], **cite, **shared}]
        if uri(self.thing) != page["href"]:
            found.append({"anchor": uri(self.thing), **shared})
        about = [page, {"href": uri(self.thing)}] if len(found) > 1 else [page]
        found += [{"anchor": _target(one)["href"], "describes": about, **rights} for one in self.metadata]
        return found + [
            {"anchor": _target(one)["href"], "collection": [page], **rights} for one in self.items
        ]


def _to(found: Target, rel: str) -> str:
    return link(here(found.path), rel, **_attributes(found))


def _target(found: Target) -> dict[str, str]:
    return {"href": absolute(found.path), **_attributes(found)}


def _attributes(found: Target) -> dict[str, str]:
    named = {"type": found.media_type, "profile": uri(found.profile)}
    return {name: value for name, value in named.items() if value}


def as_links(contexts: Iterable[dict[str, object]]) -> str:
    """Give a link set in the format of a Link header, a link a line."""
    lines = []
    for context in contexts:
        for rel, targets in context.items():
            for target in targets if isinstance(targets, list) else ():
                rest = {name: value for name, value in target.items() if name != "href"}
                lines.append(link(target["href"], rel, **rest, anchor=str(context["anchor"])))
    return ",\n".join(lines) + "\n"
