"""What changed between two runs: the data, the wishes, the forecast and the targets, and why."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import pandas as pd

from salesforecast.hierarchy import ROOT
from salesforecast.operations.ledger import Run
from salesforecast.operations.snapshot import KEY, Snapshot
from salesforecast.operations.words import say
from salesforecast.results import UNITS, moved
from salesforecast.runs import KEPT

_SHOWN = 12  # units in words; the table holds all
_SIZES = (14, 14, 13, 13, 13)  # letters a column of figures takes
_COLUMNS = ("label", "target_was", "target", "change", "by_forecast", "by_split", "history", "why")
Word = Callable[..., str]  # a key of the catalogue in the reader's language
_SILENT = ("code",)  # versions that say nothing to people


@dataclass(frozen=True)
class Changes:
    """Two runs side by side.

    Parameters
    ----------
    causes
        What went in and differs, by kind: `data`, `wishes`, `organisation`, `software`.
    units
        On node, the largest change first: `label, target_was, target, change, by_forecast,
        by_split, history, why`. `change` is the sum of the next two exactly, before rounding:
        what follows from another forecast at the old stretch, and what from asking for more or
        less beside the forecast. `history` is by how much known sales were restated.
    comparable
        Whether both planned the same measure; otherwise `units` is empty.
    """

    before: str
    after: str
    causes: Mapping[str, tuple[str, ...]]
    units: pd.DataFrame = field(hash=False)
    periods: tuple[str, str] = ("", "")
    language: str = "en"
    comparable: bool = True

    def words(self, most: int = _SHOWN) -> str:
        """The comparison as people read it."""
        word = partial(say, language=self.language)
        lines = [word("from to", before=self.before, after=self.after)]
        causes = [(word(kind), what) for kind, whats in self.causes.items() for what in whats]
        lines += [f"  {_wide(kind, 13)}{what}" for kind, what in causes]
        lines += [] if causes else [f"  {word('nothing in')}"]
        if self.units.empty:
            same = word("targets same" if self.comparable else "other measure")
            return "\n".join([*lines, f"  {_wide(word('targets'), 13)}{same}"])
        if self.periods[0] != self.periods[1]:
            was, now = self.periods
            lines.append(f"  {_wide(word('periods'), 13)}{word('next planned', was=was, now=now)}")
        parted = self.units.drop_duplicates(["label", "target_was", "target"])  # only children once
        shown = parted.head(most)
        wide = max(_width(label) for label in (*shown["label"], word("unit")))
        heads = [word(name) for name in ("was", "now", "change", "by forecast", "by split")]
        right = "".join(f" {_right(head, size)}" for head, size in zip(heads, _SIZES, strict=True))
        lines += ["", f"  {_wide(word('unit'), wide)}{right}  {word('why')}"]
        for _, row in shown.iterrows():
            whole = (
                f" {row['target_was']:>14,.0f} {row['target']:>14,.0f} {row['change']:>+z13,.0f}"
            )
            parts = f" {row['by_forecast']:>+z13,.0f} {row['by_split']:>+z13,.0f}"
            lines.append(f"  {_wide(row['label'], wide)}{whole}{parts}  {row['why']}")
        if len(parted) > most:
            lines.append(f"  {word('more units', n=len(parted) - most)}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        rows = self.units.reset_index().to_dict("records")
        causes = {kind: list(whats) for kind, whats in self.causes.items()}
        return {"before": self.before, "after": self.after, "causes": causes, "units": rows}


def _width(label: object) -> int:
    """Columns of a terminal that a label takes: Chinese letters take two."""
    return sum(1 + (east_asian_width(letter) in "WF") for letter in str(label))


def _wide(label: object, size: int) -> str:
    return f"{label}{' ' * (size - _width(label))}"


def _right(label: object, size: int) -> str:
    return f"{' ' * (size - _width(label))}{label}"


def changes(before: Run, after: Run, *, language: str = "en") -> Changes:
    """What differs between two good runs of one job, in words of `language`."""
    old, new = Snapshot.read(before.folder), Snapshot.read(after.folder)
    restated = _restated(old, new) if old and new else pd.DataFrame(columns=["place", "change"])
    word = partial(say, language=language)
    causes = {
        "data": (
            *_new_lines(old, new, word),
            *_restated_words(restated, word),
            *_files(before, after, word),
        ),
        "wishes": (*_wishes(before, after), *_lines(before, after, "scenario", word)),
        "organisation": tuple(_lines(before, after, "organisation", word)),
        "software": tuple(_software(before, after, word)),
    }
    measures = {
        str(run.manifest.get("parameters", {}).get("measure", "")) for run in (before, after)
    }
    comparable = len(measures) == 1
    units, periods = pd.DataFrame(columns=_COLUMNS), ("", "")
    if comparable:
        units, periods = _units(before, after, restated, word)
    return Changes(
        before.run_id, after.run_id, causes, units, periods, language, comparable=comparable
    )


def _units(
    before: Run, after: Run, restated: pd.DataFrame, word: Word
) -> tuple[pd.DataFrame, tuple[str, str]]:
    paths = (before.folder / UNITS, after.folder / UNITS)
    if not all(path.is_file() for path in paths):
        return pd.DataFrame(), ("", "")
    old, new = (pd.read_parquet(path) for path in paths)
    both = moved(old, new)
    both["history"] = [_below(restated, node) for node in both.index]
    both["why"] = [_why(row, word) for _, row in both.iterrows()]
    order = both["change"].abs().sort_values(ascending=False, kind="stable").index
    listed = both.loc[order, list(_COLUMNS)]
    spans = tuple(str(frame["first"].dropna().iloc[0]) for frame in (old, new))
    return listed[listed["change"] != 0], (spans[0], spans[1])


def _why(row: pd.Series, word: Word) -> str:
    if pd.isna(row["label_was"]) or row["target_was"] == 0:
        return word("new" if pd.isna(row["label_was"]) else "no target")
    if pd.isna(row["depth"]):
        return word("gone")
    said = []
    if abs(row["history"]) > 0.5:
        said.append(word("restated by", amount=row["history"]))
    if abs(row["by_forecast"]) >= abs(row["by_split"]):
        said.append(word("forecast moved"))
    elif row.get("limit") != row.get("limit_was"):
        said.append(word("limit moved"))
    else:
        said.append(word("asked otherwise"))
    return word("joint").join(said)


def _below(restated: pd.DataFrame, node: str) -> float:
    if node == ROOT:
        return float(restated["change"].sum())
    inside = (restated["place"] == node) | restated["place"].str.startswith(f"{node}/")
    return float(restated.loc[inside, "change"].sum()) if len(restated) else 0.0


def _restated(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    known = min(old.cutoff, new.cutoff)
    both = old.until(known).merge(new.until(known), on=KEY, how="outer", suffixes=("_was", ""), validate="one_to_one").fillna(0.0)  # fmt: skip
    both["change"] = both["sales"] - both["sales_was"]
    sums = both.groupby("place", as_index=False)["change"].sum()
    return sums[sums["change"].abs() > 0.005]


def _restated_words(restated: pd.DataFrame, word: Word) -> Iterator[str]:
    if len(restated):
        order = restated["change"].abs().sort_values(ascending=False).index
        worst = restated.loc[order].head(3)
        both = zip(worst["place"], worst["change"], strict=True)
        each = ", ".join(word("restated at", place=p, amount=c) for p, c in both)
        if len(restated) > 3:
            each = word("more places", each=each, n=len(restated) - 3)
        yield word("restated", each=each)


def _new_lines(old: Snapshot | None, new: Snapshot | None, word: Word) -> Iterator[str]:
    if not (old and new):
        return
    lines = int(new.cells["lines"].sum()) - int(old.cells["lines"].sum())
    if lines or new.newest != old.newest:
        days = {"was": f"{old.newest:%Y-%m-%d}", "now": f"{new.newest:%Y-%m-%d}"}
        yield word("lines", n=lines, **days)
    if new.cutoff != old.cutoff:
        yield word("whole until", was=f"{old.cutoff:%Y-%m}", now=f"{new.cutoff:%Y-%m}")


def _files(before: Run, after: Run, word: Word) -> Iterator[str]:
    was, now = before.manifest.get("read", {}), after.manifest.get("read", {})
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    if changed:
        yield word("files", names=", ".join(changed[:6]))


def _wishes(before: Run, after: Run) -> Iterator[str]:
    was, now = before.manifest.get("parameters", {}), after.manifest.get("parameters", {})
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield f"{name}: {was.get(name)} -> {now.get(name)}"


def _software(before: Run, after: Run, word: Word) -> Iterator[str]:
    was, now = before.manifest.get("versions", {}), after.manifest.get("versions", {})
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            silent = name in _SILENT
            yield word("own code") if silent else f"{name} {was.get(name)} -> {now.get(name)}"


def _lines(before: Run, after: Run, name: str, word: Word) -> Iterator[str]:
    """Lines of a kept file that differ."""
    was, now = _kept(before, name), _kept(after, name)
    for line in difflib.unified_diff(was, now, lineterm="", n=0):
        if line[:1] in "+-" and line[:3] not in ("+++", "---") and line[1:].strip():
            yield word("line now" if line[0] == "+" else "line was", line=line[1:].strip())


def _kept(run: Run, name: str) -> list[str]:
    path = str(run.manifest.get("parameters", {}).get(name) or "")
    kept = run.folder / KEPT / Path(path).name if path else None
    return kept.read_text("utf-8", errors="replace").splitlines() if kept and kept.is_file() else []
