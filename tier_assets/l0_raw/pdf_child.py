"""Reads one PDF in a process of its own: started by `pdf.py` as a script, under limits of memory and time.

PDFium is the parser of a browser, made for hostile files, but it is native code: what kills it must kill nothing else.
The PDF comes in on standard input, a JSON object goes out: {"text", "pages", "pages_read"}, or {"problem"}.
"""

import importlib
import json
import resource
import sys


def main(max_pages: int, max_chars: int, memory_mb: int) -> dict[str, object]:
    """The text of the first pages, a form feed between two. Text beyond `max_chars` characters is not read."""
    pypdfium2 = importlib.import_module("pypdfium2")
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    except pypdfium2.PdfiumError as error:
        return {"problem": str(error)[:200]}
    pages: list[str] = []
    total = len(document)
    chars = 0
    for number in range(min(total, max_pages)):
        try:
            text = document[number].get_textpage().get_text_bounded()
        except pypdfium2.PdfiumError:
            text = ""
        pages.append(text.replace("\r\n", "\n"))
        chars += len(text)
        if chars > max_chars:
            break
    return {"text": "\f".join(pages), "pages": total, "pages_read": len(pages)}


if __name__ == "__main__":
    json.dump(main(*map(int, sys.argv[1:])), sys.stdout)
