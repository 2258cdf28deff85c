"""Check the built site: every link resolves, nothing is asked of another host, no console error.

Console errors are read from headless Chromium; where there is none, that part is skipped and said.
"""

import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""What a browser fetches by itself, by tag."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FIRST = 12
"""Faults of a kind that are printed."""


class Page(HTMLParser):
    """The links, anchors and fetched addresses of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what one tag says."""
        given = dict(attrs)
        self.anchors |= {given[name] or "" for name in ("id", "name") if name in given}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag in LOADS and given.get(LOADS[tag]):
            self.fetched.append(given[LOADS[tag]] or "")


def main(site: Path) -> int:
    """Print every fault; 1 if there is any."""
    pages = {file: read(file) for file in sorted(site.rglob("*.html"))}
    faults = [*broken_links(pages), *foreign_requests(pages), *console_errors(list(pages))]
    for fault in faults[:FIRST]:
        print(fault)
    print(f"docs: {len(pages)} pages, {len(faults)} faults")
    return 1 if faults or not pages else 0


def read(file: Path) -> Page:
    """Parse one page."""
    page = Page()
    page.feed(file.read_text("utf-8"))
    return page


def broken_links(pages: dict[Path, Page]) -> list[str]:
    """Return the links within the site whose page or anchor is not there."""
    faults = []
    for file, page in pages.items():
        for link in (*page.links, *page.fetched):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            known = pages.get(target)
            if not target.is_file() or (known and anchor and anchor not in known.anchors):
                faults.append(f"{file.name}: broken link {link}")
    return faults


def foreign_requests(pages: dict[Path, Page]) -> list[str]:
    """Return what a browser would fetch from another host."""
    return [
        f"{file.name}: asks another host: {address}"
        for file, page in pages.items()
        for address in page.fetched
        if urlsplit(address).netloc
    ]


def console_errors(files: list[Path]) -> list[str]:
    """Return the lines that a browser's console shows, page by page."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("docs: no Chromium here; the consoles were not read")
        return []
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--dump-dom",
    ]
    faults = []
    for file in files:
        command = [browser, *options, file.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        shown = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        faults += [f"{file.name}: {line}" for line in shown]
        if done.returncode or "<html" not in done.stdout:
            faults.append(f"{file.name}: the browser did not open it")
    return faults


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
