"""Bytes on disk: durable writes, digests, row groups, compressed files, and who is alive. Knows no tier and no table."""
