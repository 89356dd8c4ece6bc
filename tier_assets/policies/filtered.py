"""What L1 keeps: thresholds of extraction, language, rules and deduplication. Applying them is `l1_filtered/`'s."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tier_assets.policies.accepted import (
    Count,
    LanguageCode,
    MediaType,
    Name,
    Path,
    Phrase,
    Placeholder,
    Ratio,
    Seconds,
    Share,
    UrlWord,
    Word,
)
from tier_assets.policies.section import FINEWEB, GOPHER, STRATA, Section, require_order, value

Tokenizer = Literal["whitespace", "spacy-like"]

RuleFamily = Literal["url", "repetition", "quality", "c4", "fineweb", "code"]

C4 = "C4, arXiv 1910.10683, as in the FineWeb recipe"
FINEWEB2 = "FineWeb-2, arXiv 2506.20920"
STARCODER = "StarCoder, arXiv 2305.06161"
STARCODER2 = "StarCoder2, arXiv 2402.19173"


QWEN = "half, where Qwen2.5, arXiv 2412.15115, has .6: text/contamination.py"


class GopherQuality(Section):
    """Limits on words and lines."""

    min_words: Count = value(50, "fewer words are dropped", GOPHER)
    max_words: Count = value(100_000, "more words are dropped", GOPHER)
    min_mean_word_length: Ratio = value(3, "shorter mean words are dropped", GOPHER)
    max_mean_word_length: Ratio = value(10, "longer mean words are dropped", GOPHER)
    max_hash_word_ratio: Ratio = value(0.1, "more '#' per word are dropped", GOPHER)
    max_ellipsis_word_ratio: Ratio = value(0.1, "more ellipses per word are dropped", GOPHER)
    max_bullet_line_ratio: Share = value(0.9, "a larger share of bullet lines is dropped", GOPHER)
    max_ellipsis_line_ratio: Share = value(0.3, "a larger share of lines ending in an ellipsis is dropped", GOPHER)
    min_alpha_word_ratio: Share = value(0.8, "a smaller share of words with a letter is dropped", GOPHER)
    min_stop_words: Count = value(
        2, "fewer distinct stop words are dropped; English, and languages with stop words of their own", GOPHER
    )


class GopherRepetition(Section):
    """Limits on repetition, as shares."""

    max_duplicate_line_ratio: Share = value(0.30, "share of lines seen before", GOPHER)
    max_duplicate_paragraph_ratio: Share = value(0.30, "share of paragraphs seen before", GOPHER)
    max_duplicate_line_char_ratio: Share = value(0.20, "their characters", GOPHER)
    max_duplicate_paragraph_char_ratio: Share = value(0.20, "their characters", GOPHER)
    max_top_2gram_char_ratio: Share = value(0.20, "characters of the commonest 2-gram", GOPHER)
    max_top_3gram_char_ratio: Share = value(0.18, "characters of the commonest 3-gram", GOPHER)
    max_top_4gram_char_ratio: Share = value(0.16, "characters of the commonest 4-gram", GOPHER)
    max_duplicate_5gram_char_ratio: Share = value(0.15, "characters in repeated 5-grams", GOPHER)
    max_duplicate_6gram_char_ratio: Share = value(0.14, "characters in repeated 6-grams", GOPHER)
    max_duplicate_7gram_char_ratio: Share = value(0.13, "characters in repeated 7-grams", GOPHER)
    max_duplicate_8gram_char_ratio: Share = value(0.12, "characters in repeated 8-grams", GOPHER)
    max_duplicate_9gram_char_ratio: Share = value(0.11, "characters in repeated 9-grams", GOPHER)
    max_duplicate_10gram_char_ratio: Share = value(0.10, "characters in repeated 10-grams", GOPHER)


class FineWebQuality(Section):
    """FineWeb's own rules on lines."""

    min_punctuated_line_ratio: Share = value(0.12, "share of lines ending in punctuation", FINEWEB)
    max_short_line_ratio: Share = value(0.67, "share of lines of at most `short_line_chars`", FINEWEB)
    short_line_chars: Count = value(30, "what a short line is, in characters", FINEWEB)
    max_duplicated_line_chars_ratio: Share = value(0.01, "share of characters in repeated lines", FINEWEB)
    max_newline_word_ratio: Ratio = value(0.3, "line breaks per word", FINEWEB)


