"""Running a job: what is asked is checked first, what comes out is whole, what fails is kept aside."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from salesforecast import fingerprint, runs
from salesforecast.errors import (
    DataError,
    DeadlineError,
    EngineError,
    InfeasibleError,
    ParameterError,
    SalesforecastError,
)
from salesforecast.jobs import beside_notebooks, find_job
from salesforecast.publishing import is_whole, latest_run
from tests.kills import kill_at_random
from tests.small_jobs import PARAMETERS, TROUBLE, WORK, WRITE, write_job


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("with {braces} 与中文") / "notebooks"
    write_job(folder, "quarterly_allocation", PARAMETERS, WORK, TROUBLE, WRITE)
    return folder


@pytest.fixture
def go(notebooks, tmp_path):
    def start(*, force=False, deadline=60, progress=print, **parameters):
        return runs.run(
            "quarterly_allocation",
            parameters,
            outputs=tmp_path / "outputs",
            notebooks=notebooks,
            force=force,
            deadline=deadline,
            progress=progress,
        )

    return start


@pytest.fixture
def settled_code(monkeypatch):
    """Our own source counts as unchanged, even while somebody edits it."""
    code = fingerprint.code()
    assert len(code) == 64
    monkeypatch.setattr(fingerprint, "code", lambda: code)


def _everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# What is asked is checked before a kernel starts.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stretch": "0.05"}, {"stretch": 0.05}),
        ({"stretch": 0}, {"stretch": 0.0}),
        ({"draws": "200"}, {"draws": 200}),
        ({"hindcast": "no"}, {"hindcast": False}),
        ({"trouble": "西南"}, {"trouble": "西南"}),
    ],
)
def test_text_is_read_as_the_parameters_type(notebooks, given, expected):
    values = find_job("quarterly_allocation", notebooks).settle(given)
    name = next(iter(given))
    assert {name: values[name]} == expected
    assert type(values[name]) is type(expected[name])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stretch": "5%"}, "stretch=0.05 is 5 %"),
        ({"stretch": "much"}, "give a number"),
        ({"stretch": "nan"}, "give a number"),
        ({"stretch": True}, "give a number"),
        ({"draws": "1.5"}, "a whole number"),
        ({"draws": "1_000"}, "a whole number"),
        ({"hindcast": "perhaps"}, "true or false"),
        ({"strech": "0.05"}, "did you mean 'stretch'?"),
        ({"folder": "/"}, "has no parameter 'folder'"),
        ({"token": "hunter2"}, "looks like a secret"),
        ({"trouble": "postgresql://ann:hunter2@host/sales"}, "looks like a secret"),
        ({"organisation": "nowhere.toml"}, "does not exist"),
    ],
)
def test_a_wrong_parameter_is_refused_and_nothing_is_started(go, tmp_path, given, words):
    with pytest.raises(ParameterError) as refused:
        go(**given)
    assert words in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert _everything(tmp_path) == []


def test_a_wrong_job_is_named_with_the_nearest(notebooks, tmp_path):
    with pytest.raises(ParameterError, match="did you mean 'quarterly_allocation'"):
        runs.run("quaterly_allocation", {}, outputs=tmp_path, notebooks=notebooks)


def test_a_parameters_cell_with_other_things_in_it_is_said(tmp_path):
    write_job(tmp_path, "odd", "limit: list = [1]")
    with pytest.raises(ParameterError, match="cannot be read"):
        find_job("odd", tmp_path)


def test_given_paths_are_the_callers_and_defaults_are_the_notebooks(tmp_path, monkeypatch):
    write_job(tmp_path / "notebooks", "job", 'organisation: str = "../data/a.toml"')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.toml").touch()
    (tmp_path / "b.toml").touch()
    monkeypatch.chdir(tmp_path)
    job = find_job("job")
    assert job.settle({})["organisation"] == str((tmp_path / "data" / "a.toml").resolve())
    assert job.settle({"organisation": "b.toml"})["organisation"] == str(
        (tmp_path / "b.toml").resolve()
    )


def test_what_ifs_and_the_store_are_the_callers_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.toml").write_text("")
    asked = find_job("what_if").settle({"files": "two.toml; two.toml"})["files"]
    assert asked == ";".join([str((tmp_path / "two.toml").resolve())] * 2)
    with pytest.raises(ParameterError, match="file for 'files' does not exist"):
        find_job("what_if").settle({"files": "three.toml"})
    review = find_job("monthly_review")
    assert review.settle({"store": "plans.db"})["store"] == str(tmp_path / "plans.db")
    assert review.settle({"store": "postgresql://x/y"})["store"] == "postgresql://x/y"


@pytest.mark.parametrize("place", [".", "notebooks"])
def test_a_default_path_is_found_from_the_notebooks_and_from_above(tmp_path, monkeypatch, place):
    write_job(tmp_path / "notebooks", "job", "x: int = 1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.toml").touch()
    monkeypatch.chdir(tmp_path / place)
    assert beside_notebooks("../data/a.toml").resolve() == (tmp_path / "data" / "a.toml").resolve()
    assert beside_notebooks("../data/b.toml") == Path("../data/b.toml")


# A run that goes well.


@pytest.mark.notebook
def test_a_run_is_whole_tells_its_stages_and_is_not_repeated_in_vain(go, tmp_path, settled_code):
    organisation = tmp_path / "organisation.toml"
    organisation.write_text("name = 'Ötzi'")
    wishes = {"organisation": str(organisation), "stretch": "0.05"}
    lines = []
    first = go(**wishes, progress=lines.append)
    assert lines == ["start", "load", "report"]
    assert first.status == "published"
    assert is_whole(first.folder)
    assert (first.folder / "targets.csv").read_text() == "stretch,0.05"
    assert (tmp_path / "outputs" / "latest").resolve() == first.folder
    manifest = json.loads((first.folder / "manifest.json").read_text())
    assert manifest["parameters"]["stretch"] == 0.05
    assert manifest["inputs"][str(organisation)] == runs.sha256(organisation)
    assert {"python", "pandas", "numpy", "salesforecast"} <= set(manifest["versions"])
    assert manifest["summary"] == "a table"
    assert manifest["cpu_seconds"] > 0
    executed = nbformat.read(first.folder / "quarterly_allocation.ipynb", as_version=4)
    assert "stage: load" in str(executed.cells)
    assert ".staging" not in str(executed)
    assert "folder = '/" not in str(executed)

    again = go(**wishes)
    assert (again.status, again.folder) == ("unchanged", first.folder)
    (first.folder / "targets.csv").unlink()
    assert go(**wishes).status == "published"
    other = go(**{**wishes, "stretch": 0.06})
    assert other.status == "published"
    forced = go(**{**wishes, "stretch": 0.06}, force=True)
    assert forced.status == "published"
    assert forced.run_id != other.run_id


@pytest.mark.notebook
@pytest.mark.parametrize("change", ["the table", "one more table", "the notebook"])
def test_a_change_is_a_reason_to_run_again(tmp_path, change, settled_code):
    notebook = write_job(tmp_path / "nb", "job", PARAMETERS, WORK, WRITE)
    data = tmp_path / "data"
    data.mkdir()
    (data / "organisation.toml").write_text("[[source]]\npath = 'orders-*.csv'")
    (data / "orders-1.csv").write_text("1")

    def go():
        wishes = {"organisation": data / "organisation.toml"}
        return runs.run("job", wishes, outputs=tmp_path / "out", notebooks=notebook.parent)

    go()
    assert go().status == "unchanged"
    if change == "the table":
        (data / "orders-1.csv").write_text("2")
    elif change == "one more table":
        (data / "orders-2.csv").write_text("1")
    else:
        write_job(tmp_path / "nb", "job", PARAMETERS, WORK, WRITE, "1 + 1")
    assert go().status == "published"


def test_a_notebook_on_its_own_publishes_with_a_manifest(tmp_path):
    with runs.staged("quarterly_allocation", tmp_path, parameters={"stretch": 0.02}) as folder:
        (folder / "targets.csv").write_text("node")
        (folder / "result.json").write_text('{"seed": 7, "inputs": {"a.csv": "12ab"}}')
    manifest = json.loads((tmp_path / "latest" / "manifest.json").read_text())
    assert manifest["parameters"] == {"stretch": 0.02}
    assert (manifest["seed"], manifest["read"]) == (7, {"a.csv": "12ab"})
    assert "pandas" in manifest["versions"]
    assert is_whole((tmp_path / "latest").resolve())


# A run that fails.


@pytest.mark.notebook
@pytest.mark.parametrize(
    ("trouble", "kind", "code"),
    [
        ("InfeasibleError", InfeasibleError, 4),
        ("killed", EngineError, 5),
        ("bug", SalesforecastError, 1),
    ],
)
def test_a_failure_keeps_its_notebook_aside_and_latest_as_it_was(go, tmp_path, trouble, kind, code):
    with pytest.raises(kind) as failed:
        go(trouble=trouble)
    assert type(failed.value) is kind
    assert failed.value.exit_code == code
    outputs = tmp_path / "outputs"
    assert latest_run(outputs, "quarterly_allocation") is None
    kept = list(outputs.glob("runs/quarterly_allocation/failed/*/quarterly_allocation.ipynb"))
    assert len(kept) == 1
    assert str(kept[0]) in str(failed.value)
    assert "trouble" in kept[0].read_text()
    assert not list(outputs.rglob(".staging*"))


@pytest.mark.notebook
@pytest.mark.parametrize("trouble", ["DataError", "OrganisationError", "ParameterError"])
def test_refused_data_is_told_word_for_word_and_changes_nothing(go, tmp_path, trouble):
    with pytest.raises(SalesforecastError) as refused:
        go(trouble=trouble)
    assert type(refused.value).__name__ == trouble
    words = "it is so.\n  where: orders.csv, row 3\n  fix: do that.\n  - or this"
    assert str(refused.value) == words
    assert isinstance(refused.value, DataError | ParameterError)
    assert _everything(tmp_path) == []


@pytest.mark.notebook
def test_a_deadline_ends_a_run_that_takes_too_long(go, tmp_path):
    start = time.monotonic()
    with pytest.raises(DeadlineError, match=r"longer than 0\.6 s") as stopped:
        go(pause=60, deadline=0.6)
    assert time.monotonic() - start < 20
    assert stopped.value.exit_code == 6
    assert latest_run(tmp_path / "outputs", "quarterly_allocation") is None


# Two runs at a time, and runs that are killed.


def _start(notebooks: Path, outputs: Path, *wishes: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "salesforecast", "run", "quarterly_allocation", "--force"]
    pairs = [part for wish in wishes for part in ("-p", wish)]
    return subprocess.Popen(
        [*command, "--outputs", str(outputs), *pairs],
        cwd=notebooks.parent,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.notebook
def test_two_runs_at_the_same_time_both_publish(notebooks, tmp_path):
    both = [_start(notebooks, tmp_path, f"stretch={s}", "pause=1") for s in ("0.01", "0.02")]
    said = [run.communicate(timeout=60) for run in both]
    assert [run.returncode for run in both] == [0, 0], said
    assert sum("waiting" in errors for _, errors in said) == 1
    published = sorted((tmp_path / "runs" / "quarterly_allocation").glob("2*"))
    assert len(published) == 2
    assert all(is_whole(folder) for folder in published)
    last = json.loads((tmp_path / "latest" / "manifest.json").read_text())
    other = next(p for p in published if p.name != last["run_id"])
    assert last["previous"] == other.name


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_killed_run_leaves_latest_as_it_was_and_no_kernel_behind(notebooks, tmp_path):
    good = _start(notebooks, tmp_path, "stretch=0.01")
    assert good.wait(timeout=60) == 0
    killed = _start(notebooks, tmp_path, "stretch=0.02", "pause=60")
    folder = tmp_path / "runs" / "quarterly_allocation"
    pid = _wait_for(lambda: [p.read_text() for p in folder.glob(".staging-*/pid.txt")])
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.communicate()
    assert (tmp_path / "latest" / "targets.csv").read_text() == "stretch,0.01"
    assert is_whole((tmp_path / "latest").resolve())
    _wait_for(lambda: not Path(f"/proc/{pid[0]}").exists() or _ended(int(pid[0])))
    after = _start(notebooks, tmp_path, "stretch=0.03")
    assert after.wait(timeout=60) == 0
    after.communicate()
    assert (tmp_path / "latest" / "targets.csv").read_text() == "stretch,0.03"
    assert not list(folder.glob(".*"))
    good.communicate()


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_runs_killed_at_random_leave_latest_whole(notebooks, tmp_path):
    nb = notebooks.parent
    command = [sys.executable, "-m", "salesforecast", "run", "quarterly_allocation", "--force"]
    command += ["--outputs", str(tmp_path)]
    dead, good = kill_at_random(command, tmp_path, times=5, seconds=1.5, place=nb)
    assert good == 5
    assert dead > 0
    assert subprocess.run(command, cwd=nb, capture_output=True).returncode == 0
    assert is_whole((tmp_path / "latest").resolve())


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _wait_for(look, seconds=30.0):
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found and found != [""]:
            return found
        time.sleep(0.05)
    raise AssertionError("nothing was found in time")


# Secrets, and data that move.


@pytest.mark.notebook
@pytest.mark.parametrize("trouble", ["", "InfeasibleError"])
def test_secrets_are_found_in_nothing_that_a_run_leaves(tmp_path, monkeypatch, trouble):
    address = "postgresql://ann:hunter%4022@db/sales"
    monkeypatch.setenv("SALES_DATABASE", address)
    monkeypatch.setenv("CHAT_TOKEN", "tok-abcdef")
    leak = (
        "print('stage: look at ' + os.environ['SALES_DATABASE'], os.environ['CHAT_TOKEN'])\n"
        "(folder / 'leak.csv').write_text('hunter@22;tok-abcdef')\n"
        "if trouble:\n"
        "    raise errors.InfeasibleError('no: ' + os.environ['CHAT_TOKEN'], where=os.environ['SALES_DATABASE'], fix='do.')\n"
        "dict(os.environ)"
    )
    write_job(tmp_path / "nb", "job", PARAMETERS, WORK, leak, WRITE)
    said = []
    outputs = tmp_path / "out"
    try:
        runs.run(
            "job",
            {"trouble": trouble},
            outputs=outputs,
            notebooks=tmp_path / "nb",
            progress=said.append,
        )
    except InfeasibleError as error:
        said.append(str(error))
    files = [path for path in outputs.rglob("*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files) + "".join(said).encode()
    assert len(files) >= 3
    assert b"stage: look at" in kept
    for secret in (b"hunter@22", b"hunter%4022", b"tok-abcdef"):
        assert secret not in kept


@pytest.mark.notebook
def test_data_that_change_while_a_run_works_are_not_published(notebooks, tmp_path):
    class Looked:
        def __call__(self, staging, last, *, deadline, progress):
            return {"read": {str(tmp_path / "organisation.toml"): "the hash of before"}}

        def recall(self, last):
            raise AssertionError("nothing was published before")

    (tmp_path / "organisation.toml").write_text("name = 'x'")
    with pytest.raises(DataError, match="changed while the run was at work"):
        runs.run(
            "quarterly_allocation",
            {"organisation": str(tmp_path / "organisation.toml")},
            outputs=tmp_path / "out",
            notebooks=notebooks,
            gate=Looked(),
        )
    assert latest_run(tmp_path / "out", "quarterly_allocation") is None


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the kernel")
@pytest.mark.parametrize("failures", [1, 2])
def test_a_kernel_that_did_not_start_is_tried_once_more(go, tmp_path, monkeypatch, failures):
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    script = (
        f'#!/bin/sh\necho x >> "{tmp_path}/starts"\n[ $(wc -l < "{tmp_path}/starts") -le {failures} ] && exit 1\n'
        f'exec "{sys.executable}" -m ipykernel_launcher -f "$1"\n'
    )
    (tmp_path / "start.sh").write_text(script)
    spec = {
        "argv": ["sh", str(tmp_path / "start.sh"), "{connection_file}"],
        "display_name": "x",
        "language": "python",
    }
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    said = []
    if failures == 1:
        assert go(progress=said.append).status == "published"
    else:
        with pytest.raises(EngineError, match="died or did not start"):
            go(progress=said.append)
    assert sum("trying once more" in line for line in said) == 1
    assert len((tmp_path / "starts").read_text().splitlines()) == 2
