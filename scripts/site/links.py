"""Links of a finished site that lead nowhere: to pages, pictures and headings that are not there."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The addresses that a page asks for, and the names that an address may point to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: set[str] = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key in ("href", "src") and value and tag != "base":
                self.addresses.append(value)
            elif value and (key == "id" or (key == "name" and tag == "a")):
                self.names.add(value)


def broken(site: Path) -> list[tuple[str, str]]:
    """Return page and address of every link inside a site that has no file, or no such heading."""
    site = site.resolve()
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    return [
        (path.relative_to(site).as_posix(), address)
        for path, page in pages.items()
        for address in dict.fromkeys(page.addresses)
        if not _leads_somewhere(address, path, pages)
    ]


def _leads_somewhere(address: str, path: Path, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:  # another site, or data in the address itself
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if target in pages:
        return unquote(parts.fragment) in pages[target].names
    return target.is_file()
