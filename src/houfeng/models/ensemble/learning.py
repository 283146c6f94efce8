"""What members would have said in the past, and what weights that earns them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FitError, NotEnoughDataError
from houfeng.models.base import Fitted, Model
from houfeng.models.ensemble.pooling import log_cell_shares, log_count_laws
from houfeng.models.ensemble.weights import Trial, learn_weights
from houfeng.regions import Region
from houfeng.times import Window, from_datetime64

#: Part of the past, the last, on which weights are learned; members are fitted on what was known before it.
LEARNING_SHARE = 0.25
#: With fewer windows, nothing is learned.
FEWEST_WINDOWS = 5
#: Past forecasts draw from these: the same past gives the same weights.
SEED = 20_150_916


@dataclass(frozen=True, eq=False)
class Learned:
    """Weights, and what they rest on.

    Attributes
    ----------
    names
        Members, in alphabetical order.
    number, place : ndarray, shape (k,)
        Weights for how many and for where; each of sum one.
    n_windows, n_events
        Past windows, and the earthquakes in them.
    left_out : mapping of member to reason
        Members that could not be fitted on the earlier past.
    """

    names: tuple[str, ...]
    number: np.ndarray
    place: np.ndarray
    n_windows: int
    n_events: int
    left_out: Mapping[str, str]

    @classmethod
    def equally(cls, names: tuple[str, ...]) -> "Learned":
        """Nothing learned: all count alike."""
        equal = np.full(len(names), 1.0 / len(names))
        return cls(names, equal, equal, 0, 0, {})


def past_windows(
    history: Catalog, n_windows: int, length: timedelta, start: datetime | None = None
) -> tuple[Window, ...]:
    """Up to `n_windows` windows without overlap, evenly spread over the last quarter of what is known.

    Known since `start`, or since the first event of `history` where that is later or no start is given.

    None where fewer than five fit.
    """
    if not len(history):
        return ()
    provenance = history.provenance
    until = provenance.data_end - timedelta(seconds=provenance.publication_delay_s)
    first = from_datetime64(history.time[0])
    span = LEARNING_SHARE * (until - (first if start is None else max(first, start)))
    n = min(n_windows, max(0, span // length))
    if n < FEWEST_WINDOWS:
        return ()
    step = (span - length) / (n - 1)
    return tuple(Window.after(until - length - i * step, length) for i in reversed(range(n)))


def fit_each(
    recipes: Mapping[str, Model], history: Catalog, region: Region
) -> tuple[dict[str, Fitted], dict[str, str]]:
    """Members that can be fitted on `history`, and why the others cannot."""
    fitted, left_out = {}, {}
    for name, recipe in recipes.items():
        try:
            fitted[name] = recipe.fit(history, region)
        except (NotEnoughDataError, FitError) as error:
            left_out[name] = str(error)
    return fitted, left_out


def learn(
    recipes: Mapping[str, Model], history: Catalog, region: Region, windows: tuple[Window, ...], prior_nats: float
) -> Learned:
    """Fit before the windows, forecast each from what was known at its start, and weigh by what came.

    Parameters
    ----------
    recipes
        Members by name.
    windows
        In the past of `history`, ascending; with none, all members count alike.
    prior_nats
        See :func:`houfeng.models.ensemble.weights.learn_weights`.

    Raises
    ------
    FitError
        When the weights do not settle.
    """
    names = tuple(sorted(recipes))
    if len(names) == 1 or not windows:
        return Learned.equally(names)
    before = history.as_of(windows[0].start)
    fitted, left_out = fit_each({name: recipes[name] for name in names}, before, region)
    said = {}
    for name, member in fitted.items():
        try:
            said[name] = [_past_forecast(name, member, history, window) for window in windows]
        except FitError as error:
            left_out[name] = str(error)
    if not said:
        return Learned.equally(names)
    came = [_came(history, region, window, recipes[names[0]].min_magnitude) for window in windows]
    by_window = list(zip(*said.values(), strict=True))
    how_many = [_how_many(each, int(cells.sum())) for each, cells in zip(by_window, came, strict=True)]
    where = [_where(each, cells) for each, cells in zip(by_window, came, strict=True) if cells.any()]
    return Learned(
        names=tuple(said),
        number=learn_weights(how_many, len(said), prior_nats),
        place=learn_weights(where, len(said), prior_nats),
        n_windows=len(windows),
        n_events=int(sum(cells.sum() for cells in came)),
        left_out=left_out,
    )


@dataclass(frozen=True, eq=False)
class _Said:
    """What is kept of a past forecast: its sampled totals, and ln of the chance of each cell."""

    totals: np.ndarray
    log_cells: np.ndarray


def _past_forecast(name: str, member: Fitted, history: Catalog, window: Window) -> _Said:
    """The forecast of a past window from what was known at its start; its seed is its own."""
    seed = [SEED, crc32(name.encode()), crc32(window.start.isoformat().encode())]
    forecast = member.forecast(history.as_of(window.start), window, np.random.default_rng(seed))
    return _Said(forecast.counts.samples[:, 0], log_cell_shares(forecast.gridded))


def _came(history: Catalog, region: Region, window: Window, min_magnitude: float) -> np.ndarray:
    """Earthquakes in each cell during `window`, shape (n,)."""
    events = history.between(window.start, window.end).above(min_magnitude).within(region)
    grid = region.grid()
    cell = grid.index_of(longitude=events.longitude, latitude=events.latitude)
    return np.bincount(cell[cell >= 0], minlength=len(grid))


def _how_many(said: tuple[_Said, ...], n: int) -> Trial:
    laws = log_count_laws([one.totals for one in said], at_least=n + 1)
    came = np.zeros(laws.shape[1])
    came[n] = 1.0
    return Trial(laws, came)


def _where(said: tuple[_Said, ...], came: np.ndarray) -> Trial:
    return Trial(np.stack([one.log_cells for one in said]), came.astype(float))
