"""What a forecast means for places: the chance of shaking there, and what is worth doing about it beforehand."""

from collections.abc import Sequence
from importlib import resources

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.earthquake import Earthquake
from houfeng.forecasts.forecast import Forecast
from houfeng.geo import to_xyz_km
from houfeng.operations.places import Places, read_places
from houfeng.regions import Grid
from houfeng.response.advice import Action, Advice, advise_all
from houfeng.shaking.forecast import ShakingForecast, chance_of_intensity
from houfeng.shaking.motion import Motion
from houfeng.shaking.regimes import choose_models, mixture
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites
from houfeng.values import Estimate

#: Intensities people are told the chance of.
LEVELS = (6.0, 7.0)
#: Where past earthquakes are deeper than this, future ones are taken as within the slab, else between the plates.
SLAB_BELOW_KM = 60.0
#: Depth of a cell is the median of so many past earthquakes nearest to it.
_NEIGHBOURS = 15
#: PGV of subduction earthquakes is borrowed from the crust and too high below M7.5; PGA serves for all.
_MEASURES = ("PGA",)


def chilean_towns() -> Places:
    """Towns around the demo city; coordinates to a hundredth of a degree."""
    with resources.as_file(resources.files("houfeng.data").joinpath("coquimbo", "towns.csv")) as path:
        return read_places(path, radius_km=5.0)


def shaking_outlook(
    forecast: Forecast, places: Places, history: Catalog, *, region: str, levels: Sequence[float] = LEVELS
) -> ShakingForecast:
    """Chance that each place feels each intensity in the window of `forecast`.

    Parameters
    ----------
    history
        Known at the time of the forecast; says how deep earthquakes are where.
    region
        Whose ground-motion models; in ``chile`` and other subduction zones shallow earthquakes are taken as between
        the plates, deep ones as within the slab, elsewhere all are crustal.
    """
    sites = Sites.of(longitude=places.longitude, latitude=places.latitude)
    depth_km = usual_depth_km(forecast.gridded.grid, history)
    regime = np.where(depth_km > SLAB_BELOW_KM, "slab", "interface") if region == "chile" else "crustal"

    def motion_of(earthquake: Earthquake, where: Sites) -> Motion:
        rupture = Rupture.point(earthquake)
        return mixture(choose_models(earthquake.regime, region), rupture, rupture.distances(where), where, _MEASURES)

    return chance_of_intensity(forecast, sites, motion_of, levels=tuple(levels), depth_km=depth_km, regime=regime)


def usual_depth_km(grid: Grid, history: Catalog, *, step_km: float = 20.0) -> np.ndarray:
    """Median depth of the past earthquakes nearest to each cell, in steps, km; 20 km where none has a depth."""
    from scipy.spatial import cKDTree

    known = np.isfinite(history.depth_km)
    if not known.any():
        return np.full(len(grid), step_km)
    past = to_xyz_km(longitude=history.longitude[known], latitude=history.latitude[known])
    cells = to_xyz_km(longitude=grid.longitude, latitude=grid.latitude)
    nearest = cKDTree(past).query(cells, k=min(_NEIGHBOURS, len(past)))[1].reshape(len(grid), -1)
    median = np.median(history.depth_km[known][nearest], axis=1)
    return np.maximum(np.round(median / step_km), 0.5) * step_km


def usual_actions() -> tuple[Action, ...]:
    """Three things a city can do beforehand; costs and losses are SIMULATED, in thousand US dollars."""
    loss = Estimate(4000.0, 1500.0, 9000.0, 0.9)
    return (
        Action("test_generator", "H116", 2.0, loss, 0.2),
        Action("pre_position_team", "B1", 25.0, Estimate(3000.0, 500.0, 8000.0, 0.9), 0.2),
        Action("close_school", "S1", 40.0, Estimate(6000.0, 1000.0, 15000.0, 0.9), 0.5, people=600),
    )


def advice_for(outlook: ShakingForecast, place: int, *, level: float = 7.0) -> tuple[Advice, ...]:
    """What is worth doing at `place` at the chance of intensity `level` there."""
    chance = outlook.at(place, level)
    return advise_all((action, chance) for action in usual_actions())
