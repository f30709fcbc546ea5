"""Take the pictures of docs/screenshots anew, from the pages as they are served: needs Chromium.

Run from the project's folder: `PYTHONPATH=src:. python tools/screenshots.py`.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.browser import CHROMIUM, Page, browser
from tests.serving import Served, served

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screenshots"
DESK, PHONE = 1280, 390
VILLAGES = (ROOT / "queries" / "01-villages-then-and-now.rq").read_text("utf-8")
WAIT = "0"
OPEN_MAP = "document.querySelector('.map-button').click()"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its name, the page, the size of the window, what to do before, light or dark."""

    name: str
    path: str
    width: int
    height: int
    before: str = ""
    dark: bool = False


SHOTS = (
    Shot("front", "?lang=en", DESK, 1080),
    Shot("project", "doc/project/nettverk-for-optimistbygder?lang=en", DESK, 1500),
    Shot("municipality-dark", "doc/municipality/afjord?lang=en", DESK, 1500, dark=True),
    Shot("village-phone", "doc/village/bessaker?lang=nb", PHONE, 1300),
    Shot("list", "projects?lang=en", DESK, 1100),
    Shot("questions", "questions?lang=en", DESK, 900),
    Shot("sparql", f"sparql?lang=en&query={quote(VILLAGES)}", DESK, 1100, before=WAIT),
    Shot("map-open", "doc/village/bessaker?lang=en", DESK, 900, before=OPEN_MAP),
)


def take(page: Page, site: Served, shot: Shot) -> bytes:
    """Give a picture as PNG."""
    page.size(shot.width, shot.height, dark=shot.dark)
    page.open(site.address + shot.path)
    if shot.before:
        page.run(f"{shot.before}; new Promise(done => setTimeout(done, 3000))")
        page.wait("document.readyState === 'complete'")
    clip = {"x": 0, "y": 0, "width": shot.width, "height": shot.height, "scale": 1}
    return base64.b64decode(page.send("Page.captureScreenshot", format="png", clip=clip)["data"])


def main() -> None:
    """Serve this dataset, take each picture or those named, write them."""
    if CHROMIUM is None:
        raise SystemExit("There is no Chromium on this machine.")
    wanted = sys.argv[1:] or [shot.name for shot in SHOTS]
    with (
        tempfile.TemporaryDirectory() as profile,
        served(ROOT, base=False) as site,
        browser(Path(profile)) as chromium,
    ):
        for shot in SHOTS:
            if shot.name in wanted:
                page = chromium.page()
                (TARGET / f"{shot.name}.png").write_bytes(take(page, site, shot))
                page.close()


if __name__ == "__main__":
    main()
