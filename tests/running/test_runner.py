"""The runner, in small DVC projects, ends as `dvc repro` would, but side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import yaml

from capsnet_study.running.lockfile import KEPT, LOCK
from tests.running.conftest import GRAPH, UP_TO_DATE, Make, dvc, outs, runner, told


def test_it_ends_as_dvc_repro_does(make: Make) -> None:
    serial, parallel = make(GRAPH, name="serial"), make(GRAPH, seconds=0.6, name="parallel")
    dvc(serial, "repro")

    printed = runner(parallel, "--jobs", "3")

    assert outs(parallel) == outs(serial)
    assert "7 of 7 stages ran" in printed
    assert UP_TO_DATE in dvc(parallel, "status")
    assert "Running stage" not in dvc(parallel, "repro")
    assert "0 of 7 stages ran" in runner(parallel) and "7 were up to date" in runner(parallel)
    assert (parallel / KEPT).read_text() == (parallel / LOCK).read_text()

    when = {(name, what): float(at) for name, what, at, _ in told(parallel)}
    assert all(when[need, "ended"] < when[s, "begun"] for s, ns in GRAPH.items() for need in ns)
    at_once = [
        sum(when[s, "begun"] <= at < when[s, "ended"] for s in GRAPH) for at in when.values()
    ]
    assert 2 <= max(at_once) <= 3
    workers = {name: given for name, _, _, given in told(parallel)}
    assert workers["g"] == "3" and workers["b"] in "12"  # alone, and not


def test_a_target_runs_with_what_it_needs(make: Make) -> None:
    folder = make(GRAPH)
    runner(folder, "f", "b")
    assert set(outs(folder)) == {"a", "b", "e", "f"}


def test_a_failure_stops_what_hangs_below_it(make: Make) -> None:
    folder = make(GRAPH)
    (folder / "b.fails").touch()

    printed = runner(folder, "--jobs", "2", fails=True)

    assert "FAILED  b" in printed and "it fails as it was told to" in printed
    assert "not run, as they need what failed: d, g" in printed
    assert set(outs(folder)) == {"a", "c", "e", "f"}
    (folder / "b.fails").unlink()
    assert "3 of 7 stages ran" in runner(folder)


def test_data_that_is_not_here_may_count_as_unchanged(make: Make) -> None:
    folder = make(GRAPH)
    runner(folder)
    shutil.rmtree(folder / ".dvc/cache")
    for name in ("b", "c", "e"):
        (folder / f"{name}.txt").unlink()
    assert "0 of 7 stages ran" in runner(folder, "--allow-missing")
    lock = yaml.safe_load((folder / LOCK).read_text())
    del lock["stages"]["f"], lock["stages"]["g"]
    (folder / LOCK).write_text(yaml.safe_dump(lock, sort_keys=False))
    (folder / KEPT).unlink()  # where f and g ended last, they would be put back from it
    printed = runner(folder, "--allow-missing", fails=True)  # f needs e, which is nowhere
    assert "FAILED  f" in printed and "5 were up to date" in printed
    assert "7 of 7 stages ran" in runner(folder)  # what no cache holds is made anew


def test_a_lock_file_that_was_cut_off_is_mended_first(make: Make) -> None:
    folder = make(GRAPH)
    runner(folder)
    whole = (folder / LOCK).read_text()
    for cut in (whole[: len(whole) // 2], whole[: whole.index("\n  e:\n") + 1]):
        (folder / LOCK).write_text(cut)
        (folder / ".dvc/tmp/rwlock").write_text('{"write": {"a.t')
        printed = runner(folder)
        assert "dvc.lock had been cut off" in printed and "rwlock had been cut off" in printed
        assert "0 of 7 stages ran" in printed and (folder / LOCK).read_text() == whole


def test_parameters_are_set_once_and_visibly(make: Make) -> None:
    folder = make({"a": [], "b": ["a"]})
    (folder / "params.yaml").write_text("size: 1  # a comment\narms:\n  x: 1\n  y: 2\n")
    runner(folder)

    printed = runner(folder, "-S", "size=2", "-S", "~arms.y", "-S", "+new=[1,2]")
    assert "-S: size: 1 → 2" in printed and "-S: arms.y: 2 → removed" in printed
    assert "2 of 2 stages ran" in printed
    text = (folder / "params.yaml").read_text()
    assert "size: 2  # a comment" in text
    assert yaml.safe_load(text) == {"size": 2, "arms": {"x": 1}, "new": [1, 2]}

    again = runner(folder, "-S", "size=2", "-S", "~arms.y", "-S", "+new=[1,2]")
    assert "-S" not in again and "0 of 2" in again
    assert "Could not override 'sise'" in runner(folder, "-S", "sise=3", fails=True)
    assert (folder / "params.yaml").read_text() == text
    assert json.loads((folder / ".dvc/tmp/run/set.json").read_text())


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    assert "there is no .dvc here" in runner(tmp_path, fails=True)
    assert not list(tmp_path.iterdir())
