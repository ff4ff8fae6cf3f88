"""targets.csv ties out from the file alone, and no cell of it is a formula."""

import csv

import pandas as pd

from salesforecast.reporting.files import STARTS_A_FORMULA, disarmed, write_targets
from salesforecast.tables import NODE_TARGETS, TARGETS


def test_the_csv_ties_out_at_every_node_and_month(report, tmp_path):
    path, _ = write_targets(report, tmp_path)
    frame = pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False)
    assert list(frame.columns)[:7] == list(NODE_TARGETS.columns)
    assert len(frame) == len(report.plan.units) * 3
    own = frame.set_index(["node", "period"])["target"]
    children = frame[frame["parent"] != ""].groupby(["parent", "period"])["target"].sum()
    assert (own.loc[children.index] == children).all()
    inner = set(frame["parent"]) - {""}
    assert set(frame["node"]) - inner == {disarmed(leaf) for leaf in report.plan.hierarchy.leaves}
    assert own.loc["/"].sum() == report.plan.scenario.total


def test_the_csv_is_utf8_with_a_mark_in_the_trees_order(report, tmp_path):
    path, _ = write_targets(report.plan, tmp_path)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    frame = pd.read_csv(path, encoding="utf-8-sig")
    assert list(dict.fromkeys(frame["node"])) == [disarmed(n) for n in report.plan.units.index]
    assert list(frame["period"][:3]) == ["2013-09-01", "2013-10-01", "2013-11-01"]
    assert write_targets(report.plan, tmp_path)[0].read_bytes() == raw


def test_no_text_of_the_csv_starts_a_formula(report, tmp_path):
    path, _ = write_targets(report, tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = {row["label"] for row in rows}
    assert {"'=HYPERLINK(1)", "'@Ann", "'-Bo"} <= labels
    texts = [row[name] for row in rows for name in ("node", "label", "parent", "level")]
    assert not [text for text in texts if text.startswith(STARTS_A_FORMULA)]


def test_the_parquet_file_has_the_full_grain_and_the_plain_names(report, tmp_path):
    _, path = write_targets(report, tmp_path)
    frame = TARGETS.check(pd.read_parquet(path))
    pd.testing.assert_frame_equal(frame, TARGETS.check(report.plan.targets))
    assert len(frame) == 7 * 2 * 3
