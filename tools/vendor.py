"""Fetch the front-end parts that the site serves, by npm, into endpoint/static/vendor, with checksums.

Run from the project's folder: `python tools/vendor.py`. Nothing here runs when the site is built or served.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).parent.parent / "build"
TARGET = Path(__file__).parent.parent / "endpoint" / "static" / "vendor"


@dataclass(frozen=True, slots=True)
class Part:
    """One file that we serve: which files of which release make it up."""

    target: str
    package: str
    version: str
    license: str
    integrity: str
    files: tuple[str, ...]


_COMPONENTS = (
    "base", "alert", "breadcrumbs", "button", "card", "details", "divider", "field", "heading", "input",
    "label", "link", "list", "pagination", "paragraph", "skip-link", "table", "tag",
)  # fmt: skip

_LEAFLET = "sha512-nxS1ynzJOmOlHp+iL3FyWqK89GtNL8U8rvlMOsQdTTssxZwCXh8N2NB3GDQOL+YR3XnWyZAxwQixURb+FA74PA=="

PARTS = (
    Part(
        "designsystemet-theme.css", "@digdir/designsystemet-theme", "1.11.0", "MIT",
        "sha512-C4Mf+LmecQ8sdjykD25NWiEclQDEOK+Y6Dlo8oz2BjhLBkDmo1+udFyCplvAGvv1MTzhsAhGafW/S4ox8iXlOA==",
        ("src/themes/designsystemet.css",),
    ),
    Part(
        "designsystemet.css", "@digdir/designsystemet-css", "1.22.0", "MIT",
        "sha512-f/+YOK1Gvl7ypdeRh0TDGs28eu8DkOPDAR+T8yLpnys9FxNWX05UNuhXJwYwRuzF9WUgjAhpJ5JKdodTDxWMEA==",
        tuple(f"dist/src/{name}.css" for name in _COMPONENTS),
    ),
    Part("leaflet.js", "leaflet", "1.9.4", "BSD-2-Clause", _LEAFLET, ("dist/leaflet.js",)),
    Part("leaflet.css", "leaflet", "1.9.4", "BSD-2-Clause", _LEAFLET, ("dist/leaflet.css",)),
)  # fmt: skip


AXE = Part(
    "axe.min.js", "axe-core", "4.14.1", "MPL-2.0",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    ("axe.min.js",),
)  # fmt: skip
"""What the tests of accessibility need; it is neither served nor kept."""


def main() -> None:
    """Fetch, check, write the files, their licences and the manifest; with --tests, what tests need."""
    if "--tests" in sys.argv[1:]:
        BUILD.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            (BUILD / AXE.target).write_bytes(joined(AXE, fetch(AXE, Path(scratch))))
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for part in PARTS:
            archive = fetch(part, Path(scratch))
            body = joined(part, archive)
            (TARGET / part.target).write_bytes(body)
            license_name = f"{part.package.split('/')[-1]}.LICENSE"
            (TARGET / license_name).write_bytes(member(archive, "LICENSE"))
            rows.append(
                {
                    "file": part.target,
                    "package": part.package,
                    "version": part.version,
                    "license": part.license,
                    "license_file": license_name,
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "of": list(part.files),
                }
            )
    (TARGET / "manifest.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def fetch(part: Part, folder: Path) -> Path:
    """Give the release's archive, its checksum compared with the one pinned above."""
    command = ["npm", "pack", "--silent", f"{part.package}@{part.version}"]
    name = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]  # noqa: S603
    digest = base64.b64encode(hashlib.sha512((folder / name).read_bytes()).digest()).decode()
    if f"sha512-{digest}" != part.integrity:
        raise SystemExit(f"{part.package} {part.version} has checksum sha512-{digest}, not {part.integrity}.")
    return folder / name


def member(archive: Path, name: str) -> bytes:
    """Give one file of a package's archive."""
    with tarfile.open(archive) as opened:
        found = opened.extractfile(f"package/{name}")
        assert found is not None
        return found.read()


def joined(part: Part, archive: Path) -> bytes:
    """Give the files of a part as one, without links to source maps."""
    bodies = [member(archive, name) for name in part.files]
    if part.target == "designsystemet.css":
        base, *components = bodies
        bodies = [b"@layer ds.theme, ds.base, ds.components;", b"@layer ds.base{", base, b"}"]
        bodies += [b"@layer ds.components{", *components, b"}"]
    if part.target == "leaflet.css":
        # Its pictures are for markers that we do not use; the data would be asked for in vain.
        bodies = [re.sub(rb"background-image: url\([^)]*\);", b"", body) for body in bodies]
    return re.sub(rb"\n//# sourceMappingURL=.*", b"", b"\n".join(bodies))


if __name__ == "__main__":
    main()
