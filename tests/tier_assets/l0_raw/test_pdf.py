import importlib.util

import pytest

from tier_assets.l0_raw import pdf
from tier_assets.l0_raw.findings import Capture, Reject
from tier_assets.l0_raw.pdf import read_pdf
from tier_assets.policy import RawPolicy

installed = pytest.mark.skipif(
    importlib.util.find_spec("pypdfium2") is None, reason="the extra pdf is not installed: no PDF can be read"
)


def made(*pages):
    """A PDF with a line of text on each page."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(pages)))
    objects += [b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages))]
    objects += [b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for number, text in enumerate(pages):
        stream = b"BT /F1 12 Tf 72 700 Td (%b) Tj ET" % text
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream))
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))


@installed
def test_the_text_of_a_pdf_is_found_and_its_bytes_are_kept():
    payload = made(b"Hello from page one", b"And from two")
    found = read_pdf(0, payload, RawPolicy(), uri="file:a.tar#a.pdf", license_id="MIT", metadata='{"path": "a.pdf"}')
    assert isinstance(found, Capture)
    assert (found.text, found.payload, found.media_type) == (
        "Hello from page one\fAnd from two",
        payload,
        "application/pdf",
    )
    assert (found.license, found.metadata) == ("MIT", '{"path": "a.pdf", "pages": 2, "pages_read": 2}')


@installed
def test_further_pages_than_the_policy_allows_are_not_read():
    found = read_pdf(0, made(b"one", b"two", b"three"), RawPolicy(max_pdf_pages=2))
    assert (found.text, found.metadata) == ("one\ftwo", '{"pages": 3, "pages_read": 2}')


@installed
def test_pages_without_text_are_empty():
    assert (read_pdf(0, made(b""), RawPolicy()).reason, read_pdf(0, made(b""), RawPolicy()).rule) == (
        "empty",
        "empty_payload",
    )


@installed
def test_a_pdf_that_takes_too_long_is_dropped():
    found = read_pdf(0, made(b"one"), RawPolicy(pdf_seconds=0.001))
    assert (found.reason, found.rule) == ("timeout", "pdf_seconds")


@installed
@pytest.mark.parametrize("data", [b"%PDF-1.4\njunk", made(b"one")[:150]])
def test_a_damaged_pdf_is_dropped(data):
    found = read_pdf(0, data, RawPolicy())
    assert isinstance(found, Reject) and found.rule in ("bad_pdf", "empty_payload")


def test_what_does_not_begin_as_a_pdf_is_none():
    assert read_pdf(0, b"<html>", RawPolicy()).rule == "bad_pdf"


def test_a_pdf_above_the_limit_is_dropped():
    assert read_pdf(0, b"%PDF-" + b"x" * 2_000, RawPolicy(max_payload_bytes=1_000)).rule == "max_payload_bytes"


def test_without_the_extra_a_pdf_is_a_counted_drop_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pdf.importlib.util, "find_spec", lambda name: None)
    found = read_pdf(0, made(b"one"), RawPolicy())
    assert (found.reason, found.rule) == ("unreadable", "pdf_not_installed")
    assert found.detail == "is a PDF, and the extra that reads it is missing: install strata[pdf]"
