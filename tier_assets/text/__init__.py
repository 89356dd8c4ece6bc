"""Pure functions on text that several tiers need. What only one tier needs lives in that tier."""
