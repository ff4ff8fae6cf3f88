"""The planner's and the analyst's notebooks, executed by papermill in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
DATA = Path(__file__).parents[1] / "data" / "adventureworks" / "organisation.toml"


def _run(name: str, out: Path, **parameters: object):
    import papermill

    return papermill.execute_notebook(
        str(NOTEBOOKS / f"{name}.ipynb"),
        str(out / f"{name}.ipynb"),
        parameters=parameters,
        progress_bar=False,
        execution_timeout=120,
        start_timeout=120,
        cwd=str(out),
    )


def _results(notebook) -> list[dict[str, str]]:
    """What each cell ended with, as text and as HTML."""
    return [
        output["data"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "execute_result"
    ]


@pytest.mark.notebook
def test_plan_targets_runs_and_leaves_the_numbers_readable_without_widgets(tmp_path):
    notebook = _run("plan_targets", tmp_path, organisation=str(DATA), draws=200, stretch=0.05)
    results = _results(notebook)
    assert any("application/vnd.jupyter.widget-view+json" in data for data in results)
    (summary,) = (data["text/plain"] for data in results if "growth %" in data["text/plain"])
    assert "Adventure Works Cycles" in summary
    assert not list(tmp_path.glob("**/scenario.toml")), "nothing is saved unless it is asked for"


@pytest.mark.notebook
def test_plan_targets_plans_a_year_if_asked_for_twelve_months(tiny_company, tmp_path):
    notebook = _run("plan_targets", tmp_path, organisation=str(tiny_company), draws=200, months=12)
    assert any(" to 20" in result.get("text/plain", "") for result in _results(notebook))


def test_what_if_runs_and_every_case_ties_out(tmp_path):
    notebook = _run("what_if", tmp_path, organisation=str(DATA), draws=200, more=0.2)
    pages = [data["text/html"] for data in _results(notebook) if "text/html" in data]
    assert any("+20% total" in page and "sf-cases" in page for page in pages)
    assert any("<svg" in page and "+20% total" in page for page in pages)
    assert not any("<script" in page for page in pages)


@pytest.mark.notebook
@pytest.mark.parametrize("name", ["plan_targets", "what_if"])
def test_a_users_own_organisation_runs_with_the_defaults(name, tiny_company, tmp_path):
    _run(name, tmp_path, organisation=str(tiny_company), draws=200)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_tells_the_story_and_the_package_does_the_work(path):
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = [cell for cell in code if "parameters" in cell.metadata.get("tags", ())]
    assert len(tagged) == 1
    assert notebook.metadata.kernelspec.name == "python3"
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown", f"no sentence before:\n{cell.source}"
    for cell in code:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert not cell.outputs, "outputs are stripped before a commit"
        assert len(lines) <= 14, cell.source
        assert not any(
            line.lstrip().startswith(("def ", "class ", "for ", "while ")) for line in lines
        )
