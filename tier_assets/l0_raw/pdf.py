"""PDF: the file as it came, with the text that PDFium finds in it. The parser runs in a process of its own, `pdf_child.py`.

pypdfium2 rather than pypdf: about ten times as fast on two manuals of 17 and 36 pages; and permissively licensed, unlike
PyMuPDF. It is the extra `pdf`; without it a PDF is a counted drop.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from tier_assets.l0_raw.findings import Capture, Reject, too_large
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

MAGIC = b"%PDF-"
MEDIA_TYPE = "application/pdf"
_CHILD = Path(__file__).with_name("pdf_child.py")
_HEAD = 1_024  # a reader looks for the magic in so many bytes (ISO 32000-1, implementation note 13)


def read_pdf(
    offset: int,
    payload: bytes,
    policy: RawPolicy,
    *,
    uri: str | None = None,
    license_id: str | None = None,
    metadata: str | None = None,
) -> Capture | Reject:
    """The document of a PDF: its bytes as payload, its text; its pages and those read are added to `metadata`.

    Dropped as too_large, as unreadable (no PDF, encrypted, damaged, `pdf_not_installed`), as empty (no text: pages that
    are pictures), or as timeout beyond the policy's `pdf_seconds`.
    """
    if len(payload) > policy.max_payload_bytes:
        return too_large(offset, "max_payload_bytes", len(payload), policy.max_payload_bytes, raw=payload, uri=uri)
    if MAGIC not in payload[:_HEAD]:
        return Reject(offset, DropReason.UNREADABLE, "bad_pdf", payload, uri, detail="does not begin as a PDF does")
    if importlib.util.find_spec("pypdfium2") is None:
        detail = "is a PDF, and the extra that reads it is missing: install strata[pdf]"
        return Reject(offset, DropReason.UNREADABLE, "pdf_not_installed", payload, uri, detail=detail)
    limits = (policy.max_pdf_pages, policy.max_payload_bytes, policy.pdf_memory_mb)
    try:
        child = subprocess.run(
            # -P: else the script's folder comes first on the path, and http.py in it hides the library's.
            [sys.executable, "-P", str(_CHILD), *map(str, limits)],
            input=payload,
            capture_output=True,
            timeout=policy.pdf_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        seconds = policy.pdf_seconds
        return Reject(offset, DropReason.TIMEOUT, "pdf_seconds", payload, uri, seconds, seconds, "took too long")
    if child.returncode != 0:
        detail = f"its parser ended with status {child.returncode}: damaged, or more memory than pdf_memory_mb"
        return Reject(offset, DropReason.UNREADABLE, "bad_pdf", payload, uri, detail=detail)
    answer = json.loads(child.stdout)
    if "problem" in answer:
        return Reject(offset, DropReason.UNREADABLE, "bad_pdf", payload, uri, detail=answer["problem"])
    # Half of a surrogate pair, which a broken font table yields, is no text.
    text = answer["text"].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not text.strip():
        return Reject(offset, DropReason.EMPTY, "empty_payload", payload, uri, detail="has no text: pages of pictures")
    known = json.loads(metadata) if metadata else {}
    known |= {"pages": answer["pages"], "pages_read": answer["pages_read"]}
    return Capture(offset, payload, MEDIA_TYPE, uri, license_id, text=text, metadata=json.dumps(known))
