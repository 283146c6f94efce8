"""Self-training and mean teacher: what they do with labels, and what they must not."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.engine import predict
from houfeng.learning.examples import Examples
from houfeng.learning.networks import FusionConfig, MlpConfig, build
from houfeng.learning.semi import UNLABELLED, Consistent, _Pair, hide_labels, mean_teacher, self_train
from houfeng.learning.settings import TrainSettings

CONFIG = FusionConfig((("x", MlpConfig(2, 16, 1)),), depth=0, outputs=2)
SETTINGS = TrainSettings(steps=150, batch_size=32, learning_rate=1e-2, patience=0, evaluate_every=150)


def two_clouds(n: int, labelled: int, seed: int = 0) -> Examples:
    """Two clouds, four deviations apart; only some have labels."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    x = rng.normal(size=(n, 2)) * 0.5 + np.where(truth[:, None] == 1, 1.0, -1.0)
    target = np.where(np.arange(n) < labelled, truth, UNLABELLED)
    return Examples({"x": x}, target)


def accuracy(network, seed: int = 9) -> float:
    judged = two_clouds(400, 400, seed)
    return float((predict(network, judged.inputs).argmax(1) == judged.target).mean())


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.01, 1.0), n=st.integers(4, 200), least=st.integers(1, 3), seed=st.integers(0, 99))
def test_labels_are_hidden_class_by_class_and_never_changed(share, n, least, seed):
    target = np.arange(n) % 2
    hidden = hide_labels(target, share, np.random.default_rng(seed), least=least)
    kept = hidden != UNLABELLED
    assert (hidden[kept] == target[kept]).all()
    for value in (0, 1):
        size = int((target == value).sum())
        assert (hidden == value).sum() == min(size, max(least, round(share * size)))


def test_all_labels_stay_at_a_share_of_one():
    target = np.array([0, 1, 2, 2])
    assert hide_labels(target, 1.0, np.random.default_rng(0)).tolist() == [0, 1, 2, 2]
    with pytest.raises(InputError, match="share=0"):
        hide_labels(target, 0.0, np.random.default_rng(0))


def test_self_training_takes_what_it_is_sure_of_and_learns_the_clouds():
    done = self_train(lambda: build(CONFIG), two_clouds(300, 6), settings=SETTINGS, threshold=0.9)
    assert len(done.taken) == 2 and 0 < done.taken[0] <= 294
    assert accuracy(done.training.network) > 0.95


def test_without_a_sure_answer_self_training_is_supervised():
    examples = two_clouds(100, 20)
    unsure = self_train(lambda: build(CONFIG), examples, settings=SETTINGS, threshold=1.0)
    assert unsure.taken == (0,)
    alone = self_train(lambda: build(CONFIG), examples.select(examples.target >= 0), settings=SETTINGS)
    assert alone.taken == ()
    judged = two_clouds(50, 50, 3).inputs
    assert np.array_equal(predict(unsure.training.network, judged), predict(alone.training.network, judged))


def test_a_mean_teacher_learns_the_clouds_and_is_the_same_every_time():
    first, second = (mean_teacher(build(CONFIG), two_clouds(300, 6), settings=SETTINGS) for _ in range(2))
    assert accuracy(first.network) > 0.95
    judged = two_clouds(50, 50, 3).inputs
    assert np.array_equal(predict(first.network, judged), predict(second.network, judged))


def test_the_teacher_is_the_running_mean_of_the_student():
    pair = _Pair(build(CONFIG, seed=1), decay=0.5, consistency=1.0, ramp_steps=4).train()
    x = {"x": torch.zeros(1, 2)}
    weights = []
    for step in range(4):
        with torch.no_grad():
            pair.student.head[-1].bias.fill_(float(step))
        pair(x)
        weights.append(float(pair.teacher.head[-1].bias[0]))
    assert weights == pytest.approx([0.0, 0.5, 1.25, 2.125])  # the first step copies, then halves the distance
    pair.eval()
    pair(x)
    assert int(pair.step) == 4, "looking moves no teacher"


def test_no_gradient_reaches_the_teacher_and_the_weight_ramps_up():
    pair = _Pair(build(CONFIG, seed=1), decay=0.9, consistency=4.0, ramp_steps=3).train()
    ramp = [float(pair({"x": torch.zeros(1, 2)})[0, 2, 0].detach()) for _ in range(5)]
    assert ramp == sorted(ramp) and ramp[-1] == 4.0 and ramp[0] == pytest.approx(4 * np.exp(-5 * (2 / 3) ** 2))
    pair({"x": torch.ones(1, 2)})[:, :2].sum().backward()
    assert all(p.grad is None for p in pair.teacher.parameters())
    assert any(p.grad is not None for p in pair.student.parameters())


def test_the_loss_counts_labels_where_there_are_any_and_difference_everywhere():
    raw = torch.tensor([[[2.0, 0.0], [2.0, 0.0], [3.0, 3.0]], [[0.0, 2.0], [2.0, 0.0], [3.0, 3.0]]])
    each = Consistent().per_example(raw, torch.tensor([0, UNLABELLED]))
    chance = 1 / (1 + np.exp(-2))
    assert each[0].item() == pytest.approx(-np.log(chance), rel=1e-5)
    assert each[1].item() == pytest.approx(3 * (2 * chance - 1) ** 2, rel=1e-5)
    with pytest.raises(InputError, match="two are needed"):
        Consistent().check(np.array([0, 0, UNLABELLED]))


def test_labels_of_one_class_and_wild_settings_are_refused():
    lone = Examples({"x": np.zeros((4, 2))}, np.array([1, 1, UNLABELLED, UNLABELLED]))
    with pytest.raises(InputError, match="2 of 4 examples are labelled"):
        mean_teacher(build(CONFIG), lone, settings=SETTINGS)
    with pytest.raises(InputError, match="two classes need labels"):
        self_train(lambda: build(CONFIG), lone, settings=SETTINGS)
    with pytest.raises(InputError, match="decay=1"):
        mean_teacher(build(CONFIG), two_clouds(20, 10), settings=SETTINGS, decay=1.0)
    with pytest.raises(InputError, match="threshold=0"):
        self_train(lambda: build(CONFIG), two_clouds(20, 10), settings=SETTINGS, threshold=0.0)
    whole = TrainSettings(steps=2, batch_size=8, accumulate=2)
    with pytest.raises(InputError, match="accumulate=2"):
        mean_teacher(build(CONFIG), two_clouds(20, 10), settings=whole)
