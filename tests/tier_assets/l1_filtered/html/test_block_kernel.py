import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.html.block_kernel import build
from tier_assets.l1_filtered.html.columns import (
    CHARS,
    END,
    FIRST,
    KIND,
    LAST,
    LINKED,
    OWNER,
    PARENT,
    START,
    STOPS,
    TAG,
)
from tier_assets.l1_filtered.html.tag_kernel import find_tags
from tier_assets.l1_filtered.html.tags import COPYRIGHT, tables, tag_flags
from tier_assets.text.buffers import padded

NAMES = ["page", *tag_flags()]


def read(page: str | bytes):
    known, data = tables(), padded(page.encode() if isinstance(page, str) else page)
    tokens = find_tags(data, len(data) + 1, *known.tags, known.flags, *known.words)[0]
    return build(data, tokens, known.flags, *known.entities)


def texts(page: str) -> list[str]:
    text, blocks, _, _ = read(page)
    return [text[block[START] : block[END]].tobytes().decode() for block in blocks]


def paths(page: str) -> list[str]:
    """Where each block stands: the tags around it."""
    _, blocks, elements, _ = read(page)
    found = []
    for block in blocks:
        path, at = [], block[OWNER]
        while at > 0:
            path.append(NAMES[elements[at, TAG]])
            at = elements[at, PARENT]
        found.append(" ".join(reversed(path)))
    return found


def counted(page: str, column: int) -> list[int]:
    return read(page)[1][:, column].tolist()


@pytest.mark.parametrize(
    ("page", "blocks"),
    [
        ("<p>one<p>two", ["one", "two"]),
        ("<p> a \n b&nbsp; c\u00a0</p>", ["a b c"]),
        ("<p>a<b>b</b>c <i>d</i></p>", ["abc d"]),
        ("<p>a <br> b</p>", ["a\nb"]),
        ("<div>a<p>b</p>c</div>", ["a", "b", "c"]),
        ("<p> </p><p>\u00a0</p>", []),
        (
            "<p>&lt;p&gt; &amp;amp; &copy 1 &hellip; &hellipx &unknown;</p>",
            ["<p> &amp; \u00a9 1 \u2026 &hellipx &unknown;"],
        ),
        ("<p>&#65;&#x42;&#146;&#0;&#xD800;&#x110000;&#;</p>", ["AB\u2019\ufffd\ufffd\ufffd&#;"]),
        ("<p>1 < 2 & 3 <> 4</p>", ["1 < 2 & 3 <> 4"]),
        ("<head>x<title>t</title></head><p>a", ["a"]),
        ("<head><meta charset=utf-8><p>a", ["a"]),
        ("<p>a<script>b</script><style>c</style><textarea>d</textarea>e", ["ae"]),
        ("<p>a<svg><text>b</text></svg>c<p hidden>d</p><p style='display:none'>e</p>f", ["ac", "f"]),
        ("<pre>\na  b\n\tc\n</pre>", ["a  b\n\tc"]),
    ],
)
def test_text_becomes_blocks_as_a_browser_would_show_them(page, blocks):
    assert texts(page) == blocks


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<ul><li>a<li>b</ul>", ["ul li", "ul li"]),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", ["ul li", "ul li ul li", "ul li"]),
        ("<dl><dt>a<dd>b<dt>c</dl>", ["dl dt", "dl dd", "dl dt"]),
        ("<table><tr><td>a<td>b<tr><td>c</table>d", ["table tr td", "table tr td", "table tr td", ""]),
        ("<div><table><tr><td>a</div>b</table>c", ["div table tr td", "div table tr td", "div"]),
        ("<div><p>a</section>b</div>c", ["div p", "div p", ""]),
        ("<p>a<div>b</div>", ["p", "div"]),
    ],
)
def test_missing_and_stray_end_tags_are_read_as_browsers_do(page, expected):
    assert paths(page) == expected


def test_characters_of_links_are_counted_and_so_are_those_of_buttons():
    page = "<p>ab <a href=x>cd</a> e<p><a name=y>fg</a><p><button>hi</button>"
    assert list(zip(counted(page, CHARS), counted(page, LINKED), strict=True)) == [(5, 2), (2, 0), (2, 2)]


def test_a_link_that_nobody_closed_ends_with_what_is_around_it():
    assert counted("<div><ul><li><a href=x>ab</ul></div><p>cd", LINKED) == [2, 0]


def test_commas_are_counted_in_any_script_and_a_character_of_chinese_counts_twice():
    assert counted("<p>a, b,c<p>\u4e2d\uff0c\u6587\u3002", STOPS) == [2, 2]
    assert counted("<p>ab<p>\u4e2d\u6587<p>\u0416", CHARS) == [2, 4, 1]


@pytest.mark.parametrize("sign", ["\u00a9", "&copy;", "&#169;"])
def test_a_copyright_sign_marks_its_block_alone(sign):
    assert [kind & COPYRIGHT != 0 for kind in counted(f"<p>{sign} 2026<p>else", KIND)] == [True, False]


def test_an_element_knows_its_blocks():
    _, _, elements, _ = read("<div><p>a</p><p>b</p></div><p>c</p>")
    assert [(NAMES[row[TAG]], row[FIRST], row[LAST]) for row in elements.tolist()] == [
        ("page", 0, 3),
        ("div", 0, 2),
        ("p", 0, 1),
        ("p", 1, 2),
        ("p", 2, 3),
    ]


def test_the_depth_of_a_page_is_that_of_its_blocks():
    assert read("<div><div><b><i>a</i></b></div></div><p>b")[3] == 2


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(
        st.sampled_from([*"ab,. \n\u00a0\u00e9\u0416\u4e2d\uff0c\u3002\u20ac\U0001f600", " " * 70, "word" * 20])
    ).map("".join)
)
def test_text_of_any_length_has_single_spaces_and_its_characters_counted(text):
    words = text.replace("\u00a0", " ").split()
    shown = "".join(words)
    chinese = sum("\u3000" <= character < "\ue000" for character in shown)
    stops = sum(shown.count(stop) for stop in ",\uff0c\u3002")
    page = f"<p>{text}</p>"
    assert texts(page) == ([" ".join(words)] if words else [])
    assert counted(page, CHARS) == ([len(shown) + chinese] if words else [])
    assert counted(page, STOPS) == ([stops] if words else [])
    kept = read(f"<pre>{text}</pre>")[1]
    assert kept[:, [CHARS, STOPS]].tolist() == ([[len(shown) + chinese, stops]] if words else [])


TAGS = "<div> </div> <table> <tr> <td> </td> <li> </ul> <ul> <p> </p> <pre> <a href=x> </a> <svg> <br> x &amp; <head>".split()


@settings(deadline=None)  # the first call compiles
@given(st.text("<>/ad\u4e2d\u00a9&;#x1 ", max_size=40) | st.lists(st.sampled_from(TAGS)).map("".join))
def test_any_page_gives_blocks_in_order_within_elements_that_nest(page):
    text, blocks, elements, depth = read(page)
    assert all(0 <= start < end <= len(text) for start, end in blocks[:, START : END + 1])
    assert all(earlier <= later for earlier, later in zip(blocks[:-1, END], blocks[1:, START], strict=True))
    parents = elements[1:, PARENT]
    assert all(0 <= parent < number for number, parent in enumerate(parents, 1))
    assert all(elements[parents, FIRST] <= elements[1:, FIRST])
    assert all(elements[parents, LAST] >= elements[1:, LAST])
    assert depth <= len(elements)
