"""Spoilt tables are read right or refused: never a traceback, never another total unsaid."""

from decimal import Decimal

import pytest

from salesforecast.errors import DataError
from salesforecast.history.load import load
from tests.history import mutations
from tests.history.mutations import Spoilt, bases, organisation, verdict

BASES = bases()


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_a_spoilt_table_is_read_right_or_refused(base, tmp_path):
    found = [verdict(Spoilt(base, seed), tmp_path) for seed in range(40)]
    assert [one for one in found if one not in ("read", "refused")] == []
    assert found.count("read") > 10
    assert found.count("refused") > 10


def test_the_second_reader_adds_up_what_was_not_spoilt():
    base = BASES[0]
    at = base.rows[0].index(base.columns.amount)
    one = Spoilt(base, 0)
    one.encoding, one.delimiter = "utf-8", ","
    one.rows, one.meanings = base.rows, {}
    one.plain = one._text().encode()
    assert one.expected() == sum(Decimal(row[at]) for row in base.rows[1:])


def test_the_second_reader_sees_a_changed_total(tmp_path, monkeypatch):
    base = BASES[0]

    def wrong(organisation):
        loaded = load(organisation)
        loaded.lines["amount"] += 1
        return loaded

    monkeypatch.setattr(mutations, "load", wrong)
    seen = {verdict(Spoilt(base, seed), tmp_path).split()[0] for seed in range(12)}
    assert "silent" in seen
    assert "read" not in seen


def test_rows_of_data_above_the_column_names_are_never_left_out(tmp_path):
    base = BASES[0]
    names = [name if name != base.columns.date else "" for name in base.rows[0]]
    rows = [names, *base.rows[1:26], *base.rows]  # the true names come again, further down
    text = "\n".join(",".join(row) for row in rows)
    (tmp_path / "orders.csv").write_text(text, "utf-8")
    with pytest.raises(DataError, match="above the column names"):
        load(organisation(base, tmp_path))
