"""The gate's checks on deliveries made by hand: what stops a run, and what is only said."""

from dataclasses import replace

import pandas as pd
import pytest

from salesforecast.history.declared import RegionChange
from salesforecast.operations.drift import compare
from salesforecast.operations.jobfile import Thresholds
from salesforecast.operations.snapshot import Snapshot

TODAY = pd.Timestamp("2026-01-05")
PLACES = ("North/Alps", "North/Coast", "South/Plain")


def delivery(months=24, *, places=PLACES, products=("pens", "ink")) -> Snapshot:
    """Every place sells 100 of each product, in ten lines, every month from January 2024 on."""
    periods = pd.date_range("2024-01-01", periods=months, freq="MS").astype("datetime64[us]")
    rows = [
        {"place": place, "product": product, "period": period, "sales": 100.0, "lines": 10}
        for place in places
        for product in products
        for period in periods
    ]
    last = periods[-1]
    newest = last + pd.offsets.MonthEnd(0)
    headers = {"orders.csv": ("date", "amount", "region")}
    return Snapshot(pd.DataFrame(rows), newest, last, headers)


def changed(made: Snapshot, keep=None, **columns) -> Snapshot:
    cells = made.cells if keep is None else made.cells[keep(made.cells)]
    return replace(made, cells=cells.assign(**columns))


def told(now, before=None, **allowed):
    seen = compare(now, before, Thresholds(**allowed), as_of=TODAY)
    return {severity: [s.finding.what for s in seen if s.finding.severity == severity] for severity in ("error", "warning")}  # fmt: skip


def test_the_same_delivery_and_one_more_month_are_good():
    good = {"error": [], "warning": []}
    assert told(delivery()) == good
    assert told(delivery(), delivery()) == good
    assert told(delivery(24), delivery(23)) == good


def _halved(now):
    low = (now.cells["period"] == now.cutoff) & now.cells["place"].str.startswith("North")
    return changed(now, sales=now.cells["sales"].mask(low, 40.0))


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (_halved(delivery(24)), delivery(23), "'North' fell by 60%"),
        (changed(delivery(24), lambda c: (c["period"] < "2025-12-01") | (c["place"] == "North/Alps")), None, "order lines, 60 in each"),
        (changed(delivery(24), lambda c: c["period"] != "2025-03-01"), None, "1 periods without any sale"),
        (changed(delivery(24), lambda c: c["period"] >= "2024-06-01"), delivery(23), "order lines of the last run are gone"),
        (delivery(20), delivery(23), "180 of 1,380 order lines of the last run are gone"),
        (changed(delivery(24), sales=110.0), delivery(23), "history was restated in 3 places"),
        (delivery(24, products=("pens",)), delivery(23), "vanished from history: ink"),
        (delivery(24, places=("North/Alps", "North/Coast", "South/Flat")), delivery(23), "new: South/Flat; gone: South/Plain"),
        (delivery(24, places=(*PLACES, "West/Isle")), delivery(23), "new: West/Isle"),
    ],
    ids=["a region halved", "a delivery cut short", "a gap", "history lost", "its end lost", "history restated", "a product vanished", "a place renamed", "a place new"],
)  # fmt: skip
def test_a_bad_delivery_is_stopped(now, before, words):
    errors = told(now, before)["error"]
    assert any(words in error for error in errors), errors


def test_old_data_are_refused_when_an_age_is_declared():
    assert told(delivery(20))["error"] == []
    assert told(delivery(20), max_age_days=31)["error"] == [
        "the newest sale is 127 days old, 31 are allowed"
    ]
    assert told(delivery(24), max_age_days=31)["error"] == []


def test_a_rename_is_asked_for_and_then_followed():
    before, now = delivery(23), delivery(24, places=("North/Alps", "North/Coast", "South/Flat"))
    seen = compare(now, before, Thresholds(), as_of=TODAY)
    asked = next(s.finding for s in seen if "gone" in s.finding.what)
    assert 'was = ["South/Plain"], now = ["South/Flat"]' in asked.effect
    change = (RegionChange(was=("South/Plain",), now=("South/Flat",), since="2025-12"),)
    assert compare(now.renamed(change), before.renamed(change), Thresholds(), as_of=TODAY) == []


