"""Settings refuse nonsense; the learning rate rises straight and falls along a cosine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.settings import TrainSettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "either steps or epochs"),
        ({"steps": 3, "epochs": 1}, "either steps or epochs"),
        ({"epochs": 0}, "epochs=0 must be positive"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.5}, "whole number"),
        ({"steps": 1, "batch_size": 0}, "batch_size=0"),
        ({"steps": 1, "learning_rate": 0.0}, "learning_rate"),
        ({"steps": 1, "learning_rate": float("nan")}, "learning_rate"),
        ({"steps": 1, "weight_decay": -1.0}, "weight_decay"),
        ({"steps": 1, "warmup_share": 1.2}, "a share"),
        ({"steps": 1, "device": "tpu"}, "device 'tpu' is none of auto, cpu, cuda"),
        ({"steps": 1, "order": "sorted"}, "order 'sorted'"),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        TrainSettings(**changes)


def test_epochs_become_steps():
    assert TrainSettings(epochs=3, batch_size=10).total_steps(95) == 29
    assert TrainSettings(epochs=3, batch_size=1000).total_steps(95) == 3
    assert TrainSettings(epochs=0.001, batch_size=10).total_steps(95) == 1
    assert TrainSettings(steps=7).total_steps(95) == 7


def test_the_learning_rate_at_its_corners():
    settings = TrainSettings(steps=100, learning_rate=1.0, warmup_steps=10, warmup_share=0, final_share=0.1)
    rates = [settings.learning_rate_at(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[-1] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)


@given(st.integers(1, 300), st.integers(0, 50), st.floats(0, 1), st.floats(0, 1))
def test_the_learning_rate_is_never_zero_nor_above_its_peak(total, steps, share, final):
    settings = TrainSettings(steps=total, warmup_steps=steps, warmup_share=share, final_share=final)
    for step in range(total):
        assert 0 <= settings.learning_rate_at(step, total) <= settings.learning_rate * (1 + 1e-12)


@given(st.integers(2, 300), st.integers(0, 400), st.floats(0, 1), st.floats(0, 1))
def test_the_learning_rate_rises_then_falls_and_reaches_its_peak(total, steps, share, final):
    settings = TrainSettings(steps=total, learning_rate=2.0, warmup_steps=steps, warmup_share=share, final_share=final)
    rates = [settings.learning_rate_at(step, total) for step in range(total)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(2.0)
    assert rates[: peak + 1] == sorted(rates[: peak + 1]) and rates[peak:] == sorted(rates[peak:], reverse=True)
    if max(steps, round(share * total)) < total - 1:  # there is a way down
        assert rates[-1] == pytest.approx(2.0 * final)


@given(st.floats(0.01, 50), st.integers(1, 500), st.integers(1, 2000))
def test_epochs_are_at_least_what_was_asked_and_less_than_a_step_more(epochs, batch, n):
    steps = TrainSettings(epochs=epochs, batch_size=batch).total_steps(n)
    seen = min(batch, n)
    assert (steps - 1) * seen < epochs * n + 1e-6
    assert steps * seen >= epochs * n - 1e-6
