"""The files around the package agree with each other."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def _names(requirements):
    return {re.split(r"[<>=~!\[; ]", line)[0].lower().replace("_", "-") for line in requirements}


def test_environment_yml_asks_for_what_pyproject_asks_for():
    text = (ROOT / "environment.yml").read_text("utf-8")
    conda = re.findall(r"^ {2,6}- ([a-z][^\n]*)$", text, re.MULTILINE)
    listed = {line.replace(" ", "") for line in conda} - {"pip", "pip:", "conda-forge"}
    python = {line for line in listed if line.startswith(("python>", "python="))}
    wanted = {
        requirement.replace(" ", "")
        for requirement in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"])
    }
    assert listed - python == wanted
    assert python == {"python>=3.11,<3.14"}


def test_every_requirement_is_locked_with_a_hash():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    locked = {re.split(r"==", entry)[0].lower(): entry for entry in entries if "==" in entry}
    asked = _names((*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]))
    assert asked <= set(locked)
    assert all("--hash=sha256:" in entry for entry in locked.values())
    assert "://" not in lock


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_tells_and_does_not_compute(path):
    notebook = json.loads(path.read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    tagged = [c for c in code if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for cell in code:
        source = "".join(cell["source"])
        assert not re.search(r"^\s*(def|class) ", source, re.MULTILINE)
        assert len(source.splitlines()) <= 16


def test_every_make_target_has_a_line_of_help():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - {"setup"}
    helped = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert targets == helped
    assert {"run", "test", "lint", "audit", "bench", "lab", "app", "system", "clean"} <= targets
