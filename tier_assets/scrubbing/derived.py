"""What is made from promoted rows and can be made again: caches, answers of models, the index of facts; and scorers' files.

Of what is damaged here, the bad part is removed at once, as whoever had met it would have done. A scorer's file is not: it
is promoted, and trained again by command.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tier_assets.completions import CompletionCache
from tier_assets.files.digests import file_digest
from tier_assets.files.sealed import open_sealed
from tier_assets.home import Home
from tier_assets.l4_organized.index import FactIndex
from tier_assets.lake.scrub import Checked, Damage


def scrub_derived(home: Home) -> Iterator[Checked]:
    """Look at every derived file of a home; gives one answer for each."""
    for path in sorted(home.models.glob("[!.]*.bin")):
        yield None if file_digest(path) == path.stem else Damage(path, "is not what was trained", "`strata train`")
    for folder in sorted((home.lake / "_cache").glob("[!.]*/")):
        for path in sorted(folder.glob("[!.]*")):
            yield _sealed(path)
    if home.completions.exists():
        with closing(CompletionCache(home.completions)) as cache:
            why = cache.mend()
        remedy = "nothing: what was bad was removed, and is asked again when it is needed"
        yield Damage(home.completions, why, remedy) if why else None
    if home.facts.exists():
        why = FactIndex(home.facts).damage()
        yield Damage(home.facts, why, "nothing: the next `strata lookup` makes it anew") if why else None


def _sealed(path: Path) -> Checked:
    # Others remove what is not needed any more.
    if not path.exists() or open_sealed(path) is not None:
        return None
    return Damage(path, "is not as it was sealed", "nothing: it was removed, and is made again when it is needed")
