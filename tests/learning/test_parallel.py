"""Two processes on one batch give what one gives."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from houfeng.errors import FitError, InputError
from houfeng.learning.checkpoint import digest_weights
from houfeng.learning.engine import train
from houfeng.learning.examples import Examples
from houfeng.learning.networks import FusionConfig, MapCnnConfig, MlpConfig, build
from houfeng.learning.parallel import train_distributed
from houfeng.learning.settings import TrainSettings

CONFIG = FusionConfig((("numbers", MlpConfig(3, width=8)), ("maps", MapCnnConfig(1, width=8, depth=2))), width=8)
SETTINGS = TrainSettings(steps=12, batch_size=15, evaluate_every=4, accumulate=2)


def some(n, seed=0):
    rng = np.random.default_rng(seed)
    x, maps = rng.normal(size=(n, 3)), rng.normal(size=(n, 1, 6, 6))
    target = (x[:, 0] + maps.mean((1, 2, 3)) > 0).astype(int)
    return Examples({"numbers": x, "maps": maps}, target, rng.uniform(0.5, 2, n))


@pytest.mark.slow
def test_two_processes_equal_one_and_resume_each_others_work(tmp_path):
    one = train(build(CONFIG), some(70), some(31, 1), loss="binary", settings=SETTINGS)
    two = train_distributed(
        partial(build, CONFIG), some(70), some(31, 1), loss="binary", settings=SETTINGS, folder=tmp_path
    )
    for name, values in one.network.state_dict().items():
        other = two.network.state_dict()[name]
        scale = values.abs().max()
        assert (values - other).abs().max() <= 1e-5 * scale, name
    for ours, theirs in zip(one.history, two.history, strict=True):
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-5)
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-5)
        assert ours.gradient_norm == pytest.approx(theirs.gradient_norm, rel=1e-4)
    again = train(build(CONFIG), some(70), some(31, 1), loss="binary", settings=SETTINGS, folder=tmp_path)
    assert digest_weights(again.network) == digest_weights(two.network)
    assert not two.network.training
    assert two.stopped == "all steps done"


@pytest.mark.slow
def test_what_one_process_says_is_heard():
    huge = Examples(some(20).inputs, some(20).target * 1e12)
    with pytest.raises(FitError, match="gradient exploded at step 0"):
        train_distributed(partial(build, CONFIG), huge, None, loss="mse", settings=SETTINGS)


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="processes=0"):
        train_distributed(partial(build, CONFIG), some(20), None, loss="binary", settings=SETTINGS, processes=0)


def test_a_batch_smaller_than_the_team_is_refused():
    class Two:
        rank, size = 0, 2

    with pytest.raises(InputError, match="cannot be cut into 4 pieces"):
        train(build(CONFIG), some(20), None, loss="binary", settings=replace(SETTINGS, batch_size=3), team=Two())
