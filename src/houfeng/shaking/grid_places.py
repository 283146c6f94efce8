"""A map of shaking on a grid, read at any places: logarithms and variances along straight lines between its points."""

import numpy as np

from houfeng.errors import InputError
from houfeng.shaking.field import ShakingField
from houfeng.shaking.motion import Motion
from houfeng.shaking.sites import Sites


def field_at(
    field: ShakingField, *, longitude: np.ndarray, latitude: np.ndarray, measures: tuple[str, ...] = ()
) -> ShakingField:
    """The same shaking at other places.

    Parameters
    ----------
    field
        At the points of a grid of longitudes and latitudes, in any order; steps need not be equal, points may lack.
    longitude, latitude : ndarray, shape (n,)
        Degrees.
    measures
        Which of its measures; all where empty, and those it does not have are left out.

    Returns
    -------
    ShakingField
        NaN at places off the map or beside a missing point: nothing is known there. Ground as on the map, at the
        nearest point of the grid.

    Raises
    ------
    InputError
        When the field has none of the measures, or its points are no grid of two rows and columns at least.
    """
    chosen = tuple(name for name in (measures or field.motion.measures) if name in field.motion.measures)
    if not chosen:
        raise InputError(f"the map has {', '.join(field.motion.measures)}, none of {', '.join(measures)}")
    middle = float(field.sites.longitude[0])  # differences keep the date line out
    x, y = _away(field.sites.longitude, middle), field.sites.latitude
    across, up = np.unique(np.round(x, 6)), np.unique(np.round(y, 6))
    if len(across) < 2 or len(up) < 2 or len(across) * len(up) > 4 * len(x):
        raise InputError(
            f"{len(x):,} points on {len(across):,} longitudes and {len(up):,} latitudes are no grid; "
            "a map of shaking needs rows and columns"
        )
    slot = np.searchsorted(across, np.round(x, 6)), np.searchsorted(up, np.round(y, 6))
    columns = [field.motion.column(name) for name in chosen]
    mean, between, within = (getattr(field.motion, part)[:, columns] for part in ("mean_ln", "between", "within"))
    table = np.full((len(across), len(up), 3 * len(chosen)), np.nan)
    table[slot] = np.concatenate([mean, between**2, within**2], axis=1)
    at_x, at_y = _away(np.asarray(longitude, float), middle), np.asarray(latitude, float)
    column, right = _between(across, at_x)
    row, above = _between(up, at_y)
    found = np.zeros((len(at_x), table.shape[2]))
    for i, share_x in ((0, 1 - right), (1, right)):
        for j, share_y in ((0, 1 - above), (1, above)):
            weight = (share_x * share_y)[:, None]
            corner = table[np.clip(column + i, 0, len(across) - 1), np.clip(row + j, 0, len(up) - 1)]
            found += np.where(weight == 0, 0.0, weight * corner)
    k = len(chosen)
    motion = Motion(chosen, found[:, :k], np.sqrt(found[:, k : 2 * k]), np.sqrt(found[:, 2 * k :]))
    ground = np.full(table.shape[:2], np.nan)
    ground[slot] = field.sites.vs30_mps
    vs30 = ground[np.clip(column + (right > 0.5), 0, len(across) - 1), np.clip(row + (above > 0.5), 0, len(up) - 1)]
    vs30 = np.where(np.isfinite(vs30), vs30, float(np.median(field.sites.vs30_mps)))
    sites = Sites.of(longitude=longitude, latitude=latitude, vs30_mps=vs30)
    return ShakingField(
        field.earthquake, sites, motion, field.source, n_stations=field.n_stations, simulated=field.simulated
    )


def _away(longitude: np.ndarray, middle: float) -> np.ndarray:
    return (longitude - middle + 180.0) % 360.0 - 180.0


def _between(axis: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last step at or below each value, and the share of the way to the next; NaN off the axis.

    A millionth of a degree off the edge counts as on it: files round.
    """
    value = np.where(np.abs(value - axis[0]) < 2e-6, axis[0], value)
    value = np.where(np.abs(value - axis[-1]) < 2e-6, axis[-1], value)
    step = np.clip(np.searchsorted(axis, value, side="right") - 1, 0, len(axis) - 2)
    share = (value - axis[step]) / (axis[step + 1] - axis[step])
    return step, np.where((share >= 0) & (share <= 1), share, np.nan)
