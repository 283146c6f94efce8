"""The engine: it learns, stops, refuses, and a training killed anywhere ends with the same bits."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import FitError, InputError, StoreError
from houfeng.learning.checkpoint import digest_weights
from houfeng.learning.engine import Training, predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.losses import Binary, Loss
from houfeng.learning.networks import FusionConfig, MlpConfig, build
from houfeng.learning.settings import TrainSettings

CONFIG = FusionConfig((("features", MlpConfig(3, width=16, depth=1, dropout=0.2)),), width=8, dropout=0.2)
SETTINGS = TrainSettings(steps=40, batch_size=16, evaluate_every=10, learning_rate=0.01, checkpoint_every_steps=7)


def some(n=120, seed=0):
    """Examples of a probability 1 / (1 + exp(-2 x0 + x1))."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return Examples({"features": x}, (rng.random(n) < 1 / (1 + np.exp(-2 * x[:, 0] + x[:, 1]))).astype(int))


def noisy(inputs, generator):
    x = inputs["features"]
    return {"features": x + 0.05 * torch.randn(x.shape, generator=generator)}


def run(settings=SETTINGS, network=None, **more) -> Training:
    given = {"examples": some(), "validation": some(60, 1), "loss": "binary", "augment": noisy} | more
    network = build(CONFIG) if network is None else network
    return train(network, given.pop("examples"), given.pop("validation"), settings=settings, **given)


def test_it_learns_what_there_is_to_learn():
    examples, unseen = some(2000), some(2000, 1)
    training = run(replace(SETTINGS, steps=300), examples=examples, validation=unseen, augment=None)
    logits = predict(training.network, unseen.inputs)
    truth = 2 * unseen.inputs["features"][:, 0] - unseen.inputs["features"][:, 1]
    assert np.corrcoef(logits, truth)[0, 1] > 0.9
    assert training.best_loss < 0.98 * training.history[0].validation_loss
    assert training.stopped == "all steps done"


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    one, same, other = run(), run(), run(replace(SETTINGS, seed=1))
    assert digest_weights(one.network) == digest_weights(same.network) != digest_weights(other.network)
    assert one.history == same.history


def test_the_generators_of_torch_and_numpy_are_left_alone():
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(5)
    np.random.seed(5)
    threads = torch.get_num_threads()
    run()
    assert (torch.rand(1).item(), np.random.rand()) == expected
    assert torch.get_num_threads() == threads


def test_the_best_weights_are_kept_and_training_stops_when_nothing_improves():
    examples, unseen = some(30), some(300, 1)
    training = run(
        replace(SETTINGS, steps=3000, patience=3, learning_rate=0.05, weight_decay=0.0),
        examples=examples,
        validation=unseen,
        augment=None,
    )
    losses = [point.validation_loss for point in training.history]
    assert training.stopped == "no better validation loss in 3 evaluations"
    assert training.best_loss == min(losses)
    assert training.best_step == training.history[int(np.argmin(losses))].step
    assert training.history[-1].step == training.best_step + 30
    logits = torch.from_numpy(predict(training.network, unseen.inputs))
    assert Binary().per_example(logits, torch.from_numpy(unseen.target)).mean() == pytest.approx(
        training.best_loss, rel=1e-5
    )


def test_patience_of_zero_goes_on_to_the_end():
    training = run(replace(SETTINGS, steps=200, patience=0, learning_rate=0.05), examples=some(30))
    assert training.history[-1].step == 200


def test_without_validation_the_last_weights_are_kept():
    training = run(validation=None)
    assert training.best_step == 40
    assert np.isnan(training.best_loss)