class C4Quality(Section):
    """C4's rules on lines, which are removed, and on what is left of a text."""

    max_word_chars: Count = value(1000, "a line with a longer word is removed", C4, ge=1)
    require_terminal_punctuation: bool = value(
        False, "a line that does not end in . ! ? or a quotation mark is removed; FineWeb switches it off", FINEWEB
    )
    min_line_words: Count = value(3, "a line of fewer words is removed", C4)
    notices: tuple[Phrase, ...] = value(
        ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"),
        "a line with one of these phrases is removed",
        C4,
    )
    min_sentences: Count = value(5, "fewer sentences left are dropped; not asked of Thai, Lao and Khmer", C4)
    max_lorem_ipsum: Count = value(0, "more lines with 'lorem ipsum' are dropped", C4)
    max_curly_bracket: Count = value(0, "more lines with '{' are dropped", C4)


class CodeQuality(Section):
    """Limits on source code, asked where `rules` names the family code."""

    max_line_chars: Count = value(1000, "a longer line drops the file", STARCODER)
    max_mean_line_chars: Ratio = value(100, "longer mean lines are dropped", STARCODER)
    min_alnum_ratio: Share = value(0.25, "a smaller share of letters and digits is dropped", STARCODER)
    max_generated: Count = value(0, "1 keeps files that say that a program wrote them", STARCODER2, le=1)
    max_encoded_chars: Count = value(1024, "a longer run of base64, hex or escapes is dropped", STARCODER2)
    max_encoded_ratio: Share = value(0.5, "a larger share of such runs is dropped", STARCODER2)
    max_markup_ratio: Share = value(0.8, "a larger share of tags is dropped: visible text of HTML under .2", STARCODER)
    max_xml: Count = value(0, "1 keeps files that start with an XML declaration", STARCODER, le=1)
    max_setting_line_ratio: Share = value(
        0.9, "a larger share of lines that are settings or plain data is dropped", STRATA
    )


class UrlRules(Section):
    """Which URLs are not worth a look. The words mark adult content, and nothing else."""

    lists: tuple[Path, ...] = value(
        (), "files and folders of blocked domains and URLs, one to a line, relative to the home", FINEWEB
    )
    categories: tuple[Name, ...] = value(
        (),
        "categories of the lists that block: the names of the folders that the files lie in, or `category` of a JSONL; one "
        "that no list has is an error; empty takes all, which of UT1's would block the press and banks",
        FINEWEB,
    )
    hard_words: tuple[UrlWord, ...] = value(
        tuple(
            "blowjob bukkake camgirl camgirls gangbang hentai milf porn porno pornhub pornos xhamster xnxx xvideos".split()
        ),
        "one of these words in a URL drops it: adult content alone bears them",
        STRATA,
    )
    soft_words: tuple[UrlWord, ...] = value(
        tuple(
            "anal babes bdsm boobs cams erotic escorts fetish fuck gloryhole handjob hardcore horny naked nude nudes"
            " panties pussy sex sexy slut tits webcam xxx".split()
        ),
        "more than `max_soft_words` of these drop a URL: one alone may be innocent",
        STRATA,
    )
    max_soft_words: Count = value(1, "more soft words in a URL drop it", FINEWEB)


class BadWordRules(Section):
    """A signal from lists of bad words; nothing is dropped for it unless `max_bad_word_ratio` is set."""

    lists: tuple[Path, ...] = value((), "JSONL of {word, lang} or LANGUAGE.txt, relative to the home", C4)
    max_bad_word_ratio: Share | None = value(None, "a larger share of bad words is dropped", STRATA)


class LanguagePolicy(Section):
    """What differs for one language, e.g. `[filtered.by_language.de]`, named by its code; what is not given is as for all."""

    min_language_score: Share | None = value(None, "as filtered.min_language_score", FINEWEB2)
    min_words: Count | None = value(None, "as filtered.quality.min_words", FINEWEB2)
    min_mean_word_length: Ratio | None = value(None, "as filtered.quality.min_mean_word_length", FINEWEB2)
    max_mean_word_length: Ratio | None = value(None, "as filtered.quality.max_mean_word_length", FINEWEB2)
    min_alpha_word_ratio: Share | None = value(None, "as filtered.quality.min_alpha_word_ratio", FINEWEB2)
    min_stop_words: Count | None = value(None, "as filtered.quality.min_stop_words", FINEWEB2)
    stop_words: Annotated[tuple[Word, ...], Field(max_length=64)] = value(
        (), "stop words of the language; none, and none are asked for", FINEWEB2
    )


