"""What is odd in the order lines, in the words of a planner; and the stop at errors."""

from __future__ import annotations

from collections.abc import Sequence

from salesforecast.errors import DataError, Finding
from salesforecast.history.checks import CHECKS, Evidence
from salesforecast.history.load import Loaded
from salesforecast.history.organisation import Organisation


def validate(loaded: Loaded, organisation: Organisation) -> tuple[Finding, ...]:
    """Everything that is odd: what was noticed while reading, then what the lines show.

    Returns
    -------
    tuple of Finding
        `loaded.findings` included. Errors first, then warnings, then repairs; hand them to
        `refuse_errors` to stop at errors.
    """
    found = list(loaded.findings)
    if len(loaded.lines):
        evidence = Evidence(loaded.lines, organisation)
        for check in CHECKS:
            found += check(evidence)
    order = {"error": 0, "warning": 1, "note": 2, "repair": 3}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Stop at errors.

    Raises
    ------
    DataError
        If a finding is an error; it lists all of them.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    if len(errors) == 1:
        only = errors[0]
        raise DataError(f"{only.what}.", where=only.where, fix=only.effect, findings=errors)
    raise DataError(
        f"the data have {len(errors)} kinds of errors.",
        where="listed below",
        fix="correct them in the source and run again; nothing was written.",
        findings=errors,
    )
