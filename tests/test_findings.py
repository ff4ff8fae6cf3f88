"""Every observation has one code, and words in both languages."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import salesforecast
from salesforecast.errors import Finding
from salesforecast.findings import CHINESE, ENGLISH, found, repair, said

PACKAGE = Path(salesforecast.__file__).parent


def _blanks(texts):
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_every_code_with_the_same_figures():
    assert ENGLISH.keys() == CHINESE.keys()
    for code, english in ENGLISH.items():
        assert _blanks(CHINESE[code]) <= _blanks(english), code
        assert all(re.search("[一-鿿]", text) for text in CHINESE[code]), code


def test_every_code_in_the_catalogue_is_used():
    texts = {
        node.value
        for path in PACKAGE.rglob("*.py")
        if path.stem not in ("deliveries", "findings", "notes")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    unused = {code for code in ENGLISH if not {code, code.removeprefix("note ")} & texts}
    assert unused == set()


@pytest.mark.parametrize(("n", "words"), [(1, "1 empty cell"), (3, "3 empty cells")])
def test_counts_take_their_noun(n, words):
    assert found("empty cells", "a.csv", n=n).what == words


def test_a_finding_is_said_in_the_readers_language():
    made = found("negative rows", "a.csv, row 3", rows=2, n=2, amount=-1234.6)
    assert str(made) == (
        "warning: 2 negative rows, together -1,235 (a.csv, row 3). "
        "They are kept as returns, in the period of their date."
    )
    chinese = said(made, "zh")
    assert (chinese.what, chinese.where, chinese.rows) == (
        "2 行为负数，合计 -1,235",
        "a.csv，第 3 行",
        2,
    )
    assert said(made, "en") is made
    where = "西南/西藏 41 (2014-03, 2014-04 and 35 more); and 23 more places"
    places = said(found("empty places", where, n=26, count=242), "zh").where
    assert places == "西南/西藏 41 (2014-03, 2014-04 等，另有 35 个)；另有 23 处"
    kinds = said(repair("read as", "a.csv", n=2, kind="thousands separators"), "zh")
    assert kinds.what == "2 个单元格含千位分隔符"


def test_a_finding_without_a_code_stays_as_it_was_written():
    own = Finding("warning", "odd", "here", "kept")
    assert said(own, "zh") is own