Scope = Literal["snapshot", "source", "global"]


class Deduplication(Section):
    """Equal texts, and MinHash over word n-grams, confirmed by exact Jaccard similarity.

    14 bands of 8 rows miss a quarter of the pairs whose similarity is just .75; with the eight bands that the same values
    give across them (decisions/0010), one in fifteen. As every candidate is confirmed, more bands of fewer rows cost time
    and space, never precision: 20 of 6 miss one in a hundred, for 50 bytes a document more on disk.
    """

    scope: Scope = value(
        "source",
        "which earlier partitions a document is compared with: those of its source and snapshot (FineWeb's way), of its "
        "source, or (global) all; but for global every cluster has a survivor in each source",
        STRATA,
    )
    ngram: Count = value(5, "words per shingle", FINEWEB, ge=2, le=64)
    bands: Count = value(14, "bands of a signature", FINEWEB, ge=1, le=1000)
    rows: Count = value(8, "rows of a band", FINEWEB, ge=1, le=100)
    min_jaccard: Share = value(0.75, "similarity from which a document is a near-duplicate", FINEWEB, gt=0)


class Contamination(Section):
    """Texts that repeat an item of a benchmark: measured on questions inserted into pages, verbatim and changed."""

    benchmarks: tuple[Path, ...] = value(
        (), "files and folders of benchmark items, relative to the home; none: no check", STRATA
    )
    ngram: int = value(5, "consecutive words that a text and an item must share to be compared", STRATA, ge=3, le=13)
    min_item_words: Count = value(
        8, "items of fewer words are not searched for: they are ordinary speech", STRATA, ge=1
    )
    min_words: Count = value(
        10, "an item counts as repeated from so many words in shared runs, a shorter one only as a whole", STRATA, ge=1
    )
    min_share: float = value(0.5, "and from this share of the words of the shorter of the two", QWEN, gt=0, le=1)


PrivateDataKind = Literal["email", "ip", "phone", "key", "card", "iban"]

_STARCODER = "as StarCoder's, arXiv 2305.06161: a name of a kind, not an address a model might learn"


class PrivateData(Section):
    """What is masked in kept texts, and by what it is replaced."""

    kinds: tuple[PrivateDataKind, ...] = value(
        ("email", "ip", "phone", "key", "card", "iban"),
        "kinds that are masked; FineWeb masks e-mail and public IP addresses. Left as they are, on purpose: e-mail addresses "
        "at domains that are nobody's (example.com, .test), private and documentation IP addresses, and those of four numbers "
        "below 10, which are versions or well-known public DNS (8.8.8.8)",
        STRATA,
    )
    analyzer: Literal["rules", "presidio"] = value("rules", "what finds them; presidio needs the extra `pii`", STRATA)
    spacy_model: str = value("", "spaCy model that presidio uses; empty: its patterns alone", STRATA)
    min_analyzer_score: Share = value(
        0.4, "presidio's findings of a lower score are left alone: its own for a telephone number", STRATA
    )
    email: Placeholder = value("<EMAIL>", "stands for an e-mail address", _STARCODER)
    ip: Placeholder = value("<IP>", "stands for a public IP address", _STARCODER)
    phone: Placeholder = value("<PHONE>", "stands for a telephone number", _STARCODER)
    key: Placeholder = value("<KEY>", "stands for a key, a token or a password", _STARCODER)
    card: Placeholder = value("<CARD>", "stands for the number of a payment card", _STARCODER)
    iban: Placeholder = value("<IBAN>", "stands for a bank account", _STARCODER)

    def placeholder(self, kind: PrivateDataKind) -> str:
        """What stands for a kind."""
        return {
            "email": self.email,
            "ip": self.ip,
            "phone": self.phone,
            "key": self.key,
            "card": self.card,
            "iban": self.iban,
        }[kind]


READABILITY = "Readability, github.com/mozilla/readability"
MEASURED = "measured on 1,688 pages with text chosen by people: l1_filtered/html/choosing.py"


