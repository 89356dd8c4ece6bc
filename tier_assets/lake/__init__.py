"""The lake: candidates, promoted versions, the Delta log, what is derived from them. Computes nothing."""
