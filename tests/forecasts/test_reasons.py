"""Reasons of a learned forecast: checked when they are made, kept with the forecast, absent from others."""

import math
from dataclasses import replace

import pytest

from houfeng.errors import InputError
from houfeng.forecasts import CellReasons, Explanation, FeatureReason

ONE = FeatureReason("a", "what a is", "km", 1.5, 0.2, 0.01)


def test_no_other_model_has_reasons():
    assert Explanation(0.5).learned is None


def test_reasons_are_frozen_and_a_list_becomes_a_tuple():
    reasons = CellReasons(10, 40, 4, 7, 0.2, 0.0, [ONE])
    assert reasons.strongest == (ONE,) and hash(reasons)
    with pytest.raises(AttributeError):
        reasons.log_factor = 1.0


@pytest.mark.parametrize(
    "change", [{"log_factor": math.nan}, {"error": -0.1}, {"error": math.inf}, {"value": math.nan}]
)
def test_numbers_that_are_none_are_refused(change):
    with pytest.raises(InputError, match="a "):
        replace(ONE, **change)


@pytest.mark.parametrize("change", [{"log_factor": math.inf}, {"usual_log_factor": math.nan}, {"latitude": 91.0}])
def test_cells_that_are_nowhere_are_refused(change):
    with pytest.raises(InputError):
        replace(CellReasons(10, 40, 4, 7, 0.2, 0.0, (ONE,)), **change)
