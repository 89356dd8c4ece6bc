import importlib.util

import pytest

from resources.private_data_analyzer import PresidioAnalyzer
from tier_assets.errors import StrataError
from tier_assets.inference import Finding, PrivateDataAnalyzer
from tier_assets.policies.filtered import PrivateData

INSTALLED = importlib.util.find_spec("presidio_analyzer") is not None
needs_presidio = pytest.mark.skipif(not INSTALLED, reason="the extra `pii` is not installed here")
needs_none = pytest.mark.skipif(INSTALLED, reason="the extra `pii` is installed here")
TEXT = "Write to ada@lovelace.org or call +44 20 7946 0018 from 189.114.111.55, paying with 4111 1111 1111 1111."


@needs_none
def test_without_presidio_it_says_what_to_install():
    analyzer = PresidioAnalyzer(PrivateData())
    for use in (lambda: analyzer.find([TEXT], ["email"]), lambda: analyzer.digest):
        with pytest.raises(StrataError, match=r"presidio.* is not installed: install the extra `pii`"):
            use()


def test_kinds_that_presidio_does_not_know_are_found_by_none():
    analyzer: PrivateDataAnalyzer = PresidioAnalyzer(PrivateData())
    assert analyzer.find([TEXT, TEXT], ["key"]) == [[], []]


@needs_presidio
def test_the_recognizers_find_what_the_kinds_ask_for():
    analyzer = PresidioAnalyzer(PrivateData())
    (found,) = analyzer.find([TEXT], ["email", "ip", "phone", "card"])
    words = {(each.kind, TEXT[each.start : each.end]) for each in found}
    assert words >= {
        ("email", "ada@lovelace.org"),
        ("ip", "189.114.111.55"),
        ("phone", "+44 20 7946 0018"),
        ("card", "4111 1111 1111 1111"),
    }
    assert analyzer.find([TEXT], ["email"]) == [[Finding("email", 9, 25)]]


@needs_presidio
def test_a_spacy_model_that_is_missing_is_named():
    analyzer = PresidioAnalyzer(PrivateData(spacy_model="no_such_model"))
    with pytest.raises(StrataError, match="no_such_model is not installed"):
        analyzer.find([TEXT], ["email"])
    with pytest.raises(StrataError, match="no_such_model is not installed"):
        _ = analyzer.digest


@needs_presidio
def test_the_digest_tells_versions_apart_from_nothing():
    assert len(PresidioAnalyzer(PrivateData()).digest) == 64
