"""A save that is killed at a disk call is there whole, or not at all; all of them: benchmark D03."""

import shutil

import pytest

from benchmarks import killing
from salesforecast.planning.store import Store

pytestmark = pytest.mark.skipif(not killing.possible(), reason="needs ptrace of Linux on x86-64")
EVERY = 7  # which of the disk calls are tried here


def test_a_killed_save_is_whole_or_not_there(tmp_path, small_plan, changed):
    base, here = tmp_path / "base", tmp_path / "here"
    with Store(base / "plans.db", user="ann") as store:
        store.save("Q4", small_plan, reason="first")

    def save():
        with Store(here / "plans.db", user="child") as store:
            store.save("Q4", changed(small_plan, 5), reason="second", opened=1)

    shutil.copytree(base, here)
    calls = killing.run(save, stop_at=None, after=False)
    assert calls > 10
    outcomes = set()
    for at in [*range(1, calls, EVERY), calls]:
        for after in (False, True):
            shutil.rmtree(here)
            shutil.copytree(base, here)
            killing.run(save, stop_at=at, after=after)
            with Store(here / "plans.db", user="bo") as store:
                reasons = [v.reason for v in store.versions("Q4")]
                assert reasons in (["first"], ["first", "second"])
                outcomes.add(len(reasons))
                assert store.load("Q4", 1).targets.equals(small_plan.targets)
                if len(reasons) == 2:
                    assert store.load("Q4", 2).targets.equals(changed(small_plan, 5).targets)
                third = store.save("Q4", small_plan, reason="third", opened=len(reasons))
                assert third.number == len(reasons) + 1
    assert outcomes == {1, 2}
