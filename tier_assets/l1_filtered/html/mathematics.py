r"""Formulas of a page as LaTeX between dollar signs, written into the page before its main text is extracted.

Whatever extractor follows finds `$x^{2}$` in the place of markup that it would drop, or give twice. Read are `<math>`
(its TeX annotation, its alttext, or itself: `mathml.py`), what KaTeX and MathJax leave in a page, images of formulas (by
their class, by the service that made them, or where their text is in the signs of TeX), and AsciiMath, which stays as it
is written. Formulas that stand in the text, `$...$` or `\(...\)`, stay as they are.
"""

import html
import re
from collections.abc import Iterator

from tier_assets.l1_filtered.html.mathml import latex

_TAG = re.compile(r"<(/?)(math|mjx-container|span|div|script|img|nobr)\b([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_TEX_ANNOTATION = re.compile(r"<annotation\b[^<>]*application/x-(?:la)?tex[^<>]*>([^<]*)<", re.IGNORECASE)
_ASCIIMATH = re.compile(r"<(/?)(script|style|pre|code)\b[^<>]*>|`([^`<>\n]{1,300})`", re.IGNORECASE)
# What KaTeX and MathJax show: the formula itself stands beside it.
_SHOWN = frozenset(
    "katex-html mathjax mathjax_preview mathjax_display mathjax_svg mathjax_svg_display mathjax_chtml mjxc-display".split()
)
# A page has thousands of such tags: only those with such a class are taken apart.
_MAY_BE_SHOWN = re.compile("katex-html|mathjax|mjxc-display", re.IGNORECASE)
_IMAGES = frozenset(
    "tex latex mwe-math-fallback-image-inline mwe-math-fallback-image-display math latexmathimg".split()
)
# Addresses of the services that make images of TeX, and what their alternative text may stand in.
_SERVICE = re.compile(r"(?:^|[/.])(?:(?:la)?tex\.(?:php|cgi)|(?:math|mime)tex\b|codecogs\.|filter/tex/)", re.IGNORECASE)
_DELIMITED = re.compile(r"\$([^$]+)\$|\\\((.+)\\\)|\$\$([^$]+)\$\$|\\\[(.+)\\\]", re.DOTALL)
# MathML in an attribute, with its own tags as browsers write it out.
_MATHML_IN = re.compile(r"""(?<=data-mathml=)(?:"[^"]*"|'[^']*')""", re.IGNORECASE)
_TEX_FOLLOWS = re.compile(r"(?:\s|</?(?:span|div|nobr)\b[^<>]*>){0,8}<script\b[^<>]*\bmath/", re.IGNORECASE)
_MAX_MATHML = 20_000
_BRACED = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL)
_STYLE = re.compile(r"^\\(?:display|text)style\b\s*")
# TeX's comment at the end of a line, by which LaTeXML breaks long lines.
_LINE_COMMENT = re.compile(r"(?<!\\)%\n\s*")


def with_formulas(page: str) -> str:
    """The page with its formulas as LaTeX text: `$...$`, and `$$...$$` for those that stand alone.

    For pages at which `scanner.read_page` says that they have mathematics. Takes time linear in the page's length.
    """
    if "data-mathml=" in page.lower():
        page = _MATHML_IN.sub(lambda found: found[0].replace("<", "&lt;").replace(">", "&gt;"), page)
    page = "".join(_pieces(page))
    if "`" in page and "asciimath" in page.lower():
        page = _with_asciimath(page)
    return page


def _with_asciimath(page: str) -> str:
    """Formulas in backticks as they are, in dollar signs; what is in backticks within code is none."""
    code = ""

    def replaced(found: re.Match[str]) -> str:
        nonlocal code
        if found[3]:
            return found[0] if code else f"${found[3]}$"
        name = found[2].lower()
        if not found[1]:
            code = code or name
        elif name == code:
            code = ""
        return found[0]

    return _ASCIIMATH.sub(replaced, page)


