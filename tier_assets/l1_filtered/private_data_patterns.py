"""What private data looks like: where a line holds e-mail and IP addresses, keys, payment cards, bank accounts.

Telephone numbers are in `phone_numbers.py`; what is put in their place is decided in `private_data.py`. Every expression is
bounded: time grows with the text and no faster. Nothing but a block of a private key extends over lines.
"""

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Iterator

Span = tuple[int, int]

# RFC 5321: 64 characters before the @, 253 after. A letter with an accent is taken for one of the name.
_LOCAL = re.compile(r"[A-Za-z0-9\u00c0-\u024f._%+'&!#$*=^`{|}~-]{1,64}")
_LOCAL_EDGES = ".'&!#$*=^`{|}~-%+"
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f_-]{0,61}[A-Za-z0-9\u00c0-\u024f])?\.){1,8}"
    r"(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,40})(?![A-Za-z0-9_@])"
)
_AT = re.compile(r"@(?=[A-Za-z0-9\u00c0-\u024f])")
# Ends of file names that follow an @ too, as in logo@2x.png, and are no domains.
_FILES = frozenset("png jpg jpeg gif svg webp avif js mjs ts css scss html htm php json xml yaml yml pdf txt".split())
# RFC 2606: nobody's.
_NOBODYS = re.compile(r"(?:^|\.)(?:example\.(?:com|org|net|edu)|example|test|invalid|localhost)$", re.IGNORECASE)
# name [at] domain [dot] com: written so that programs do not find it.
_SPELLED = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}[ ]?[\[({][ ]?at[ ]?[\])}][ ]?"
    r"(?:[A-Za-z0-9-]{1,63}[ ]?(?:\.|[\[({][ ]?(?:dot|\.)[ ]?[\])}])[ ]?){1,5}[A-Za-z]{2,24}(?![\w@])",
    re.IGNORECASE,
)

_DOTTED = re.compile(r"(?<![\w.+/-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_NUMBERING = re.compile(
    r"(?:versi[oó]n[es]?|release|build|firmware|driver|section|chapter|clause|§|sec\.|art\.|no\.|ver\.|\bv\.?|[=<>~]=)\W{0,3}$",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 16
_COLONS = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_GIVEN_OUT = re.compile(r"[23][0-9A-Fa-f]{3}:")
_MIN_LONG_GROUPS = 4

_CARD = re.compile(r"(?<![\w.,+/-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-]|[.,]\d)")
# Prefixes of Visa, Mastercard, American Express, Diners, Discover, JCB, Maestro, UnionPay, and their lengths (ISO/IEC 7812).
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11,13}|35\d{14}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}|(?:50|5[6-9]|6\d)\d{11,17}|(?:2131|1800)\d{11}"
)
_OTHER_CARD = re.compile(r"(?<![\w.,+/-])(?:1800\d{11}|(?:50|5[6-9]|6\d)\d{10})(?![\w-]|[.,]\d)")
_CARD_WORDS = re.compile(r"card|\bcc\b|visa|maestro|amex|credit", re.IGNORECASE)
_CARD_CONTEXT_CHARS = 48

_ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])"
)
_ACCOUNT_CHARS = range(15, 35)

_KEYS = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[A-Z2-7]{16}"  # AWS
    r"|(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,250}"  # Slack
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{10,2000}"  # JSON web token
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,500}"  # Google
    r"|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}|sk-[A-Za-z0-9_-]{20,200}"  # Stripe, OpenAI, Anthropic
    r"|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,250}|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"
    r")(?![A-Za-z0-9_-])"
)
_BLOCK = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]{1,20000}"
    r"(?:-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
)
_ASSIGNED = re.compile(
    r"(?:key|secret|token|passw(?:or)?d|bearer)"
    r"[\"']?(?:[ ]{0,3}(?::=|=>|[:=])[ ]{0,3}|[ ])[\"'`]?([A-Za-z0-9_+/=.~-]{15,511}[A-Za-z0-9_+/=])",
    re.IGNORECASE,
)
_MIN_SECRET_BITS = 3.0


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses, also `name [at] domain [dot] tld`; addresses of reserved domains are nobody's and stay."""
    last = 0
    for at in _AT.finditer(text):
        domain = _DOMAIN.match(text, at.end())
        if domain is None or at.start() < last:
            continue
        local = _LOCAL.match(text[max(last, at.start() - 64) : at.start()][::-1])
        name = local[0][::-1].lstrip(_LOCAL_EDGES) if local else ""
        if not name or domain[0].rpartition(".")[2].lower() in _FILES or _NOBODYS.search(domain[0]):
            continue
        last = domain.end()
        yield at.start() - len(name), last


