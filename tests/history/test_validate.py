"""What the sample's data card calls odd is found; errors stop with every reason listed."""

from pathlib import Path

import pytest

from salesforecast.errors import DataError, Finding
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.history.validate import refuse_errors, validate

SAMPLE = Path(__file__).parents[2] / "data" / "adventureworks" / "organisation.toml"
ODDITIES = [
    ("the first period is partial: 3 days with sales", "FactInternetSales.csv.gz, 2010-12"),
    ("bookings fall on one day a month", "FactResellerSales.csv.gz"),
    ("7 of 17 people sell or sold outside their home territory", "Michael Blythe"),
    ("4 territories opened late", "Europe/Germany/Germany 2012-12"),
    ("2 products only appeared late", "Accessories 2012-12, Clothing 2012-12"),
]


@pytest.fixture(scope="module")
def findings():
    organisation = Organisation.read(SAMPLE)
    return validate(load(organisation), organisation)


@pytest.mark.parametrize(("what", "where"), ODDITIES)
def test_what_the_data_card_calls_odd_is_found(findings, what, where):
    assert any(what == finding.what and where in finding.where for finding in findings)


def test_the_sample_has_no_errors_and_needs_no_repair(findings):
    assert {finding.severity for finding in findings} == {"warning"}
    refuse_errors(findings)


def test_findings_are_the_same_every_time(findings):
    organisation = Organisation.read(SAMPLE)
    assert validate(load(organisation), organisation) == findings


def test_errors_stop_with_every_reason():
    warning = Finding("warning", "w", "here", "nothing to do")
    errors = [Finding("error", f"e{n}", f"row {n}", "correct it") for n in (1, 2)]
    with pytest.raises(DataError) as one:
        refuse_errors([warning, errors[0]])
    assert (one.value.what, one.value.where, one.value.fix) == ("e1.", "row 1", "correct it")
    with pytest.raises(DataError) as both:
        refuse_errors([warning, *errors])
    assert both.value.findings == tuple(errors)
    assert "row 1" in str(both.value)
    assert "row 2" in str(both.value)
    refuse_errors([warning])
