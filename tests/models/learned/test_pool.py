"""A pool: rates are the weighted mean of its members', the champion among them."""

import numpy as np
import pytest

from houfeng.errors import InputError, UnknownNameError
from houfeng.models.learned.learners import Prior
from houfeng.models.learned.pool import CHAMPION, LearnedPool, Pool, PooledRule
from houfeng.models.learned.rows import Rows


class Times:
    """Learns nothing and multiplies the prior."""

    def __init__(self, factor):
        self.factor = factor

    def fit(self, rows, rng):
        return self

    def log_rate(self, rows):
        return rows.log_prior + np.log(self.factor)


@pytest.fixture
def rows():
    n, rng = 50, np.random.default_rng(1)
    return Rows(time=np.zeros(n, "datetime64[us]"), cell=np.arange(n), features=np.zeros((n, 2), np.float32),
                log_prior=rng.normal(-5, 2, n), active=np.zeros(n, bool), weight=np.ones(n),
                patches=np.zeros((n, 0, 0, 0), np.float32), sequences=np.zeros((n, 0, 0), np.float32))  # fmt: skip


def test_a_fit_gives_all_the_same_weight(rows):
    rule = Pool(("twice", "half"), (Times(2.0), Times(0.5))).fit(rows, np.random.default_rng(1))
    assert rule.names == (CHAMPION, "twice", "half") and isinstance(rule.rules[0], Prior)
    assert rule.log_rate(rows) == pytest.approx(rows.log_prior + np.log((1 + 2 + 0.5) / 3))


def test_the_rate_is_the_weighted_mean(rows):
    rule = PooledRule((CHAMPION, "a"), (Prior(), Times(4.0)), np.array([0.9, 0.1]))
    assert np.exp(rule.log_rate(rows)) == pytest.approx(np.exp(rows.log_prior) * 1.3)
    assert rule.rates(rows).shape == (2, len(rows))


@pytest.mark.parametrize(
    ("names", "weights"),
    [((CHAMPION, CHAMPION), (0.5, 0.5)), ((CHAMPION, "a"), (0.5, 0.6)), ((CHAMPION, "a"), (1.0, 0.0)),
     ((CHAMPION,), (0.5, 0.5)), ((CHAMPION, "a"), (1.0,))],
)  # fmt: skip
def test_weights_and_names_that_make_no_sense_are_refused(names, weights):
    with pytest.raises(InputError, match="pool"):
        PooledRule(names, (Prior(), Times(2.0)), np.array(weights))


def test_a_recipe_looks_at_whatever_a_member_looks_at():
    assert LearnedPool(3.0).looks_at == ("features",)
    assert set(LearnedPool(3.0, members=["logistic", "fusion"]).looks_at) == {"features", "patches", "sequences"}


@pytest.mark.parametrize("members", [(), "logistic", ("pool",), ("etas",)])
def test_members_are_learned_models(members):
    with pytest.raises(InputError):
        LearnedPool(3.0, members=members)
    with pytest.raises(UnknownNameError):
        LearnedPool(3.0, members=("logistik",))
