import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.errors import PolicyError
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook


def read(tmp_path, text):
    (tmp_path / "strata.toml").write_text(text)
    return PolicyBook.read(tmp_path / "strata.toml")


def origin(book, source, key):
    return next(each.origin for each in book.in_force(source) if ".".join(each.setting.key) == key)


def test_no_file_gives_the_defaults(tmp_path):
    book = PolicyBook.read(tmp_path / "strata.toml")
    assert book.for_source("crawl") == book.default == Policy()


def test_a_source_overrides_what_all_sources_share(tmp_path):
    book = read(
        tmp_path,
        "[filtered]\nmin_language_score = 0.5\n[source.crawl.filtered.quality]\nmin_words = 20\n",
    )
    assert book.for_source("wiki").filtered.min_language_score == 0.5
    assert book.for_source("crawl").filtered.min_language_score == 0.5
    assert book.for_source("crawl").filtered.quality.min_words == 20
    assert book.for_source("wiki").filtered.quality.min_words == 50


LAYERS = {
    "preset": {"preset": "dclm"},
    "common": {"filtered": {"deduplication": {"min_jaccard": 0.5}}},
    "domain": {"domain": {"web": {"filtered": {"deduplication": {"min_jaccard": 0.6}}}}},
    "source": {"source": {"crawl": {"filtered": {"deduplication": {"min_jaccard": 0.7}}}}},
}


@given(st.sets(st.sampled_from(["common", "domain", "source"])))
def test_the_strongest_layer_that_gives_a_value_wins(names):
    values = {key: value for name in names for key, value in LAYERS[name].items()}
    strongest = next((name for name in ("source", "domain", "common") if name in names), None)
    expected = {"source": 0.7, "domain": 0.6, "common": 0.5, None: 0.75}[strongest]
    assert PolicyBook(values).for_source("crawl").filtered.deduplication.min_jaccard == expected


@pytest.mark.parametrize(
    ("text", "min_jaccard"),
    [
        ("", 0.75),
        ('preset = "dclm"', 0.8),
        ('preset = "dclm"\n[filtered.deduplication]\nmin_jaccard = 0.5', 0.5),
        ('[filtered.deduplication]\nmin_jaccard = 0.5\n[source.crawl]\npreset = "dclm"', 0.5),
        ('preset = "dclm"\n[domain.web]\npreset = "fineweb"', 0.75),
        ('preset = "fineweb"\n[source.crawl]\npreset = "dclm"', 0.8),
        ('[domain.web]\npreset = "dclm"\n[source.crawl]\npreset = "fineweb"', 0.75),
    ],
)
def test_the_nearest_preset_is_in_force_and_lies_under_every_value_of_the_file(tmp_path, text, min_jaccard):
    assert read(tmp_path, text).for_source("crawl").filtered.deduplication.min_jaccard == min_jaccard


def test_a_source_is_of_the_web_unless_it_says_otherwise(tmp_path):
    book = read(tmp_path, '[source.forge]\ndomain = "code"\n')
    assert (book.domain_of("crawl"), book.preset_of("crawl")) == ("web", None)
    assert (book.domain_of("forge"), book.preset_of("forge")) == ("code", "code")
    assert book.for_source("forge").filtered.min_language_score == 0
    assert book.default == Policy()


def test_a_domain_of_the_product_keeps_its_preset_under_the_homes(tmp_path):
    """A home of web pages that holds code as well does not judge the code by rules made for prose."""
    book = read(tmp_path, 'preset = "dclm"\n[source.forge]\ndomain = "code"\n')
    assert (book.preset_of("crawl"), book.preset_of("forge")) == ("dclm", "code")


def test_a_domain_of_ones_own_is_declared_by_its_table(tmp_path):
    book = read(
        tmp_path, '[domain.law.filtered.quality]\nmin_words = 9\n[source.eu]\ndomain = "law"\npreset = "math"\n'
    )
    assert book.domains == ["web", "code", "math", "text", "law"]
    assert book.for_source("eu").filtered.quality.min_words == 9
    assert book.for_source("crawl").filtered.quality.min_words == 50


def test_every_value_says_where_it_is_from(tmp_path):
    book = read(
        tmp_path,
        "[filtered]\nmin_language_score = 0.5\n\n[domain.code.raw]\nmax_line_bytes = 7\n\n"
        '[source.forge]\ndomain = "code"\nfiltered.quality.min_words = 3\n',
    )
    assert origin(book, "forge", "filtered.quality.min_words") == "strata.toml [source.forge.filtered.quality], line 9"
    assert origin(book, "forge", "raw.max_line_bytes") == "strata.toml [domain.code.raw], line 5"
    assert origin(book, "forge", "filtered.min_language_score") == "strata.toml [filtered], line 2"
    assert origin(book, "forge", "filtered.rules") == "preset code"
    assert origin(book, "forge", "filtered.quality.max_words").startswith("default: Gopher")
    assert origin(book, "", "filtered.rules").startswith("default: ")


