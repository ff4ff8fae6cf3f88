"""The planner's workbench: `make bench NAME=workbench`, ids E01 to E09; a module for a group of ids."""

from __future__ import annotations

from typing import Any

from benchmarks import workbench_app, workbench_excel, workbench_grid

_GROUPS: tuple[Any, ...] = (workbench_app, workbench_grid, workbench_excel)
IDS = dict(sorted((id, what) for group in _GROUPS for id, what in group.IDS.items()))


def rows(only: frozenset[str] = frozenset(IDS)) -> list[dict[str, Any]]:
    """The rows of the ids asked for."""
    wanted = [(group, only & frozenset(group.IDS)) for group in _GROUPS]
    return [line for group, some in wanted if some for line in group.rows(some)]
