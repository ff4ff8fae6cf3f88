"""The data gate: is what was delivered what can be planned from? Asked before anything is forecast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from salesforecast.errors import DataError
from salesforecast.operations.jobfile import Thresholds
from salesforecast.publishing import MANIFEST, read_json
from salesforecast.worker import supervise

QUARANTINE = "quarantine.csv"


@dataclass(frozen=True)
class DataGate:
    """Looks at the data of an organisation in a process of its own; see `runs.Gate`.

    Without `thresholds` it says only what the data are, so that an unchanged database is known.
    """

    organisation: str
    thresholds: Thresholds | None = None
    as_of: datetime | None = None

    def __call__(
        self,
        staging: Path,
        last: Path | None,
        *,
        deadline: float,
        progress: Callable[[str], None],
    ) -> Mapping[str, Any]:
        """Refuse the data, or return what the manifest says of them."""
        request = {
            "organisation": self.organisation,
            "staging": str(staging),
            "last": str(last) if last else "",
            "thresholds": asdict(self.thresholds) if self.thresholds else None,
            "as_of": self._today().isoformat(),
        }
        return supervise(
            "salesforecast.operations.gate", request, deadline=deadline, progress=progress
        )

    def recall(self, last: Path) -> None:
        """Refuse data that have not changed since the run in `last` but are too old by now."""
        import pandas as pd

        from salesforecast.operations.drift import too_old

        newest = read_json(last / MANIFEST).get("data", {}).get("newest")
        if newest and self.thresholds:
            finding = too_old(pd.Timestamp(newest), pd.Timestamp(self._today()), self.thresholds)
            if finding:
                raise DataError(f"{finding.what}.", where=finding.where, fix=finding.effect)

    def _today(self) -> datetime:
        return (self.as_of or datetime.now(UTC)).replace(tzinfo=None)


def work(request: Mapping[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Load, validate, compare with the last run; called in a process of its own.

    Raises
    ------
    DataError
        If the data are refused; `quarantine.csv` in the staging folder lists the rows.
    """
    import pandas as pd

    from salesforecast.history.load import load
    from salesforecast.history.organisation import Organisation
    from salesforecast.history.validate import refuse_errors, validate
    from salesforecast.operations.drift import compare
    from salesforecast.operations.snapshot import Snapshot

    tell("data gate")
    organisation = Organisation.read(request["organisation"])
    loaded = load(organisation)
    staging, last = Path(request["staging"]), Path(request["last"])
    thresholds = Thresholds(**request["thresholds"]) if request["thresholds"] else None
    findings = validate(loaded, organisation)
    if thresholds and len(loaded.refused):
        _quarantine(loaded.refused, staging)
    refuse_errors(findings)
    made = Snapshot.of(loaded, organisation)
    told = {"read": dict(loaded.inputs), "data": made.write(staging), "gate": []}
    if thresholds is None:
        return told
    before = Snapshot.read(last) if request["last"] else None
    changes = organisation.declared.regions
    seen = compare(
        made.renamed(changes),
        before.renamed(changes) if before else None,
        thresholds,
        as_of=pd.Timestamp(request["as_of"]),
        openings=[opening.node for opening in organisation.declared.openings],
    )
    rows = [one.rows.assign(why=one.finding.what) for one in seen if len(one.rows)]
    if any(one.finding.severity == "error" for one in seen):
        if rows:
            _quarantine(pd.concat(rows, ignore_index=True), staging)
        refuse_errors([one.finding for one in seen])
    return {**told, "gate": [vars(one.finding) for one in seen]}


def _quarantine(rows: Any, staging: Path) -> None:
    """List the offending rows for whoever has to correct them; nothing in it runs in a spreadsheet."""
    from salesforecast.reporting.files import disarmed

    rows = rows.copy()
    for column in rows.columns[rows.dtypes.map(lambda kind: kind.kind not in "Mif")]:
        said = rows[column].astype("str").fillna("")  # findings name different columns
        rows[column] = said.str.slice(0, 200).map(disarmed)
    first = [
        name for name in ("why", "source", "row", "place", "product", "period") if name in rows
    ]
    rows = rows[[*first, *(name for name in rows.columns if name not in first)]]
    rows.to_csv(staging / QUARANTINE, index=False, encoding="utf-8-sig", lineterminator="\n")