def _pieces(page: str) -> Iterator[str]:
    """What becomes of the page, piece by piece."""
    done, hidden, depth, mathml = 0, "", 0, ""
    ends = {"math": 0, "script": 0}
    for tag in _TAG.finditer(page):
        if tag.start() < done:
            continue
        name, closing = tag[2].lower(), bool(tag[1])
        if hidden:
            depth += (name == hidden) * (-1 if closing else 1)
            if not (closing or mathml):
                mathml = _mathml_of(page, tag)
            if not depth:
                if mathml and not _TEX_FOLLOWS.match(page, tag.end()):
                    yield _of_mathml(mathml)
                done, hidden = tag.end(), ""
            continue
        around = name in ("span", "div", "nobr", "mjx-container")
        if closing or (around and not _MAY_BE_SHOWN.search(tag[3])):
            continue
        attributes = _attributes(tag[3])
        if around:
            if not _SHOWN.isdisjoint(attributes.get("class", "").lower().split()):
                yield page[done : tag.start()]
                done, hidden, depth, mathml = tag.start(), name, 1, attributes.get("data-mathml", "")
            continue
        end = tag.end()
        formula: str | None = None
        if name == "img":
            formula = _of_image(attributes)
        elif name == "math" or attributes.get("type", "").lower().startswith("math/"):
            end = -1 if ends[name] < 0 else page.find(f"</{name}", tag.end())
            ends[name] = end
            if end < 0:
                continue
            formula = _of_element(name, attributes, page[tag.end() : end])
            end = page.find(">", end) + 1 or len(page)
        if formula is not None:
            yield page[done : tag.start()]
            yield formula
            done = end
    yield page[done:]


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare) for name, double, single, bare in _ATTRIBUTE.findall(text)
    }


def _mathml_of(page: str, tag: re.Match[str]) -> str:
    """The MathML that a start tag within what MathJax shows holds, for readers who see nothing; empty for none."""
    if tag[2].lower() == "math":
        return page[tag.start() : page.find("</math", tag.end(), tag.end() + _MAX_MATHML) + 1 or tag.end()]
    return _attributes(tag[3]).get("data-mathml", "") if "data-mathml" in tag[3].lower() else ""


def _of_mathml(mathml: str) -> str:
    start = _TAG.match(mathml)
    return _of_element("math", _attributes(start[3]) if start else {}, mathml)


def _of_image(attributes: dict[str, str]) -> str | None:
    """An image of a formula tells its TeX by its alternative text."""
    tex = (attributes.get("alt") or attributes.get("title", "")).strip()
    kinds = attributes.get("class", "").lower()
    delimited = _DELIMITED.fullmatch(tex)
    made = not _IMAGES.isdisjoint(kinds.split()) or _SERVICE.search(attributes.get("src", "")) is not None
    if delimited:
        alone = "display" in kinds or bool(delimited[3] or delimited[4])
        return _formula("".join(filter(None, delimited.groups())), alone=alone)
    return _formula(tex, alone="display" in kinds) if tex and made else None


def _of_element(name: str, attributes: dict[str, str], content: str) -> str:
    if name == "script":
        kind = attributes["type"].lower()
        if kind.startswith("math/mml"):
            return _formula(latex(content), alone=False)
        return _formula(content, alone="mode=display" in kind.replace(" ", ""))
    alone = attributes.get("display") == "block" or attributes.get("mode") == "display"
    if annotation := _TEX_ANNOTATION.search(content):
        return _formula(html.unescape(annotation[1]), alone=alone)
    return _formula(attributes.get("alttext") or latex(content), alone=alone)


def _formula(tex: str, *, alone: bool) -> str:
    """TeX as text of a page, without what only sets its type; empty for none."""
    tex = _LINE_COMMENT.sub("", tex).strip().strip("$").strip()
    if braced := _BRACED.fullmatch(tex):
        tex = braced[1]
    tex = html.escape(_STYLE.sub("", tex).strip(), quote=False)
    if not tex:
        return ""
    return f" $${tex}$$ " if alone else f"${tex}$"