def test_pieces_of_a_batch_give_the_gradients_of_the_whole():
    config = replace(CONFIG, branches=(("features", MlpConfig(3, width=16, depth=1)),), dropout=0.0)
    weighted = Examples(some().inputs, some().target, np.linspace(0.1, 2, 120))
    whole, pieces = (
        run(replace(SETTINGS, accumulate=n), network=build(config), augment=None, examples=weighted) for n in (1, 5)
    )
    for one, other in zip(whole.network.state_dict().values(), pieces.network.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert pieces.best_loss == pytest.approx(whole.best_loss, rel=1e-5)


def test_examples_without_weight_teach_nothing():
    examples = some(100)
    wrong = Examples(
        {"features": np.vstack([examples.inputs["features"], examples.inputs["features"]])},
        np.concatenate([examples.target, 1 - examples.target]),
        np.repeat([1.0, 0.0], 100),
    )
    training = run(replace(SETTINGS, steps=150), examples=wrong, augment=None)
    assert training.best_loss < 0.6


def test_frozen_parameters_stay_and_scaled_ones_move_less():
    network = build(CONFIG)
    frozen = network.branches["on_features"].layers[0]
    frozen.requires_grad_(False)
    before = {name: values.clone() for name, values in network.named_parameters()}
    run(network=network)
    after = dict(network.named_parameters())
    assert torch.equal(before["branches.on_features.layers.0.weight"], after["branches.on_features.layers.0.weight"])
    assert not torch.equal(before["head.0.weight"], after["head.0.weight"])

    def moved(scale):
        network = build(CONFIG)
        run(replace(SETTINGS, steps=1, scales=(("head", scale),), weight_decay=0.0), network=network)
        return (network.head[-1].weight.detach() - build(CONFIG).head[-1].weight.detach()).abs().max().item()

    assert moved(0.1) == pytest.approx(0.1 * moved(1.0), rel=1e-3)


def test_only_matrices_are_shrunk():
    network = build(CONFIG)
    with torch.no_grad():
        network.head[1].weight.fill_(3.0)
        network.head[0].weight.fill_(3.0)
    still = Examples({"features": np.zeros((20, 3))}, np.arange(20) % 2, np.ones(20))
    run(replace(SETTINGS, steps=60, weight_decay=1.0), network=network, examples=still, validation=None)
    assert network.head[1].weight.min() > 2.5
    assert network.head[0].weight.max() < 2.9


def test_bf16_learns_nearly_the_same():
    full, half = run(augment=None), run(replace(SETTINGS, bf16=True), augment=None)
    assert half.best_loss == pytest.approx(full.best_loss, abs=0.02)
    assert next(half.network.parameters()).dtype == torch.float32
    assert digest_weights(half.network) != digest_weights(full.network)


def test_progress_is_told_at_each_evaluation():
    told = []
    training = run(progress=told.append)
    assert [progress.point for progress in told] == list(training.history)
    assert {progress.steps for progress in told} == {40}
    assert all(progress.elapsed_s > 0 for progress in told)


def test_the_log_says_where_it_is(caplog):
    with caplog.at_level("INFO", logger="houfeng.learning"):
        run()
    assert len(caplog.messages) == 4
    assert caplog.messages[0].startswith("step 10 of 40 after ")


def test_predictions_come_in_order_whatever_the_batches():
    network, inputs = build(CONFIG), some(50).inputs
    network.train()
    np.testing.assert_allclose(predict(network, inputs, 7), predict(network, inputs), rtol=1e-5, atol=1e-6)
    assert network.training
    with pytest.raises(InputError, match="no rows"):
        predict(network, {"features": np.zeros((0, 3))})


def test_what_cannot_end_well_is_refused_before_the_first_step():
    examples = some()
    with pytest.raises(InputError, match="two classes"):
        run(examples=Examples(examples.inputs, np.zeros(120)))
    with pytest.raises(InputError, match="two classes"):
        run(examples=Examples(examples.inputs, examples.target, (examples.target == 1).astype(float)))
    with pytest.raises(InputError, match="no training examples with a weight"):
        run(examples=Examples(examples.inputs, examples.target, np.zeros(120)))
    with pytest.raises(InputError, match="no validation examples"):
        run(validation=some().select([]))
    with pytest.raises(InputError, match=r"validation has inputs \['other'\]"):
        run(validation=Examples({"other": np.zeros((3, 3))}, np.arange(3) % 2))
    with pytest.raises(InputError, match="cannot be cut into 17 pieces"):
        run(replace(SETTINGS, accumulate=17))
    with pytest.raises(InputError, match="finds no GPU"):
        run(replace(SETTINGS, device="cuda"))
    network = build(CONFIG)
    network.requires_grad_(False)
    with pytest.raises(InputError, match="all are frozen"):
        run(network=network)


def test_a_loss_that_is_no_number_names_step_row_and_input():
    def poison(inputs, generator):
        x = inputs["features"].clone()
        x[3, 0] = float("nan")
        return {"features": x}

    with pytest.raises(FitError, match=r"not finite at step 0 \(learning rate .*row \d+, whose input 'features' reach"):
        run(augment=poison)


def test_a_row_is_told_by_its_name_where_it_has_one():
    plain = some()
    names = tuple(f"pictures/{row}.jpg" for row in range(len(plain)))
    wild = np.array(plain.inputs["features"])
    wild[5] = 3e38
    named = Examples({"features": wild}, plain.target, names=names)
    with pytest.raises(FitError, match=r"not finite at step \d+ .*row 5 \(pictures/5\.jpg\), whose input 'features' r"):
        run(examples=named, augment=None)
    with pytest.raises(FitError, match=r"validation loss is .* first in row 5 \(pictures/5\.jpg\)"):
        run(validation=named)


def test_exploding_gradients_say_what_to_lower():
    huge = Examples({"features": some().inputs["features"]}, some().target * 1e12)
    with pytest.raises(FitError, match=r"gradient exploded at step 0 .* lower the learning rate"):
        run(examples=huge, validation=None, loss="mse")


def test_a_validation_loss_that_is_no_number_is_an_error():
    far = Examples({"features": np.full((4, 3), 1e38)}, np.arange(4) % 2)
    config = FusionConfig((("features", MlpConfig(3, depth=0)),), depth=0)
    with pytest.raises(FitError, match="validation loss is"):
        run(replace(SETTINGS, learning_rate=100.0), network=build(config), validation=far, augment=None)


@dataclass(frozen=True)
class Cubic(Loss):
    """A loss of a caller's own."""

    def per_example(self, raw, target):
        return (raw - target).abs() ** 3


def test_a_loss_of_ones_own():
    training = run(loss=Cubic(), examples=Examples(some().inputs, some().target.astype(float)))
    assert training.best_loss < training.history[0].train_loss


# --- resume -------------------------------------------------------------------------------------------------------


class Killed(Exception):
    """Stands for a death between two steps."""


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_training_that_died_resumes_to_the_same_bits(tmp_path, at):
    whole = run()
    seen = []

    def die(progress):
        seen.append(progress)
        if len(seen) == at:
            raise Killed

    with pytest.raises(Killed):
        run(folder=tmp_path, progress=die)
    resumed = run(folder=tmp_path)
    assert digest_weights(resumed.network) == digest_weights(whole.network)
    assert resumed.history == whole.history
    assert (resumed.best_step, resumed.best_loss) == (whole.best_step, whole.best_loss)


@dataclass(frozen=True)
class Dying:
    """Noise that dies in the middle of a step; the count is no part of what it is."""

    left: list = field(repr=False)

    def __call__(self, inputs, generator):
        self.left[0] -= 1
        if not self.left[0]:
            raise Killed
        return noisy(inputs, generator)


@cache
def undisturbed(every: int):
    return run(replace(SETTINGS, steps=12, evaluate_every=every, patience=2), augment=Dying([99]))


@given(st.lists(st.integers(1, 12), min_size=1, max_size=3), st.integers(1, 5), st.sampled_from([2, 3, 5]))
@settings(max_examples=15, deadline=None)
def test_it_may_die_in_any_step_as_often_as_it_likes(deaths, cadence, every):
    whole = undisturbed(every)
    small = replace(SETTINGS, steps=12, evaluate_every=every, patience=2, checkpoint_every_steps=cadence)
    with tempfile.TemporaryDirectory() as folder:
        for death in deaths:
            with contextlib.suppress(Killed):  # a training near its end may not live to see its death
                run(small, folder=folder, augment=Dying([death]))
        done = run(small, folder=folder, augment=Dying([99]))
    assert digest_weights(done.network) == digest_weights(whole.network)
    assert (done.history, done.best_step, done.stopped) == (whole.history, whole.best_step, whole.stopped)


def test_a_finished_training_is_not_done_again(tmp_path):
    first = run(folder=tmp_path)
    told = []
    again = run(folder=tmp_path, progress=told.append)
    assert told == []
    assert digest_weights(again.network) == digest_weights(first.network)
    assert (again.history, again.stopped) == (first.history, first.stopped)


def test_the_checkpoint_of_another_training_is_refused(tmp_path):
    run(folder=tmp_path)
    with pytest.raises(InputError, match=r"another training \(different: settings\)"):
        run(replace(SETTINGS, learning_rate=0.02), folder=tmp_path)
    with pytest.raises(InputError, match=r"\(different: examples\)"):
        run(folder=tmp_path, examples=some(seed=3))
    with pytest.raises(InputError, match=r"\(different: validation examples\)"):
        run(folder=tmp_path, validation=None)
    with pytest.raises(InputError, match=r"\(different: first weights\)"):
        run(folder=tmp_path, network=build(CONFIG, seed=1))
    with pytest.raises(InputError, match=r"\(different: network, first weights\)"):
        run(folder=tmp_path, network=build(replace(CONFIG, width=9)))
    with pytest.raises(InputError, match=r"\(different: loss\)"):
        run(folder=tmp_path, loss=Binary(2.0))
    with pytest.raises(InputError, match=r"\(different: augmentation\)"):
        run(folder=tmp_path, augment=None)


def test_how_often_a_checkpoint_is_written_may_change(tmp_path):
    run(folder=tmp_path)
    run(replace(SETTINGS, checkpoint_every_steps=3, checkpoint_every_s=1.0), folder=tmp_path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut"])
def test_a_checkpoint_that_cannot_be_read_is_named(tmp_path, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"checkpoint\.pt is not a checkpoint that can be read"):
        run(folder=tmp_path)


def test_a_checkpoint_that_cannot_be_written_is_an_error_with_its_path(tmp_path):
    (tmp_path / "occupied").write_text("a file, not a folder")
    with pytest.raises(StoreError, match=r"no checkpoint could be written to .*occupied/checkpoint\.pt"):
        run(folder=tmp_path / "occupied", progress=lambda at: pytest.fail("it was known before the first step"))


def test_a_half_written_checkpoint_of_a_killed_process_does_no_harm(tmp_path):
    (tmp_path / "checkpoint.pt.4711.part").write_bytes(b"half")
    run(folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
import torch
from dataclasses import replace
from tests.learning.test_engine import SETTINGS, run
from houfeng.learning.checkpoint import digest_weights
LONG = replace(SETTINGS, steps=120, checkpoint_every_steps=1, patience=0)
training = run(LONG, folder=sys.argv[1] or None, progress=lambda progress: print(progress.point.step, flush=True))
print(digest_weights(training.network), flush=True)
"""


def child(folder) -> subprocess.Popen:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), root], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )


@pytest.mark.slow
def test_killed_without_warning_and_resumed_until_done_it_ends_with_the_same_bits(tmp_path):
    long = replace(SETTINGS, steps=120, checkpoint_every_steps=1, patience=0)
    whole = digest_weights(run(long).network)
    rng = np.random.default_rng(0)
    kills = 0
    for _ in range(20):
        process = child(tmp_path)
        if kills < 2:
            process.stdout.readline()  # the first evaluation; then anywhere, also while a checkpoint is written
            time.sleep(rng.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            continue
        written = process.communicate(timeout=120)[0].split()
        break
    assert kills == 2
    assert process.returncode == 0
    assert written[-1] == whole
    assert not list(tmp_path.glob("*.part"))
