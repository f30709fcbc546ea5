"""Checks of the dumps: listed, whole, with true checksums, and to be had in ranges."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator

from endpoint.doctor.check import Check
from endpoint.doctor.client import MOST_BYTES
from endpoint.doctor.deployment import Deployment, NotApplicableError

_MOST_CHECKED = 4
_PACKED = {"gz": "application/gzip", "zst": "application/zstd"}


def files_answer(site: Deployment) -> Iterator[str]:
    """Every listed file is there."""
    for file in site.files[:60]:
        reply = site.send("HEAD", file.address)
        if reply.status != 200:
            yield f"{file.address} is answered {reply.status}."
        elif not reply.header("content-length"):
            yield f"{file.address} does not say its Content-Length."


def checksums(site: Deployment) -> Iterator[str]:
    """Files are what the list says."""
    listed = [file for file in site.files if file.sha256]
    if not listed:
        raise NotApplicableError("the list gives no SHA-256")
    checked = 0
    for file in listed:
        size = site.send("HEAD", file.address).header("content-length")
        if checked >= _MOST_CHECKED or not size.isdigit() or int(size) > MOST_BYTES:
            continue
        checked += 1
        reply = site.ask(file.address)
        if hashlib.sha256(reply.body).hexdigest() != file.sha256:
            yield f"{file.address} has not the SHA-256 that the list gives."
        yield from _digest(reply.header("repr-digest"), reply.body, file.address)
    if not checked:
        raise NotApplicableError(f"all files are larger than {MOST_BYTES} bytes")


def _digest(header: str, body: bytes, address: str) -> Iterator[str]:
    found = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", header)
    if found and base64.b64decode(found[1]) != hashlib.sha256(body).digest():
        yield f"Repr-Digest of {address} is not that of its bytes."


def ranges(site: Deployment) -> Iterator[str]:
    """Part of a file can be had."""
    address = site.file.address
    whole = site.ask(address)
    size = len(whole.body)
    if whole.header("accept-ranges") != "bytes":
        yield f"{address} does not say Accept-Ranges: bytes."
    for asked, start, stop in (("0-9", 0, 10), ("-5", size - 5, size), ("5-", 5, size)):
        reply = site.ask(address, range=f"bytes={asked}")
        if reply.status != 206:
            yield f"Range: bytes={asked} of {address} is answered {reply.status}, not 206."
        elif reply.body != whole.body[start:stop]:
            yield f"Range: bytes={asked} of {address} gets other bytes."
        elif reply.header("content-range") != f"bytes {start}-{stop - 1}/{size}":
            yield f"Range: bytes={asked} gets Content-Range {reply.header('content-range') or 'absent'}."
    beyond = site.ask(address, range=f"bytes={size + 10}-")
    if beyond.status != 416:
        yield f"A range beyond the end of {address} is answered {beyond.status}, not 416."


def ranges_conditional(site: Deployment) -> Iterator[str]:
    """A part of another state is not handed out."""
    address = site.file.address
    tag = site.ask(address).header("etag")
    if not tag:
        yield f"{address} has no ETag."
        return
    if site.ask(address, range="bytes=0-9", if_range=tag).status != 206:
        yield f"If-Range with the ETag of {address} does not get the range."
    if site.ask(address, range="bytes=0-9", if_range='"other"').status != 200:
        yield f"If-Range with another ETag gets a range of {address}, not the whole."
    if site.ask(address, if_none_match=tag).status != 304:
        yield f"If-None-Match with the ETag of {address} is not answered 304."


def packed_once(site: Deployment) -> Iterator[str]:
    """A packed file is itself the packed bytes."""
    packed = [file for file in site.files if file.address.endswith((".gz", ".zst"))]
    if not packed:
        raise NotApplicableError("no dump is a .gz or .zst file")
    for file in packed[:_MOST_CHECKED]:
        kind = site.send("HEAD", file.address).media_type
        if kind != _PACKED[file.address.rpartition(".")[2]]:
            yield f"{file.address} is sent as {kind or 'nothing'}."
    packed.sort(key=lambda file: not file.address.endswith(".gz"))
    plain, packing = (site.ask(packed[0].address, **more) for more in ({}, {"accept_encoding": "gzip"}))
    if plain.body != packing.body or packing.header("content-encoding"):
        yield f"{packed[0].address} is packed once more, or unpacked, for clients that take gzip."
    try:
        if packed[0].address.endswith(".gz"):
            gzip.decompress(plain.body)
    except (OSError, EOFError):
        yield f"{packed[0].address} is not gzip."


CHECKS = (
    Check(
        "dumps-answer", "dumps",
        "Every file on the list of dumps is there, and says its length.",
        "A list of files that are not there is worse than none.",
        "Pass /dumps/ on, or give the proxy read access to that snapshot's dumps folder.", files_answer,
    ),
    Check(
        "dumps-checksums", "dumps",
        "Files have the SHA-256 that the list gives, and a Repr-Digest, if any, that is true.",
        "It proves that what was downloaded is what was published.",
        "The list and the files are of different snapshots: clear the proxy's cache.", checksums,
    ),
    Check(
        "dumps-ranges", "dumps",
        "Range requests get 206 with the right bytes, and 416 beyond the end.",
        "A broken download can go on where it stopped.",
        "nginx: do not pack dumps and do not buffer them away; keep Range and Accept-Ranges.", ranges,
    ),
    Check(
        "dumps-conditional", "dumps",
        "If-Range and If-None-Match are honoured.",
        "Parts of two snapshots glued together are nobody's data.",
        "Pass If-Range, If-None-Match and ETag on.", ranges_conditional,
    ),
    Check(
        "dumps-packed-once", "dumps",
        "A .gz or .zst dump is sent as it is, under the media type of its packing.",
        "Packed twice, it unpacks to something that looks broken.",
        "Do not send Content-Encoding for .gz files (Apache: RemoveEncoding .gz in dumps), and give "
        ".zst its type.",
        packed_once,
    ),
)  # fmt: skip
