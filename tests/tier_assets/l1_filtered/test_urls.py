import os
from pathlib import Path

import polars as pl
import pytest

from tier_assets.l1_filtered.block_lists import BlockLists, load_block_lists
from tier_assets.l1_filtered.urls import judge_urls
from tier_assets.policies.filtered import UrlRules

LISTS = BlockLists(
    domains={"bad.example": "adult/domains", "co.bad": "adult/domains", "10.1.2.3": "adult/domains"},
    urls={"fine.example/bad": "mine.jsonl, category ads", "shop.example/x?id=1": "mine.jsonl, category ads"},
)
POLICY = UrlRules(hard_words=("porn",), soft_words=("naked", "sex", "xxx"))


def rule(uri: str | None) -> str | None:
    return judge_urls(pl.Series([uri], dtype=pl.String), policy=POLICY, lists=LISTS)["rule"].item()


@pytest.mark.parametrize(
    ("uri", "broken"),
    [
        ("http://bad.example", "blocked_domain"),
        ("https://WWW.Bad.Example:8080/page", "blocked_domain"),
        ("https://user:word@a.b.bad.example./page", "blocked_domain"),
        ("https://bad.example?q=1", "blocked_domain"),
        ("http://10.1.2.3/", "blocked_domain"),
        ("https://notbad.example/", None),
        ("https://fine.example/see?u=bad.example", None),
        ("http://fine.example/bad", "blocked_url"),
        ("http://www.fine.example/bad/deeper.html?q#part", "blocked_url"),
        ("http://fine.example/badly", None),
        ("http://shop.example/x?id=1", "blocked_url"),
        ("http://shop.example/x?id=2", None),
        ("http://a.example/free-porn.html", "hard_words"),
        ("http://a.example/popcorn-pornography", None),
        ("http://a.example/sex-education", None),
        ("http://sex.example/sex", None),
        ("http://naked.example/Sex", "max_soft_words"),
        ("http://essex.example/naked-truth", None),
        ("file:porn.jsonl#120", None),
        ("ftp://bad.example/", None),
        (None, None),
    ],
)
def test_a_url_breaks_the_first_rule_that_fits(uri, broken):
    assert rule(uri) == broken


def test_a_verdict_has_reason_value_and_threshold_and_says_what_blocks():
    uris = pl.Series(
        [
            "http://xxx.example/sex-naked",
            "http://a.example/porn",
            "http://bad.example",
            "http://a.www.bad.example/x",
            "http://fine.example/bad/x",
            "http://a.example",
        ]
    )
    assert judge_urls(uris, policy=POLICY, lists=LISTS).rows() == [
        ("url", "max_soft_words", 3.0, 1.0, "naked, sex, xxx"),
        ("url", "hard_words", 1.0, 0.0, "porn"),
        ("url", "blocked_domain", None, None, "bad.example: adult/domains"),
        ("url", "blocked_domain", None, None, "bad.example: adult/domains"),
        ("url", "blocked_url", None, None, "fine.example/bad: mine.jsonl, category ads"),
        (None, None, None, None, None),
    ]


def test_no_uris_give_no_rows():
    assert judge_urls(pl.Series([], dtype=pl.String), policy=POLICY, lists=LISTS).shape == (0, 5)


@pytest.mark.parametrize(
    "uri",
    [
        "https://www.essex.ac.uk/courses",
        "https://health.example/sex-and-relationships",
        "https://museum.example/the-naked-mole-rat",
        "https://news.example/live/videos/hot-weather-girls-football",
        "https://code.example/webcam-driver",
    ],
)
def test_the_words_of_the_policy_leave_innocent_urls_alone(uri):
    assert judge_urls(pl.Series([uri]), policy=UrlRules(), lists=BlockLists())["rule"].item() is None


def test_real_lists_block_what_they_name_and_the_words_alone_find_no_bank():
    if "STRATA_TEST_DATA" not in os.environ:
        pytest.skip("STRATA_TEST_DATA is not set: no real lists of URLs")
    folder = Path(os.environ["STRATA_TEST_DATA"]) / "urllists"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    lists = load_block_lists(files)
    entries = pl.Series(sorted({**lists.domains, **lists.urls})[::20])
    assert len(entries) > 2000
    found = judge_urls("http://" + entries, policy=POLICY, lists=lists)
    assert set(found["rule"]) == {"blocked_domain", "blocked_url"}
    assert found["detail"].str.contains(r": urllists/ut1_\w+\.jsonl\.zst, category \S+$").all()
    banks = pl.Series(sorted(load_block_lists(files, categories=["bank"]).domains))
    assert (
        judge_urls("http://" + banks, policy=UrlRules(), lists=BlockLists())["rule"].null_count() == len(banks) > 1000
    )
