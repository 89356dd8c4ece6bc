"""Which partitions have arrived and are complete; copies and references. What the bytes hold is `l0_raw`'s matter."""
