"""What is known of each strong source at a moment: the signals by which its weight and its kernel are changed.

Nothing here depends on the place where the density is asked for. The earthquakes lie on a plane: x and y.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np

from houfeng.models.adaptive.past import Past
from houfeng.models.hybrid.sources import SpaceSources, Strongest

#: A later earthquake is near a source within this many widths of its kernel and usual distances between earthquakes.
NEAR = 2.0

NAMES = (
    *("ln_age", "magnitude", "independence", "quiet", "pace", "ln_spacing", "ln_share", "rank"),
    *("ln_heat", "ln_near", "ln_near_over_expected", "ln_age_of_nearest_in_time", "ln_from_last", "ln_from_strongest"),
    *("ln_weight_of_all", "background_share", "ln_elapsed", "share_of_strongest"),
    "elongation",
)
#: Signals that are the same for all sources of a moment.
OF_MOMENT = ("ln_weight_of_all", "background_share", "ln_elapsed", "share_of_strongest")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Sources as seen at moments.

    Attributes
    ----------
    signals : ndarray of float32, shape (m, k, len(NAMES))
        Zero where there is no source.
    axis : ndarray of float32, shape (m, k, 2)
        Unit vector along which the strong sources around each lie.
    """

    signals: np.ndarray
    axis: np.ndarray


def pairs_at(
    past: Past, sources: SpaceSources, found: Strongest, days: np.ndarray, before: np.ndarray, own: np.ndarray
) -> Pairs:
    """Signals of every source of every moment.

    Parameters
    ----------
    days, before : ndarray, shape (m,)
        The moments, and how many earthquakes came before.
    own : ndarray, shape (m,)
        Weight of the background in the denominator.
    """
    s, none = past.smoothing, found.source < 0
    j = np.maximum(found.source, 0)
    age = np.maximum(days[:, None] - sources.days[j], 1e-6)
    features, spacing = past.features.productivity, np.log(past.kernel_km / s.spacing_km)
    weight = found.weight.astype(float)
    total = own + weight.sum(axis=1) + found.below.sum(axis=1)
    around = np.zeros((*found.source.shape, 8), np.float32)
    near2 = NEAR**2 * (sources.spread_km2 + s.spacing_km**2 * 0.1)
    _around(found.source, weight, sources.days, sources.xyz_km, sources.spread_km2, near2, days, before, around)
    expected = np.exp(sources.ln_weight[j]) * age ** (1 - min(1 + sources.decay.omega, 0.95))
    since_last = np.log((days - sources.days[before - 1]) / s.gap_days + 1e-3)
    columns = [
        np.log(age / s.gap_days + 1e-4),
        *(features[j, f] for f in range(features.shape[1])),
        spacing[j],
        np.log(weight / total[:, None] + 1e-6),
        np.broadcast_to(np.linspace(0, 1, j.shape[1]), j.shape),
        np.log(around[:, :, 0] + 1e-4),
        np.log1p(around[:, :, 1]),
        np.log1p(around[:, :, 1]) - np.log1p(expected),
        np.log(around[:, :, 2] / s.gap_days + 1e-4),
        np.log(around[:, :, 3] / s.spacing_km + 0.1),
        np.log(around[:, :, 4] / s.spacing_km + 0.1),
        *(np.broadcast_to(c[:, None], j.shape) for c in (np.log(total), own / total, since_last)),
        np.broadcast_to((weight[:, :1] / total[:, None]), j.shape),
        around[:, :, 7],
    ]
    out = np.stack(columns, axis=-1).astype(np.float32)
    out[none] = 0.0
    return Pairs(out, around[:, :, 5:7])


@nb.njit(cache=True, error_model="numpy")
def _around(source, weight, days, xyz, spread, near2, moments, before, out):
    """Heat, later near ones, age of the last of them, distances to the last and the strongest, axis, elongation."""
    m, k = source.shape
    for i in range(m):
        total = 1e-12
        for a in range(k):
            total += weight[i, a]
        last, first = before[i] - 1, source[i, 0]
        for a in range(k):
            j = source[i, a]
            if j < 0:
                continue
            heat, near, latest, xx, xy, yy = 0.0, 0.0, days[j], 0.0, 0.0, 0.0
            for b in range(k):
                other = source[i, b]
                if other < 0 or other == j:
                    continue
                d2 = _distance2(xyz, j, other)
                x = spread[other] / (d2 + spread[other])
                heat += weight[i, b] * x * np.sqrt(x)
                u, v = xyz[other, 0] - xyz[j, 0], xyz[other, 1] - xyz[j, 1]
                w = (near2[j] / (4.0 * d2 + near2[j])) ** 2
                xx, xy, yy = xx + w * u * u, xy + w * u * v, yy + w * v * v
                if d2 < near2[j] and other > j:
                    near += 1.0
                    latest = max(latest, days[other])
            out[i, a, 0], out[i, a, 1], out[i, a, 2] = heat / total, near, moments[i] - latest
            out[i, a, 3] = np.sqrt(_distance2(xyz, j, last))
            out[i, a, 4] = np.sqrt(_distance2(xyz, j, first))
            half = 0.5 * np.arctan2(2.0 * xy, xx - yy)
            out[i, a, 5], out[i, a, 6] = np.cos(half), np.sin(half)
            out[i, a, 7] = np.sqrt((xx - yy) ** 2 + 4.0 * xy * xy) / (xx + yy + 0.01 * near2[j])


@nb.njit(cache=True)
def _distance2(xyz, a, b):
    return (xyz[a, 0] - xyz[b, 0]) ** 2 + (xyz[a, 1] - xyz[b, 1]) ** 2 + (xyz[a, 2] - xyz[b, 2]) ** 2
