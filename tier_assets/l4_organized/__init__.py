"""L4 organized: verified facts with their evidence, and the index that answers look-ups."""
