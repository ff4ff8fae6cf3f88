"""How far ahead a plan may look: what lies too far is refused, what lies far is said."""

from __future__ import annotations

import pandas as pd

from salesforecast.errors import Finding, ParameterError
from salesforecast.findings import found
from salesforecast.fiscal import FiscalCalendar

LONGEST = 60  # months of a plan
LEAP = 3  # days that spans may differ by without a word
FURTHEST = 72  # months from the end of the sales known to the end of a plan


def months_between(first: pd.Timestamp, last: pd.Timestamp) -> int:
    """Months from one month to another."""
    return (last.year - first.year) * 12 + last.month - first.month


def check_reach(known: pd.Timestamp, first: pd.Timestamp, months: int) -> None:
    """Refuse a plan that is longer, or ends further ahead, than any forecast can carry.

    Parameters
    ----------
    known
        The last month with sales that may be looked at.
    first, months
        The plan's first month, and its length.

    Raises
    ------
    ParameterError
        With the latest month and the longest plan that go.
    """
    if months > LONGEST:
        raise ParameterError(
            f"a plan of {months} months is longer than a forecast can carry.",
            where="the length of the plan",
            fix=f"plan at most {LONGEST} months at once, best 12.",
        )
    ahead = months_between(known, first) + months - 1
    if ahead > FURTHEST:
        latest = known + pd.DateOffset(months=FURTHEST - months + 1)
        raise ParameterError(
            f"the plan ends {ahead} months after the last sales known: nobody can forecast that far.",
            where=f"sales are known up to {known:%Y-%m}; the plan begins {first:%Y-%m} and takes "
            f"{months} months",
            fix=f"begin no later than {latest:%Y-%m}, or bring newer sales.",
        )


def far_ahead(since: pd.Timestamp, known: pd.Timestamp, last: pd.Timestamp) -> tuple[Finding, ...]:
    """A warning where a plan looks further ahead than sales look back; empty where it does not."""
    ahead, back = months_between(known, last), months_between(since, known) + 1
    if ahead <= max(back, 12):
        return ()
    return (found("far ahead", f"{since:%Y-%m} – {known:%Y-%m}", ahead=ahead, back=back),)


def unequal(
    calendar: FiscalCalendar, periods: pd.DatetimeIndex, freq: str = "M"
) -> tuple[Finding, ...]:
    """A warning where the planned span is some days longer or shorter than the same of last year."""
    if calendar.plain:
        return ()
    days, before = (
        int((calendar.ends(span[-1:], freq)[0] - calendar.first_days(span[:1])[0]).days)
        for span in (periods, periods - pd.DateOffset(years=1))
    )
    if abs(days - before) <= LEAP:
        return ()
    return (found("unequal length", f"{periods[0]:%Y-%m}", days=days, before=before),)
