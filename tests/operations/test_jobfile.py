"""A job file is read by one model: what is wrong is named with its line and the nearest right thing."""

import pytest

from salesforecast.errors import ParameterError
from salesforecast.operations.jobfile import JobFile, Notice, Thresholds

GOOD = """
notebook = "quarterly_allocation"
organisation = "data/organisation.toml"
deadline = 900

[parameters]
draws = 200

[gate]
max_age_days = 3
accept = ["Europe/Poland"]

[keep]
good = 10

[[notice]]
kind = "wecom"
address = "SALES_HOOK"
on = "failure"
"""


def _read(tmp_path, text):
    path = tmp_path / "job.toml"
    path.write_text(text, "utf-8")
    return JobFile.read(path)


def test_a_job_file_is_read_with_paths_beside_it(tmp_path):
    job = _read(tmp_path, GOOD)
    assert job.organisation == str((tmp_path / "data" / "organisation.toml").resolve())
    assert job.outputs == str((tmp_path / "outputs").resolve())
    assert (job.notebook, job.deadline, job.parameters) == (
        "quarterly_allocation",
        900.0,
        {"draws": 200},
    )
    assert job.gate == Thresholds(max_age_days=3.0, accept=("Europe/Poland",))
    assert job.notices == (Notice("wecom", "SALES_HOOK", ("failure",)),)
    assert job.keep is not None and job.keep.good == 10


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("deadline", "dedline", "did you mean 'deadline'?"),
        ("max_age_days", "max_age", "did you mean 'max_age_days'?"),
        ("good = 10", "goood = 10", "did you mean 'good'?"),
        ('"wecom"', '"wecon"', "did you mean 'wecom'?"),
        ('"failure"', '"failed"', "did you mean 'failure'?"),
        ("deadline = 900", "deadline = 5%", "0.05 is 5 %"),
        ("deadline = 900", "deadline = 1,000", "without separators: 1000"),
        ("deadline = 900", "deadline = 900\ndeadline = 901", "each name in it once"),
        ("deadline = 900", 'deadline = "5%"', "write a fraction: 0.05 is 5 %"),
        ("deadline = 900", "deadline = true", "a number, not True"),
        ("deadline = 900", "deadline = 0", "give seconds"),
        ("deadline = 900", "deadline = inf", "a number"),
        ("deadline = 900", "deadline = nan", "a number"),
        ("good = 10", "good = 2.5", "a whole number"),
        ("good = 10", "good = 0", "at least one good run"),
        ("draws = 200", "draws = [200]", "no single value"),
        ("draws = 200", 'token = "hunter22"', "looks like a secret"),
        ("draws = 200", 'note = "https://ann:hunter22@host"', "looks like a secret"),
        ('"SALES_HOOK"', '"https://hook.example?key=hunter22"', "stands in the environment"),
        ("[gate]", "[gate]\nrestated = 50", "write a fraction: 50 % is 0.5"),
        ("[gate]", "[gate]\ndrop = 1000", "a share, not 1000"),
        ("[gate]", "[[gate]]", "is a table"),
        ("[[notice]]", "[notice]", "is a table"),
        ('notebook = "quarterly_allocation"', "", "'notebook' is missing"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, was, now, words):
    assert was in GOOD
    with pytest.raises(ParameterError) as refused:
        _read(tmp_path, GOOD.replace(was, now))
    assert words in str(refused.value)
    assert "job.toml" in refused.value.where
    assert "hunter22" not in str(refused.value)


def test_the_line_is_named(tmp_path):
    with pytest.raises(ParameterError) as refused:
        _read(tmp_path, GOOD.replace("max_age_days", "max_age"))
    assert refused.value.where == "job.toml, line 10"


def test_a_job_file_in_a_chinese_code_page_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "job.toml"
    path.write_bytes(("# 每晚运行\n" + GOOD).encode("gb18030"))
    with pytest.raises(ParameterError) as refused:
        JobFile.read(path)
    assert refused.value.fix == "save it as UTF-8 text."