def spelled_emails(text: str) -> Iterator[Span]:
    """E-mail addresses written with `[at]` in brackets."""
    return (match.span() for match in _SPELLED.finditer(text))


def ip_addresses(text: str) -> Iterator[Span]:
    """Public IP addresses of version 4. Private, reserved and documentation ranges stay, and numbers of versions.

    Four numbers below 10 are a section or a version; the addresses among them are those of public resolvers.
    """
    for match in _DOTTED.finditer(text):
        parts = [int(part) for part in match[0].split(".")]
        if not 10 <= max(parts) <= 255 or not _is_somebodys(ipaddress.IPv4Address(bytes(parts))):
            continue
        if not _NUMBERING.search(text[max(0, match.start() - _CONTEXT_CHARS) : match.start()]):
            yield match.span()


def ipv6_addresses(text: str) -> Iterator[Span]:
    """Public IP addresses of version 6: of 2000::/3, the part of the space that is given out, or eight groups in full."""
    for match in _COLONS.finditer(text):
        groups = match[0].split(":")
        written_out = len(groups) == 8 and sum(len(group) >= 3 for group in groups) >= _MIN_LONG_GROUPS
        if not (written_out or _GIVEN_OUT.match(match[0])):
            continue
        try:
            address = ipaddress.IPv6Address(match[0])
        except ValueError:
            continue
        if _is_somebodys(address) or (written_out and not address.is_private):
            yield match.span()


def _is_somebodys(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def cards(text: str) -> Iterator[Span]:
    """Numbers of payment cards: an issuer's prefix and length, and Luhn's check digit; rare forms need a word before them."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUERS.fullmatch(digits) and _passes_luhn(digits) and _grouped_alike(match[0]):
            yield match.span()
    for match in _OTHER_CARD.finditer(text):
        before = text[max(0, match.start() - _CARD_CONTEXT_CHARS) : match.start()]
        if _passes_luhn(match[0]) and _CARD_WORDS.search(before):
            yield match.span()


def _passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def _grouped_alike(number: str) -> bool:
    """Whether the groups are those of a card: four digits each, or 4-6-4 or 4-6-5; without gaps all is one group."""
    groups = [len(group) for group in re.split(r"[ -]", number)]
    return len(groups) == 1 or groups in ([4, 6, 4], [4, 6, 5]) or (set(groups[:-1]) == {4} and groups[-1] <= 4)


def accounts(text: str) -> Iterator[Span]:
    """International bank account numbers that pass the check of ISO 13616: the number as digits is 1 modulo 97."""
    for match in _ACCOUNT.finditer(text):
        number = re.sub(r"[ -]", "", match[0]).upper()
        if len(number) in _ACCOUNT_CHARS and int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1:
            yield match.span()


def key_blocks(text: str) -> Iterator[Span]:
    """Private keys in armour, over all their lines, also where the end is missing."""
    return (match.span() for match in _BLOCK.finditer(text))


def keys(text: str) -> Iterator[Span]:
    """Keys and tokens that services give out, and values assigned to a name that ends as `api_key`, `token`, `password`."""
    yield from (match.span() for match in _KEYS.finditer(text))
    yield from (match.span(1) for match in _ASSIGNED.finditer(text) if _is_secret(match[1]))


def _is_secret(value: str) -> bool:
    """Whether a value looks drawn by lot: letters and digits mixed, at least 3 bits a character."""
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    letters = sum(c.isalpha() for c in value)
    return bits >= _MIN_SECRET_BITS and letters > 0 and sum(c.isdigit() for c in value) >= 3
