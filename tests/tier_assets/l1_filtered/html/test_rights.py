import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l1_filtered.html.rights import rights_of

CC = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("page", "opt_outs"),
    [
        ('<meta name="robots" content="noindex, NoAI, noimageai">', "noai,noimageai"),
        ("<META content=noai name=GPTBot>", "noai"),
        ('<meta name="google-extended" content="noai">', "noai"),
        ('<meta name="keywords" content="noai">', None),
        ('<meta name="robots" content="index,follow">', None),
        ('<meta name="tdm-reservation" content="1">', "tdm-reservation"),
        ('<meta name="tdm-reservation" content="0">', None),
        (
            '<meta name="tdm-policy" content="https://a.org/p.json"><meta name=tdm-reservation content=1>',
            "tdm-policy,tdm-reservation",
        ),
    ],
)
def test_opt_outs_are_those_of_robots_and_of_tdmrep(page, opt_outs):
    assert rights_of(page).opt_outs == opt_outs


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (f'<a rel="nofollow license" href="{CC}">CC BY</a>', CC),
        (f"<link href='{CC}' rel=license>", CC),
        (f'<a rel="licensed" href="{CC}">', None),
        ('<meta name="dcterms.license" content="CC BY &amp; others">', "CC BY & others"),
        ('<meta property="dc:rights" content="All rights reserved">', "All rights reserved"),
        (f'<meta name="DC.rights" content="x"><link rel=license href="{CC}">', CC),
        ('<link rel=license href=" ">', None),
        ("<p>licensed to nobody</p>", None),
    ],
)
def test_a_licence_is_linked_or_described(page, expected):
    assert rights_of(page).page_license == expected


def test_headers_reserve_and_grant_as_pages_do():
    headers = {
        "x-robots-tag": "googlebot: noindex, noai",
        "tdm-reservation": "1",
        "link": f'<a>; rel=next, <{CC}>; rel="license"',
    }
    assert rights_of(None, headers) == ("noai,tdm-reservation", CC)


def test_the_licence_of_the_page_counts_before_that_of_the_headers():
    headers = {"link": "<https://a.org>; rel=license", "x-robots-tag": "noimageai"}
    page = f'<link rel="license" href="{CC}"><meta name=robots content=noai>'
    assert rights_of(page, headers) == ("noai,noimageai", CC)


@given(st.text("<>metalink rl='\"license=,;:noai", max_size=80))
def test_any_page_and_any_headers_are_read(text):
    assert rights_of(text, {"link": text, "x-robots-tag": text}) is not None
