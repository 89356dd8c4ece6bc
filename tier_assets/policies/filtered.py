"""What L1 keeps: thresholds of extraction, language, rules and deduplication. Applying them is `l1_filtered/`'s."""

from tier_assets.policies.section import FINEWEB, GOPHER, STRATA, Section, value


class GopherQuality(Section):
    """Limits on words and lines."""

    min_words: int = value(50, "fewer words are dropped", GOPHER)
    max_words: int = value(100_000, "more words are dropped", GOPHER)
    min_mean_word_length: float = value(3, "shorter mean words are dropped", GOPHER)
    max_mean_word_length: float = value(10, "longer mean words are dropped", GOPHER)
    max_hash_word_ratio: float = value(0.1, "more '#' per word are dropped", GOPHER)
    max_ellipsis_word_ratio: float = value(0.1, "more ellipses per word are dropped", GOPHER)
    max_bullet_line_ratio: float = value(0.9, "a larger share of bullet lines is dropped", GOPHER)
    max_ellipsis_line_ratio: float = value(0.3, "a larger share of lines ending in an ellipsis is dropped", GOPHER)
    min_alpha_word_ratio: float = value(0.8, "a smaller share of words with a letter is dropped", GOPHER)
    min_stop_words: int = value(2, "fewer distinct English stop words are dropped; English only", GOPHER)


class GopherRepetition(Section):
    """Limits on repetition, as shares."""

    max_duplicate_line_ratio: float = value(0.30, "share of lines seen before", GOPHER)
    max_duplicate_paragraph_ratio: float = value(0.30, "share of paragraphs seen before", GOPHER)
    max_duplicate_line_char_ratio: float = value(0.20, "their characters", GOPHER)
    max_duplicate_paragraph_char_ratio: float = value(0.20, "their characters", GOPHER)
    max_top_2gram_char_ratio: float = value(0.20, "characters of the commonest 2-gram", GOPHER)
    max_top_3gram_char_ratio: float = value(0.18, "characters of the commonest 3-gram", GOPHER)
    max_top_4gram_char_ratio: float = value(0.16, "characters of the commonest 4-gram", GOPHER)
    max_duplicate_5gram_char_ratio: float = value(0.15, "characters in repeated 5-grams", GOPHER)
    max_duplicate_6gram_char_ratio: float = value(0.14, "characters in repeated 6-grams", GOPHER)
    max_duplicate_7gram_char_ratio: float = value(0.13, "characters in repeated 7-grams", GOPHER)
    max_duplicate_8gram_char_ratio: float = value(0.12, "characters in repeated 8-grams", GOPHER)
    max_duplicate_9gram_char_ratio: float = value(0.11, "characters in repeated 9-grams", GOPHER)
    max_duplicate_10gram_char_ratio: float = value(0.10, "characters in repeated 10-grams", GOPHER)


class FineWebQuality(Section):
    """FineWeb's own rules on lines."""

    min_punctuated_line_ratio: float = value(0.12, "share of lines ending in punctuation", FINEWEB)
    max_short_line_ratio: float = value(0.67, "share of lines of at most `short_line_chars`", FINEWEB)
    short_line_chars: int = value(30, "what a short line is, in characters", FINEWEB)
    max_duplicated_line_chars_ratio: float = value(0.01, "share of characters in repeated lines", FINEWEB)
    max_newline_word_ratio: float = value(0.3, "line breaks per word", FINEWEB)


class Deduplication(Section):
    """MinHash over word n-grams, confirmed by exact Jaccard similarity."""

    ngram: int = value(5, "words per shingle", FINEWEB, ge=2)
    bands: int = value(14, "bands of a signature", FINEWEB, ge=1)
    rows: int = value(8, "rows of a band", FINEWEB, ge=1)
    min_jaccard: float = value(0.75, "similarity from which a document is a near-duplicate", FINEWEB, gt=0, le=1)


class FilteredPolicy(Section):
    """What L1 keeps."""

    media_types: tuple[str, ...] = value(
        ("text/html", "application/xhtml+xml", "text/plain"), "other media types are dropped as unreadable", STRATA
    )
    min_main_text_share: float = value(
        0.3, "trafilatura's text is taken unless it is a smaller share of resiliparse's", STRATA, ge=0, le=1
    )
    max_trafilatura_tags: int = value(
        50_000, "a page with more is left to resiliparse: trafilatura's time grows with their square", STRATA, ge=0
    )
    max_tags: int = value(
        200_000, "a page with more is dropped as too_large: parsing could take gigabytes", STRATA, gt=0
    )
    max_tree_depth: int = value(4000, "a page nested deeper is dropped as unreadable", STRATA, gt=0)
    min_language_score: float = value(
        0.65, "a smaller probability of the best language is dropped", FINEWEB, ge=0, le=1
    )
    languages: tuple[str, ...] = value((), "languages kept; empty keeps all", STRATA)
    quality: GopherQuality = GopherQuality()
    repetition: GopherRepetition = GopherRepetition()
    fineweb: FineWebQuality = FineWebQuality()
    deduplication: Deduplication = Deduplication()
