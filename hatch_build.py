"""Build hook: a wheel contains the target grid's front end where node is at hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GridHook(BuildHookInterface[Any]):
    """Bundles `js/` before a wheel is made; an editable install leaves that to `tools/grid.py`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        tools = Path(self.root) / "tools"
        if version == "editable" or not (tools / "grid.py").exists():
            return
        sys.path.insert(0, str(tools))
        import grid

        why = "" if grid.up_to_date() else grid.build()
        if why:
            self.app.display_warning(f"the target grid will be a read-only table: {why}")
        if all(part.exists() for part in grid.BUNDLE):
            build_data["artifacts"].append("salesforecast/widgets/static/*")
