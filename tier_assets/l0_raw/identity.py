"""The identity of a capture: what `doc_id` and `uri` are made of. Ids of L3 and L4 are made in their tiers."""

import hashlib


def doc_id(partition: str, file: str, offset: int, payload_sha256: str) -> str:
    """32 hex digits of blake2b-128 over four fields: partition, file name, locator, payload digest.

    Each field is encoded as its length in bytes (8 bytes, little-endian) and its bytes: names as UTF-8, the locator as
    decimal ASCII digits, the digest as 64 lower-case hex digits. The length in front keeps fields apart whatever they
    contain. Nothing of the machine enters (no path), so that a second reading gives the same ids.
    """
    digest = hashlib.blake2b(digest_size=16)
    for field in (partition, file, str(offset), payload_sha256):
        data = field.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def document_uri(uri: str | None, file: str, offset: int) -> str:
    """The given URI unchanged, less angle brackets around it (wget writes them); without one, `file:<name>#<offset>`."""
    given = (uri or "").strip()
    if given.startswith("<") and given.endswith(">"):
        given = given[1:-1].strip()
    return given or f"file:{file}#{offset}"
