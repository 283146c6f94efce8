"""What is known where a piece begins: the signals from which the correction of the rate is learnt.

No signal holds a place, a date or a year: only how the last earthquakes came, beside what the champion expected.
"""

import numpy as np

from houfeng.models.adaptive.past import Past
from houfeng.models.hybrid.pieces import Pieces
from houfeng.models.hybrid.rate import ChampionRate, RateAt

#: Windows in which what came is held against what was expected, days.
WINDOWS_DAYS = (1 / 24, 0.25, 1.0, 3.0, 10.0, 30.0, 100.0, 365.25, 1095.0)
#: Numbers of last earthquakes whose expected number is taken.
LAST = (1, 2, 3, 5, 10, 20, 50, 200, 1000)
#: Windows in which the largest magnitude is sought, days.
LARGEST_DAYS = (0.1, 1.0, 10.0, 100.0)
#: Earthquakes added to counted and expected before their ratio.
ADDED = 1.0

NAMES = (
    *("ln_rate", "background_share", "young_share", "ln_slope", "ln_elapsed", "ln_expected_since_last"),
    *(f"excess_{days:.3g}d" for days in WINDOWS_DAYS),
    *(f"expected_of_last_{n}" for n in LAST),
    *(f"largest_{days:.3g}d" for days in LARGEST_DAYS),
    *("magnitude_1", "magnitude_2", "magnitude_3", "magnitude_mean_10", "magnitude_mean_50", "magnitude_mean_300"),
    *("independence_1", "independence_10", "independence_50", "quiet", "pace", "spacing_1", "spacing_10"),
    *("step_1", "step_10", "missing", "hour_cos", "hour_sin", "weekday"),
)


def signals_at(past: Past, rate: ChampionRate, pieces: Pieces, monday: float) -> np.ndarray:
    """Signals of each piece, shape (m, len(NAMES)); `monday` is the day on the catalogue's clock of some Monday 0 h.

    Each uses the earthquakes known where the piece begins, the time of that, and nothing else.
    """
    d, s, gap = past.data, past.smoothing, past.smoothing.gap_days
    start, known = pieces.start, pieces.known
    at_start = rate.at(np.nextafter(start, np.inf))
    first = float(d.days[0])
    clock = np.unique(np.concatenate([[first], d.days, pieces.start]))
    expected = rate.at(clock).integral
    at_event = np.interp(d.days, clock, expected)
    now = np.interp(start, clock, expected)
    columns = [
        *_of_rate(at_start, gap),
        np.log((start - d.days[known - 1]) / gap + 1e-3),
        np.log(now - at_event[known - 1] + 1e-4),
    ]
    for days in WINDOWS_DAYS:
        begin = np.maximum(start - days, first)
        number = known - np.searchsorted(d.days, begin, side="right")
        foreseen = now - np.interp(begin, clock, expected)
        columns.append(np.log((number + ADDED) / (foreseen + ADDED)))
    for n in LAST:
        oldest = np.maximum(known - 1 - n, 0)
        columns.append(np.log((at_event[known - 1] - at_event[oldest] + 1e-3) / n))
    columns += _of_magnitudes(d.days, d.m, start, known)
    columns += _of_sources(past, known)
    columns += _of_places(d.xyz_km, known, s.spacing_km)
    columns.append(_missing(d.days, d.m, start, known))
    hour = 2 * np.pi * ((start - monday) % 1.0)
    columns += [np.cos(hour), np.sin(hour), np.floor((start - monday) % 7.0)]
    return np.column_stack(columns).astype(np.float32)


def _of_rate(at_start: RateAt, gap_days: float) -> list[np.ndarray]:
    total = at_start.total
    return [
        np.log(total * gap_days),
        at_start.background / total,
        at_start.young,
        np.log(at_start.slope * gap_days + 1e-6),
    ]


def _means(values: np.ndarray, known: np.ndarray, n: int) -> np.ndarray:
    """Mean of the last `n` values known."""
    summed = np.append(0.0, np.cumsum(values))
    oldest = np.maximum(known - n, 0)
    return (summed[known] - summed[oldest]) / np.maximum(known - oldest, 1)


def _of_magnitudes(days: np.ndarray, m: np.ndarray, start: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    out = []
    for window in LARGEST_DAYS:
        oldest = np.searchsorted(days, start - window, side="right")
        out.append(_largest(m, oldest, known))
    out += [m[np.maximum(known - k, 0)] for k in (1, 2, 3)]
    return out + [_means(m, known, n) for n in (10, 50, 300)]


def _largest(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Largest of ``values[first:last]``, -1 where there is none: two overlapping stretches of a power of two each."""
    tables, size = [values], 1
    while 2 * size <= len(values):
        tables.append(np.maximum(tables[-1][:-size], tables[-1][size:]))
        size *= 2
    length = last - first
    out = np.full(len(first), -1.0)
    level = np.log2(np.maximum(length, 1)).astype(int)
    for k in np.unique(level[length > 0]):
        here = np.flatnonzero((level == k) & (length > 0))
        out[here] = np.maximum(tables[k][first[here]], tables[k][last[here] - 2**k])
    return out


def _of_sources(past: Past, known: np.ndarray) -> list[np.ndarray]:
    last = known - 1
    independence = past.independence
    spacing = np.log(past.kernel_km / past.smoothing.spacing_km)
    return [
        independence[last],
        _means(independence, known, 10),
        _means(independence, known, 50),
        past.quiet[last],
        past.pace[last],
        spacing[last],
        _means(spacing, known, 10),
    ]


def _of_places(xyz_km: np.ndarray, known: np.ndarray, spacing_km: float) -> list[np.ndarray]:
    """Log of the distance from the last earthquake to the one before, and its mean over the last ten."""
    step = np.append(0.0, np.log(np.linalg.norm(np.diff(xyz_km, axis=0), axis=1) / spacing_km + 0.1))
    return [step[known - 1], _means(step, known, 10)]


def _missing(days: np.ndarray, m: np.ndarray, start: np.ndarray, known: np.ndarray, over: int = 30) -> np.ndarray:
    """How far completeness is above the smallest magnitude: largest over the last of m_j - 2 - 0.75 log10(days since).

    After the form of Helmstetter, Kagan & Jackson (2006), doi:10.1785/0120050067, with the constant left to the
    learner.
    """
    out = np.full(len(start), -3.0)
    for k in range(1, over + 1):
        j = np.maximum(known - k, 0)
        out = np.maximum(out, m[j] - 2.0 - 0.75 * np.log10(np.maximum(start - days[j], 1e-5)))
    return out
