"""A job that takes a second and can be told what should go wrong: for tests of runs and commands."""

from pathlib import Path

import nbformat

PARAMETERS = """\
organisation: str = ""  # path of an organisation.toml
stretch: float = 0.02  # target / forecast - 1
draws: int = 1000
hindcast: bool = True
trouble: str = ""  # what should go wrong
pause: float = 0.0  # seconds
folder: str = ""  # where results go
"""
WORK = """\
import json, os, pathlib, time
from salesforecast import errors, runs
runs.announce("load", trouble)
folder = pathlib.Path(folder)
(folder / "pid.txt").write_text(str(os.getpid()))
inputs = {organisation: runs.sha256(pathlib.Path(organisation))} if organisation else {}
"""
TROUBLE = """\
time.sleep(pause)
if trouble == "killed":
    os._exit(9)
if trouble == "bug":
    {}["no such key"]
if trouble:
    raise getattr(errors, trouble)("it is so.", where="orders.csv, row 3", fix="do that.\\n  - or this")
"""
WRITE = """\
runs.announce("report")
(folder / "targets.csv").write_text(f"stretch,{stretch!r}")
result = {"stages": {"load": 0.1}, "findings": [], "inputs": inputs, "seed": 0, "summary": "a table"}
(folder / "result.json").write_text(json.dumps(result))
"""


def write_job(folder: Path, name: str, *cells: str) -> Path:
    """Write a notebook whose first cell is tagged `parameters`."""
    made = [nbformat.v4.new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(cells)]
    made[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
    folder.mkdir(exist_ok=True, parents=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"
