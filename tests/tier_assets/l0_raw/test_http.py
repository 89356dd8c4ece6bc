import gzip

import pytest

from tier_assets.l0_raw.http import BadHttpError, charset, media_type, parse_response


def response(headers, body=b"<html></html>"):
    return parse_response(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + body, 1000)


def test_status_media_type_charset_and_body_are_read():
    found = parse_response(b'HTTP/1.1 404 Not Found\r\nContent-Type: Text/HTML; Charset="ISO-8859-1"\r\n\r\nabc', 1000)
    assert (found.status, found.media_type, found.charset, found.body) == (404, "text/html", "iso-8859-1", b"abc")


def test_line_feeds_alone_end_lines_too():
    found = parse_response(b"HTTP/1.0 200\nContent-Type: text/plain\n\nabc", 1000)
    assert (found.status, found.media_type, found.body) == (200, "text/plain", b"abc")


def test_transfer_and_content_codings_are_undone_in_order():
    packed = gzip.compress(b"abc")
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    found = response(b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", chunked)
    assert (found.body, found.flaws) == (b"abc", ())


def test_two_content_codings_are_undone_from_the_last():
    assert response(b"Content-Encoding: gzip, gzip\r\n", gzip.compress(gzip.compress(b"abc"))).body == b"abc"


def test_wrong_chunked_headers_are_tolerated_and_named():
    found = response(b"Transfer-Encoding: chunked\r\n")
    assert (found.body, found.flaws) == (b"<html></html>", ("not_chunked",))


def test_a_stack_of_codings_is_refused():
    with pytest.raises(BadHttpError, match="5 content codings"):
        response(b"Content-Encoding: gzip, gzip, gzip, gzip, gzip\r\n")


@pytest.mark.parametrize("block", [b"", b"<html></html>", b"HTTP/1.1 OK\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_response_is_refused(block):
    with pytest.raises(BadHttpError, match="no HTTP status line"):
        parse_response(block, 1000)


def test_headers_without_an_end_have_no_body():
    found = parse_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/html", 1000)
    assert (found.body, found.flaws) == (b"", ("headers_cut",))


def test_a_folded_header_is_one_header():
    assert response(b"Content-Type: text/html;\r\n charset=utf-8\r\n").charset == "utf-8"


def test_the_crawlers_media_type_stands_in_for_one_the_server_did_not_state():
    assert parse_response(b"HTTP/1.1 200 OK\r\n\r\nabc", 1000, "text/plain").media_type == "text/plain"
    assert response(b"Content-Type: text/html\r\n").media_type == "text/html"


def test_without_a_stated_media_type_html_is_recognised():
    assert media_type(None, b"\n<!DOCTYPE html><p>a") == "text/html"
    assert media_type("nonsense", b"<!-- saved -->\n<html lang=en>") == "text/html"
    assert media_type(None, b"%PDF-1.7") == "application/octet-stream"


def test_no_charset_is_none():
    assert charset("text/html") is None
    assert charset(None) is None


@pytest.mark.parametrize(
    "header, kept",
    [
        (b"X-Robots-Tag: noai, noimageai", {"x-robots-tag": "noai, noimageai"}),
        (b"X-Robots-Tag: noindex\r\nX-Robots-Tag: noai", {"x-robots-tag": "noindex, noai"}),
        (
            b"TDM-Reservation: 1\r\ntdm-policy: https://e.org/p",
            {"tdm-reservation": "1", "tdm-policy": "https://e.org/p"},
        ),
        (b'Link: <https://e.org/l>; rel="license"', {"link": '<https://e.org/l>; rel="license"'}),
        (b"Link: <a.css>; rel=preload", {}),
        (b"Server: x", {}),
    ],
)
def test_headers_that_state_rights_are_kept(header, kept):
    assert parse_response(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\nbody", 100).rights == kept
