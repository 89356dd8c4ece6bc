"""The one partitions definition: dynamic keys SOURCE.SNAPSHOT[.SHARD], the same for every tier. Their form is in `keys.py`."""

import dagster as dg

PARTITIONS = dg.DynamicPartitionsDefinition(name="snapshots")
