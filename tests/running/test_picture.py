"""What a run prints, and what it reads of its stages' output."""

from __future__ import annotations

import io
import time
from multiprocessing import Process
from pathlib import Path

import pytest
from dvc.stage import Stage
from rich.console import Console
from rich.text import Text

from capsnet_study.running import progress
from capsnet_study.running.capacity import capacity, cores, on_gpu
from capsnet_study.running.children import Child
from capsnet_study.running.cluster import ClusterError
from capsnet_study.running.output import Trial, last_trial, log_path, tail
from capsnet_study.running.picture import shown, spell, summary
from capsnet_study.running.pipeline import Pipeline
from capsnet_study.running.runner import News, Run

PRINTED = """\
Running stage 'sweep@n3':
n3 trial 0: 120/1932 [00:20 < 04:10, 31.20step/s] , epoch 0.06, loss 4.613, exact 1.1%, H 2.303
n3 trial 1: 11/1932 [00:20 < ?, ?step/s] , epoch 0.01, loss 4.6
a warning: 1/2
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three stages: one has ended, one runs, one needs it."""
    upstream = {"a": frozenset(), "sweep@n3": frozenset("a"), "z": frozenset({"sweep@n3"})}
    pipeline = Pipeline({name: Stage(None, name) for name in upstream}, upstream)
    run = Run(pipeline, 2, dict.fromkeys(upstream, 10.0))
    log = tmp_path / "sweep.log"
    log.write_text(PRINTED)
    run.ran["a"] = 5.0
    run.running["sweep@n3"] = Child("sweep@n3", 2, log, time.monotonic(), Process())
    return run


def test_the_last_line_of_a_trial_is_found() -> None:
    trial = last_trial(PRINTED)
    assert trial == Trial("n3 trial 1", 11, 1932, "?", "epoch 0.01, loss 4.6")
    assert last_trial("Running stage 'a':\n> python") is None


def test_what_the_trials_print_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.live_line("cnn split 0", 0) as watch:
        watch(9, 9, 1.0, 6.614, {"exact_match": 0.011})
    trial = last_trial(capsys.readouterr().err)
    assert trial is not None and (trial.name, trial.step, trial.steps) == ("cnn split 0", 9, 9)
    assert trial.measures == "epoch 1.00, loss 6.614, exact 1.1%"


def test_only_the_end_of_a_log_is_read(tmp_path: Path) -> None:
    path = log_path("sub/dvc.yaml:a@b", tmp_path)
    assert path.parent == tmp_path and tail(path) == ""
    path.write_text("x" * 100_000 + "\n\nlast but one\nlast\n")
    assert tail(path, 2) == "last but one\nlast" and len(tail(path)) < 9000


def test_a_picture_tells_what_runs_and_what_is_left(run: Run) -> None:
    screen = io.StringIO()
    with shown(Console(file=screen, force_terminal=True, width=120)) as show:
        show(run, [News("failed", "FAILED  [b] after 1 s")])
    drawn = Text.from_ansi(screen.getvalue()).plain  # without colours
    for words in ("1 of 3 stages", "1 running", "about 10 s left", "×2", "n3 trial 1", "[b]"):
        assert words in drawn


def test_without_a_terminal_there_is_a_line_for_each_event(run: Run) -> None:
    printed = io.StringIO()
    with shown(Console(file=printed, force_terminal=False)) as show:
        show(run, [])
        show(run, [News("begun", "begun   sweep@n3"), News("ended", "ended   a after 5.0 s")])
    lines = printed.getvalue().splitlines()
    assert [line[10:] for line in lines] == ["begun   sweep@n3", "ended   a after 5.0 s  (1 of 3)"]


def test_the_last_words_name_what_did_not_run(run: Run) -> None:
    log = run.running.pop("sweep@n3").log
    run.failed["sweep@n3"] = log
    last = summary(run, 125.0)
    assert "1 of 3 stages ran in 2 min 5 s" in last and f"FAILED  sweep@n3: see {log}" in last
    assert "not run, as they need what failed: z" in last
    assert run.left() == 0.0 and spell(run.left()) == "0 s"


def test_stages_share_the_cores_unless_told_otherwise() -> None:
    cpu = {"CAPS_DEVICE": "cpu"}
    assert capacity(cpu) == (cores(), True)
    assert capacity(cpu | {"CAPS_WORKERS": "3"}) == (cores(), False)
    assert capacity({"CAPS_DEVICE": "cuda:0"}) == (1, False)
    assert not on_gpu({"CUDA_VISIBLE_DEVICES": ""})
    assert on_gpu({"CAPS_DEVICE": ""}) == on_gpu({})


def test_what_is_no_address_of_a_cluster_is_refused() -> None:
    with pytest.raises(ClusterError, match="CAPS_ENGINE = 'dask:/host:1'"):
        capacity({"CAPS_ENGINE": "dask:/host:1"})


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capsnet_study.running.capacity.PATIENCE", 0.5)
    with pytest.raises(ClusterError, match=r"the cluster at tcp://127\.0\.0\.1:9"):
        capacity({"CAPS_ENGINE": "dask://127.0.0.1:9"})
