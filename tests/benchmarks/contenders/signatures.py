"""MinHash signatures of texts: 112 values of word 5-grams, from text to signature. How fast; what they find is `near.py`'s."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders.meter import Meter, read_lines

NGRAM, BANDS, ROWS = 5, 14, 8
PERMUTATIONS = BANDS * ROWS
_WORD = re.compile(r"\w+")
Sign = Callable[[Sequence[str]], Any]


def shingles(text: str) -> list[str]:
    """Word 5-grams, lower case; of a shorter text, its words as one."""
    words = _WORD.findall(text.lower())
    return [" ".join(words[start : start + NGRAM]) for start in range(max(1, len(words) - NGRAM + 1))]


def _ours() -> Sign:
    from tests.benchmarks.ours import sign

    return sign


def _datasketch() -> Sign:
    """The loop of its documentation, in the scheme that is its fastest and ours."""
    from datasketch import MinHash

    def sign(texts: Sequence[str]) -> list[Any]:
        signed = []
        for text in texts:
            minhash = MinHash(num_perm=PERMUTATIONS, scheme="affine32")
            for shingle in set(shingles(text)):
                minhash.update(shingle.encode("utf8"))
            signed.append(minhash)
        return signed

    return sign


def _rensa() -> Sign:
    from rensa import RMinHash

    return lambda texts: RMinHash.from_token_sets([shingles(text) for text in texts], num_perm=PERMUTATIONS, seed=42)


def _text_dedup() -> Sign:
    """`embed_func` as its command calls it, with its defaults but for the bands."""
    import numpy as np
    from text_dedup.minhash import RNG, embed_func
    from text_dedup.utils import sha1_hash

    largest, prime = np.uint32((1 << 32) - 1), np.uint64((1 << 61) - 1)
    drawn = [RNG.randint(least, prime, size=(PERMUTATIONS,), dtype=np.uint64) for least in (1, 0)]
    settings = {
        "num_perm": PERMUTATIONS,
        "ngram_size": NGRAM,
        "min_length": NGRAM,
        "hashranges": [(band * ROWS, (band + 1) * ROWS) for band in range(BANDS)],
        "permutations": drawn,
        "hash_func": sha1_hash,
        "dtype": np.uint64,
        "max_hash": largest,
        "modulo_prime": prime,
    }
    return lambda texts: [embed_func(text, number, **settings) for number, text in enumerate(texts)]


def _datatrove() -> Sign:
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    step = MinhashDedupSignature("memory://signatures", MinhashConfig(NGRAM, BANDS, ROWS))
    return lambda texts: [step.get_signature(found) for text in texts if (found := step.get_shingles(text)).size]


CONTENDERS: dict[str, Callable[[], Sign]] = {
    "strata": _ours,
    "datasketch": _datasketch,
    "rensa": _rensa,
    "text-dedup": _text_dedup,
    "datatrove": _datatrove,
}


def main(who: str, source: Path, output: Path) -> None:
    """Sign every text of `source` (JSONL with `text`)."""
    meter = Meter()
    texts = [row["text"] for row in read_lines(source)]
    sign = CONTENDERS[who]()
    sign(texts[:8])
    meter.ready()
    with meter.stage("signatures"):
        sign(texts)
    meter.write(output, documents=len(texts), bytes_read=sum(len(text.encode()) for text in texts))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
