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
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """One module that we serve: what it exports, and the releases that it is made of."""

    target: str
    exports: str
    parts: tuple[Part, ...]


_COMPONENTS = (
    "base", "alert", "breadcrumbs", "button", "details", "heading", "input", "label", "link", "skip-link",
    "table", "tag",
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


BUNDLER = Part(
    "esbuild", "esbuild-wasm", "0.28.2", "MIT",
    "sha512-GccVwhv3mmOUVQHCQm2Ox/rby8n/EqUwvZxE6Pjfikrq/lWw9g9WX/u9EykWnpot3Ko6j426DgQdea2xWKIAQA==",
)  # fmt: skip
"""What makes one file of many modules; the same file on every machine, as it runs in node. It is not kept."""


def _part(package: str, version: str, integrity: str) -> Part:
    return Part("", package, version, "MIT", integrity)


BUNDLES = (
    Bundle(
        "codemirror.js",
        """
export { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion }
    from "@codemirror/autocomplete";
export { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
export { bracketMatching, HighlightStyle, indentUnit, StreamLanguage, syntaxHighlighting }
    from "@codemirror/language";
export { sparql } from "@codemirror/legacy-modes/mode/sparql";
export { forceLinting, linter, lintGutter, lintKeymap } from "@codemirror/lint";
export { EditorState, Prec } from "@codemirror/state";
export { drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
export { tags } from "@lezer/highlight";
""",
        (
            _part(
                "@codemirror/autocomplete", "6.20.4",
                "sha512-yF8RhOf2SXlg00+qtupzLhrglcas61boqaONiNcbPIebHCpJocpqTBA6dyrtUrQO47hqyTdeob/3XnYilT7TaQ==",
            ),
            _part(
                "@codemirror/commands", "6.11.1",
                "sha512-O/4hG3SC1YwcmQ0d2UVNDs+AsaNWd1iHVxbTeEBuqH+6bExAiPK3iS/BvpY6rZGURALv4ZD3sIgcCmRvw3ehBg==",
            ),
            _part(
                "@codemirror/language", "6.13.1",
                "sha512-zfvU2r3TyylQLMj/te+5CnQ0rSqZi8B1oTCBbQkagcLW4Xc6imab6qN+pEJhsuNOLaJqiRyBXp9UhWA1DhVvDw==",
            ),
            _part(
                "@codemirror/legacy-modes", "6.5.5",
                "sha512-9ltT214oMb3Y1w5eAZMSigzrjzZnMI2Wa3Feq73rU/i4C56MkwrpfswfQYOr28C5pXr6dWwspNTMyeHXlzWMxg==",
            ),
            _part(
                "@codemirror/lint", "6.9.8",
                "sha512-qNvtcE73xUto/D1RvtgSRI4A1Hg8ekxlvtZpjHpdpisLBnhyu82EUEJMEgaxkjuQCA8vqnrylENWKOsEDCOHcw==",
            ),
            _part(
                "@codemirror/state", "6.7.6",
                "sha512-kAz+AncRtKuIknedxT1bq4XwXv4UowhbkHU1myPrtVb/jZtImWuV5BXzv5vK6i3kYACsdiZiQKFQQ5Mq7elW8w==",
            ),
            _part(
                "@codemirror/streamparser", "6.0.0",
                "sha512-JTFPF6xrfjt0mnfGPgzcLiMwYmvIyNaoizp8BYzv8FE8KrT6GBGDZ190rtt+O7Wke3gG/MFHyiY9YGNeimof4w==",
            ),
            _part(
                "@codemirror/view", "6.43.15",
                "sha512-HHsfpqFeHyXLs983pSRe38Xajs0vFWZQ2BuX0m7Ki8w3jZ5iD8cuR3lBz2/5/X53Dhf32SBHKh6rtSTB6tKeGw==",
            ),
            _part(
                "@lezer/common", "1.5.5",
                "sha512-Pw7PVCndruF1pb3ebCxpSVpkMHSDjwRCLcTRw+RizUKco5QbWylwq2g4lnG/RYN7yTTQDXE9F77MwtkAyphrjg==",
            ),
            _part(
                "@lezer/highlight", "1.2.5",
                "sha512-O1GMVKgtf5YspFaRzpmqkVgMtIk2HG9uMAbH6wdAIdNh3TVzCsch/+cRi+6l2//UGDKe6NB9BW3cvuR5ezMQ0w==",
            ),
            _part(
                "@lezer/lr", "1.4.12",
                "sha512-On9HU4oMMiHPMkQDgoTnGahjgG5n/MkN38CgG77sMraKLL+3JBbeQNi1FcCXV9QRqwF9/BUXP3caHyJC1fBOTQ==",
            ),
            _part(
                "@marijn/find-cluster-break", "1.0.4",
                "sha512-Wy0V7+SGUjnF9/TkiM1hKVDPj7jKXduPNboMVtHTA8dySMURWqfg/JZ9E2Sq8JgSJmkl7k7Qe9FLeMSrSraWmQ==",
            ),
            _part(
                "crelt", "1.0.7",
                "sha512-aK6BbWfhf4U/wCcLHKPJl/xa6VkVstRaPywWtMKGwuOLc/wZTyQYuoxgvZnNsBvv7Kg3YTBQYYBCggcviQczuA==",
            ),
            _part(
                "style-mod", "4.1.4",
                "sha512-XXWIQt633/EpAFx8aZDOTjBzrCaGmhvEQlQo6MVPfa2OzO2cWo+4hV9h+6UkHYlXGfy+ODXKUdP7Pthmcu5ATw==",
            ),
            _part(
                "w3c-keyname", "2.2.8",
                "sha512-dpojBhNsCNN7T82Tm7k26A6G9ML3NkhDsnw9n/eoxSRlVBB4CEtIQ/KTCLI2Fwf3ataSXRhYFkQi3SlnFwPvPQ==",
            ),
        ),
    ),
)  # fmt: skip
"""The query editor. Its styles come by `adoptedStyleSheets`, which a strict security policy allows."""


AXE = Part(
    "axe.min.js", "axe-core", "4.14.1", "MPL-2.0",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    ("axe.min.js",),
)  # fmt: skip
"""What the tests of accessibility need; it is neither served nor kept."""

HTML_VALIDATE = "html-validate@10.17.0"
"""What tells the tests whether a page is HTML: the newest that runs on Node 20; neither served nor kept."""


def main() -> None:
    """Fetch, check, write the files, their licences and the manifest; with --tests, what tests need."""
    if "--tests" in sys.argv[1:]:
        BUILD.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            (BUILD / AXE.target).write_bytes(joined(AXE, fetch(AXE, Path(scratch))))
        install(HTML_VALIDATE, BUILD / "html-validate")
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
        rows += [bundled(bundle, Path(scratch)) for bundle in BUNDLES]
    (TARGET / "manifest.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def bundled(bundle: Bundle, scratch: Path) -> dict[str, object]:
    """Write one module and its licences; give its row of the manifest."""
    modules = scratch / "node_modules"
    for part in (BUNDLER, *bundle.parts):
        unpack(fetch(part, scratch), modules / part.package)
    (scratch / "entry.js").write_text(bundle.exports, "utf-8")
    options = ("--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none")
    command = ["node", str(modules / BUNDLER.package / "bin" / "esbuild"), "entry.js", *options]
    body = subprocess.run(command, cwd=scratch, check=True, capture_output=True).stdout  # noqa: S603
    (TARGET / bundle.target).write_bytes(body)
    license_name = f"{bundle.target.removesuffix('.js')}.LICENSE"
    texts = (f"{part.package}\n\n{license_of(modules / part.package)}" for part in bundle.parts)
    (TARGET / license_name).write_text("\n".join(texts), "utf-8")
    return {
        "file": bundle.target,
        "package": ", ".join(part.package for part in bundle.parts),
        "version": ", ".join(part.version for part in bundle.parts),
        "license": "MIT",
        "license_file": license_name,
        "sha256": hashlib.sha256(body).hexdigest(),
        "of": [],
    }


def install(package: str, folder: Path) -> None:
    """Put a package with what it needs into a folder; no script of a package runs."""
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder))
    subprocess.run(["npm", "install", *options, package], check=True)  # noqa: S603, S607


def unpack(archive: Path, folder: Path) -> None:
    """Put the files of a package where the bundler looks for them."""
    with tarfile.open(archive) as opened:
        for entry in opened.getmembers():
            entry.name = entry.name.partition("/")[2]
            opened.extract(entry, folder, filter="data")


def license_of(folder: Path) -> str:
    """Give the text of a package's licence."""
    return next(path for path in sorted(folder.iterdir()) if path.stem == "LICENSE").read_text("utf-8")


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
