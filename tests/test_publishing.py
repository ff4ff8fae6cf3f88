"""A run appears whole or not at all, wherever its publication is killed."""

import os
import threading
import time

import pytest

from salesforecast.errors import EngineError, ParameterError
from salesforecast.publishing import (
    MAIN_JOB,
    is_whole,
    job_folder,
    latest_run,
    new_run_id,
    read_json,
    staged,
)
from tests.kills import kill_at_each_step, left_over, publish, told_by_latest


def test_a_run_is_published_and_latest_names_it(tmp_path):
    publish(tmp_path, "one")
    assert told_by_latest(tmp_path) == "one"
    publish(tmp_path, "two")
    assert told_by_latest(tmp_path) == "two"
    folder = tmp_path / "runs" / MAIN_JOB
    assert len([path for path in folder.iterdir() if not path.is_symlink()]) == 2
    assert os.readlink(tmp_path / "latest") == f"runs/{MAIN_JOB}/latest"
    assert left_over(tmp_path) == []


def test_other_jobs_leave_the_main_latest_alone(tmp_path):
    publish(tmp_path, "main")
    with staged("what_if", tmp_path) as folder:
        (folder / "a.txt").write_text("other")
    assert told_by_latest(tmp_path) == "main"
    last = latest_run(tmp_path, "what_if")
    assert last is not None
    assert (last / "a.txt").read_text() == "other"


def test_a_failing_block_changes_nothing(tmp_path):
    publish(tmp_path, "one")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(KeyError), staged(MAIN_JOB, tmp_path) as folder:
        (folder / "targets.csv").write_text("half")
        raise KeyError("halfway")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failing_first_block_leaves_no_folder(tmp_path):
    outputs = tmp_path / "outputs"
    with pytest.raises(KeyError), staged(MAIN_JOB, outputs):
        raise KeyError("at once")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("earlier", ["", "old"], ids=["first run", "later run"])
def test_latest_is_whole_wherever_the_publication_is_killed(tmp_path, earlier):
    killed, seen = kill_at_each_step(tmp_path, earlier)
    assert killed > 30
    assert seen == {earlier, "new"}


def test_a_run_that_lacked_only_its_link_is_taken_up_by_the_next_start(tmp_path):
    publish(tmp_path, "old")
    folder = tmp_path / "runs" / MAIN_JOB
    old = os.readlink(folder / "latest")
    publish(tmp_path, "new")
    (folder / "latest").unlink()
    (folder / "latest").symlink_to(old)
    with job_folder(tmp_path, MAIN_JOB, waiting=print):
        assert told_by_latest(tmp_path) == "new"


def test_two_at_a_time_wait_for_each_other(tmp_path):
    said, order = [], []

    def work(name: str) -> None:
        with job_folder(tmp_path, MAIN_JOB, waiting=said.append):
            order.append(f"{name} in")
            time.sleep(0.3)
            order.append(f"{name} out")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    with job_folder(tmp_path, MAIN_JOB, waiting=print):
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        assert order == []
    for thread in threads:
        thread.join()
    assert [step.split()[1] for step in order] == ["in", "out"] * 3
    assert len(said) == 3
    assert all(f"process {os.getpid()}" in words for words in said)


def test_a_lock_left_by_a_dead_process_holds_nobody_up(tmp_path):
    folder = tmp_path / "runs" / MAIN_JOB
    folder.mkdir(parents=True)
    (folder / ".lock").write_text("process 1")
    said = []
    with job_folder(tmp_path, MAIN_JOB, waiting=said.append):
        pass
    assert said == []


def test_where_links_cannot_be_a_text_file_names_the_last_run(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError("no links on this disk")

    monkeypatch.setattr(os, "symlink", refuse)
    publish(tmp_path, "one")
    publish(tmp_path, "two")
    last = latest_run(tmp_path, MAIN_JOB)
    assert last is not None
    assert (last / "targets.csv").read_text() == "two"
    assert tmp_path / (tmp_path / "latest.txt").read_text().strip() == last
    assert read_json(last / "manifest.json")["previous"] != ""


def test_a_folder_in_the_place_of_latest_is_said_and_nothing_is_lost(tmp_path):
    publish(tmp_path, "one")
    link = tmp_path / "runs" / MAIN_JOB / "latest"
    link.unlink()
    link.mkdir()
    (link / "mine.txt").write_text("keep")
    with pytest.raises(EngineError, match="the name 'latest' is taken"):
        publish(tmp_path, "two")
    assert (link / "mine.txt").read_text() == "keep"


def test_outputs_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "outputs").write_text("a file, not a folder")
    with pytest.raises(ParameterError, match="cannot be written"):
        publish(tmp_path / "outputs", "one")


@pytest.mark.parametrize("place", [".", "notebooks"])
def test_a_notebook_on_its_own_finds_the_outputs(tmp_path, monkeypatch, place):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / place)
    with staged(MAIN_JOB) as folder:
        (folder / "targets.csv").touch()
    assert (tmp_path / "outputs" / "latest" / "targets.csv").exists()


def test_run_ids_sort_by_time_and_differ():
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [i.split("-")[0] for i in ids] == sorted(i.split("-")[0] for i in ids)


def test_an_altered_result_is_noticed(tmp_path):
    publish(tmp_path, "one")
    folder = latest_run(tmp_path, MAIN_JOB)
    assert is_whole(folder)
    (folder / "targets.csv").write_text("one, corrected by hand")
    assert not is_whole(folder)
