"""What is shown of a training while it runs."""

from __future__ import annotations

import io

from capsnet_study.running import progress
from capsnet_study.running.progress import live_line

ROW = {"exact_match": 0.5, "entropy_r1": 2.0}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_steps_taken_before_a_stop_do_not_count_as_fast(capsys, monkeypatch):
    clock = iter([0.0, 30.0, 60.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with live_line("n3 trial 0", position=0) as watch:
        watch(900, 1000, 1.8, 0.25, ROW)
        watch(960, 1000, 1.9, 0.25, ROW)
    going_on, last = capsys.readouterr().err.splitlines()
    assert "900/1000" in going_on
    assert "960/1000 [01:00 < 00:40,  1.00step/s]" in last  # 60 steps in 60 s


def test_a_terminal_shows_the_training_from_where_it_goes_on_to_its_end(monkeypatch):
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    with live_line("n3 trial 0", position=0) as watch:
        for step in range(900, 1001):
            watch(step, 1000, 1.8, 0.25, ROW)
    text = shown.getvalue()
    assert text.index("900/1000") < text.index("1000/1000")
    assert "epoch 1.80, loss 0.250, exact 50.0%, H 2.000" in text


def test_nothing_is_shown_of_a_training_that_does_not_begin(monkeypatch):
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    with live_line("n3 trial 0", position=0):
        pass
    assert shown.getvalue() == ""
