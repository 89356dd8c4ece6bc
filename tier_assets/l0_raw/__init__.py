"""L0 raw: what landed, archived as it came. Never trained on. Text extraction is L1's."""
