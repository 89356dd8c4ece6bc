"""What private data looks like: where a line holds e-mail and IP addresses, keys, payment cards, bank accounts.

Telephone numbers are in `phone_numbers.py`; what is put in their place is decided in `private_data.py`. Every expression is
bounded: time grows with the text and no faster. Nothing but a block of a private key extends over lines.
"""

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise, starmap

Span = tuple[int, int]

# RFC 5321: 64 characters before the @, 253 after. A letter with an accent, Greek or Cyrillic is taken for one of the name;
# other scripts put no space before an address.
_ALNUM = r"A-Za-z0-9\u00c0-\u024f\u0370-\u052f"
_LOCAL = re.compile(rf"[{_ALNUM}._%+'&!#$*=^`{{|}}~-]{{1,64}}")
_LOCAL_EDGES = ".'&!#$*=^`{|}~-%+"
# Domains of countries in their own letters: any word would make one of a sentence that lacks a space after its stop.
_NATIVE = "рф|рус|укр|бг|бел|срб|мкд|мон|қаз|ею|ευ|ελ"
_DOMAIN = re.compile(
    rf"(?:[{_ALNUM}](?:[{_ALNUM}_-]{{0,61}}[{_ALNUM}])?\.){{1,8}}"
    rf"(?:xn--[A-Za-z0-9-]{{2,40}}|[A-Za-z]{{2,24}}|{_NATIVE})(?![A-Za-z0-9_@])",
    re.IGNORECASE,
)
_AT = re.compile(rf"@(?=[{_ALNUM}])")
# Ends of file names that follow an @ too, as in logo@2x.png, and are no domains.
_FILES = frozenset("png jpg jpeg gif svg webp avif js mjs ts css scss html htm php json xml yaml yml pdf txt".split())
# RFC 2606: nobody's.
_NOBODYS = re.compile(r"(?:^|\.)(?:example\.(?:com|org|net|edu)|example|test|invalid|localhost)$", re.IGNORECASE)
# name [at] domain [dot] com: written so that programs do not find it.
_SPELLED = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}[ ]?[\[({][ ]?at[ ]?[\])}][ ]?"
    # A stop with a space after it ends a sentence.
    r"(?:[A-Za-z0-9-]{1,63}(?:\.|[ ]?[\[({][ ]?(?:dot|\.)[ ]?[\])}][ ]?)){1,5}[A-Za-z]{2,24}(?![\w@])",
    re.IGNORECASE,
)

_DOTTED = re.compile(r"(?<![\w.+/-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w-]|\.\d)")
_NUMBERING = re.compile(
    r"(?:versi[oó]n[es]?|revision|release|build|firmware|driver|section|chapter|clause|§|sec\.|art\.|no\.|\bver\.?|\bv\.?"
    r"|[=<>~!]=)\W{0,5}$|[~^]$",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 16
# Of public addresses 2 in 10,000 have no number above; of sections, versions and dates nearly all have none.
_MIN_LARGEST = 32
_COLONS = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_GIVEN_OUT = re.compile(r"[23][0-9A-Fa-f]{3}:")
_MIN_LONG_GROUPS = 4

_CARD = re.compile(r"[1-6](?<![\w.,+/-][1-6])\d{3}(?:[ -]?\d){8,15}(?![\w-]|[.,]\d)")
# Prefixes of Visa, Mastercard, American Express, Diners, Discover, JCB, Maestro, UnionPay, and their lengths (ISO/IEC 7812).
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11,13}|35\d{14}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}|(?:50|5[6-9]|6\d)\d{11,17}|(?:2131|1800)\d{11}"
)
_OTHER_CARD = re.compile(r"1800\d{11}|(?:50|5[6-9]|6\d)\d{10}")
_CARD_WORDS = re.compile(r"card|\bcc\b|visa|maestro|amex|credit", re.IGNORECASE)
_CARD_CONTEXT_CHARS = 48

# Characters of an account number by country: the registry of ISO 13616, with the countries that use it unregistered.
_ACCOUNT_CHARS = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "AO CV GW LY MZ PT ST", 26: "DZ IR IS TR", 27: "BI CF CG CM DJ FR GA GQ GR IT KM MC MG MR SM TD",
    28: "AL AZ BF BJ BY CI CY DO GT HN HU LB MA ML NE NI PL SN SV TG", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
    32: "LC", 33: "RU",
}  # fmt: skip


def _account_of(chars: int, countries: str) -> str:
    """An account number of a length, as one word or in groups of four."""
    fours, rest = divmod(chars - 4, 4)
    last = rf"[ -]?[A-Z0-9]{{{rest}}}" if rest else ""
    return rf"(?:{countries.replace(' ', '|')})\d\d(?:[ -]?[A-Z0-9]{{4}}){{{fours}}}{last}"


