"""The features of seismicity that a model gets when nobody chooses: one tuple, in one place."""

from houfeng.features.base import SweepingFeature
from houfeng.features.clustering import Clustering, Regularity
from houfeng.features.energy import Largest, Strain
from houfeng.features.rates import Quiescence, Rates, RegionActivity
from houfeng.features.sizes import Depths, SizeLaw


def standard_features(min_magnitude: float, *, cluster_threshold: float = -5.0) -> tuple[SweepingFeature, ...]:
    """What earthquakes of at least `min_magnitude`, the completeness magnitude, tell about each cell.

    All are relative to the cell and to the moment: none holds a coordinate or a date. `cluster_threshold` is the
    log10 eta of :class:`houfeng.features.clustering.Clustering`.
    """
    return (
        Rates(min_magnitude),
        Strain(min_magnitude),
        Largest(min_magnitude),
        SizeLaw(min_magnitude),
        Regularity(min_magnitude),
        Clustering(min_magnitude, threshold=cluster_threshold),
        Quiescence(min_magnitude),
        Depths(min_magnitude),
        RegionActivity(min_magnitude),
    )
