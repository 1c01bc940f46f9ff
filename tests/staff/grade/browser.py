"""A headless Chromium, steered over a pipe with the DevTools protocol: pages as a reader's browser shows them.

python -m tests.staff.grade.browser PAGE.html FOLDER     pictures of a page: desktop, phone, dark, print
"""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["CHROMIUM", "Browser"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
LIMIT = 60  # seconds for an answer


class Browser:
    """A browser with one page, as a context manager.

    Attributes:
        said: what pages wrote to the console, and what the browser logged about them.
        fetched: addresses that were asked for.
    """

    def __enter__(self):
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        ours, self._writer = os.pipe()
        self._reader, theirs = os.pipe()
        # Chromium reads from descriptor 3 and writes to descriptor 4
        start = f'exec 3<&{ours} 4>&{theirs}; exec "$0" "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", start, CHROMIUM, *FLAGS, f"--user-data-dir={self._profile.name}"],
            pass_fds=(ours, theirs),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours)
        os.close(theirs)
        self._numbers, self._rest, self._session = itertools.count(1), b"", None
        self.said, self.fetched, self._loaded = [], [], False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        os.close(self._writer)
        os.close(self._reader)
        self._process.terminate()
        self._process.wait(LIMIT)
        self._profile.cleanup()

    def call(self, method, **parameters):
        """Call a method of the protocol; returns its result."""
        message = {"id": next(self._numbers), "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _receive(self):
        """Return the next message, noting what it says about the page."""
        end = time.monotonic() + LIMIT
        while b"\0" not in self._rest:
            if not select.select([self._reader], [], [], max(end - time.monotonic(), 0))[0]:
                raise TimeoutError(f"no answer from {CHROMIUM} in {LIMIT} s")
            data = os.read(self._reader, 1 << 20)
            if not data:
                raise RuntimeError(f"{CHROMIUM} ended")
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        about = message.get("params", {})
        match message.get("method"):
            case "Log.entryAdded":
                self.said.append(about["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.said.append(str(about))
            case "Network.requestWillBeSent":
                self.fetched.append(about["request"]["url"])
            case "Page.loadEventFired":
                self._loaded = True
        return message

    def open(self, path, width=1280, height=900, dark=False):
        """Open a file in a window of a size, in CSS pixels."""
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self._loaded = False
        self.call("Page.navigate", url=Path(path).resolve().as_uri())
        while not self._loaded:
            self._receive()

    def evaluate(self, expression):
        """Return the value of a JavaScript expression in the page."""
        # as an isolated world: the page's own content security policy forbids scripts to the page, not to us
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def screenshot(self, path, clip=None):
        """Write the whole page, or (top, height) of it, as a PNG file."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        top, height = clip or (0, size["height"])
        area = {"x": 0, "y": top, "width": size["width"], "height": height, "scale": 1}
        data = self.call("Page.captureScreenshot", clip=area, captureBeyondViewport=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def pdf(self, path):
        """Write the page as it is printed, in the size that it asks for."""
        data = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"]
        Path(path).write_bytes(base64.b64decode(data))


def main(page, folder):
    """Take pictures of a page."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = Path(page).stem
    with Browser() as browser:
        for kind, width, dark in (("desktop", 1280, False), ("phone", 360, False), ("dark", 1280, True)):
            browser.open(page, width, dark=dark)
            browser.screenshot(folder / f"{stem}-{kind}.png")
            print(kind, browser.evaluate("document.documentElement.scrollWidth"), *browser.said)
        browser.pdf(folder / f"{stem}.pdf")


if __name__ == "__main__":
    main(*sys.argv[1:])
