"""What a page reserves and grants: opt-outs from the training of models, and the licence that it names.

Read are `<meta>`, `<link>` and `<a>` of the page and the headers of its response: robots directives (noai, noimageai), the
TDM Reservation Protocol (W3C community group report of 2024), rel=license, and Dublin Core. What follows from it is the
policy's and the user's to say.
"""

import html
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
"""The headers of a page that came without."""

_TAG = re.compile(r"<(meta|link|a)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_LINK_HEADER = re.compile(r"<([^<>]*)>([^<>]*)")
_LICENSE_REL = re.compile(r"""\brel\s*=\s*["']?[^"',;]*\blicense\b""", re.IGNORECASE)
# Names of robots: googlebot, gptbot, google-extended.
_ROBOTS = ("bot", "-extended")
_DIRECTIVES = frozenset({"noai", "noimageai"})
_LICENSE_NAMES = frozenset(
    f"{prefix}{separator}{name}" for prefix in ("dc", "dcterms") for separator in ".:" for name in ("license", "rights")
) | {"license"}


class Rights(NamedTuple):
    """Opt-outs, comma-separated and sorted (noai, noimageai, tdm-reservation, tdm-policy), and the licence as named."""

    opt_outs: str | None = None
    page_license: str | None = None


def rights_of(page: str | None, headers: Mapping[str, str] = NO_HEADERS) -> Rights:
    """Rights of a page (None: none is read) and of the headers of its response, by lower-case name.

    Of several licences the first counts: rel=license of the page, its `<meta>`, then the Link header.
    """
    opt_outs = _directives(headers.get("x-robots-tag", ""))
    opt_outs |= _reservation("tdm-reservation", headers.get("tdm-reservation", ""))
    opt_outs |= _reservation("tdm-policy", headers.get("tdm-policy", ""))
    linked: list[str] = []
    described: list[str] = []
    for tag, attributes in _tags(page) if page else ():
        name = (attributes.get("name") or attributes.get("property") or "").lower()
        content = attributes.get("content", "").strip()
        if tag != "meta":
            if "license" in attributes.get("rel", "").lower().split():
                linked.append(attributes.get("href", "").strip())
        elif name in _LICENSE_NAMES:
            described.append(content)
        elif name == "robots" or name.endswith(_ROBOTS):
            opt_outs |= _directives(content)
        else:
            opt_outs |= _reservation(name, content)
    licenses = [*linked, *described, *_of_link_header(headers.get("link", ""))]
    return Rights(",".join(sorted(opt_outs)) or None, next(filter(None, licenses), None))


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The tags that can tell, with their attributes; of the very many links of pages, those with the word in them."""
    for tag, text in _TAG.findall(page):
        if tag not in "aA" or "license" in text.lower():
            found = _ATTRIBUTE.findall(text)
            yield tag.lower(), {name.lower(): html.unescape(one or two or bare) for name, one, two, bare in found}


def _directives(content: str) -> set[str]:
    """Opt-outs among the directives to robots; those of a header may begin with a robot's name and a colon."""
    return {part.strip().lower() for part in re.split("[,:;]", content)} & _DIRECTIVES


def _reservation(name: str, value: str) -> set[str]:
    """TDMRep: a reservation is one if it is 1; a policy says under which terms it may be lifted."""
    reserved = value.strip() == "1" if name == "tdm-reservation" else name == "tdm-policy" and value.strip() != ""
    return {name} if reserved else set()


def _of_link_header(value: str) -> Iterator[str]:
    for target, parameters in _LINK_HEADER.findall(value):
        if _LICENSE_REL.search(parameters):
            yield target.strip()
