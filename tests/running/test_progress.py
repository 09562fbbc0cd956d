"""What is shown of a training while it runs."""

from __future__ import annotations

import io

from capsnet_study.running import progress
from capsnet_study.running.progress import live_line

ROW = {"exact_match": 0.5, "entropy_r1": 2.0}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_there_are_plain_lines(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    with live_line("n3 trial 0", position=1) as watch:
        watch(900, 1000, 1.8, 0.25, ROW)
        watch(960, 1000, 1.9, 0.25, ROW)
        watch(1000, 1000, 2.0, 0.25, ROW)
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("n3 trial 0: 960/1000 [00:00 < 00:0")
    assert last.startswith("n3 trial 0: 1000/1000 [") and "exact 50.0%, H 2.000" in last


def test_lines_are_rare_but_the_last_one_is_always_there(capsys):
    with live_line("cnn trial 0", position=0) as watch:
        for step in range(1, 10):
            watch(step, 9, step / 9, 0.25, {"exact_match": 0.011})
    (last,) = capsys.readouterr().err.splitlines()
    assert "9/9" in last and last.endswith("epoch 1.00, loss 0.250, exact 1.1%")


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
