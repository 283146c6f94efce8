"""What may happen: forecasts as data, and the files they are exchanged in."""

from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import CellReasons, Contributor, Explanation, FeatureReason, Forecast, Issue
from houfeng.forecasts.gridded import GriddedForecast, magnitude_bins
from houfeng.forecasts.simulated import SimulatedForecast

__all__ = [
    "CellReasons",
    "Contributor",
    "Counts",
    "Explanation",
    "FeatureReason",
    "Forecast",
    "GriddedForecast",
    "Issue",
    "SimulatedForecast",
    "magnitude_bins",
]
