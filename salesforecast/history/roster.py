"""Who holds which position at a cutoff, and to which leaf a sale is credited."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.hierarchy import SEPARATOR, join_path
from salesforecast.history.lookups import Staff, staff
from salesforecast.history.organisation import Organisation
from salesforecast.tables import ROSTER


@dataclass(frozen=True)
class Roster:
    """Positions at a cutoff.

    Parameters
    ----------
    frame
        `ROSTER`: people who hold a position, and since when.
    open
        Path of the open leaf of each person who has left, by person.
    known
        People who are known at the cutoff but hold no position: managers.
    """

    frame: pd.DataFrame
    open: dict[str, str]
    known: frozenset[str]


def roster_at(cells: pd.DataFrame, organisation: Organisation, cutoff: pd.Timestamp) -> Roster:
    """Positions as of the last day of the period `cutoff`.

    The latest assignment that had started counts, also after its end unless the person has
    left; then the home in the people file; then, for people in neither, the place of most of
    their sales so far. A person without any home is a manager.

    Parameters
    ----------
    cells
        `condense(lines)`; only the periods up to `cutoff` are looked at.
    """
    last_day = organisation.calendar.dates(cutoff, organisation.freq)[1]
    who = staff(organisation)
    started = who.assignments[who.assignments["start"] <= last_day].drop_duplicates(
        "person", keep="last"
    )
    assigned = started.set_index("person")[["territory", "start"]]
    people = who.people[~(who.people["hired"] > last_day)]
    elsewhere = people.index.isin(who.assignments["person"])
    at_home = people[(people["territory"] != "") & ~elsewhere]
    known = frozenset(_managers(people[~elsewhere], organisation))
    homes = pd.concat(
        [assigned, at_home[["territory", "hired"]].set_axis(assigned.columns, axis=1)]
    )
    sold = cells[(cells["period"] <= cutoff) & (cells["person"] != "")]
    homes = pd.concat([homes, _by_sales(sold[~sold["person"].isin({*homes.index, *known})])])
    homes = homes[homes["territory"] != ""]
    gone = _left(who, cells, cutoff, last_day)
    house = organisation.house
    open_leaves = {
        person: join_path([*territory.split(SEPARATOR), house.open])
        for person, territory in homes["territory"].items()
        if person in gone
    }
    here = homes[~homes.index.isin(gone)]
    frame = pd.DataFrame(
        {
            "person": here.index.to_numpy(),
            "territory": here["territory"].to_numpy(),
            "node": [
                f"{territory}{SEPARATOR}{join_path([person])}"
                for person, territory in here["territory"].items()
            ],
            "start": here["start"].to_numpy(),
        }
    )
    return Roster(ROSTER.check(frame), open_leaves, known)


def _managers(people: pd.DataFrame, organisation: Organisation) -> pd.Index:
    """People without a home; nobody where no file would say it."""
    table = organisation.people
    if not table or not (table.territory or organisation.assignments):
        return people.index[:0]
    return people.index[people["territory"] == ""]


def _by_sales(sold: pd.DataFrame) -> pd.DataFrame:
    """Home of people whom no file places: where they sold most; since their first sale."""
    totals = sold.groupby(["person", "territory"], as_index=False)["amount"].sum()
    best = totals.sort_values(["person", "amount"], kind="stable").drop_duplicates(
        "person", keep="last"
    )
    first = sold.groupby("person")["period"].min().rename("start")
    return best.set_index("person")[["territory"]].join(first)


def _left(
    who: Staff, cells: pd.DataFrame, cutoff: pd.Timestamp, last_day: pd.Timestamp
) -> set[str]:
    """People who had left; without a date it is the period after their last sale."""
    dated = who.people.index[who.people["left"] <= last_day]
    undated = who.people.index[who.people["gone"].astype(bool) & who.people["left"].isna()]
    last_sale = cells[cells["person"].isin(undated)].groupby("person")["period"].max()
    still = last_sale.index[last_sale >= cutoff]
    return set(dated) | (set(undated) - set(still))


def credit(cells: pd.DataFrame, roster: Roster, organisation: Organisation) -> np.ndarray:
    """Leaf that each row of `cells` is credited to, whatever place the order came from.

    A person with a position: his leaf. One who has left: the open leaf of his last home. A
    manager, or nobody: the house leaf of the order's place. Someone who is not known at the
    cutoff: the open leaf of the order's place. Without people: the place itself.

    Returns
    -------
    np.ndarray
        str objects, one a row.
    """
    places = cells["territory"].to_numpy(dtype=object)
    if not organisation.has_people:
        return places
    house = organisation.house
    leaves = dict(zip(roster.frame["person"], roster.frame["node"], strict=True)) | roster.open
    codes, people = pd.factorize(cells["person"])
    fixed = np.array([leaves.get(person) for person in people], dtype=object)[codes]
    kind = np.array(
        [
            house.online if not person else house.manager if person in roster.known else house.open
            for person in people
        ],
        dtype=object,
    )[codes]
    return np.where(fixed == None, places + SEPARATOR + kind, fixed)  # noqa: E711 (elementwise)
