"""The tree: one order, one parent each, totals that tie out."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import DataError
from salesforecast.hierarchy import ROOT, Hierarchy, join_path

LEVELS = ("company", "group", "country", "position")
names = st.sampled_from(["a", "b", "c", "(online)"])
paths = st.lists(st.tuples(names, names, names), min_size=1, max_size=20, unique=True)


def _tree(leaves):
    return Hierarchy.of(leaves, levels=LEVELS, label="Company")


@given(paths=paths, values=st.lists(st.integers(-(10**12), 10**12), min_size=20, max_size=20))
def test_children_add_up_to_their_parent(paths, values):
    tree = _tree(["/".join(path) for path in paths])
    leaf = pd.DataFrame({"target": values[: len(paths)]}, index=tree.leaves)
    totals = tree.totals(leaf)
    for node in tree.nodes.index[~tree.nodes["leaf"]]:
        assert totals.loc[tree.children(node), "target"].sum() == totals.loc[node, "target"]
    assert totals.loc[ROOT, "target"] == leaf["target"].sum()


@given(paths=paths)
def test_row_order_does_not_matter(paths):
    leaves = ["/".join(path) for path in paths]
    assert _tree(leaves) == _tree(leaves[::-1])


def test_house_leaves_come_after_people_and_leaves_may_lie_at_any_depth():
    tree = _tree(["North/x/(online)", "North/x/Zoe", "South"])
    assert list(tree.nodes.index) == [
        ROOT, "North", "North/x", "North/x/Zoe", "North/x/(online)", "South",
    ]  # fmt: skip
    assert tree.nodes["level"].tolist() == [
        "company", "group", "country", "position", "position", "position",
    ]  # fmt: skip
    assert tree.ancestors("North/x/Zoe") == ["North/x", "North", ROOT]
    assert tree.within("North").tolist() == ["North/x/Zoe", "North/x/(online)"]


def test_a_slash_in_a_name_makes_no_level():
    assert join_path(["省/自治区", " 广东 "]) == "省∕自治区/广东"


@pytest.mark.parametrize(
    ("leaves", "words"),
    [
        ([], "empty"),
        (["a/b", "a/b"], "twice"),
        (["a", "a/b"], "inside another"),
        (["a//b"], "empty part"),
    ],
)
def test_a_tree_that_is_none_is_refused(leaves, words):
    with pytest.raises(DataError, match=words):
        _tree(leaves)


def test_totals_ask_for_exactly_the_leaves():
    tree = _tree(["a", "b"])
    with pytest.raises(DataError, match="not the leaves"):
        tree.totals(pd.DataFrame({"target": [1, 2]}, index=["a", "c"]))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Germany", "write the whole path: 'Europe/Germany'"),
        ("Europe/Germny", "did you mean 'Europe/Germany'"),
        ("x", "targets.csv"),
    ],
)
def test_an_unknown_unit_is_named_with_the_one_that_was_meant(name, words):
    with pytest.raises(DataError, match=f"no unit '{name}'") as caught:
        _tree(["Europe/Germany/Rachel", "Pacific/Lynn"]).within(name)
    assert words in caught.value.fix
