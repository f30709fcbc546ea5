"""A headless Chromium for tests, driven over a pipe by the DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
AXE = ROOT / "build" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = (
    "no Chromium on this machine"
    if CHROMIUM is None
    else ""
    if AXE.is_file()
    else "axe is not here: run `python tools/vendor.py --tests`"
)
"""Why tests in a browser cannot run here; empty where they can."""

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-pipe",
)  # fmt: skip
_AXE_RUN = """axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
  "best-practice"]}).then(found => found.violations.map(v => v.id + ": " +
  v.nodes.map(n => n.html.slice(0, 120) + " " + n.failureSummary.slice(0, 300)).slice(0, 3).join(" | ")))"""
_SECONDS = 20.0
_PLACE = """import fcntl, os, sys
down, up = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3])
os.dup2(down, 3)
os.dup2(up, 4)
os.execv(sys.argv[3], sys.argv[3:])"""
"""Chromium reads its third file and writes its fourth."""


class Page:
    """One tab. `wrong` is what the console complained of, `hosts` whom it asked for something."""

    def __init__(self, browser: Browser, session: str, context: str) -> None:
        """Listen to a tab that is open."""
        self._browser = browser
        self._context = context
        self._session = session
        self.wrong: list[str] = []
        self.hosts: set[str] = set()
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Give what the browser answers to a command."""
        return self._browser.send(method, parameters, self._session)

    def close(self) -> None:
        """Close the tab and forget what it kept."""
        self._browser.send("Target.disposeBrowserContext", {"browserContextId": self._context})

    def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        before = self._browser.loads
        self.send("Page.navigate", url=address)
        self._browser.wait(lambda: self._browser.loads > before, address)

    def run(self, expression: str) -> Any:
        """Give the value of an expression, when it has come."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Give the value of an expression as soon as it is true."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            found = self.run(expression)
            if found:
                return found
            time.sleep(0.03)
        raise AssertionError(f"In vain: {expression}")

    def type(self, text: str) -> None:
        """Type a text where the focus is, key by key."""
        for character in text:
            self.send("Input.dispatchKeyEvent", type="char", text=character)

    def press(self, key: str, code: int, modifiers: int = 0, text: str = "") -> None:
        """Press a key; modifiers: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift."""
        details = {
            "key": key,
            "code": key,
            "windowsVirtualKeyCode": code,
            "modifiers": modifiers,
            "text": text,
        }
        self.send("Input.dispatchKeyEvent", type="keyDown", **details)
        self.send("Input.dispatchKeyEvent", type="keyUp", **{**details, "text": ""})

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Make the window this wide and high, and light or dark."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self) -> bytes:
        """Give what is to be seen as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])

    def axe(self) -> list[str]:
        """Give what axe finds wrong with the page as it stands."""
        self.run(AXE.read_text("utf-8") + ";1")
        return list(self.run(_AXE_RUN))

    def is_too_wide(self) -> bool:
        """Tell whether the page must be scrolled sideways."""
        root = "document.documentElement"
        return bool(self.run(f"{root}.scrollWidth > {root}.clientWidth"))

    def note(self, method: str, parameters: dict[str, Any]) -> None:
        """Remember what an event tells."""
        if method == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if url.startswith("http"):
                self.hosts.add(url.split("/")[2])
        elif method == "Runtime.exceptionThrown":
            self.wrong.append(json.dumps(parameters["exceptionDetails"])[:600])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.wrong.append(parameters["entry"]["text"] + " " + parameters["entry"].get("url", ""))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.wrong.append(json.dumps(parameters["args"])[:600])


class Browser:
    """A running Chromium: commands go down one pipe, answers and events come up another."""

    def __init__(self, down: int, up: int) -> None:
        """Speak over two pipes."""
        self._down, self._up = down, up
        self._number = 0
        self._rest = b""
        self._answers: dict[int, dict[str, Any]] = {}
        self._pages: dict[str, Page] = {}
        self.loads = 0

    def page(self) -> Page:
        """Open a tab of its own, with nothing remembered."""
        context = self.send("Target.createBrowserContext", {})["browserContextId"]
        target = self.send("Target.createTarget", {"url": "about:blank", "browserContextId": context})
        session = self.send("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True})
        page = Page(self, session["sessionId"], context)
        self._pages[session["sessionId"]] = page
        return page

    def send(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        """Give what the browser answers to a command."""
        self._number += 1
        own = self._number
        message = {"id": own, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._down, json.dumps(message).encode() + b"\0")
        self.wait(lambda: own in self._answers, method)
        answer = self._answers.pop(own)
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, done: Any, what: str) -> None:
        """Take what comes until something is done."""
        end = time.monotonic() + 4 * _SECONDS
        while not done():
            assert time.monotonic() < end, f"In vain: {what}"
            self._take()

    def _take(self) -> None:
        piece = os.read(self._up, 1 << 20)
        assert piece, "Chromium has ended."
        *whole, self._rest = (self._rest + piece).split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
                continue
            self.loads += message["method"] == "Page.loadEventFired"
            page = self._pages.get(message.get("sessionId", ""))
            if page:
                page.note(message["method"], message["params"])


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Run Chromium, with a profile in a folder, until the block ends."""
    assert CHROMIUM is not None
    down_read, down_write = os.pipe()
    up_read, up_write = os.pipe()

    fds = (down_read, up_write)
    process = subprocess.Popen(
        [sys.executable, "-c", _PLACE, *map(str, fds), CHROMIUM, *FLAGS, f"--user-data-dir={folder}"],
        pass_fds=fds, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(down_read)
    os.close(up_write)
    try:
        yield Browser(down_write, up_read)
    finally:
        os.write(down_write, b'{"id":0,"method":"Browser.close"}\0')
        process.wait(20)
        os.close(down_write)
        os.close(up_read)
