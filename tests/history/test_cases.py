"""Broken inputs are refused with one clear message, odd ones are read right and listed."""

import pytest

from salesforecast.errors import DataError
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import build_history
from salesforecast.history.validate import refuse_errors, validate
from tests.history import cases


def _read(path):
    organisation = Organisation.read(path)
    loaded = load(organisation)
    refuse_errors(validate(loaded, organisation))
    return organisation, loaded


@pytest.mark.parametrize("name", cases.BROKEN)
def test_broken_inputs_are_refused_with_what_where_and_fix(name, tmp_path):
    make, words = cases.BROKEN[name]
    with pytest.raises(DataError) as caught:
        _read(make(tmp_path / "case"))
    error = caught.value
    assert error.exit_code == 3
    assert words in str(error)
    assert "orders" in error.where or "2013-02" in error.where
    assert len(error.fix) > 10
    assert str(tmp_path) not in str(error)


@pytest.mark.parametrize("name", cases.ODD)
def test_odd_inputs_are_read_right_and_listed(name, tmp_path):
    path, total, repairs = cases.ODD[name](tmp_path / "case")
    organisation, loaded = _read(path)
    assert loaded.lines["amount"].sum() == pytest.approx(total, abs=0.005)
    listed = " | ".join(f.what for f in loaded.findings if f.severity == "repair")
    for repair in repairs:
        assert repair in listed
    history = build_history(loaded.lines, organisation, cutoff=loaded.lines["period"].max())
    assert history.frame["sales"].sum() == pytest.approx(total, abs=0.005)


def test_the_plain_lines_need_no_repair(tmp_path):
    path = cases._case(tmp_path, cases.mapping(), cases._csv(cases.lines()))
    _, loaded = _read(path)
    assert loaded.findings == ()
    assert loaded.lines["amount"].sum() == pytest.approx(cases.lines()["Sales"].sum())
    assert loaded.lines["row"].tolist() == list(range(2, len(cases.lines()) + 2))


def test_the_encrypted_workbook_is_a_real_compound_file():
    data = cases.compound_file()
    assert len(data) == 512 * 19
    assert "EncryptedPackage".encode("utf-16-le") in data
