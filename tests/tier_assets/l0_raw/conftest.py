"""WARC entries as bytes, well formed or not: warcio would refuse to write what these tests need."""

import pytest


def _entry(
    body=b"<html>hello</html>", *, kind="response", uri="https://example.org/", http=None, length=None, extra=b""
):
    if http is None:
        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n" if kind == "response" else b""
    block = http + body
    stated = len(block) if length is None else length
    content_type = {"response": "application/http; msgtype=response", "conversion": "text/plain"}.get(
        kind, "text/plain"
    )
    return (
        b"WARC/1.0\r\n"
        + f"WARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2026-03-01T10:00:00Z\r\n".encode()
        + extra
        + f"Content-Type: {content_type}\r\nContent-Length: {stated}\r\n\r\n".encode()
        + block
        + b"\r\n\r\n"
    )


@pytest.fixture
def entry():
    """A function that makes one WARC entry."""
    return _entry
