from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from tier_assets.policies.accepted import (
    MOST,
    Address,
    Count,
    FolderName,
    LanguageCode,
    MediaType,
    Name,
    Path,
    Phrase,
    Placeholder,
    Processes,
    Ratio,
    Seconds,
    Seed,
    Share,
    UrlWord,
    Word,
    accepts,
)
from tier_assets.policies.filtered import FilteredPolicy, LanguagePolicy
from tier_assets.policies.section import STRATA, Section, value


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Count, [0, MOST], [-1, MOST + 1]),
        (Seed, [0, 2**31 - 1], [-1, 2**31]),
        (Share, [0, 0.5, 1], [-0.01, 1.01]),
        (Ratio, [0, 7.5], [-0.01, 2 * MOST]),
        (Seconds, [0.001, 3600], [0, 10**7]),
        (Processes, [0, 1024], [-1, 1025]),
        (Path, ["lists", "a b/c.txt", "/x"], [""]),
        (Name, ["UT1 adult", "x"], ["", " x", "x "]),
        (Word, ["für", "don't"], ["", "of the", " of"]),
        (Phrase, ["use cookies", "ab"], ["", "a", " ab"]),
        (UrlWord, ["sex", "4you"], ["", "Sex", "free-xxx", "süß"]),
        (FolderName, [".git", "third-party"], ["", "Pods", "a/b"]),
        (MediaType, ["text/html", "text/x-*", "*", "image/svg+xml"], ["texthtml", "Text/html", "text/", "text/html; x"]),
        (Address, ["", "http://127.0.0.1:8000/v1"], ["127.0.0.1:8000", "http://", "ftp://x"]),
        (Placeholder, ["<EMAIL>", "<|ip|>"], ["", "x", "<A1>", "<>"]),
        (LanguageCode, ["en", "ceb"], ["english", "EN", "en-US", ""]),
    ],
)  # fmt: skip
def test_a_kind_takes_what_it_says(kind, good, bad):
    adapter = TypeAdapter(kind)
    for each in good:
        assert adapter.validate_python(each) == each
    for each in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(each)


class Kinds(Section):
    """An example of each."""

    count: Count = value(1, "a count", STRATA, ge=1)
    few: Count = value(1, "a small count", STRATA, le=3)
    share: Share | None = value(None, "a share", STRATA)
    some: Share = value(0.5, "a share that is neither none nor all", STRATA, gt=0, lt=1)
    seconds: Seconds = value(1, "a time", STRATA)
    price: Ratio = value(1, "a price", STRATA, gt=0)
    name: str = value("", "a name", STRATA)
    words: Annotated[tuple[Word, ...], Field(max_length=3)] = value((), "words", STRATA)


def test_what_is_accepted_is_said_in_a_few_words():
    assert {name: accepts(field) for name, field in Kinds.model_fields.items()} == {
        "count": "whole number, 1 or more",
        "few": "whole number, 0 to 3",
        "share": "0 to 1",
        "some": "more than 0, less than 1",
        "seconds": "more than 0, at most 1000000",
        "price": "more than 0",
        "name": "text",
        "words": "list of at most 3: a word, without spaces",
    }
    assert accepts(FilteredPolicy.model_fields["extractor"]) == '"cascade", "trafilatura"'
    assert accepts(LanguagePolicy.model_fields["min_words"]) == "whole number, 0 or more"
