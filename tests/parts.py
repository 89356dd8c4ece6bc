"""Raw pages as measured parts, without worker processes and without a lake."""

from pathlib import Path

import polars as pl

from tier_assets.files.frames import FrameWriter, row_groups
from tier_assets.l1_filtered.block_lists import BlockLists
from tier_assets.l1_filtered.measuring import Measurement, Part, Tools, blocked
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.schemas import ROWS
from tier_assets.tiers import Tier


def unmeasured(folder: Path, *frames: pl.DataFrame, partition: str = "crawl.2026-34") -> list[Part]:
    """A part for each frame of raw rows that has any."""
    folder.mkdir(parents=True, exist_ok=True)
    with FrameWriter(folder / "raw.parquet", ROWS[Tier.RAW].polars) as file:
        for frame in frames:
            file.write(ROWS[Tier.RAW].conform(frame))
    groups = row_groups(folder / "raw.parquet", partition)
    return [Part(group, folder / f"measured-{number}.parquet") for number, group in enumerate(groups)]


def measured(folder: Path, *frames: pl.DataFrame, policy: FilteredPolicy, tools: Tools) -> list[Part]:
    """The parts, measured in this process."""
    parts = unmeasured(folder, *frames)
    for part in parts:
        dropped = blocked(part.group.read(("doc_id", "uri")), policy, BlockLists())
        Measurement(policy, tools)((part, dropped), {}, lambda _: None)
    return parts
