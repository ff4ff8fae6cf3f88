"""What the store keeps of a plan, and what differs between two versions of it."""

from __future__ import annotations

import difflib
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from salesforecast.errors import EngineError, Finding
from salesforecast.fiscal import FiscalCalendar
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.tables import TARGETS

DRAFT, PROPOSED, APPROVED, SUPERSEDED = "draft", "proposed", "approved", "superseded"
_FRAMES = ("targets", "units", "explanation", "limits")


@dataclass(frozen=True)
class Version:
    """One saved plan: who saved it when and why, and what became of it.

    Parameters
    ----------
    plan, number
        Which plan, and which of its versions (1, 2, ...).
    parent
        The version that its author had opened; None for the first.
    aside
        Whether somebody else had saved in between: it is kept beside the main line.
    author, saved_at, reason
        Who, when (UTC, ISO 8601), why.
    status
        `draft`, `proposed`, `approved` or `superseded`.
    total
        Company target, in the measure.
    digest
        sha256 of scenario and targets: equal plans have equal digests.
    provenance
        Where the figures came from: data hash, forecast, software version.
    """

    plan: str
    number: int
    parent: int | None
    aside: bool
    author: str
    saved_at: str
    reason: str
    status: str
    total: int
    digest: str
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """What one version says otherwise than another.

    Parameters
    ----------
    cells
        One row a changed cell: `node, product, period, before, after, change`; a cell that
        one version lacks counts as missing there (`<NA>`) and as zero in `change`.
    units
        On every node that moved, in the tree's order: `label, before, after, change`.
    scenario
        The changed lines of `scenario.toml`, as a unified diff.
    """

    cells: pd.DataFrame
    units: pd.DataFrame
    scenario: str

    @property
    def none(self) -> bool:
        """Whether nothing differs."""
        return not len(self.cells) and not self.scenario


def pack(plan: Plan) -> dict[str, bytes]:
    """Turn a plan into named parts (bytes); `unpack` gives an equal plan back."""
    shape = {
        "leaves": list(plan.hierarchy.leaf_paths),
        "levels": list(plan.hierarchy.levels),
        "label": plan.hierarchy.label,
        "periods": [period.isoformat() for period in plan.periods],
        "level_words": plan.level_words,
        "findings": [asdict(finding) for finding in plan.findings],
        "calendar": asdict(plan.calendar),
        "freq": plan.freq,
    }
    parts = {
        "scenario": plan.scenario.to_text().encode(),
        "shape": json.dumps(shape, ensure_ascii=False, indent=0).encode(),
    }
    for name in _FRAMES:
        buffer = io.BytesIO()
        getattr(plan, name).to_parquet(buffer, compression="zstd")
        parts[name] = buffer.getvalue()
    return parts


def unpack(parts: Mapping[str, bytes]) -> Plan:
    """Make the plan again that `pack` took apart."""
    shape = json.loads(parts["shape"])
    frames = {name: pd.read_parquet(io.BytesIO(parts[name])) for name in _FRAMES}
    hierarchy = Hierarchy.of(shape["leaves"], levels=shape["levels"], label=shape["label"])
    return Plan(
        scenario=Scenario.from_text(parts["scenario"].decode()),
        hierarchy=hierarchy,
        periods=pd.DatetimeIndex(shape["periods"], dtype="datetime64[us]"),
        targets=TARGETS.check(frames["targets"]),
        units=frames["units"],
        explanation=frames["explanation"],
        limits=frames["limits"],
        level_words=shape["level_words"],
        findings=tuple(Finding(**finding) for finding in shape["findings"]),
        calendar=_calendar(shape.get("calendar", {})),
        freq=shape.get("freq", "M"),
    )


def _calendar(told: Mapping[str, Any]) -> FiscalCalendar:
    """The calendar of a plan; plans that were saved before there were several have a plain one."""
    firsts = tuple((str(month), str(day)) for month, day in told.get("firsts", ()))
    return FiscalCalendar(**{**told, "firsts": firsts})


def digest_of(plan: Plan) -> str:
    """sha256 over scenario and targets, independent of how they are stored."""
    frame = TARGETS.check(plan.targets)
    body = frame.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S", lineterminator="\n")
    return hashlib.sha256((plan.scenario.to_text() + "\n\0\n" + body).encode()).hexdigest()


def whole(parts: Mapping[str, tuple[str, bytes]], *, where: str) -> dict[str, bytes]:
    """Check every part against its sha256.

    Raises
    ------
    EngineError
        If a part is missing or its bytes are not those that were saved.
    """
    missing = {"scenario", "shape", *_FRAMES} - set(parts)
    broken = [name for name, (sha, body) in parts.items() if sha256(body) != sha]
    if missing or broken:
        raise EngineError(
            "a saved version is damaged.",
            where=f"{where}: {', '.join(sorted(missing | set(broken)))}",
            fix="restore the store from a backup; other versions can still be opened.",
        )
    return {name: body for name, (_, body) in parts.items()}


def sha256(body: bytes) -> str:
    """Hexadecimal sha256 of some bytes."""
    return hashlib.sha256(body).hexdigest()


def difference(before: Plan, after: Plan) -> Difference:
    """Compare two plans down to a cell."""
    key = list(TARGETS.key)
    both = before.targets.merge(
        after.targets, on=key, how="outer", suffixes=("_before", "_after"), validate="one_to_one"
    )
    cells = both[key].copy()
    for side in ("before", "after"):
        cells[side] = both[f"target_{side}"].astype("Int64")
    cells["change"] = (cells["after"].fillna(0) - cells["before"].fillna(0)).astype("int64")
    absent = cells["before"].isna() ^ cells["after"].isna()
    cells = cells[absent | (cells["change"] != 0)].reset_index(drop=True)
    old, new = before.scenario.to_text(), after.scenario.to_text()
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "before", "after", lineterm="", n=1
    )
    return Difference(cells, _moved(before, after), "\n".join(lines))


def _moved(before: Plan, after: Plan) -> pd.DataFrame:
    sums = {}
    for side, plan in (("before", before), ("after", after)):
        sums[side] = plan.months.sum(axis=1).astype("Int64")
    order = [*after.hierarchy.nodes.index]
    order += [node for node in before.hierarchy.nodes.index if node not in set(order)]
    table = pd.DataFrame(sums).reindex(order)
    table["change"] = (table["after"].fillna(0) - table["before"].fillna(0)).astype("int64")
    labels = pd.concat([after.hierarchy.nodes["label"], before.hierarchy.nodes["label"]])
    table.insert(0, "label", labels[~labels.index.duplicated()].reindex(table.index))
    gone = table["before"].isna() | table["after"].isna()
    return table[gone | (table["change"] != 0)]


def total_of(plan: Plan) -> int:
    """Company target of a plan."""
    return int(plan.months.loc[ROOT].sum())
