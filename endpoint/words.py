"""The words of the interface in its three languages: one table, each row nb, nn, en."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("nb", "nn", "en")

WORDS: Mapping[str, tuple[str, str, str]] = {
    "language-name": ("Bokmål", "Nynorsk", "English"),
    "languages": ("Språk", "Språk", "Language"),
    "skip": ("Hopp til innholdet", "Hopp til innhaldet", "Skip to content"),
    "front-page": ("Forside", "Framside", "Front page"),
    "menu": ("Hovedmeny", "Hovudmeny", "Main menu"),
    "search": ("Søk", "Søk", "Search"),
    "problem": ("Problem", "Problem", "Problem"),
    "available": ("Dette finnes", "Dette finst", "This is available"),
    "nearest": ("Mente du", "Meinte du", "Did you mean"),
    "successor": ("Kommet i stedet", "Kome i staden", "What took its place"),
}
