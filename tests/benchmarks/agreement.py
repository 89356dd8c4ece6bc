"""How far the rules of L1 agree with datatrove's, rule by rule, on the same texts: writes a table in Markdown.

    python tests/benchmarks/agreement.py --peer PYTHON TEXTS... > table.md

TEXTS are WARC files, whose main text is taken with resiliparse, or JSONL files of {text}. PYTHON is the interpreter of
an environment with datatrove 0.10 and spaCy; this file runs there too, as the peer, and then imports nothing of
Strata. Every rule is asked alone, of every text, as if it were English. What the table says is explained in docs/agreement.md.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TOKENIZERS = {"whitespace": "str.split", "spacy-like": "spaCy"}
NEVER = 1e9
MAIN_TEXT: dict[str, Any] = {"main_content": True, "comments": False, "list_bullets": False, "alt_texts": False}


def main() -> None:
    """Compare, or be the peer that is compared with."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("texts", nargs="+", type=Path)
    arguments.add_argument("--peer", type=Path)
    arguments.add_argument("--limit", type=int, default=0, help="so many texts, evenly spread; 0 takes all")
    arguments.add_argument("--disagreements", type=Path, help="a JSONL file of texts on which verdicts differ")
    given = arguments.parse_args()
    if given.peer is None:
        judge_as_peer(given.texts[0])
        return
    texts = list(dict.fromkeys(text for path in given.texts for text in read(path) if text))
    if given.limit:
        texts = texts[:: max(1, len(texts) // given.limit)][: given.limit]
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder) / "texts.jsonl"
        shared.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
        command = [str(given.peer), __file__, str(shared)]
        lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    compare(texts, [json.loads(line) for line in lines if line.startswith('{"whitespace"')], given.disagreements)


def read(path: Path) -> Iterator[str]:
    """The normalised texts of a file."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding
    from resiliparse.parse.html import HTMLTree

    from tier_assets.text.normalization import normalize

    if path.name.endswith((".warc", ".warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                payload = record.reader.read()
                tree = HTMLTree.parse(bytes_to_str(payload, detect_encoding(payload)))
                yield normalize(extract_plain_text(tree, **MAIN_TEXT))
    else:
        for line in path.read_text("utf-8").splitlines():
            yield normalize(json.loads(line)["text"])


def peer_rules() -> dict[str, Callable[[Any], Any]]:
    """datatrove's filters, each with a single rule switched on, by the name that the rule has here."""
    from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter
    from datatrove.pipeline.filters import GopherRepetitionFilter as Repetition

    shares = ("dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac")
    silent: dict[str, Any] = {**dict.fromkeys(shares), "top_n_grams": (), "dup_n_grams": ()}
    lines = {"max_duplicate_line_ratio": (shares[0], 0.3), "max_duplicate_paragraph_ratio": (shares[1], 0.3)}
    lines |= {"max_duplicate_line_char_ratio": (shares[2], 0.2), "max_duplicate_paragraph_char_ratio": (shares[3], 0.2)}
    found: dict[str, Any] = {rule: Repetition(**silent | {key: limit}) for rule, (key, limit) in lines.items()}
    for n, limit in ((2, 0.2), (3, 0.18), (4, 0.16)):
        found[f"max_top_{n}gram_char_ratio"] = Repetition(**silent | {"top_n_grams": ((n, limit),)})
    for n in range(5, 11):
        found[f"max_duplicate_{n}gram_char_ratio"] = Repetition(**silent | {"dup_n_grams": ((n, 0.2 - n / 100),)})
    quality = {
        "min_words": {"min_doc_words": 50},
        "max_words": {"max_doc_words": 100_000},
        "min_mean_word_length": {"min_avg_word_length": 3},
        "max_mean_word_length": {"max_avg_word_length": 10},
        "max_hash_word_ratio": {"max_symbol_word_ratio": 0.1},
        "max_bullet_line_ratio": {"max_bullet_lines_ratio": 0.9},
        "max_ellipsis_line_ratio": {"max_ellipsis_lines_ratio": 0.3},
        "min_alpha_word_ratio": {"max_non_alpha_words_ratio": 0.8},
        "min_stop_words": {"min_stop_words": 2},
    }
    off = dict.fromkeys(key for some in quality.values() for key in some)
    found |= {rule: GopherQualityFilter(**off | some) for rule, some in quality.items()}
    fineweb = {
        "min_punctuated_line_ratio": {"line_punct_thr": 0.12},
        "max_short_line_ratio": {"short_line_thr": 0.67},
        "max_duplicated_line_chars_ratio": {"char_duplicates_ratio": 0.01},
        "max_newline_word_ratio": {"new_line_ratio": 0.3},
    }
    idle = {"line_punct_thr": 0, "short_line_thr": NEVER, "char_duplicates_ratio": NEVER, "new_line_ratio": NEVER}
    found |= {rule: FineWebQualityFilter(**idle | some) for rule, some in fineweb.items()}
    c4 = {"filter_no_terminal_punct": False, "filter_lorem_ipsum": False, "filter_curly_bracket": False}
    found["max_lorem_ipsum"] = C4QualityFilter(**c4 | {"filter_lorem_ipsum": True, "min_num_sentences": -1})
    found["max_curly_bracket"] = C4QualityFilter(**c4 | {"filter_curly_bracket": True, "min_num_sentences": -1})
    found["min_sentences"] = C4QualityFilter(**c4)
    return {rule: each.filter for rule, each in found.items()}


def judge_as_peer(path: Path) -> None:
    """For every text of a file a line of JSON: for each tokenizer the rules that drop it, and C4's cleaned text."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter
    from datatrove.utils.text import split_into_words

    filters = peer_rules()
    current: list[str] = []
    for module in (fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter):
        module.split_into_words = lambda *_: current  # type: ignore[attr-defined]
    for line in path.read_text("utf-8").splitlines():
        text = json.loads(line)["text"]
        answer: dict[str, Any] = {}
        for tokenizer in TOKENIZERS:
            current[:] = text.split() if tokenizer == "whitespace" else split_into_words(text, "eng")
            dropped = []
            for rule, ask in filters.items():
                document = Document(text, "0")
                try:
                    passed = ask(document) is True
                except ZeroDivisionError:
                    passed = False
                if not passed:
                    dropped.append(rule)
                elif rule == "max_curly_bracket":
                    answer["text"] = document.text
            answer[tokenizer] = dropped
        print(json.dumps({key: answer.get(key) for key in (*TOKENIZERS, "text")}))


def own_verdicts(texts: list[str], tokenizer: Any) -> dict[str, list[bool]]:
    """For each rule, whether it drops each of the texts."""
    import polars as pl

    from tier_assets.l1_filtered.lines import clean_lines
    from tier_assets.l1_filtered.rules import rules
    from tier_assets.l1_filtered.signals import fineweb_signals, gopher_signals
    from tier_assets.policies.filtered import FilteredPolicy

    policy = FilteredPolicy()
    parts = [
        gopher_signals(texts, tokenizer=tokenizer),
        clean_lines(texts, policy=policy.c4),
        fineweb_signals(texts, short_line_chars=policy.fineweb.short_line_chars, tokenizer=tokenizer),
        pl.DataFrame({"language": ["en"] * len(texts)}),
    ]
    signals = pl.concat(parts, how="horizontal")
    found: dict[str, list[bool]] = {}
    for rule in rules(policy):
        broken = signals.select(broken=rule.broken)["broken"].to_list()
        # One rule there, two here.
        name = "max_hash_word_ratio" if rule.name == "max_ellipsis_word_ratio" else rule.name
        found[name] = [a or b for a, b in zip(broken, found.get(name, [False] * len(texts)), strict=True)]
    return found | {"text": signals["text"].to_list()}


def compare(texts: list[str], theirs: list[dict[str, Any]], disagreements: Path | None) -> None:
    """Print the table; write the texts on which the two disagree."""
    print(f"{len(texts):,} texts.\n\n| rule | tokenizer | both drop | only datatrove | only Strata | agree |")
    print("|---|---|--:|--:|--:|--:|")
    differing = []
    for tokenizer, name in TOKENIZERS.items():
        mine = own_verdicts(texts, tokenizer)
        cleaned = mine.pop("text")
        for rule, dropped in mine.items():
            pairs = [(rule in each[tokenizer], own) for each, own in zip(theirs, dropped, strict=True)]
            both, peer, own = pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True))
            print(f"| {rule} | {name} | {both} | {peer} | {own} | {1 - (peer + own) / len(texts):.4f} |")
            differing += [(tokenizer, rule, pair, at) for at, pair in enumerate(pairs) if pair[0] != pair[1]]
        kept = [
            (each["text"], text, at)
            for at, (each, text) in enumerate(zip(theirs, cleaned, strict=True))
            if each["text"] is not None
        ]
        equal = sum(peer == own for peer, own, _ in kept)
        print(f"| text after C4 | {name} | {len(kept)} kept | {len(kept) - equal} differ | | {equal / len(kept):.4f} |")
        differing += [(tokenizer, "text", (True, False), at) for peer, own, at in kept if peer != own]
    if disagreements:
        rows = (
            {"tokenizer": t, "rule": r, "datatrove": p[0], "strata": p[1], "text": texts[at]}
            for t, r, p, at in differing
        )
        disagreements.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
