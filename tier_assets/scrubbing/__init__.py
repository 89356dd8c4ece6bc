"""Reading a whole home again: what landed, the lake, and what is derived from it. What a lake's files promise is `lake/`'s."""
