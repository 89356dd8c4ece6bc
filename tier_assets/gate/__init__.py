"""The gate: what a tier promises, the profile of a candidate, the verdict on it, a version in numbers."""
