"""Which ground-motion models speak for an earthquake, and one answer from several."""

from collections.abc import Mapping

import numpy as np

from houfeng.earthquake import REGIMES
from houfeng.errors import InputError, UnknownNameError
from houfeng.shaking.distances import Distances
from houfeng.shaking.gmm.aga16 import AGA16
from houfeng.shaking.gmm.ask14 import ASK14
from houfeng.shaking.gmm.base import GroundMotionModel, Source
from houfeng.shaking.gmm.bssa14 import BSSA14
from houfeng.shaking.gmm.cb14 import CB14
from houfeng.shaking.gmm.limits import Outside
from houfeng.shaking.gmm.montalva17 import Montalva17
from houfeng.shaking.gmm.styles import REGIONS
from houfeng.shaking.motion import Motion
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites


def choose_models(regime: str, region: str = "global") -> dict[GroundMotionModel, float]:
    """Models for an earthquake of `regime` in `region`, with weights that add to one.

    In the crust three NGA-West2 models count alike. In the subduction zone of Chile the model made there and the
    worldwide one count alike; elsewhere the worldwide one stands alone, and its answer holds no spread between models.
    Equal weights are a choice, not a result: nothing has been fitted.

    Parameters
    ----------
    regime
        ``crustal``, ``interface`` or ``slab``.
    region
        ``chile`` or one of :data:`houfeng.shaking.gmm.styles.REGIONS`.

    Raises
    ------
    UnknownNameError
        When there is no such regime or region.
    """
    if regime not in REGIMES:
        raise UnknownNameError("regime", regime, REGIMES)
    if region != "chile" and region not in REGIONS:
        raise UnknownNameError("region of ground-motion models", region, (*REGIONS, "chile"))
    if regime != "crustal":
        return {Montalva17(): 0.5, AGA16(): 0.5} if region == "chile" else {AGA16(): 1.0}
    crust = "global" if region == "chile" else region
    return dict.fromkeys((ASK14(crust), BSSA14(crust), CB14(crust)), 1.0 / 3.0)


def mixture(
    weights: Mapping[GroundMotionModel, float],
    source: Rupture | Source,
    distances: Distances,
    sites: Sites,
    measures: tuple[str, ...],
) -> Motion:
    """One answer from several models.

    The mean is the weighted mean of their logarithms; the variances are weighted means as well. What the models
    disagree about, the weighted variance of their means at a site, is added to the variance `between` earthquakes:
    whichever model is right is so at all sites of one earthquake.

    Raises
    ------
    InputError
        When there is no model, or the weights are negative or do not add to one.
    """
    shares = np.array(list(weights.values()), float)
    if not ((shares >= 0).all() and abs(shares.sum() - 1.0) < 1e-9):
        raise InputError(f"weights of ground-motion models must be at least 0 and add to 1, got {shares.tolist()}")
    found = [model.motion(source, distances, sites, measures) for model in weights]
    if len(found) == 1:
        return found[0]
    mean = sum(share * motion.mean_ln for share, motion in zip(shares, found, strict=True))
    between2, within2 = np.zeros_like(mean), np.zeros_like(mean)
    for share, motion in zip(shares, found, strict=True):
        between2 += share * (motion.between**2 + (motion.mean_ln - mean) ** 2)
        within2 += share * motion.within**2
    return Motion(tuple(measures), mean, np.sqrt(between2), np.sqrt(within2))


def outside_limits(
    weights: Mapping[GroundMotionModel, float], source: Rupture | Source, distances: Distances, sites: Sites
) -> tuple[Outside, ...]:
    """What lies beyond the limits of the models that count, model by model."""
    return tuple(
        note for model, share in weights.items() if share > 0 for note in model.outside(source, distances, sites)
    )
