"""Trainings that are killed resume where they were and end in the same bits."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from capsnet_study.common.storage import read_arrays, write_arrays
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.checkpoints import Checkpoint, Checkpoints, checksum_of_code
from capsnet_study.training.evaluation import Examples
from capsnet_study.training.fit import Budget, LossNotFiniteError, fit
from capsnet_study.training.trials import Kept, run_trainings, trial

BUDGET = Budget(
    epochs=3, batch_size=7, lr=0.01, evaluations=3, fitness_memory=0.5, weight_decay=0.5
)
STEPS = 3 * 6  # of 40 examples
FITNESS = RoutingParams(n_iter=2, eta=0.1, eta_max=1.0)  # eta depends on the state
MODEL = ModelParams(4, 2, 4, 3, 4)
SPEC = NetworkSpec("capsnet", MODEL, capsules=CapsuleParams(0.5, True), routing=FITNESS)


class KilledError(Exception):
    """Stands for a kill at a chosen step."""


def train(examples, checkpoint=None, killed_at=None, budget=BUDGET):
    network = build_network(SPEC, torch.Generator().manual_seed(1))

    def watch(step, *_):
        if step == killed_at:
            raise KilledError

    order = torch.Generator().manual_seed(2)
    rows = fit(network, *examples, budget, order, watch, checkpoint)
    return rows, weights_of(network)


def assert_same(one, other):
    np.testing.assert_equal(one[0], other[0])  # NaN equals NaN
    assert [list(row) for row in one[0]] == [list(row) for row in other[0]]
    assert one[1].keys() == other[1].keys()
    for name, value in one[1].items():
        assert np.array_equal(value, other[1][name]), name


@pytest.mark.parametrize("kills", [[0], [4], [7, 8, 9], [2, STEPS - 1], range(1, STEPS)], ids=str)
def test_a_training_killed_at_any_steps_ends_in_the_same_bits(examples, tmp_path, kills):
    undisturbed = train(examples)
    checkpoint = Checkpoint(tmp_path / "training.safetensors", seconds=0.0)
    for step in kills:
        with pytest.raises(KilledError):
            train(examples, checkpoint, step)
    assert_same(train(examples, checkpoint), undisturbed)


def test_a_training_that_had_ended_is_not_run_again(examples, tmp_path):
    checkpoint = Checkpoint(tmp_path / "training.safetensors")
    ended = train(examples, checkpoint)
    assert_same(train(examples, checkpoint, killed_at=0), ended)
    with pytest.raises(KilledError):
        train(examples, checkpoint, killed_at=STEPS)


def test_checkpoints_are_written_at_evaluations_and_when_their_time_has_come(examples, tmp_path):
    written = []

    class Counting(Checkpoint):
        def save(self, progress, *parts):
            written.append(progress.step)

    rows, _ = train(examples, Counting(tmp_path / "a", seconds=1e9))
    assert written == [row["step"] for row in rows]
    written.clear()
    train(examples, Counting(tmp_path / "a", seconds=0.0))
    assert written == list(range(STEPS + 1))


KILLED = """
import sys
sys.path[:0] = [{root!r}, {source!r}]
from pathlib import Path
from tests.training.test_checkpoints import train_alone
train_alone(Path(sys.argv[1]))
"""


def train_alone(path: Path):
    """Train on drawn images, also in a process of its own."""
    torch.set_num_threads(1)
    drawn = torch.Generator().manual_seed(3)
    pictures = torch.randint(0, 256, (40, 36, 36), generator=drawn, dtype=torch.uint8)
    labels = torch.stack([torch.arange(40) % 10, (torch.arange(40) + 3) % 10], dim=1)
    everything = Examples(pictures, labels)
    checkpoint = Checkpoint(path, seconds=0.0)
    return train([everything] * 2, checkpoint, budget=replace(BUDGET, epochs=40))


@pytest.mark.slow
def test_a_process_killed_at_random_moments_ends_in_the_same_bits(tmp_path):
    """By SIGKILL, sometimes while it writes a checkpoint, as it does at every step."""
    undisturbed = train_alone(tmp_path / "undisturbed.safetensors")
    path = tmp_path / "killed.safetensors"
    root = Path(__file__).parents[2]
    script = KILLED.format(root=str(root), source=str(root / "src"))
    for moment in np.random.default_rng(0).uniform(0.02, 0.4, size=4):
        before = path.stat().st_mtime_ns if path.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=root)
        deadline = time.monotonic() + 600  # on a busy machine
        while (path.stat().st_mtime_ns if path.exists() else 0) == before:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(moment)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert_same(train_alone(path), undisturbed)


def test_nothing_is_kept_where_the_folder_of_the_project_does_not_exist(tmp_path, examples):
    assert train(examples, Checkpoint(tmp_path / "elsewhere" / "training.safetensors"))
    assert not (tmp_path / "elsewhere").exists()


# Whose checkpoint it is


def test_everything_that_shapes_a_training_gives_it_another_file(images, train_params, tmp_path):
    train_set, test_set = images
    fewer = train_set.of(np.arange(len(train_set.images) - 1))
    usual = trial("arm", SPEC, images, train_params, 0)
    donor = weights_of(build_network(SPEC, torch.Generator()))
    changed = [
        trial("arm", SPEC, (fewer, test_set), train_params, 0),
        trial("arm", SPEC, images, replace(train_params, seed=99), 0),
        trial("arm", SPEC, images, replace(train_params, weight_decay=0.5), 0),
        trial("arm", replace(SPEC, hidden=2), images, train_params, 0),
        trial("arm", SPEC, images, train_params, 1),
        replace(usual, order=("other order", 0)),
        replace(usual, kept=Kept(1, None, frozen=True)),
        replace(usual, kept=Kept(1, None, frozen=False)),
        replace(usual, kept=Kept(2, None, frozen=True)),
        replace(usual, kept=Kept(1, donor, frozen=True)),
    ]
    code, other_code = (Checkpoints(tmp_path, code) for code in ("code", "other code"))
    paths = [one.checkpoint(code).path for one in (usual, *changed)]
    paths.append(usual.checkpoint(other_code).path)
    assert len(set(paths)) == len(paths)
    again = trial("arm", SPEC, images, train_params, 0)
    assert again.checkpoint(code).path == paths[0]


def test_the_checksum_of_code_is_of_what_loaded_modules_execute(monkeypatch, tmp_path):
    before, changed = checksum_of_code(), tmp_path / "changed.py"
    for name, affects_results in (("training.fit", True), ("running.progress", False)):
        loaded = sys.modules[f"capsnet_study.{name}"]
        source = Path(loaded.__file__).read_text()
        with monkeypatch.context() as patch:
            patch.setattr(loaded, "__file__", str(changed))
            changed.write_text(f"# another comment\n{source}")
            assert checksum_of_code() == before
            changed.write_text(f"{source}\nx = 1\n")
            assert (checksum_of_code() != before) == affects_results


def test_a_loss_that_is_not_finite_stops_its_own_trial_and_keeps_the_state_before(
    images, train_params, tmp_path
):
    keep = Checkpoints(tmp_path, "code")
    good = trial("good", SPEC, images, train_params, 1)
    bad = trial("bad", SPEC, images, replace(train_params, lr_capsnet=1e30), 0)
    with pytest.raises(LossNotFiniteError, match=r"bad .seed 0., step \d+: .*nan") as raised:
        run_trainings([bad, good], keep)
    assert f"the state before is in {bad.checkpoint(keep).path}" in str(raised.value)
    kept = read_arrays(bad.checkpoint(keep).path)
    assert all(np.isfinite(value).all() for name, value in kept.items() if "network/" in name)
    again = run_trainings([good], keep)  # it had ended: two epochs of three steps
    assert again[0].rows[-1]["step"] == 6
    assert_same(again[0], run_trainings([good])[0])


# What is no checkpoint


class Trap:
    """Runs code where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("content", ["pickle", "torch", "truncated", "another file", "empty"])
def test_files_that_are_no_checkpoint_are_refused_and_never_executed(examples, tmp_path, content):
    path, sprung = tmp_path / "training.safetensors", tmp_path / "sprung"
    train(examples, Checkpoint(path))
    if content == "pickle":
        path.write_bytes(pickle.dumps(Trap(sprung)))
    elif content == "torch":
        torch.save(Trap(sprung), path)
    elif content == "truncated":
        path.write_bytes(path.read_bytes()[:-10])
    elif content == "another file":
        write_arrays(path, {"network/conv1.weight": np.zeros(3)}, {"step": 1})
    else:
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"(?s)training\.safetensors: no checkpoint .* delete it"):
        train(examples, Checkpoint(path))
    assert not sprung.exists()
