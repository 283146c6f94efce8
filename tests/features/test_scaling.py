"""Normalisation and reduction: numbers of the training period, and of nothing later."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import FutureError, InputError, NotEnoughDataError, UnknownNameError
from houfeng.features.base import Lineage
from houfeng.features.scaling import Pca, Scaling, prove_fit, reduced
from houfeng.features.table import FeatureTable
from houfeng.times import from_datetime64
from tests.features.simulated import BOX, weekly

GRID = BOX.grid()
UNTIL = from_datetime64(weekly(12)[8])
SEEDS = st.integers(0, 2**32 - 1)


def table(seed=0, n=12):
    rng = np.random.default_rng(seed)
    shape = (n, len(GRID))
    common = rng.normal(size=shape)
    columns = {
        "a": 5 + 3 * common,
        "b": -common + 0.1 * rng.normal(size=shape),
        "gaps": np.where(rng.random(shape) < 0.2, np.nan, rng.gamma(2, size=shape)),
        "mostly_zero": np.where(rng.random(shape) < 0.9, 0, rng.gamma(2, size=shape)),
        "constant": np.full(shape, 1e6),
    }
    about = {name: Lineage("s", name, "1", latest_issued=datetime(2016, 6, 1, tzinfo=UTC)) for name in columns}
    return FeatureTable(weekly(n), GRID, columns, about)


@pytest.mark.parametrize("how", ["standard", "robust"])
def test_scaled_columns_are_centred_and_of_unit_spread(how):
    data = table()
    scaling = Scaling.fit(data, until=UNTIL, how=how, clip=50)
    rows = scaling.training_rows(data)
    assert rows.shape == (8 * len(GRID), 6) and rows.dtype == np.float32
    assert scaling.columns == ("a", "b", "gaps", "mostly_zero", "constant", "gaps_missing")
    middle = np.median(rows[:, :3], axis=0) if how == "robust" else rows[:, [0, 1]].mean(axis=0)
    assert np.abs(middle[:2]).max() < 1e-5
    assert np.allclose(rows[:, :2].std(axis=0), 1, atol=1e-4 if how == "standard" else 0.1)
    assert rows[:, 3].std() == pytest.approx(1, abs=1e-4)  # a robust spread of 0 falls back
    assert (rows[:, 4] == 0).all()


def test_missing_values_are_zero_and_told():
    data = table()
    rows = Scaling.fit(data, until=UNTIL).apply(data)
    missing = np.isnan(data.columns["gaps"]).ravel()
    assert not np.isnan(rows).any()
    assert (rows[missing, 2] == 0).all() and (rows[:, 5] == missing).all()


def test_the_columns_of_a_layer_that_dropped_out_are_missing_where_they_may_be():
    data = table()
    scaling = Scaling.fit(data, until=UNTIL)
    without = data.select(["a", "b", "mostly_zero", "constant"])
    rows = scaling.apply(without, may_lack=["gaps"])
    assert (rows[:, 2] == 0).all() and (rows[:, 5] == 1).all()
    assert np.array_equal(rows[:, [0, 1, 3, 4]], scaling.apply(data)[:, [0, 1, 3, 4]])
    with pytest.raises(UnknownNameError, match="unknown column 'gaps'"):
        scaling.apply(without, may_lack=["a"])


def test_values_far_out_are_clipped():
    data = table()
    scaling = Scaling.fit(data, until=UNTIL, clip=2.0)
    assert scaling.apply_to_rows(np.array([[1e9, -1e9, 0, 0, 0.0]])).tolist()[0][:2] == [2.0, -2.0]


@settings(max_examples=10)
@given(SEEDS, st.sampled_from(["standard", "robust"]))
def test_later_rows_change_nothing(seed, how):
    rng = np.random.default_rng(seed)
    prove_fit(lambda t: Scaling.fit(t, until=UNTIL, how=how).to_dict(), table(seed), UNTIL, rng)

    def with_pca(t):
        scaling = Scaling.fit(t, until=UNTIL, how=how)
        return Pca.fit(scaling.training_rows(t), 3).to_dict()

    prove_fit(with_pca, table(seed), UNTIL, rng)


def test_a_fit_that_looks_at_later_rows_is_caught():
    far = datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(FutureError, match="changes when rows up to 2016-08-17"):
        prove_fit(lambda t: Scaling.fit(t, until=far).to_dict(), table(), UNTIL, np.random.default_rng(1))
    with pytest.raises(InputError, match="both before"):
        prove_fit(lambda t: {}, table(), far, np.random.default_rng(1))


def test_it_comes_back_from_json():
    data = table()
    scaling = Scaling.fit(data, until=UNTIL, how="robust")
    again = Scaling.from_dict(json.loads(json.dumps(scaling.to_dict())))
    assert np.array_equal(again.apply(data), scaling.apply(data)) and again.until == UNTIL
    pca = Pca.fit(scaling.training_rows(data), 2)
    rows = scaling.apply(data)
    assert np.array_equal(Pca.from_dict(json.loads(json.dumps(pca.to_dict())))(rows), pca(rows))
    with pytest.raises(InputError, match="no scaling of columns"):
        Scaling.from_dict({"names": ["a"]})


def test_principal_components_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA

    data = table()
    rows = Scaling.fit(data, until=UNTIL).training_rows(data).astype(float)
    ours, theirs = Pca.fit(rows, 4), PCA(4).fit(rows)
    assert np.allclose(ours.shares, theirs.explained_variance_ratio_)
    assert np.allclose(np.abs((ours.components * theirs.components_).sum(axis=1)), 1)
    assert np.allclose(ours.components @ ours.components.T, np.eye(4), atol=1e-9)
    whole = Pca.fit(rows, 5)
    assert np.abs(whole.back(whole(rows)) - rows).mean() < np.abs(ours.back(ours(rows)) - rows).mean() + 1e-12


def test_a_reduction_is_a_table_with_its_lineage():
    data = table()
    scaling = Scaling.fit(data, until=UNTIL, names=["a", "b", "gaps"])
    pca = Pca.fit(scaling.training_rows(data), 2)
    found = reduced(data, scaling, pca, prefix="pc", method="principal components")
    assert found.names == ("pc_0", "pc_1") and found.shape == (12, len(GRID), 2)
    assert np.allclose(found.matrix(), pca(scaling.apply(data)), atol=1e-5)
    assert found.lineage["pc_0"].meaning == "principal components of 3 columns, fitted before 2016-07-27T00:00:00+00:00"
    assert found.lineage["pc_0"].latest_issued == datetime(2016, 6, 1, tzinfo=UTC)
    assert data.joined(found).names[-1] == "pc_1"
    encoder = reduced(data, scaling, lambda rows: np.tanh(rows[:, :1]), prefix="code", method="autoencoder")
    assert encoder.names == ("code_0",)


def test_what_cannot_be_fitted_is_refused():
    data = table()
    with pytest.raises(NotEnoughDataError, match="no moment"):
        Scaling.fit(data, until=datetime(2000, 1, 1, tzinfo=UTC))
    empty = FeatureTable(data.times, GRID, {"x": np.full((12, len(GRID)), np.nan)}, {"x": Lineage("s", "m", "1")})
    with pytest.raises(NotEnoughDataError, match="column x has no value"):
        Scaling.fit(empty, until=UNTIL)
    with pytest.raises(InputError, match="not 'minmax'"):
        Scaling.fit(data, until=UNTIL, how="minmax")
    with pytest.raises(InputError, match="clip must be positive"):
        Scaling.fit(data, until=UNTIL, clip=0)
    with pytest.raises(InputError, match="rows of shape"):
        Scaling.fit(data, until=UNTIL).apply_to_rows(np.zeros((3, 2)))
    with pytest.raises(NotEnoughDataError, match="do not have 9"):
        Pca.fit(np.zeros((20, 4)), 9)
