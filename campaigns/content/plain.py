"""What does a letter say to those who read it as plain text?"""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    (
        *("address", "article", "blockquote", "br", "center", "div", "dl", "dt", "dd", "figure", "footer", "form"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
        *("table", "tbody", "tfoot", "thead", "tr", "ul"),
    )
)
SPACED = frozenset(["h1", "h2", "h3", "p", "table", "ul", "ol", "blockquote"])  # an empty line around them
SILENT = frozenset(["head", "style", "script", "title", "template"])
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0\u200c\u034f]+")
_LIQUID_PLACEHOLDER = re.compile(r"liq\d{5}z")


def from_html(html: str) -> str:
    """Return the words of a letter with its links behind them: "Shop now (https://…)". Order is kept, layout is not."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [_BLANKS.sub(" ", line).strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0
        self.hrefs: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag in SILENT:
            self.silent += 1
        elif tag == "a":
            self.hrefs.append((facts.get("href") or "", len(self.parts)))
        elif tag == "img" and not self.silent and (alt := (facts.get("alt") or "").strip()):
            self.parts.append(alt)
        elif tag in BLOCKS:
            self.parts.append("\n\n" if tag in SPACED else "\n")
            if tag == "li":
                self.parts.append("- ")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag == "a" and self.hrefs:
            href, start = self.hrefs.pop()
            said = "".join(self.parts[start:]).strip()
            if href and not href.startswith("#") and said != href:
                self.parts.append(f" ({href})" if said else href)
        elif tag in BLOCKS:
            self.parts.append("\n\n" if tag in SPACED else "\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data.replace("\n", " "))

    def handle_comment(self, data: str) -> None:
        # Liquid tags are kept as comments while a template is compiled.
        if not self.silent and _LIQUID_PLACEHOLDER.fullmatch(data.strip()):
            self.parts.append(data.strip())
