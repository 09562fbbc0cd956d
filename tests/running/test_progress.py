"""What is shown of a training while it runs."""

from __future__ import annotations

import io

import pytest

from capsnet_study.running.progress import live_line

ROW = {"exact_match": 0.5, "entropy_r1": 2.0}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_the_last_step_is_always_shown_and_nothing_of_a_training_that_does_not_begin(
    stream, monkeypatch
):
    shown = stream()
    monkeypatch.setattr("sys.stderr", shown)
    with live_line("n1 trial 0", position=0):
        pass
    assert shown.getvalue() == ""
    with live_line("n3 trial 0", position=0) as watch:
        for step in range(900, 1001):  # a training that was resumed
            watch(step, 1000, 1.8, 0.25, ROW)
    text = shown.getvalue()
    assert "1000/1000" in text
    assert "epoch 1.80, loss 0.250, exact 50.0%, H 2.000" in text
    assert stream is Terminal or len(text.splitlines()) == 1  # lines are rare