class Scanner(Section):
    """How the scanner of the cascade chooses the main text of a page."""

    max_link_density: Share = value(0.5, "text with a larger share of links is a menu", READABILITY)
    max_pruned_share: Share = value(
        0.5, "what holds a larger share of the page's text is never left out for its tag or class", MEASURED
    )
    min_main_share: Share = value(
        0.35, "all good blocks are taken where the best element holds a smaller share of them", MEASURED
    )
    min_chars: Count = value(250, "and where it holds fewer characters", READABILITY)
    min_twin_share: Ratio = value(
        0.5, "siblings of one make that hold this share of an element's text are taken with it", MEASURED
    )
    min_comment_ratio: Ratio = value(2, "comments are the main text if it is longer by this with them", MEASURED, ge=1)
    max_commented_chars: Count = value(1500, "unless it has more characters without them", MEASURED)
    min_reply_ratio: Ratio = value(1.2, "as min_comment_ratio, for a forum of any length", MEASURED, ge=1)
    min_forum_elements: Count = value(3, "elements of a class named for forums that make a page one", MEASURED, ge=1)
    min_list_ratio: Ratio = value(3, "a list of links is the main text if it is longer by this", MEASURED, ge=1)
    max_listed_chars: Count = value(250, "unless there is a text of more characters", MEASURED)
    min_list_items: Count = value(5, "items that make a list", MEASURED, ge=2)
    min_list_chars: Count = value(200, "characters that make a list", MEASURED)
    menu_item_chars: Count = value(25, "characters of an item that do not count: a menu has no more", READABILITY)


class FilteredPolicy(Section):
    """What L1 keeps."""

    media_types: tuple[MediaType, ...] = value(
        ("text/html", "application/xhtml+xml", "text/plain", "text/markdown", "application/pdf"),
        "other media types are dropped as unreadable; * stands for anything",
        STRATA,
    )
    extractor: Literal["cascade", "trafilatura"] = value(
        "cascade", "the scanner, resiliparse where it finds little; or trafilatura, slower by far", MEASURED
    )
    scanner: Scanner = Scanner()
    min_scanned_chars: Count = value(
        250, "a page of which the scanner finds fewer characters is read by resiliparse too", MEASURED
    )
    min_main_text_share: Share = value(
        0.3, "an extractor's text is taken unless it is a smaller share of resiliparse's", STRATA
    )
    max_trafilatura_tags: Count = value(
        50_000, "a page with more is left to resiliparse: trafilatura's time grows with their square", STRATA
    )
    max_tags: Count = value(
        200_000, "a page with more is dropped as too_large: parsing could take gigabytes", STRATA, gt=0
    )
    max_tree_depth: Count = value(
        4000, "a page nested deeper is kept from resiliparse, and dropped where trafilatura extracts", STRATA, gt=0
    )
    max_page_seconds: Seconds = value(10, "a page that takes longer to extract is dropped as timeout", STRATA)
    min_language_score: Share = value(0.65, "a smaller probability of the best language is dropped", FINEWEB)
    languages: tuple[LanguageCode, ...] = value((), "languages kept, by their codes; empty keeps all", STRATA)
    language_chars: Count = value(
        1000, "characters of a text from which its language is told; see l1_filtered/language.py", STRATA, ge=1
    )
    min_label_score: Share = value(0.01, "labels of a smaller probability are not stored", STRATA, gt=0)
    by_language: dict[LanguageCode, LanguagePolicy] = value({}, "what differs for a language, by its code", FINEWEB2)
    tokenizer: Tokenizer = value(
        "whitespace", "what a word is: a run of non-space, or that with punctuation split off, as spaCy does", STRATA
    )
    rules: tuple[RuleFamily, ...] = value(
        ("url", "repetition", "quality", "c4", "fineweb"), "families of rules that judge", FINEWEB
    )
    urls: UrlRules = UrlRules()
    quality: GopherQuality = GopherQuality()
    repetition: GopherRepetition = GopherRepetition()
    c4: C4Quality = C4Quality()
    fineweb: FineWebQuality = FineWebQuality()
    code: CodeQuality = CodeQuality()
    bad_words: BadWordRules = BadWordRules()
    deduplication: Deduplication = Deduplication()
    contamination: Contamination = Contamination()
    private_data: PrivateData = PrivateData()

    @model_validator(mode="after")
    def _limits_leave_something_in_every_language(self) -> Self:
        """A language's limits are those for all under its own."""
        for language, own in self.by_language.items():
            try:
                require_order({**dict(self.quality), **{name: each for name, each in own if each is not None}})
            except ValueError as error:
                raise ValueError(f"{error} (in by_language.{language}, or for all in quality)") from None
        return self
