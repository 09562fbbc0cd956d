"""What is killed goes on where it stood, and ends in the same bits."""

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

from capsnet_study.common.storage import read_arrays, read_facts, write_arrays
from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.checkpoints import Checkpoint, Checkpoints, Progress, checksum_of_code
from capsnet_study.training.fit import Budget, LossNotFiniteError, fit
from capsnet_study.training.trials import Kept, run_trainings, trial

BUDGET = Budget(
    epochs=3, batch_size=7, lr=0.01, evaluations=3, fitness_memory=0.5, weight_decay=0.5
)
FITNESS = RoutingParams(n_iter=2, eta=0.1, eta_max=1.0)  # eta follows what the state holds


@pytest.fixture
def examples(images):
    return tuple(part.on_device() for part in images)


class KilledError(Exception):
    """Stands for a kill at a chosen step."""


def network_of(model):
    spec = NetworkSpec("capsnet", model, capsules=CapsuleParams(0.5, True), routing=FITNESS)
    return build_network(spec, torch.Generator().manual_seed(1)), spec


def train(model, examples, checkpoint=None, killed_at=None):
    network, _ = network_of(model)

    def watch(step, *_):
        if step == killed_at:
            raise KilledError

    order = torch.Generator().manual_seed(2)
    rows = fit(network, *examples, BUDGET, order, watch, checkpoint)
    return rows, weights_of(network)


def assert_same(one, other):
    np.testing.assert_equal(one[0], other[0])  # NaN equals NaN
    assert [list(row) for row in one[0]] == [list(row) for row in other[0]]
    assert one[1].keys() == other[1].keys()
    for name, value in one[1].items():
        assert np.array_equal(value, other[1][name]), name


@pytest.mark.parametrize("kills", [[0], [1], [4], [7, 8, 9], [2, 11], range(1, 15)])
def test_a_training_killed_at_any_steps_ends_in_the_same_bits(model, examples, tmp_path, kills):
    undisturbed = train(model, examples)
    checkpoint = Checkpoint(tmp_path / "training.safetensors", seconds=0.0)
    for step in kills:
        with pytest.raises(KilledError):
            train(model, examples, checkpoint, step)
    assert_same(train(model, examples, checkpoint), undisturbed)


def test_a_training_that_had_ended_is_not_run_again(model, examples, tmp_path):
    checkpoint = Checkpoint(tmp_path / "training.safetensors")
    ended = train(model, examples, checkpoint)
    steps = []
    network, _ = network_of(model)
    order = torch.Generator().manual_seed(2)
    watch = lambda step, *_: steps.append(step)  # noqa: E731
    rows = fit(network, *examples, BUDGET, order, watch, checkpoint)
    assert steps == [rows[-1]["step"]]
    assert_same((rows, weights_of(network)), ended)


def test_between_evaluations_it_is_written_when_its_time_has_come(model, examples, tmp_path):
    written = []

    class Counting(Checkpoint):
        def save(self, progress, *parts):
            written.append(progress.step)

    rows, _ = train(model, examples, Counting(tmp_path / "a", seconds=1e9))
    assert written == [row["step"] for row in rows]
    written.clear()
    rows, _ = train(model, examples, Counting(tmp_path / "a", seconds=0.0))
    assert written == list(range(rows[-1]["step"] + 1))


KILLED = """
import sys, torch
sys.path[:0] = [{root!r}, {source!r}]
from pathlib import Path
from capsnet_study.training.checkpoints import Checkpoint
from tests.training.test_checkpoints import train_alone
train_alone(Path(sys.argv[1]))
print("ended")
"""


def train_alone(path: Path):
    """Train a tiny network on drawn images; called in a process of its own, too."""
    from capsnet_study.models.params import ModelParams
    from capsnet_study.training.evaluation import Examples

    torch.set_num_threads(1)
    drawn = torch.Generator().manual_seed(3)
    pictures = torch.randint(0, 256, (40, 36, 36), generator=drawn, dtype=torch.uint8)
    labels = torch.stack([torch.arange(40) % 10, (torch.arange(40) + 3) % 10], dim=1)
    model = ModelParams(4, 2, 4, 3, 4)
    network, _ = network_of(model)
    budget = replace(BUDGET, epochs=40)
    order = torch.Generator().manual_seed(2)
    everything = Examples(pictures, labels)
    checkpoint = Checkpoint(path, seconds=0.0)
    rows = fit(network, everything, everything, budget, order, checkpoint=checkpoint)
    return rows, weights_of(network)


def test_a_process_killed_at_random_moments_ends_in_the_same_bits(tmp_path):
    """SIGKILL, now and then in the middle of writing a checkpoint: it is always being written."""
    undisturbed = train_alone(tmp_path / "undisturbed.safetensors")
    path = tmp_path / "killed.safetensors"
    root = Path(__file__).parents[2]
    script = KILLED.format(root=str(root), source=str(root / "src"))
    moments = np.random.default_rng(0).uniform(0.02, 0.4, size=4)
    for moment in moments:
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


# Whose checkpoint it is


def path_of(training, folder, code="code"):
    return training.checkpoint(Checkpoints(folder, code)).path


