"""Tidal waves: their speeds from astronomy, their columns for a fit.

A wave is named by the multiples of six angles of Moon and Sun (Doodson 1921, doi:10.1098/rspa.1921.0088); the relative
sizes of the waves are those of the equilibrium tide (Cartwright & Tayler 1971, doi:10.1111/j.1365-246X.1971.tb01803.x).
Nothing is known of the Earth beforehand: the response of each group of waves, in size and phase, is fitted. Only
*within* a group that a record is too short to separate, the Earth is taken to answer all waves alike.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import NotEnoughDataError
from houfeng.geodesy.positions import days_between

_J2000 = np.datetime64("2000-01-01T12:00:00", "us")

#: Name: multiples of (lunar time, s, h, p, N', p1), and the size in the equilibrium tide.
WAVES: dict[str, tuple[tuple[int, ...], float]] = {
    "Ssa": ((0, 0, 2, 0, 0, 0), 0.0310),
    "Mm": ((0, 1, 0, -1, 0, 0), 0.0352),
    "Mf": ((0, 2, 0, 0, 0, 0), 0.0666),
    "Q1": ((1, -2, 0, 1, 0, 0), -0.0502),
    "O1-": ((1, -1, 0, 0, -1, 0), -0.0495),
    "O1": ((1, -1, 0, 0, 0, 0), -0.2622),
    "M1": ((1, 0, 0, 1, 0, 0), 0.0206),
    "P1": ((1, 1, -2, 0, 0, 0), -0.1220),
    "K1": ((1, 1, 0, 0, 0, 0), 0.3686),
    "K1+": ((1, 1, 0, 0, 1, 0), 0.0500),
    "J1": ((1, 2, 0, -1, 0, 0), 0.0206),
    "OO1": ((1, 3, 0, 0, 0, 0), 0.0113),
    "2N2": ((2, -2, 0, 2, 0, 0), 0.0160),
    "mu2": ((2, -2, 2, 0, 0, 0), 0.0193),
    "N2": ((2, -1, 0, 1, 0, 0), 0.1210),
    "nu2": ((2, -1, 2, -1, 0, 0), 0.0230),
    "M2-": ((2, 0, 0, 0, -1, 0), -0.0236),
    "M2": ((2, 0, 0, 0, 0, 0), 0.6319),
    "L2": ((2, 1, 0, -1, 0, 0), -0.0179),
    "T2": ((2, 2, -3, 0, 0, 1), 0.0172),
    "S2": ((2, 2, -2, 0, 0, 0), 0.2940),
    "K2": ((2, 2, 0, 0, 0, 0), 0.0800),
    "K2+": ((2, 2, 0, 0, 1, 0), 0.0238),
    "M3": ((3, 0, 0, 0, 0, 0), 0.0077),
}

#: Rates of the six angles in degrees per day of 86,400 s, and their values at 2000-01-01 12:00 (Meeus 1998).
_CENTURY_DAYS = 36_525.0
_S = (218.3165, 481_267.8813 / _CENTURY_DAYS)
_H = (280.4665, 36_000.7698 / _CENTURY_DAYS)
_P = (83.3532, 4_069.0137 / _CENTURY_DAYS)
_N = (-125.0445, 1_934.1363 / _CENTURY_DAYS)
_P1 = (282.9384, 1.7195 / _CENTURY_DAYS)
#: Lunar time is solar time and h - s; at 12:00 the Sun is in the south: 180 degrees from midnight.
_TAU = (180.0 + _H[0] - _S[0], 360.0 + _H[1] - _S[1])
_ANGLES = np.array([_TAU, _S, _H, _P, _N, _P1])


@dataclass(frozen=True, slots=True)
class WaveGroup:
    """Waves that a record cannot tell apart, named by the largest."""

    name: str
    waves: tuple[str, ...]


def speed_degrees_per_hour(wave: str) -> float:
    """Speed of a wave."""
    return float(np.array(WAVES[wave][0]) @ _ANGLES[:, 1]) / 24.0


def groups_for(duration_days: float) -> tuple[WaveGroup, ...]:
    """Groups that a record of some length separates: Rayleigh's criterion, the largest waves first.

    Waves slower than twice the record are left to the drift.

    Raises
    ------
    NotEnoughDataError
        Below two days, in which diurnal and semidiurnal waves cannot be told from drift.
    """
    if duration_days < 2:
        raise NotEnoughDataError(f"a record of {duration_days:.2f} days is too short to fit tides; at least 2 days")
    heads: list[str] = []
    members: dict[str, list[str]] = {}
    for wave in sorted(WAVES, key=lambda name: -abs(WAVES[name][1])):
        cycles = speed_degrees_per_hour(wave) * 24 * duration_days / 360
        if cycles < 2:
            continue
        same = [head for head in heads if WAVES[head][0][0] == WAVES[wave][0][0]]
        apart = {
            head: abs(speed_degrees_per_hour(wave) - speed_degrees_per_hour(head)) * 24 * duration_days / 360
            for head in same
        }
        near = min(apart, key=apart.get, default=None)
        if near is None or apart[near] >= 1:
            heads.append(wave)
            members[wave] = [wave]
        else:
            members[near].append(wave)
    return tuple(WaveGroup(head, tuple(members[head])) for head in heads)


def wave_angles(wave: str, time: np.ndarray) -> np.ndarray:
    """Angle of a wave in radians at `time` (datetime64, UTC), shape (n,)."""
    days = days_between(_J2000, time)
    multiples = np.array(WAVES[wave][0])
    # The multiples are whole numbers: each angle is brought into one turn first, to keep digits.
    angles = (_ANGLES[:, :1] + _ANGLES[:, 1:] * days) % 360.0
    return np.radians(multiples @ angles)


def tide_columns(groups: tuple[WaveGroup, ...], time: np.ndarray) -> np.ndarray:
    """Two columns for each group, its equilibrium tide and the same a quarter turn later; shape (n, 2 g)."""
    columns = []
    for group in groups:
        largest = abs(WAVES[group.name][1])
        angles = np.array([wave_angles(wave, time) for wave in group.waves])
        sizes = np.array([WAVES[wave][1] for wave in group.waves])[:, None] / largest
        columns += [(sizes * np.cos(angles)).sum(axis=0), (sizes * np.sin(angles)).sum(axis=0)]
    return np.stack(columns, axis=1)
