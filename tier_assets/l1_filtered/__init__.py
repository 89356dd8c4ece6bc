"""L1 filtered: main text, language, quality rules, deduplication. Model-driven selection is L2's."""
