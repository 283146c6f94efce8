"""The features of seismicity that a model gets when nobody chooses: one tuple, in one place."""

from houfeng.features.base import SweepingFeature
from houfeng.features.rates import Quiescence, Rates, RegionActivity


def standard_features(min_magnitude: float) -> tuple[SweepingFeature, ...]:
    """What earthquakes of at least `min_magnitude`, the completeness magnitude, tell about each cell.

    All are relative to the cell and to the moment: none holds a coordinate or a date.
    """
    return (
        Rates(min_magnitude),
        Quiescence(min_magnitude),
        RegionActivity(min_magnitude),
    )
