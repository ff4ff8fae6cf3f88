"""Keys of order lines and what they stand for: places, products, people, assignments, quotas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.hierarchy import join_path
from salesforecast.history.dates import parse_dates
from salesforecast.history.organisation import Organisation
from salesforecast.history.raw import Raw, Want, counted
from salesforecast.history.sources import find_files, read_table
from salesforecast.tables import TIME


@dataclass(frozen=True)
class Names:
    """What keys stand for; without `names` every key stands for itself.

    `inputs` maps the files that were read to their sha256.
    """

    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)

    def of(self, key: str) -> str | None:
        """The name of a key, None when it is unknown; an empty key has an empty name."""
        return self.names.get(key) if self.names and key else key


def read_columns(organisation: Organisation, path: str, text: list[str], other: list[str]) -> Raw:
    """A dimension file with these columns (empty names are left out)."""
    file = find_files(organisation.folder, path)[0]
    wanted = tuple(dict.fromkeys(name for name in text if name))
    return read_table(file, Want(text=wanted, other=tuple(name for name in other if name)))


def territory_paths(organisation: Organisation) -> Names:
    """Path of each territory key; the keys of no place stand for the empty path."""
    places = organisation.territories
    if places is None:
        return Names()
    raw = read_columns(organisation, places.path, [places.key, *places.columns], [])
    keys = raw.frame[places.key]
    _refuse_repeated(keys, raw, places.key)
    parts = raw.frame[list(places.columns)].to_numpy()
    names = {
        key: "" if key in places.none else join_path(row)
        for key, row in zip(keys, parts, strict=True)
    }
    return Names(names, {raw.name: raw.digest})


def _refuse_repeated(keys: pd.Series, raw: Raw, column: str) -> None:
    again = np.flatnonzero(keys.duplicated().to_numpy(bool))
    if len(again):
        raise DataError(
            f"{counted(len(again), 'key')} standing twice in a list that should name each once.",
            where=f"{raw.cell(int(again[0]), column)}: '{keys.iloc[again[0]]}'",
            fix="keep one row for each key.",
        )


def product_names(organisation: Organisation) -> Names:
    """Product of each product key: the lookups one after the other."""
    names: dict[str, str] | None = None
    inputs: dict[str, str] = {}
    for step in organisation.products:
        raw = read_columns(organisation, step.path, [step.key, step.value], [])
        _refuse_repeated(raw.frame[step.key], raw, step.key)
        table = dict(zip(raw.frame[step.key], raw.frame[step.value], strict=True))
        table[""] = ""
        names = table if names is None else {k: table.get(v, v) for k, v in names.items()}
        inputs[raw.name] = raw.digest
    return Names(names or {}, inputs)


def people_names(organisation: Organisation) -> Names:
    """Full name of each person's key; equal names get their key behind them."""
    people = organisation.people
    if people is None:
        return Names()
    raw = read_columns(organisation, people.path, [people.key, *people.name], [])
    keys = raw.frame[people.key]
    _refuse_repeated(keys, raw, people.key)
    full = pd.Series(
        [" ".join(p for p in row if p) for row in raw.frame[list(people.name)].to_numpy()]
    )
    twice = full.duplicated(keep=False) | (full == "")
    full = full.where(~twice, (full + " " + keys.reset_index(drop=True)).str.strip())
    return Names(dict(zip(keys, full, strict=True)), {raw.name: raw.digest})


@dataclass(frozen=True)
class Staff:
    """Who sells and where, with dates; both frames may be empty.

    Parameters
    ----------
    people
        person (index), `territory` (empty: a manager without home), `hired`, `left`, `gone`
        (left at an unknown date).
    assignments
        `person`, `territory`, `start`, by person and start.
    """

    people: pd.DataFrame
    assignments: pd.DataFrame


def staff(organisation: Organisation) -> Staff:
    """Read people and their assignments; files that did not change are read once."""
    parts = (organisation.people, organisation.assignments, organisation.territories)
    stamps = tuple(
        (organisation.folder / part.path).stat().st_mtime_ns
        for part in parts
        if part and (organisation.folder / part.path).is_file()
    )
    return _staff(organisation, stamps)


@lru_cache(maxsize=16)
def _staff(organisation: Organisation, stamps: tuple[int, ...]) -> Staff:
    places, names = territory_paths(organisation), people_names(organisation)
    return Staff(_people(organisation, places, names), _assignments(organisation, places, names))


def _people(organisation: Organisation, places: Names, names: Names) -> pd.DataFrame:
    people = organisation.people
    columns = ["territory", "hired", "left", "gone"]
    if people is None:
        return pd.DataFrame(columns=columns, index=pd.Index([], dtype="str", name="person"))
    text = [people.key, people.territory, people.status]
    raw = read_columns(organisation, people.path, text, [people.hired, people.left])
    keys = raw.frame[people.key]
    gone = raw.frame[people.status].isin(people.status_left) if people.status else False
    frame = pd.DataFrame(
        {
            "territory": _home(raw, people.territory, places),
            "hired": read_days(raw, people.hired, organisation),
            "left": read_days(raw, people.left, organisation),
            "gone": gone,
        }
    )
    frame.index = pd.Index([names.of(key) for key in keys], dtype="str", name="person")
    return frame


def _home(raw: Raw, column: str, places: Names) -> pd.Series:
    if not column:
        return pd.Series("", index=raw.frame.index, dtype="str")
    keys = raw.frame[column]
    paths = [places.of(key) for key in keys]
    for at, path in enumerate(paths):
        if path is None:
            raise DataError(
                f"the home territory '{keys.iloc[at]}' is unknown.",
                where=raw.cell(at, column),
                fix="use a key of [territories], or leave the cell empty.",
            )
    return pd.Series(paths, index=raw.frame.index, dtype="str")


def read_days(raw: Raw, column: str, organisation: Organisation, required: str = "") -> pd.Series:
    """Dates of a dimension file; empty cells stay empty unless `required` says what they are."""
    if not column:
        return pd.Series(pd.NaT, index=raw.frame.index, dtype=TIME)
    parsed = parse_dates(raw.frame[column], cell=lambda at: raw.cell(at, column))
    written = raw.frame[column].notna() & (raw.frame[column].astype("str") != "")
    wrong = [at for at in parsed.bad if written.iloc[at] or required]
    if wrong:
        raise DataError(
            f"a date cannot be read: '{raw.frame[column].iloc[wrong[0]]}'.",
            where=raw.cell(wrong[0], column),
            fix="write it as 2017-04-30.",
        )
    return parsed.values


def _assignments(organisation: Organisation, places: Names, names: Names) -> pd.DataFrame:
    table = organisation.assignments
    if table is None:
        return pd.DataFrame(
            {
                "person": pd.Series(dtype="str"),
                "territory": pd.Series(dtype="str"),
                "start": pd.Series(dtype=TIME),
            }
        )
    raw = read_columns(organisation, table.path, [table.person, table.territory], [table.start])
    people = [names.of(key) or key for key in raw.frame[table.person]]
    frame = pd.DataFrame(
        {
            "person": pd.Series(people, dtype="str"),
            "territory": _home(raw, table.territory, places),
            "start": read_days(raw, table.start, organisation, required="start"),
        }
    )
    return frame.sort_values(["person", "start"], kind="stable").reset_index(drop=True)