_ACCOUNT = re.compile(
    rf"(?<![A-Z0-9])(?=[A-Z]{{2}}\d\d)(?:{'|'.join(starmap(_account_of, _ACCOUNT_CHARS.items()))})(?![A-Z0-9])",
    re.IGNORECASE | re.ASCII,
)

_KEYS = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[A-Z2-7]{16}"  # AWS
    r"|(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,250}"  # Slack
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{10,2000}"  # JSON web token
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,500}"  # Google
    r"|GOCSPX-[A-Za-z0-9_-]{28}"
    r"|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}"  # Stripe
    # OpenAI, Anthropic; with a part without a hyphen that is longer than those of names of styles.
    r"|sk-(?=[A-Za-z0-9_-]{0,90}?[A-Za-z0-9]{16})[A-Za-z0-9_-]{20,200}"
    r"|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,250}|dckr_pat_[A-Za-z0-9_-]{27}"
    r"|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|key-[0-9a-f]{32}|SK[0-9a-f]{32}"  # SendGrid, Mailgun, Twilio
    r"|do[opr]_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-f]{32}|sq0(?:atp|csp)-[A-Za-z0-9_-]{22,60}"  # DigitalOcean, Shopify
    r"|\d{8,10}:AA[A-Za-z0-9_-]{33}|AGE-SECRET-KEY-1[A-Z0-9]{58}"  # Telegram, age
    r"|T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}"  # the path of a web hook of Slack
    r")(?![A-Za-z0-9_-])"
)
_BLOCK = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]{1,20000}"
    r"(?:-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
)
_ASSIGNED = re.compile(
    # Public keys and the tokens of public keys are for all to see.
    r"(?<!public)(?<!public[ _-])(?<!publickey)(?<!public[ _-]key[ _-])(?:key|secret|token|passw(?:or)?d|bearer)"
    r"[\"']?(?:[ ]{0,3}(?::=|=>|[:=])[ ]{0,3}|[ ])[\"'`]?([A-Za-z0-9_+/=.~-]{15,511}[A-Za-z0-9_+/=])",
    re.IGNORECASE,
)
# The password of a URL that has a user.
_IN_URL = re.compile(r"://[^\s/:@<>\"']{1,64}:(?!\d{1,5}/)([^\s@<>\"']{6,256})@(?=[\w-])")
_STAND_IN = re.compile(
    r"your|example|sample|dummy|change|insert|replace|placeholder|secrets?\b|passw(?:or)?d", re.IGNORECASE
)
_MIN_SECRET_BITS = 3.0
_MIN_SECRET_DIGITS = 3
# Letters drawn by lot change their case at .5 of the places, or fall to digits; words of a name in camel case at .35.
_MIN_CHANGES = 0.43
_MAX_SIGNS = 0.1


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

    Four small numbers are a section or a version; the addresses among them are those of public resolvers.
    """
    for match in _DOTTED.finditer(text):
        written = match[0].split(".")
        parts = [int(part) for part in written]
        if not _MIN_LARGEST <= max(parts) <= 255 or not _is_somebodys(ipaddress.IPv4Address(bytes(parts))):
            continue
        # Zeros in front only where they fill all four up: else they are those of a telephone number.
        if any(part[0] == "0" != part for part in written) and any(len(part) < 3 for part in written):
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
        if not _passes_luhn(digits):
            continue
        if _ISSUERS.fullmatch(digits) and digits[0] != "1":
            if _grouped_alike(match[0]):
                yield match.span()
        elif _OTHER_CARD.fullmatch(match[0]):
            before = text[max(0, match.start() - _CARD_CONTEXT_CHARS) : match.start()]
            if _CARD_WORDS.search(before):
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
        number = re.sub(r"[ -]", "", match[0])
        if int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1:
            yield match.span()


def key_blocks(text: str) -> Iterator[Span]:
    """Private keys in armour, over all their lines, also where the end is missing."""
    return (match.span() for match in _BLOCK.finditer(text))


def keys(text: str) -> Iterator[Span]:
    """Keys and tokens that services give out, values assigned to a name that ends as `api_key`, `token`, `password`, and
    passwords in URLs.
    """
    yield from (match.span() for match in _KEYS.finditer(text))
    yield from (match.span(1) for match in _ASSIGNED.finditer(text) if _is_secret(match[1]))
    yield from (match.span(1) for match in _IN_URL.finditer(text) if not _STAND_IN.search(match[1]))


def _is_secret(value: str) -> bool:
    """Whether a value looks drawn by lot: at least 3 bits a character, letters and digits or capitals mixed."""
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    if bits < _MIN_SECRET_BITS or not any(c.isalpha() for c in value) or _STAND_IN.search(value):
        return False
    kinds = [c.isdigit() + 2 * c.isupper() + 4 * c.islower() for c in value]
    changes = 0.0 if kinds.count(0) > _MAX_SIGNS * len(kinds) else sum(a != b for a, b in pairwise(kinds)) / len(kinds)
    return kinds.count(1) >= _MIN_SECRET_DIGITS or changes >= _MIN_CHANGES
