import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tier_assets.text.buffers import padded
from tier_assets.text.utf8_kernel import look


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


EDGES = [
    b"\x7f",
    b"\x80",
    b"\xbf",
    b"\xc1",
    b"\xc2",
    b"\xdf",
    b"\xe0",
    b"\xed",
    b"\xf0",
    b"\xf4",
    b"\xf5",
    b"\x8f",
    b"\x90",
    b"\x9f",
    b"\xa0",
]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sampled_from([*EDGES, b"a", b"a" * 63, "\u00fc\u4e2d\U0001f600".encode()])).map(b"".join))
@example(b"\xf4\x8f\xbf\xbf")
@example("\u4e2d".encode()[:2])
def test_bytes_are_utf8_exactly_if_they_can_be_decoded(data):
    assert look(padded(data))[0] == is_utf8(data)


@pytest.mark.parametrize("before", ["", "a" * 63, "a" * 64, "\u4e2d" * 30])
def test_escapes_and_replaced_characters_are_seen_wherever_they_stand(before):
    assert look(padded(before.encode())) == (True, False, False)
    assert look(padded(f"{before}\x1b$B".encode())) == (True, True, False)
    assert look(padded(f"{before}a\ufffd".encode())) == (True, False, True)