def test_a_merger_is_followed_under_the_new_name():
    change = (RegionChange(was=("North/Alps", "North/Coast"), now=("North/All",), since="2025-12"),)
    merged = delivery(23).renamed(change)
    assert set(merged.cells["place"]) == {"North/All", "South/Plain"}
    assert merged.cells["sales"].sum() == delivery(23).cells["sales"].sum()


def test_what_is_accepted_passes():
    new = delivery(24, places=(*PLACES, "West/Isle"))
    assert told(new, delivery(23), accept=("West",))["error"] == []
    assert told(_halved(delivery(24)), delivery(23), accept=("North",))["error"] == []


def test_what_only_stops_selling_or_has_other_columns_is_said():
    stopped = changed(
        delivery(24), lambda c: (c["product"] == "pens") | (c["period"] < "2025-12-01")
    )
    assert told(stopped, delivery(23))["warning"] == ["'ink' sold every period and has stopped"]
    wider = replace(delivery(), headers={"orders.csv": ("date", "amount", "region", "note")})
    assert told(wider, delivery())["warning"] == ["new columns: note"]


def test_small_restatements_are_said_only():
    little = changed(delivery(24), sales=100.5)
    found = told(little, delivery(24))
    assert found["error"] == []
    assert found["warning"] == ["history was restated in 144 places and products, together +72"]


def test_a_snapshot_reads_back_as_it_was(tmp_path):
    made = delivery()
    (tmp_path / "manifest.json").write_text(
        __import__("json").dumps({"data": made.write(tmp_path)})
    )
    again = Snapshot.read(tmp_path)
    assert again is not None
    pd.testing.assert_frame_equal(again.cells, made.cells)
    assert (again.newest, again.cutoff, again.headers) == (
        made.newest.normalize(),
        made.cutoff,
        made.headers,
    )


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (("North/Alps", "North/Coast", "South/Flat"), 'was = ["South/Plain"], now = ["South/Flat"]'),
        (("Top/Alps", "Top/Coast", "South/Plain"), 'was = ["North"], now = ["Top"]'),
        (("South/Alps", "North/Coast", "South/Plain"), 'was = ["North/Alps"], now = ["South/Alps"]'),
        (("South/Alps", "South/Coast", "South/Plain"), 'was = ["North"], now = ["South"]'),
        (("Top/Peak", "Top/Coast", "South/Plain"), "was = [...], now = [...]"),
        (("North", "South/Plain"), "was = [...], now = [...]"),
    ],
    ids=["a place", "a whole group", "one place moved", "a group merged", "other parts", "parts merged"],
)  # fmt: skip
def test_places_that_only_changed_their_name_are_asked_for_by_that_name(now, words):
    seen = compare(delivery(24, places=now), delivery(23), Thresholds(), as_of=TODAY)
    fixes = [one.finding.effect for one in seen if "places have changed" in one.finding.what]
    assert len(fixes) == 1
    assert words in fixes[0]


def test_deliveries_in_other_business_months_are_not_held_against_each_other():
    before = replace(delivery(), calendar={"2024-01": "2023-12-31", "2024-02": "2024-01-28"})
    months = {"2024-01": "2024-01-01", "2024-02": "2024-02-01"}
    halved = replace(changed(delivery(), sales=50.0), calendar=months)
    assert any("restated" in what for what in told(halved, delivery())["error"])
    found = told(halved, before)
    assert not found["error"]
    assert found["warning"] == ["months have other days than at the last good run"]


def test_a_calendar_that_only_goes_on_further_does_not_open_the_gate():
    before = replace(delivery(), calendar={"2024-01": "2023-12-31", "2024-02": "2024-01-28"})
    longer = {**before.calendar, "2024-03": "2024-02-25"}
    for calendar in (longer, {}):  # {}: a run of an older version, which did not keep it
        halved = replace(changed(delivery(), sales=50.0), calendar=calendar)
        assert any("restated" in what for what in told(halved, before)["error"])
