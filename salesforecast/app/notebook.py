"""A notebook of one's own for the app: the packaged one, with the caller's parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from salesforecast.jobs import Job, Value


def write_copy(job: Job, values: Mapping[str, Value], folder: Path) -> Path:
    """Write the job's notebook into `folder` with `values` after its parameters; give its path."""
    book = json.loads(job.notebook.read_text("utf-8"))
    cells = book["cells"]
    at = next(
        place
        for place, cell in enumerate(cells)
        if "parameters" in cell["metadata"].get("tags", ())
    )
    cell: dict[str, object] = {
        "cell_type": "code",
        "id": "given-parameters",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": "\n".join(f"{name} = {value!r}" for name, value in values.items()),
    }
    cells.insert(at + 1, cell)
    path = folder / job.notebook.name
    path.write_text(json.dumps(book, ensure_ascii=False), "utf-8")
    return path
