"""How words are compared, and named in IRIs and addresses."""

from __future__ import annotations

import re
import unicodedata

ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,})(/[^\s,)]*[^\s,.)])?", re.IGNORECASE)
"""A host with an optional path: the groups 1 and 2."""

_ASCII = (("ø", "o"), ("æ", "ae"), ("å", "a"), ("đ", "d"), ("ŋ", "n"), ("ŧ", "t"))


def fold(text: str) -> str:
    """Give a phrase as it is compared: no case, plain spaces, no full stop at the end.

    >>> fold("  Grende- /Bygdelag. ")
    'grende-/bygdelag'
    """
    even = spaced(unicodedata.normalize("NFC", text)).casefold()
    even = re.sub(r"\s*/\s*", "/", re.sub(r"[‐‑–—]", "-", even))
    return re.sub(r"(?<=\w)-\s+(?=\w)", "-", even).strip(" .;:,")


def spaced(text: str) -> str:
    """Give a text with one space wherever it had any."""
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


def host(address: str) -> str:
    """Give the host of an address, without `www.`; empty if it has none."""
    found = ADDRESS.search(address)
    return found[1].lower().removeprefix("www.") if found else ""
