"""The runner, in small DVC projects, ends as ``dvc repro`` does, with stages side by side."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from rich.text import Text

from capsnet_study.running.lockfile import KEPT, LOCK
from stages import run
from tests.running.conftest import DVC, RUNNER, Make, call, log

DIAMOND = {"a": [], "c": ["a"], "b": ["a"], "d": ["b", "c"]}


@pytest.fixture(scope="module")
def finished(make: Make) -> Path:
    """A project that the runner has run, with what it printed."""
    folder = make(DIAMOND, seconds=1.5)
    (folder / "printed").write_text(call([*RUNNER, "--jobs", "2"], folder))
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "project")


def test_independent_stages_run_side_by_side_and_share_the_cores(finished: Path) -> None:
    when = {event: at for event, (at, _) in log(finished).items()}
    for stage, needs in DIAMOND.items():
        assert all(when[need, "ends"] < when[stage, "begins"] for need in needs)
    assert max(when["b", "begins"], when["c", "begins"]) < when["b", "ends"]
    assert "4 of 4 stages ran, 0 were up to date" in (finished / "printed").read_text()
    workers = {stage: given for (stage, _), (_, given) in log(finished).items()}
    assert workers["d"] == workers["a"] and workers["c"] == workers["b"]
    assert int(workers["b"]) == max(1, int(workers["a"]) // 2)


def test_dvc_takes_the_results_for_up_to_date(finished: Path) -> None:
    assert "Data and pipelines are up to date." in call([*DVC, "status"], finished)
    assert (finished / KEPT).read_text() == (finished / LOCK).read_text()


@pytest.mark.slow
def test_what_changes_while_it_runs_is_noticed_and_an_equal_out_is_not(project: Path) -> None:
    logs = project / ".dvc/tmp/run"
    shutil.rmtree(logs)
    assert "0 of 4 stages ran, 4 were up to date" in call(RUNNER, project)
    assert not list(logs.glob("*.log"))  # no process has been started for a stage
    (project / "c.fails").touch()  # c would fail, and is not run: its dependency is equal
    text = (project / "dvc.yaml").read_text()
    for stage in ("a", "b"):
        text = text.replace(f"{stage} 1.5", f"{stage} 0")
    (project / "dvc.yaml").write_text(text)
    assert "2 of 4 stages ran, 2 were up to date" in call(RUNNER, project)
    (project / "a.txt").write_text("edited\n")
    printed = call([*RUNNER, "b"], project)  # a runs again, and with its out nothing has changed
    assert "1 of 2 stages ran, 1 were up to date" in printed


@pytest.mark.slow
def test_missing_data_may_count_as_unchanged(project: Path) -> None:
    shutil.rmtree(project / ".dvc/cache")
    for name in ("a", "b"):
        (project / f"{name}.txt").unlink()
    assert "0 of 4 stages ran" in call([*RUNNER, "--allow-missing"], project)
    lock = yaml.safe_load((project / LOCK).read_text())
    del lock["stages"]["c"]["outs"]
    (project / LOCK).write_text(yaml.safe_dump(lock, sort_keys=False))
    printed = call([*RUNNER, "--allow-missing"], project, status=1)  # c needs a, which is nowhere
    assert "FAILED  c" in printed and "not run: d" in printed


@pytest.mark.slow
def test_a_failure_stops_only_what_depends_on_it(make: Make) -> None:
    folder = make({"a": [], "b": ["a"], "c": ["b"], "d": []})
    (folder / "a.fails").touch()
    printed = call([*RUNNER, "--jobs", "1"], folder, status=1)
    assert "FAILED  a: .dvc/tmp/run/a.log ends with" in printed and "this stage fails" in printed
    assert "not run: b, c" in printed and "1 of 4 stages ran" in printed
    (folder / "a.fails").unlink()
    assert "1 of 1 stages ran" in call([*RUNNER, "a"], folder)


@pytest.mark.slow
def test_a_broken_lock_file_is_named_and_restored(project: Path) -> None:
    whole = (project / LOCK).read_text()
    (project / LOCK).write_text(whole[: whole.index("\n  d:\n") + 1])
    (project / ".dvc/tmp/rwlock").write_text('{"write": {"a.t')
    printed = call(RUNNER, project, status=1)
    assert printed.startswith("run: dvc.lock is incomplete") and "make restore-lock" in printed
    call([*RUNNER[:-1], "stages.restore_lock"], project)
    assert (project / LOCK).read_text() == whole
    assert "0 of 4 stages ran" in call(RUNNER, project)


def test_errors_are_one_line(tmp_path: Path, make: Make) -> None:
    printed = call(RUNNER, tmp_path, status=1)
    assert printed.startswith("run: you are not inside of a DVC repository")
    assert printed.count("\n") == 1 and not list(tmp_path.iterdir())
    assert "run: Stage 'x' not found" in call([*RUNNER, "x"], make({"a": []}), status=1)


def test_how_many_stages_run_depends_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAPS_WORKERS")
    monkeypatch.setattr(run, "cores", lambda: 5)
    assert run.capacity() == (5, 5)
    monkeypatch.setenv("CAPS_WORKERS", "3")
    assert run.capacity() == (5, 0)
    monkeypatch.setenv("CAPS_DEVICE", "cuda:0")
    assert run.capacity() == (1, 0)


def test_a_terminal_shows_what_runs() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    events = [("a", "unchanged"), ("b", "started"), ("c", "started"), ("b", "finished")]
    last = run.show(console, events, ["a", "b", "c", "d"])
    assert last == {"a": "unchanged", "b": "finished", "c": "started", "d": "not run"}
    shown = Text.from_ansi(screen.getvalue()).plain
    assert "2 of 4 stages are up to date" in shown and "b finished after 0 s (2 of 4)" in shown
