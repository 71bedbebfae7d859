"""How does a template become words that only have to be filled in?

Liquid is swapped for placeholders before MJML and the CSS inliner see it, and put back afterwards: they would refuse or
mend what is no HTML. Tags that stand between elements become comments, because stray text inside a table would be moved
out of it; everything else becomes a word.
"""

from __future__ import annotations

import hashlib
import html as markup
import re
from dataclasses import dataclass, field

import css_inline
import mrml
from django.utils.translation import gettext as _

from campaigns.channels import wording
from campaigns.content import plain
from campaigns.models import Template

UNSUBSCRIBE = "unsubscribe_url"
PREFERENCES = "preferences_url"
LABEL_CHARS = 200
MOST_SOURCE_CHARS = 1_000_000

_RAW = r"\{%-?\s*(?P<block>raw|comment)\s*-?%\}.*?\{%-?\s*end(?P=block)\s*-?%\}"
_LIQUID = re.compile(_RAW + r"|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_OPEN_TAG = re.compile(r"<[A-Za-z][^<>]*$")
_ANCHOR = re.compile(r"""(<(?:a|area)(?:\s+[^\s"'=<>/]+(?:\s*=\s*"[^"]*")?)*?\s+href=")([^"]*)(")""", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]*>")
_PLACEHOLDER = re.compile(r"<!--liq(\d{5})z-->|liq(\d{5})z")
_BODY_START = re.compile(r"<body[^>]*>", re.IGNORECASE)

PIXEL = (
    '{% if omni.pixel %}<img src="{{ omni.pixel }}" width="1" height="1" alt="" border="0" '
    'style="height:1px;width:1px;border:0;display:block">{% endif %}'
)
# A link that no person sees: whoever follows it follows everything.
TRAP = (
    '{% if omni.trap %}<a href="{{ omni.trap }}" aria-hidden="true" tabindex="-1" rel="nofollow" '
    'style="display:none;font-size:0;line-height:0;max-height:0;overflow:hidden"></a>{% endif %}'
)
PREHEADER = (
    '<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden">{words}'
    + "&#847;&zwnj;&nbsp;" * 60
    + "</div>"
)


class CompileError(Exception):
    """The template cannot become a letter; the message is for the person who wrote it."""


@dataclass(frozen=True)
class TrackedLink:
    url: str  # Liquid when it contains {{ }}
    label: str


@dataclass(frozen=True)
class Compiled:
    """Words to be filled in. In `html` and `text` the n-th link is `{{ omni.links[n] }}`, n from 0."""

    subject: str
    preheader: str
    html: str
    text: str
    links: list[TrackedLink] = field(default_factory=list)

    @property
    def hash(self) -> str:
        parts = (self.subject, self.preheader, self.html, self.text, *(link.url for link in self.links))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def compile_template(template: Template) -> Compiled:
    """Make a template's subject, preheader and body ready to be filled in. Pure; raises CompileError.

    1. Swap Liquid for placeholders.
    2. MJML to HTML, then CSS into the elements.
    3. Find the links, put the preheader and the open pixel in.
    4. Derive the text part.
    5. Put Liquid back.
    """
    if len(template.body) > MOST_SOURCE_CHARS:
        raise CompileError(_("The body is too long."))
    known = _known_names(template.body)
    protected, liquid = _protect(template.body)
    html = _inlined(_as_html(protected, template.markup))
    html, links = _with_links(html, liquid, known)
    text = plain.from_html(html)
    html = _framed(html, template.preheader)
    return Compiled(
        subject=template.subject,
        preheader=template.preheader,
        html=_restore(html, liquid),
        text=_restore(text, liquid),
        links=links,
    )


def _protect(source: str) -> tuple[str, list[str]]:
    """Return the source with placeholders, and what they stand for.

    Inside the value of an attribute a placeholder is a word; between elements a value is a word and a tag of Liquid a
    comment. Between attributes there is no place for it: HTML does not keep their order.
    """
    liquid: list[str] = []
    # Quotes and angle brackets inside Liquid say nothing about the place.
    masked = _LIQUID.sub(lambda match: "\0" * len(match.group()), source)

    def swap(match: re.Match[str]) -> str:
        name = f"liq{len(liquid):05d}z"
        liquid.append(match.group())
        opened = _OPEN_TAG.search(masked, max(masked.rfind("<", 0, match.start()), 0), match.start())
        if opened and not _is_in_value(opened.group()):
            line = source.count("\n", 0, match.start()) + 1
            raise CompileError(
                _('Line %(line)s: put %(liquid)s inside the value of an attribute, as in class="{%% if … %%}…{%% endif %%}".')
                % {"line": line, "liquid": match.group()[:60]}
            )
        if opened:
            return name
        return name if match.group().startswith("{{") else f"<!--{name}-->"

    return _LIQUID.sub(swap, source), liquid


def _is_in_value(opened: str) -> bool:
    """Say whether an element's tag, read so far, stands inside the value of an attribute."""
    quote = ""
    for character in opened:
        if character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote = character
    return bool(quote) or opened.endswith(("=", "=\0"))


def _restore(text: str, liquid: list[str]) -> str:
    def back(match: re.Match[str]) -> str:
        index = int(match.group(1) or match.group(2))
        return liquid[index] if index < len(liquid) else match.group()

    return _PLACEHOLDER.sub(back, text)


def _as_html(source: str, kind: str) -> str:
    if kind != Template.Markup.MJML:
        return source
    if "<mjml" not in source:
        raise CompileError(_("MJML starts with <mjml>."))
    try:
        return str(mrml.to_html(source).content)
    except (OSError, ValueError) as error:
        raise CompileError(_("The MJML cannot be read: %(error)s") % {"error": error}) from error


def _inlined(html: str) -> str:
    # Nothing is fetched: a template must not make the server call addresses.
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
    try:
        return str(inliner.inline(html))
    except (ValueError, css_inline.InlineError) as error:
        raise CompileError(_("The styles cannot be read: %(error)s") % {"error": error}) from error


def _known_names(body: str) -> set[str]:
    """Return the names that mean the same anywhere in the words: not those of loops and assignments."""
    try:
        analysis = wording.parse(body).analyze()
    except wording.WordingError as error:
        place = _(" (line %(line)s)") % {"line": error.line} if error.line else ""
        raise CompileError(f"{error.message}{place}") from error
    return set(analysis.globals) - set(analysis.locals)


def _with_links(html: str, liquid: list[str], known: set[str]) -> tuple[str, list[TrackedLink]]:
    links: list[TrackedLink] = []

    def swap(match: re.Match[str]) -> str:
        url = _restore(markup.unescape(match.group(2)), liquid).strip()
        if not _is_tracked(url, known):
            return match.group()
        links.append(TrackedLink(url, _label(html, match.end(), liquid)))
        return f"{match.group(1)}{{{{ omni.links[{len(links) - 1}] }}}}{match.group(3)}"

    return _ANCHOR.sub(swap, html), links


def _is_tracked(url: str, known: set[str]) -> bool:
    """Say whether clicks on this address are counted: web pages, never the way out.

    The address is filled in when somebody clicks, so one that a loop makes cannot be counted.
    """
    if (
        UNSUBSCRIBE in url
        or PREFERENCES in url
        or not (url.lower().startswith(("http://", "https://")) or url.startswith(("{{", "{%")))
    ):
        return False
    try:
        return {path[0] for path in wording.names(wording.parse(url)) if path} <= known
    except wording.WordingError:
        return False


def _label(html: str, start: int, liquid: list[str]) -> str:
    rest = html[start : start + 5_000]
    inner = rest[rest.find(">") + 1 :].split("</a", 1)[0]
    words = markup.unescape(_TAGS.sub(" ", inner.replace("<!--", "<").replace("-->", ">")))
    if not words.strip() and (alt := re.search(r'alt="([^"]+)"', inner)):
        words = markup.unescape(alt.group(1))
    return " ".join(_restore(words, liquid).split())[:LABEL_CHARS]


def _framed(html: str, preheader: str) -> str:
    opening = PREHEADER.replace("{words}", preheader) + TRAP if preheader.strip() else TRAP
    start = _BODY_START.search(html)
    html = html[: start.end()] + opening + html[start.end() :] if start else opening + html
    end = html.lower().rfind("</body>")
    return html[:end] + PIXEL + html[end:] if end >= 0 else html + PIXEL
