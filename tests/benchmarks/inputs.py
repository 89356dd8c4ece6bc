"""What contenders read: the labelled sets of STRATA_TEST_DATA, written as plain JSONL that needs no library to read.

What the sets are and whose they are says the README beside them.
"""

import gzip
import io
import json
import random
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import zstandard

from tests.benchmarks.contenders.signatures import shingles
from tests.benchmarks.figures import similar

T = TypeVar("T")

SEED = 20260408
_NEWS_EVERY = 3
_UNLABELLED = "code_versions"
# Letters of which no stop word of English consists, so that pages with two of them swapped are still English enough.
_SWAPPED = "cgklmprsuy"
_OUTSIDE_TAGS = re.compile(rb">([^<]+)")


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a .jsonl.zst."""
    with path.open("rb") as stream, zstandard.ZstdDecompressor().stream_reader(stream) as plain:
        yield from map(json.loads, io.TextIOWrapper(plain, "utf-8"))


def sampled(everything: Iterable[T], most: int | None) -> list[T]:
    """All, or so many at even distances."""
    listed = list(everything)
    if most is None or len(listed) <= most:
        return listed
    return [listed[number * len(listed) // most] for number in range(most)]


def written(path: Path, objects: Iterable[dict[str, Any]]) -> Path:
    """A JSONL file of the objects."""
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(each) + "\n" for each in objects)
    return path


def warcs(data: Path) -> list[Path]:
    """The files of the crawl, in the order of their names, which are unique."""
    return sorted((data / "crawl").glob("*/*.warc.gz"), key=lambda path: path.name)


def responses(files: Sequence[Path]) -> Iterator[tuple[str, str | None, bytes]]:
    """Record id, charset of the header, and payload of every response."""
    from warcio.archiveiterator import ArchiveIterator

    for file in files:
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "response":
                    kind = record.http_headers.get_header("Content-Type", "") if record.http_headers else ""
                    charset = re.search(r"charset=[\"']?([\w-]+)", kind, re.IGNORECASE)
                    found = charset.group(1) if charset else None
                    yield record.rec_headers["WARC-Record-ID"], found, record.content_stream().read()


def gold_pages(data: Path) -> Iterator[dict[str, Any]]:
    """Pages whose main text people have chosen: `id`, `html`, `gold`, `group`; each URL once.

    Groups: article (Scrapinghub's benchmark), news (DAnIEL, every third page), and WCXB's page types.
    """
    from tests.benchmarks.ours import decoded

    for row in rows(data / "extraction" / "scrapinghub_aeb.jsonl.zst"):
        yield {"id": row["id"], "html": row["html"], "gold": row["articleBody"], "group": "article"}
    labelled = {row["record_id"]: row for row in rows(data / "crawl" / "labels.jsonl.zst") if _chosen_by_people(row)}
    urls: set[str] = set()
    news = 0
    for record, charset, payload in responses(warcs(data)):
        label = labelled.get(record)
        if label is None or label["url"] in urls:
            continue
        urls.add(label["url"])
        if label["source"] == "daniel":
            news += 1
            if news % _NEWS_EVERY:
                continue
        group = "news" if label["source"] == "daniel" else f"WCXB {label['page_type']}"
        yield {"id": record, "html": decoded(payload, charset), "gold": label["main_text"], "group": group}


def _chosen_by_people(label: dict[str, Any]) -> bool:
    return bool(label.get("main_text")) and (label["source"] == "daniel" or label["source"].startswith("wcxb"))


def texts(data: Path) -> Iterator[dict[str, Any]]:
    """Main texts of real pages, each once: `text`. Random ones of C4, of rated pages, and those labelled in the crawl."""
    from tests.benchmarks.ours import normalized

    found: set[str] = set()
    files = [
        data / "quality" / f"{name}.jsonl.zst" for name in ("web_random_c4", "dclm_human_quality", "page_type_wcxb")
    ]
    for path, field in [*((path, "text") for path in files), (data / "crawl" / "labels.jsonl.zst", "main_text")]:
        for row in rows(path):
            text = normalized(row.get(field) or "")
            if text and text not in found:
                found.add(text)
                yield {"text": text}


def near_duplicate_sets(data: Path) -> tuple[list[dict[str, Any]], dict[str, dict[tuple[str, str], float]]]:
    """Documents (`set`, `id`, `text`) of the labelled sets, and per set the Jaccard similarity of its listed pairs.

    Of the crawl, the pages that are in a pair: their text is what trafilatura makes of them, as the labels say. The labels of
    code_versions are of other tokens and of known versions only, so that its pairs are found here.
    """
    documents: list[dict[str, Any]] = []
    pairs = {}
    for path in sorted((data / "near_dup").glob("*_docs.jsonl.zst")):
        name = path.name.removesuffix("_docs.jsonl.zst")
        documents += [{"set": name, "id": row["id"], "text": row["text"]} for row in rows(path)]
        listed = rows(path.with_name(f"{name}_pairs.jsonl.zst"))
        pairs[name] = {(row["a"], row["b"]): float(row["jaccard"]) for row in listed}
    code = {row["id"]: row["text"] for row in documents if row["set"] == _UNLABELLED}
    pairs[_UNLABELLED] = similar({name: set(shingles(text)) for name, text in code.items()})
    documents += _crawl_texts(data)
    listed = rows(data / "crawl" / "near_dup_pairs.jsonl.zst")
    pairs["crawl"] = {(row["a"], row["b"]): float(row["jaccard"]) for row in listed}
    return documents, pairs


def _crawl_texts(data: Path) -> Iterator[dict[str, Any]]:
    from trafilatura import extract

    from tests.benchmarks.ours import decoded

    named = {name for row in rows(data / "crawl" / "near_dup_pairs.jsonl.zst") for name in (row["a"], row["b"])}
    for record, charset, payload in responses(warcs(data)):
        if record in named:
            text = extract(decoded(payload, charset), include_comments=False)
            if text:
                yield {"set": "crawl", "id": record, "text": text}


def larger(files: Sequence[Path], folder: Path, html_bytes: float) -> Path:
    """A folder of WARC files of at least so much HTML: the crawl again and again, each time with other URLs and words.

    In every copy two letters change places outside of tags, other ones each time (of 45 pairs), so that few 5-grams of
    two copies are the same. Pages in other scripts than Latin repeat themselves.
    """
    folder.mkdir()
    pairs = [(one + other, other + one) for one, other in combinations(_SWAPPED, 2)]
    random.Random(SEED).shuffle(pairs)
    done, copy = 0, 0
    while done < html_bytes:
        before, after = pairs[copy % len(pairs)]
        for file in files:
            if done < html_bytes:
                done += _altered(
                    file, folder / f"{copy:03d}-{file.name}", copy, bytes.maketrans(*map(str.encode, (before, after)))
                )
        copy += 1
    return folder


def _altered(source: Path, target: Path, copy: int, swap: bytes) -> int:
    """Write the pages of a WARC file as another one's, and say how many bytes they have."""
    from warcio.archiveiterator import ArchiveIterator

    done = 0
    with source.open("rb") as stream, target.open("wb") as out:
        for record in ArchiveIterator(stream):
            if record.rec_type != "response":
                continue
            plain = record.content_stream().read()
            payload = _OUTSIDE_TAGS.sub(lambda match: match.group(0).translate(swap), plain)
            address = record.rec_headers["WARC-Target-URI"]
            kind = record.http_headers.get_header("Content-Type", "text/html") if record.http_headers else "text/html"
            url = f"{address}{'&' if '?' in address else '?'}copy={copy}"
            out.write(response(url, record.rec_headers["WARC-Date"], kind, payload))
            done += len(payload)
    return done


def response(url: str, date: str, kind: str, payload: bytes) -> bytes:
    """A record of a .warc.gz: a page as a server sent it. Its id depends on the URL alone."""
    http = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + payload
    fields = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, url)}>",
        "WARC-Target-URI": url,
        "WARC-Date": date,
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(http)),
    }
    head = "WARC/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    return gzip.compress(head.encode() + http + b"\r\n\r\n", compresslevel=1)
