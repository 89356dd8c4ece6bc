import pytest

from tier_assets.l1_filtered.private_data_kernel import (
    ACCOUNT,
    AT,
    BLOCK,
    CARD,
    COLONS,
    DOTTED,
    NUMBER,
    TOKEN,
    byte_kinds,
    hinted_lines,
)
from tier_assets.text.buffers import pack


def hints_of(*texts):
    buffer = pack(texts)
    return hinted_lines(buffer.data, buffer.offsets, byte_kinds()).tolist()


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("a@b.de", AT),
        ("me [AT] b", AT),
        ("me(at)b.de", AT),
        ("at 8.10.11.12", DOTTED | NUMBER),
        ("2001:db8::1", COLONS),
        ("ab:cd:ef:01", COLONS),
        ("555 01-23", NUMBER),
        ("12\u00a0\u2013\u00a034567", NUMBER),
        ("4111 1111 1111", NUMBER | CARD),
        ("DE89 3", ACCOUNT),
        ("abcdefghijklmno1", TOKEN),
        ("1abcdefghijklmno", TOKEN),
        ("AKIAabc", TOKEN),
        ("hf_abcdef", TOKEN),
        ("half_abcdef", 0),
        ("a PRIVATE KEY", BLOCK),
        ("plain words, a:b and c.d", 0),
        ("1234x567", 0),
        ("123, 4567", 0),
        ("1.2.3", 0),
        ("at 10:30", 0),
        ("abcdefghijklmn 1", 0),
    ],
)
def test_a_line_has_the_hints_of_what_stands_in_it(text, hints):
    assert [row[3] for row in hints_of(text)] == ([hints] if hints else [])


def test_lines_with_a_hint_come_in_order_with_their_place_in_the_buffer():
    assert hints_of("none\na@b\n", "", "5550123\nnone\nx@y") == [
        [0, 5, 8, AT],
        [1 + 1, 9, 16, NUMBER],
        [1 + 1, 22, 25, AT],
    ]


def test_nothing_reaches_over_a_line_break_or_into_the_next_text():
    assert hints_of("555\n0123", "0123") == []


def test_more_lines_than_the_first_room_holds_are_kept():
    assert len(hints_of("a@b\n" * 300)) == 300