def test_a_value_that_a_preset_gives_is_not_changed_if_it_is_the_default():
    values = {".".join(each.setting.key): each for each in PolicyBook({"preset": "dclm"}).in_force("crawl")}
    assert not values["filtered.quality.min_words"].changed
    assert values["filtered.quality.min_words"].origin == "preset dclm"
    assert values["filtered.languages"].changed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[filtered]\nmin_lang = 1\n", "line 2: filtered.min_lang: .*known keys: .*min_language_score"),
        ("[filtered]\nmin_language_score = 2\n", "line 2: filtered.min_language_score: must be at most 1, not 2"),
        ("[source.crawl.raw]\nkeep = 1\n", "line 2: source.crawl.raw.keep: "),
        ("[domain.web.raw]\nkeep = 1\n", "line 2: domain.web.raw.keep: "),
        ("[source.crawl.selected]\nkeep_char_share = 1\n", r"line 1: source.crawl.selected: .*write it in \[selected\]"),
        ("[domain.code.execution]\nworkers = 1\n", r"line 1: domain.code.execution: .*write it in \[execution\]"),
        ("[source]\ncrawl = 3\n", "line 2: source.crawl must be a table"),
        ("[language_model]\nbackend = 'oracle'\n", "language_model.backend: .*'embedded', 'openai' or 'vllm'"),
        ("[refined]\nrecipes = ['qa', 'edits']", "line 2: refined.recipes: each must be 'edit' or 'qa', not 'edits'; did you"),
        ("filtered = [", "not valid TOML"),
        ("source = 3", "line 1: source must be a table"),
        ("domain = 'code'", r"line 1: domain must be a table, e.g. \[domain.code.filtered\]"),
        ("preset = 'finweb'", "line 1: preset: there is no preset 'finweb'; did you mean 'fineweb'\\?"),
        ("[source.a]\npreset = 3", "line 2: source.a.preset: there is no preset 3; use one of code, dclm"),
        ("[source.a]\ndomain = 'cod'", r"source.a.domain: .*did you mean 'code'\?; use one of .* \[domain.NAME\]"),
        ("[domain.code]\ndomain = 'web'", "line 2: domain.code.domain: no such key"),
        ("# x\n[filtered.by_language.english]", "line 2: filtered.by_language.english: .* not 'english'"),
        ("[source.a.filtered.quality]\nmin_words = 60\nmax_words = 10", "line 1: source.a.filtered.quality: min_words = 60 "),
        ("[source.Crawl.raw]", "line 1: source.Crawl: a source is named with small letters, digits and '-'"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_with_what_is_allowed(tmp_path, text, message):
    with pytest.raises(PolicyError, match=message) as caught:
        read(tmp_path, text)
    assert "strata.toml: " in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_what_no_source_uses_is_checked_too(tmp_path):
    with pytest.raises(PolicyError, match="line 2: domain.law.raw.keep"):
        read(tmp_path, "[domain.law.raw]\nkeep = 1\n")


def test_a_table_that_touches_nothing_is_remarked_on(tmp_path):
    text = '[source.craw.filtered]\n[source.wiki]\ndomain = "law"\n[domain.law]\n[domain.low]\n[domain.web.filtered]\n'
    book = read(tmp_path, text)
    craw, low = book.idle(["crawl", "wiki"])
    assert craw == (
        f"{tmp_path}/strata.toml: line 1: source.craw: nothing of this source has landed; did you mean 'crawl'?"
    )
    assert low == (
        f"{tmp_path}/strata.toml: line 5: domain.low: no source is of this domain: "
        'give one domain = "low" in its table [source.NAME]'
    )
    assert "source.wiki: nothing of this source has landed" in "".join(book.idle(["crawl", "craw"]))
    assert list(PolicyBook().idle([])) == []


BLOCKED = '[filtered.urls]\ncategories = ["adult"]\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (BLOCKED, "line 2: filtered.urls.categories"),
        (BLOCKED + "lists = []", "line 2: filtered.urls.categories"),
        (BLOCKED + "[source.wiki]", "line 2: filtered.urls.categories"),
        (BLOCKED + "[source.crawl.filtered.urls]\nlists = []", "line 2: filtered.urls.categories"),
        ("[domain.web." + BLOCKED[1:], "line 2: domain.web.filtered.urls.categories"),
        ("[source.crawl." + BLOCKED[1:] + '[filtered.urls]\nlists = ["lists"]', None),
        ("[source.wiki." + BLOCKED[1:] + '[source.crawl.filtered.urls]\nlists = ["lists"]',
         "line 2: source.wiki.filtered.urls.categories"),
        (BLOCKED + 'lists = ["lists"]', None),
        (BLOCKED + '[source.wiki.filtered.urls]\nlists = ["lists"]', None),
        ("[filtered.urls]\ncategories = []", None),
    ],
)  # fmt: skip
def test_categories_without_lists_are_remarked_on_once_unless_a_source_that_has_them_names_lists(tmp_path, text, line):
    sentence = f"{tmp_path}/strata.toml: {line}: blocks nothing without lists: name them in filtered.urls.lists"
    assert list(read(tmp_path, text).idle(["crawl", "wiki"])) == ([sentence] if line else [])


def test_categories_of_a_source_that_has_not_landed_are_not_remarked_on_beside_its_table(tmp_path):
    (remark,) = read(tmp_path, "[source.wiki." + BLOCKED[1:]).idle(["crawl"])
    assert remark.endswith("source.wiki: nothing of this source has landed")
