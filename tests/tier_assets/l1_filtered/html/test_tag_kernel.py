import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.html.columns import AFTER, AT, CLOSING, CONCEALED, LINKING, NAME, NAMED, SHAPE, TRAITS
from tier_assets.l1_filtered.html.tag_kernel import find_tags
from tier_assets.l1_filtered.html.tags import COMMENT, CONTENT, MATHEMATICS, RIGHTS, SIDE, tables, tag_flags
from tier_assets.text.buffers import padded

NAMES = ["", *tag_flags()]


def read(page: bytes, most: int = 1000):
    known = tables()
    return find_tags(padded(page), most, *known.tags, known.flags, *known.words)


def pieces(page: bytes) -> list[bytes]:
    """The bytes of each tag."""
    return [page[tag[AT] : tag[AFTER]] for tag in read(page)[0]]


def named(page: bytes) -> int:
    return int(read(page)[0][0, NAMED])


def traits(page: bytes) -> int:
    return int(read(page)[0][0, TRAITS])


@pytest.mark.parametrize(
    ("page", "tags"),
    [
        (b"a<p>b</p>c", [b"<p>", b"</p>"]),
        (b"<a href='x>y'>z", [b"<a href='x>y'>"]),
        (b"1 < 2 <3 <> <b", [b"<b"]),
        (b"<!-- <p> -->x<!doctype html><?xml a?>", [b"<!-- <p> -->", b"<!doctype html>", b"<?xml a?>"]),
        (b"<!-->x", [b"<!-->"]),
        (b"<script>if (a<b) '</p>'</script>", [b"<script>if (a<b) '</p>'", b"</script>"]),
        (b"<STYLE>p</Style>", [b"<STYLE>p", b"</Style>"]),
        (b"<script src=x />y", [b"<script src=x />"]),
        (b"<script>never closed <p>", [b"<script>never closed <p>"]),
        (b"</3>x</ p>", [b"</3>", b"</ p>"]),
        (b"<p class=", [b"<p class="]),
        (b"<p class='x", [b"<p class='x"]),
    ],
)
def test_a_tag_reaches_to_its_end_whatever_it_holds(page, tags):
    assert pieces(page) == tags


def test_a_tag_has_its_number_and_what_nobody_knows_has_none():
    assert [NAMES[tag[NAME]] for tag in read(b"<DIV><blockquote></x-y><blockquot>")[0]] == ["div", "blockquote", "", ""]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<p>", 0),
        (b"</p>", CLOSING),
        (b"<a href=x>", LINKING),
        (b"<a name=x>", 0),
        (b"<p hidden>", CONCEALED),
        (b"<p style='color: red; DISPLAY : none'>", CONCEALED),
        (b"<p style='display: block'>", 0),
        (b"<p data-hidden=1 xhref=2>", 0),
    ],
)
def test_traits_tell_links_and_what_is_hidden(page, expected):
    assert traits(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<div class='left sidebar'>", SIDE),
        (b"<div class=widgetLeft>", SIDE),
        (b"<div class=sidebars>", 0),
        (b"<div id=comment-12 CLASS=articleBody>", COMMENT | CONTENT),
        (b"<div itemprop=articleBody>", CONTENT),
        (b"<div data-class=sidebar>", 0),
    ],
)
def test_words_of_a_class_end_where_letters_do_and_where_a_capital_begins(page, expected):
    assert named(page) == expected


def test_elements_of_one_make_share_their_tag_and_the_first_word_of_their_class():
    page = b"<div class='post p1'><div class='post12 odd'><div class=side><li class=post><div>"
    shapes = read(page)[0][:, SHAPE].tolist()
    assert shapes[0] == shapes[1]
    assert len(set(shapes)) == 4


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<math>", MATHEMATICS),
        (b"<math display=block>", MATHEMATICS),
        (b"<span class=katex>", MATHEMATICS),
        (b"<script type='math/tex'>x</script>", MATHEMATICS),
        (b"<img alt='$x$' src=a.png>", MATHEMATICS),
        (b"<img alt='\\(x\\)'>", MATHEMATICS),
        (b"<img src='https://s0.wp.com/latex.php?latex=x' alt=x>", MATHEMATICS),
        (b"<img src=/cgi-bin/mimetex.cgi?x>", MATHEMATICS),
        (b"<mjx-container class='MathJax'>", MATHEMATICS),
        (b"<img src=a.png alt='text'><a href=/latex/>", 0),
        (b"<a rel='nofollow license' href=x>", RIGHTS),
        (b"<meta name=robots content='noindex, noai'>", RIGHTS),
        (b"<meta name=tdm-reservation content=1>", RIGHTS),
        (b"<p class=text>x^2</p>", 0),
    ],
)
def test_signs_say_what_a_page_may_have(page, expected):
    assert read(page)[3] == expected


def test_the_title_is_the_first_that_is_no_drawings():
    page = b"<title>One &amp; all</title><title>Two</title>"
    _, start, end, _ = read(page)
    assert page[start:end] == b"One &amp; all"
    assert read(b"<svg><title>An icon</title></svg>")[1:3] == (0, 0)


def test_reading_ends_with_as_many_tags_as_are_asked_for():
    assert len(read(b"<p>" * 9, most=4)[0]) == 4


LONG = b"x" * 100


@pytest.mark.parametrize(
    "page",
    [
        b"<div class='" + LONG + b" sidebar' " + LONG + b"=1 hidden>",
        b"<div class=" + LONG + b"-sidebar style='" + b" " * 80 + b"display:none'>",
        b"<div id=" + b"xY" * 40 + b"-sidebar hidden>",
        b"<div class='" + LONG + b"Sidebar' " + LONG + b" = '>' hidden>",
    ],
)
def test_names_and_values_may_be_longer_than_what_is_looked_at_at_once(page):
    assert (named(page), traits(page), pieces(page)) == (SIDE, CONCEALED, [page])
    assert [NAMES[tag[NAME]] for tag in read(b"<" + LONG + b"><div" + LONG + b"></" + LONG + b">")[0]] == ["", "", ""]


def test_tags_are_the_same_wherever_they_stand():
    page = (
        b"<DIV Class='post sideBar' style='display:none'>a<a href=x rel=license>b</a><!-- c --><title>t</title></div>"
    )
    first = read(page)
    for blanks in range(1, 130):
        tags, start, end, signs = read(b" " * blanks + page)
        assert (tags[:, [AT, AFTER]] - blanks).tolist() == first[0][:, [AT, AFTER]].tolist()
        assert tags[:, NAME:].tolist() == first[0][:, NAME:].tolist()
        assert (start - blanks, end - blanks, signs) == first[1:]


@settings(deadline=None)  # the first call compiles
@given(st.binary(max_size=60) | st.text("<>/!-?='\" apscript&;", max_size=60).map(str.encode))
@example(b"<!--")
@example(b"<")
@example(b"</")
def test_tags_of_any_bytes_stand_in_order_and_within_them(page):
    tags = read(page)[0]
    ends = [0, *tags[:, AFTER].tolist()]
    assert all(
        end <= start < after <= len(page) for end, start, after in zip(ends, tags[:, AT], ends[1:], strict=False)
    )
