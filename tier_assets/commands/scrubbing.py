"""`strata scrub`: reads a whole home again and names what is not as it was written."""

import click

from tier_assets.commands.face import Session, TierType
from tier_assets.commands.options import common
from tier_assets.progress import TerminalNarrator
from tier_assets.scrubbing.whole import scrub as look_through
from tier_assets.tiers import Tier

_DAMAGED = 1


@click.command()
@click.argument("tier", type=TierType(), required=False)
@common
def scrub(tier: Tier | None) -> int:
    """Look at every file of the home, or of one tier: each damage with its remedy. Ends with 1 if there is any.

    A promoted file that is damaged makes its partition stale: `strata materialize` makes it again.
    """
    session = Session.open()
    report = TerminalNarrator().reporter("scrub", session.say)
    findings = look_through(session.home, [tier] if tier else [], report)
    document = {
        "checked": findings.checked,
        "damaged": [{"path": str(each.path), "what": each.what, "remedy": each.remedy} for each in findings.damaged],
    }
    last = f"{findings.checked:,} files looked at, {len(findings.damaged):,} damaged"
    session.emit(document, lambda: "\n".join([*findings.sentences, last]))
    return _DAMAGED if findings.damaged else 0
