"""Spoilt tables are read right or refused: never a traceback, never another total unsaid."""

from decimal import Decimal

import pytest

from salesforecast.history.load import load
from tests.history import mutations
from tests.history.mutations import Spoilt, bases, verdict

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
    one.content, one.encoding, one.delimiter, one.packed = b"", "utf-8", ",", False
    one.rows, one.meanings = base.rows, {}
    one.content = one._text().encode()
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
