"""Tables of coefficients: which rows a measure needs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.shaking.gmm import models
from houfeng.shaking.gmm.tables import CoefficientTable, read_table


def table() -> CoefficientTable:
    period = np.array([-1.0, 0.0, 0.1, 1.0, 10.0])
    return CoefficientTable(period, {"period": period, "a": np.arange(5.0)})


def test_what_is_tabulated_is_taken_as_it_is():
    rows, weights = table().plan(("SA(1.0)", "PGA", "PGV"))
    assert rows.tolist() == [0, 1, 3]
    assert weights.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert table().take(rows)["a"].tolist() == [[0], [1], [3]]


def test_between_periods_the_logarithm_counts():
    rows, weights = table().plan(("SA(0.316227766)", "SA(0.1)"))
    assert rows.tolist() == [2, 3]
    np.testing.assert_allclose(weights, [[0.5, 0.5], [1.0, 0.0]], atol=1e-9)


@given(st.lists(st.floats(0.1, 10.0), min_size=1, max_size=5))
def test_weights_add_to_one(periods):
    rows, weights = table().plan(tuple(f"SA({period:.8f})" for period in periods))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert (weights >= 0).all() and len(set(rows.tolist())) == len(rows)


@pytest.mark.parametrize("measure", ["SA(0.05)", "SA(11)"])
def test_outside_the_table_is_refused(measure):
    with pytest.raises(InputError, match=r"has no .*SA\(T\) with T from 0.1 to 10.0 s"):
        table().plan((measure,))


def test_a_table_without_pgv_says_so():
    bare = CoefficientTable(np.array([0.0, 1.0]), {})
    with pytest.raises(InputError, match="PGV"):
        bare.plan(("PGV",))


@pytest.mark.parametrize("name", sorted(models()))
def test_every_table_is_whole(name):
    found = read_table(name.lower())
    assert (found.period == 0).sum() == 1 and len(set(found.period)) == len(found.period)
    assert all(np.isfinite(column).all() and not column.flags.writeable for column in found.columns.values())
    assert found.period.max() == 10.0
