"""What was last done with a version: handed in, approved, sent back; read from the store's acts."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from salesforecast.planning.versions import DRAFT, PROPOSED


@dataclass(frozen=True)
class Act:
    """The last thing that somebody did with a version.

    Parameters
    ----------
    status
        What it became: `draft`, `proposed`, `approved` or `superseded`.
    who, at, reason
        Who did it, when (ISO 8601, UTC), and why; the reason may be empty.
    submitter
        Who handed it in last; empty if nobody did.
    """

    status: str
    who: str
    at: str
    reason: str
    submitter: str = ""

    @property
    def sent_back(self) -> bool:
        """Whether somebody else made it a draft again after it was handed in."""
        return self.status == DRAFT and self.submitter not in ("", self.who)


def last_act(acts: pd.DataFrame, number: int) -> Act | None:
    """The last of a store's `acts` on version `number`; None if there is none."""
    mine = acts[acts["version"] == number]
    if mine.empty:
        return None
    handed_in = mine.loc[mine["status"] == PROPOSED, "who"]
    last = mine.iloc[-1]
    submitter = str(handed_in.iloc[-1]) if len(handed_in) else ""
    status, who, at, reason = (str(last[name]) for name in ("status", "who", "at", "reason"))
    return Act(status, who, at, reason, submitter)
