"""How probable it is that a bridge is closed after shaking: Hazus fragility of highway bridges.

References
----------
FEMA (2022). Hazus 5.1 Earthquake Model Technical Manual, section 7.1, highway bridges: median of SA(1.0) for each
damage state of 28 classes, lognormal standard deviation 0.6; after Basöz, N. and Mander, J. (1999), Enhancement of
the highway transportation lifeline module in HAZUS, National Institute of Building Sciences. Medians hold for bridges
square to the road; those of moderate damage and worse shrink with the skew, and are not raised here for the help of
the deck (K3D, 1 or more), as numbers of spans are seldom known. Ground failure (liquefaction, landslides) is left out.
The medians were compared one by one with the table of the package simcenter-dlml 3.2 (BSD-3).
"""

from collections.abc import Mapping

import numpy as np

from houfeng.errors import InputError, UnknownNameError
from houfeng.response.closures import ClosureChance
from houfeng.response.roads import RoadNetwork

#: Damage states, from the lightest.
BRIDGE_STATES = ("slight", "moderate", "extensive", "complete")

#: Median SA(1.0) in g of each damage state by Hazus class.
BRIDGE_MEDIANS_G: Mapping[str, tuple[float, float, float, float]] = {
    "HWB1": (0.40, 0.50, 0.70, 0.90),
    "HWB2": (0.60, 0.90, 1.10, 1.70),
    "HWB3": (0.80, 1.00, 1.20, 1.70),
    "HWB4": (0.80, 1.00, 1.20, 1.70),
    "HWB5": (0.25, 0.35, 0.45, 0.70),
    "HWB6": (0.30, 0.50, 0.60, 0.90),
    "HWB7": (0.50, 0.80, 1.10, 1.70),
    "HWB8": (0.35, 0.45, 0.55, 0.80),
    "HWB9": (0.60, 0.90, 1.30, 1.60),
    "HWB10": (0.60, 0.90, 1.10, 1.50),
    "HWB11": (0.90, 0.90, 1.10, 1.50),
    "HWB12": (0.25, 0.35, 0.45, 0.70),
    "HWB13": (0.30, 0.50, 0.60, 0.90),
    "HWB14": (0.50, 0.80, 1.10, 1.70),
    "HWB15": (0.75, 0.75, 0.75, 1.10),
    "HWB16": (0.90, 0.90, 1.10, 1.50),
    "HWB17": (0.25, 0.35, 0.45, 0.70),
    "HWB18": (0.30, 0.50, 0.60, 0.90),
    "HWB19": (0.50, 0.80, 1.10, 1.70),
    "HWB20": (0.35, 0.45, 0.55, 0.80),
    "HWB21": (0.60, 0.90, 1.30, 1.60),
    "HWB22": (0.60, 0.90, 1.10, 1.50),
    "HWB23": (0.90, 0.90, 1.10, 1.50),
    "HWB24": (0.25, 0.35, 0.45, 0.70),
    "HWB25": (0.30, 0.50, 0.60, 0.90),
    "HWB26": (0.75, 0.75, 0.75, 1.10),
    "HWB27": (0.75, 0.75, 0.75, 1.10),
    "HWB28": (0.80, 1.00, 1.20, 1.70),
}

#: Lognormal standard deviation of all of them.
BRIDGE_BETA = 0.6

#: Where nobody knows the class: simple spans of prestressed concrete on rows of columns, built to older codes, the
#: most fragile of the common kinds. A choice on the safe side, not a survey.
UNKNOWN_CLASS = "HWB17"

#: A bridge moderately damaged stays open at half speed until it is inspected.
MODERATE_SLOWDOWN = 2.0


def bridge_sites(network: RoadNetwork) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges with a bridge, and longitude and latitude in degrees of their middles: where to ask for the shaking."""
    edges = np.flatnonzero(network.bridge)
    middle = (network.geometry_offset[edges] + network.geometry_offset[edges + 1] - 1) / 2
    low, high = np.floor(middle).astype(np.int64), np.ceil(middle).astype(np.int64)
    longitude = (network.geometry_longitude[low] + network.geometry_longitude[high]) / 2
    return edges, longitude, (network.geometry_latitude[low] + network.geometry_latitude[high]) / 2


def bridge_state_probability(
    sa10_g: np.ndarray, state: str, *, bridge_class: str = UNKNOWN_CLASS, skew_deg: float = 0.0
) -> np.ndarray:
    """Probability that a bridge is in `state` or worse.

    Parameters
    ----------
    sa10_g : ndarray, any shape
        Spectral acceleration at 1 s in g.
    state : str
        One of :data:`BRIDGE_STATES`.
    bridge_class : str
        One of :data:`BRIDGE_MEDIANS_G`.
    skew_deg : float
        Angle between the bridge's piers and the square to the road, 0 to below 90.

    Returns
    -------
    ndarray of float64, shape of `sa10_g`

    Raises
    ------
    InputError
        For shaking below zero or not a number, an unknown state or class, a skew outside its range.
    """
    from scipy.special import ndtr

    sa10_g = np.asarray(sa10_g, float)
    if not (sa10_g >= 0).all():
        raise InputError("SA(1.0) at a bridge is below zero or not a number; it is given in g, 0 or more")
    if state not in BRIDGE_STATES:
        raise UnknownNameError("damage state of a bridge", state, BRIDGE_STATES)
    if bridge_class not in BRIDGE_MEDIANS_G:
        raise UnknownNameError("bridge class", bridge_class, BRIDGE_MEDIANS_G)
    if not 0 <= skew_deg < 90:
        raise InputError(f"skew_deg = {skew_deg} is outside [0, 90)")
    median = BRIDGE_MEDIANS_G[bridge_class][BRIDGE_STATES.index(state)]
    if state != "slight":
        median = median * np.sqrt(np.cos(np.radians(skew_deg)))
    with np.errstate(divide="ignore"):
        return ndtr(np.log(sa10_g / median) / BRIDGE_BETA)


def bridge_chance(
    network: RoadNetwork,
    sa10_g: np.ndarray,
    *,
    bridge_class: str = UNKNOWN_CLASS,
    skew_deg: float = 0.0,
    closed_from: str = "extensive",
) -> ClosureChance:
    """Chance that shaking closes each bridge of a network.

    Parameters
    ----------
    sa10_g : ndarray, shape (n_bridges,) or (n_fields, n_bridges)
        SA(1.0) in g at :func:`bridge_sites`; over several fields of shaking the probabilities are averaged.
    closed_from : str
        A bridge in this state or worse is closed (extensive: columns sheared, large movement at connections, the
        approach settled). If more likely than not moderately damaged or worse, it is slowed by
        :data:`MODERATE_SLOWDOWN`.
    """
    edges = np.flatnonzero(network.bridge)
    fields = np.atleast_2d(np.asarray(sa10_g, float))
    if fields.shape[1] != len(edges):
        raise InputError(f"shaking at {fields.shape[1]} bridges; the network has {len(edges)}, see bridge_sites")
    how = {"bridge_class": bridge_class, "skew_deg": skew_deg}
    probability, slowdown = np.zeros(network.n_edges), np.ones(network.n_edges)
    probability[edges] = bridge_state_probability(fields, closed_from, **how).mean(axis=0)
    moderate = bridge_state_probability(fields, "moderate", **how).mean(axis=0)
    slowdown[edges[moderate >= 0.5]] = MODERATE_SLOWDOWN
    source = f"SIMULATED bridge damage: Hazus {bridge_class}, {closed_from} or worse closes"
    return ClosureChance(probability, source, slowdown)