def test_every_change_that_shapes_a_training_gives_it_another_file(
    model, images, train_params, tmp_path
):
    _, spec = network_of(model)
    train_set, test_set = images
    fewer = train_set.of(np.arange(len(train_set.images) - 1))
    usual = trial("arm", spec, images, train_params, 0)
    donor = weights_of(network_of(model)[0])
    changed = [
        trial("arm", spec, (fewer, test_set), train_params, 0),
        trial("arm", spec, images, replace(train_params, seed=99), 0),
        trial("arm", spec, images, replace(train_params, lr_capsnet=0.5), 0),
        trial("arm", spec, images, replace(train_params, weight_decay=0.5), 0),
        trial("arm", replace(spec, hidden=2), images, train_params, 0),
        trial("arm", spec, images, train_params, 1),
        replace(usual, order=("other order", 0)),
        replace(usual, kept=Kept(1, None, frozen=True)),
        replace(usual, kept=Kept(1, None, frozen=False)),
        replace(usual, kept=Kept(2, None, frozen=True)),
        replace(usual, kept=Kept(1, donor, frozen=True)),
    ]
    paths = {path_of(one, tmp_path) for one in (usual, *changed)}
    paths.add(path_of(usual, tmp_path, "other code"))
    assert len(paths) == len(changed) + 2
    assert path_of(usual, tmp_path) in paths


def test_the_code_that_counts_is_the_code_that_is_loaded(monkeypatch, tmp_path):
    before = checksum_of_code()
    assert before == checksum_of_code()
    fit = sys.modules["capsnet_study.training.fit"]
    changed, code = tmp_path / "fit.py", Path(fit.__file__).read_text()
    monkeypatch.setattr(fit, "__file__", str(changed))
    changed.write_text(f"# another comment\n{code}")
    assert before == checksum_of_code()
    changed.write_text(f"{code}\nx = 1\n")
    assert before != checksum_of_code()


def test_code_that_cannot_affect_results_is_no_part_of_it(monkeypatch, tmp_path):
    before = checksum_of_code()
    changed = tmp_path / "progress.py"
    changed.write_text("x = 1")
    module = sys.modules["capsnet_study.running.progress"]
    monkeypatch.setattr(module, "__file__", str(changed))
    assert before == checksum_of_code()


def test_trials_that_had_ended_are_kept_when_another_fails(
    model, images, train_params, tmp_path, monkeypatch
):
    _, spec = network_of(model)
    trainings = [trial(f"arm trial {k}", spec, images, train_params, k) for k in range(2)]
    keep = Checkpoints(tmp_path, "code")
    undisturbed = run_trainings(trainings)
    from capsnet_study.training import trials as module

    real, ran = module.fit, []

    def failing(network, *rest):
        ran.append(rest[-1].path)
        if "trial_1" in rest[-1].path.name:
            raise RuntimeError("the second one")
        return real(network, *rest)

    monkeypatch.setattr(module, "fit", failing)
    with pytest.raises(RuntimeError, match="the second one"):
        run_trainings(trainings, keep)
    assert len(ran) == 2
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert [name.split("-")[0] for name in kept] == ["arm_trial_0"]
    monkeypatch.setattr(module, "fit", real)
    again = run_trainings(trainings, keep)
    for one, other in zip(again, undisturbed, strict=True):
        assert_same(one, other)


def test_a_loss_that_is_not_finite_stops_its_own_trial_and_keeps_the_state_before(
    model, images, train_params, tmp_path
):
    _, spec = network_of(model)
    keep = Checkpoints(tmp_path, "code")
    good = trial("good", spec, images, train_params, 1)
    bad = trial("bad", spec, images, replace(train_params, lr_capsnet=1e30), 0)
    with pytest.raises(LossNotFiniteError, match=r"bad .seed 0., step \d+: ") as raised:
        run_trainings([bad, good], keep)
    assert f"the state before is in {bad.checkpoint(keep).path}" in str(raised.value)
    kept = read_arrays(bad.checkpoint(keep).path)
    assert all(np.isfinite(value).all() for name, value in kept.items() if "network/" in name)
    rows = read_facts(good.checkpoint(keep).path)["rows"]
    assert dict(rows[-1])["step"] == 6  # it had ended: two epochs of three steps


# What is no checkpoint


class Trap:
    """Runs code where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("content", ["pickle", "torch", "cut short", "another file", "empty"])
def test_what_is_no_checkpoint_is_refused_and_never_run(model, examples, tmp_path, content):
    path, sprung = tmp_path / "training.safetensors", tmp_path / "sprung"
    train(model, examples, Checkpoint(path))
    if content == "pickle":
        path.write_bytes(pickle.dumps(Trap(sprung)))
    elif content == "torch":
        torch.save(Trap(sprung), path)
    elif content == "cut short":
        path.write_bytes(path.read_bytes()[:-10])
    elif content == "another file":
        write_arrays(path, {"network/conv1.weight": np.zeros(3)}, {"step": 1})
    else:
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"(?s)training\.safetensors: no checkpoint .* delete it"):
        train(model, examples, Checkpoint(path))
    assert not sprung.exists()


def test_without_a_file_a_training_starts_fresh(model, tmp_path):
    network, _ = network_of(model)
    optimizer = torch.optim.AdamW(network.parameters())
    start = Checkpoint(tmp_path / "none").restore(network, optimizer, torch.Generator())
    assert start.step == 0 and start.rows == Progress().rows == []


def test_where_the_folder_of_the_project_is_not_nothing_is_kept(tmp_path, model, examples):
    rows = train(model, examples, Checkpoint(tmp_path / "elsewhere" / "training.safetensors"))
    assert rows and not (tmp_path / "elsewhere").exists()
