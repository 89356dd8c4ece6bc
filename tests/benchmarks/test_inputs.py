import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.benchmarks.inputs import larger, response, responses, sampled, written


@pytest.fixture
def crawl(tmp_path):
    """A WARC file of one page."""
    path = tmp_path / "crawl.warc.gz"
    page = b"<p class=cgklmprsuy>cgklmprsuy tide</p>"
    path.write_bytes(response("https://e.org/", "2026-04-08T00:00:00Z", "text/html; charset=utf-8", page))
    return path


@pytest.mark.parametrize(("most", "taken"), [(None, [0, 1, 2, 3, 4]), (9, [0, 1, 2, 3, 4]), (2, [0, 2]), (1, [0])])
def test_a_sample_is_taken_at_even_distances(most, taken):
    assert sampled(range(5), most) == taken


def test_written_objects_are_a_line_each(tmp_path):
    path = written(tmp_path / "a.jsonl", [{"text": "a\nb"}, {"text": "ü"}])
    assert path.read_text("utf-8") == '{"text": "a\\nb"}\n{"text": "\\u00fc"}\n'


def test_responses_have_the_charset_of_their_header(crawl):
    ((record, charset, payload),) = responses([crawl])
    assert record.startswith("<urn:uuid:")
    assert charset == "utf-8"
    assert payload.startswith(b"<p class=")


def test_copies_of_a_crawl_differ_in_urls_and_words_and_not_in_tags(crawl, tmp_path):
    folder = larger([crawl], tmp_path / "copies", html_bytes=3 * 39)
    pages, urls = [], set()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                urls.add(record.rec_headers["WARC-Target-URI"])
                pages.append(record.content_stream().read())
    assert urls == {"https://e.org/?copy=0", "https://e.org/?copy=1", "https://e.org/?copy=2"}
    assert len(set(pages)) == 3, "each copy swaps other letters"
    assert all(page.startswith(b"<p class=cgklmprsuy>") and page.endswith(b" tide</p>") for page in pages)
