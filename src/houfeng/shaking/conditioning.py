"""A field of shaking given what stations recorded.

The multivariate normal of Worden, Thompson, Baker, Bradley, Luco and Wald (2018), *Bulletin of the Seismological
Society of America* 108, 853-866, doi:10.1785/0120170201: residuals between earthquakes (one for each measure, tau)
and within (phi, correlated in space and across measures), observations with noise of their own. The residual of the
earthquake is integrated out: its posterior mean shifts the field and its posterior covariance stays in the sigma.

To scale, the residual of the earthquake is estimated from all stations at once (from an even selection where there
are more than :data:`EVENT_VALUES` values), and the residuals within it tile by tile of neighbouring sites, from the
stations nearest to the tile. With no more stations than one tile takes the result is exact; beyond, the left-out
ones are screened by nearer ones. Realisations of a conditioned field are made the way of Matheron: draw sites and
stations together, then add what the stations were missed by, spread by the same weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import to_xyz_km
from houfeng.shaking.correlation import Correlation, correlation_of
from houfeng.shaking.field import ShakingField, chosen, draw_ln, in_units
from houfeng.shaking.motion import Motion
from houfeng.shaking.simulation import distances_km
from houfeng.shaking.sites import Sites
from houfeng.shaking.stations import Stations

#: Values from which the residual of the earthquake is estimated, at most.
EVENT_VALUES = 2_000

#: Stations that one tile of sites takes, and sites in a tile, at most; every site has its own nearest ones in.
TILE_STATIONS = 32
TILE_SITES = 128
_OWN_NEAREST = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class ConditionedField(ShakingField):
    """A field given observations; ``motion`` is the conditional one.

    Its ``between`` is what is left of the residual of the earthquake, its ``within`` what is left of the rest.

    Attributes
    ----------
    prior
        Motion of the model alone, at the same sites and of the same measures.
    stations, expected
        What was observed, of the same measures, and the model's motion there.
    event_mean, event_sigma : ndarray, shape (k,)
        Residual of the earthquake in units of tau given the stations, and its standard deviation (1 without any).
    """

    prior: Motion
    stations: Stations
    expected: Motion
    event_mean: np.ndarray
    event_sigma: np.ndarray

    def realisations(
        self, n: int, rng: np.random.Generator, *, measures: Sequence[str] = (), method: str = "auto"
    ) -> dict[str, np.ndarray]:
        """Draw equally likely fields that honour the observations; see :meth:`ShakingField.realisations`."""
        known = self.motion.measures
        asked = [self.motion.column(measure) for measure in measures or known]
        values = _values_of(self.stations, self.expected)
        everywhere = Sites(
            *(
                np.concatenate([getattr(self.sites, name), getattr(self.stations.sites, name)])
                for name in ("longitude", "latitude", "vs30_mps")
            )
        )
        both = Motion(
            known,
            *(
                np.vstack([getattr(self.prior, name), getattr(self.expected, name)])
                for name in ("mean_ln", "between", "within")
            ),
        )
        correlation = correlation_of(known)
        drawn = draw_ln(both, correlation, everywhere, n, rng, method=method)
        at_sites = np.ascontiguousarray(drawn[:, :, : len(self.sites)])
        if len(values.residual):
            at_stations = drawn[values.measure, :, len(self.sites) + values.station]
            expected_ln = self.expected.mean_ln[values.station, values.measure]
            noise = values.noise[:, None] * rng.standard_normal((len(expected_ln), n))
            missed = values.residual[:, None] - (at_stations - expected_ln[:, None] + noise)
            event = _event(values, correlation).weights @ missed
            for tile in _tiles(self.sites, self.prior, values, correlation):
                pull = tile.weights @ (missed[tile.used] - values.lift[tile.used] @ event)
                pull += np.einsum("sj,jn->sjn", self.prior.between[tile.sites], event)
                at_sites[:, :, tile.sites] += np.moveaxis(pull, 0, 2)
        return in_units(tuple(measures) or known, at_sites[asked])


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Each station foretold from the others.

    Attributes
    ----------
    measures
        Names of the columns.
    error : ndarray, shape (n, k)
        Observed minus foretold logarithm; NaN where nothing was observed.
    sigma : ndarray, shape (n, k)
        Foretold standard deviation of that error, noise of the station included.
    prior_error : ndarray, shape (n, k)
        Observed minus the model's own mean, for comparison.
    """

    measures: tuple[str, ...]
    error: np.ndarray
    sigma: np.ndarray
    prior_error: np.ndarray


@dataclass(frozen=True, eq=False)
class _Values:
    """Observed values one by one: whose, of what, and how far from the model.

    ``lift`` (m, k) is tau in the column of the measure; ``noise`` the standard deviation of the observation.
    """

    sites: Sites
    station: np.ndarray
    measure: np.ndarray
    residual: np.ndarray
    within: np.ndarray
    lift: np.ndarray
    noise: np.ndarray

    def take(self, index: np.ndarray) -> "_Values":
        parts = (getattr(self, name)[index] for name in ("station", "measure", "residual", "within", "lift", "noise"))
        return _Values(self.sites, *parts)

    @property
    def places(self) -> np.ndarray:
        return np.column_stack([self.sites.longitude, self.sites.latitude])[self.station]


@dataclass(frozen=True, eq=False)
class _Event:
    """Residual of the earthquake: linear weights of the observed residuals, and posterior covariance."""

    weights: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True, eq=False)
class _Tile:
    """Neighbouring sites, the values used there, their weights (s, k, m) and the variance left within (s, k)."""

    sites: np.ndarray
    used: np.ndarray
    weights: np.ndarray
    variance: np.ndarray


def condition(field: ShakingField, stations: Stations, expected: Motion) -> ConditionedField:
    """Condition a field on observations.

    Parameters
    ----------
    field
        Of a model alone.
    stations
        Values with their standard deviations; measures the field does not have are left out. See
        :meth:`Stations.with_reports_as` for people's reports and :meth:`Stations.without_outliers`.
    expected
        What the same model says at the stations, of at least the measures of the field.

    Returns
    -------
    ConditionedField
        Unchanged where there is no station; exact at a perfect one (standard deviation 0).

    Raises
    ------
    InputError
        When the field is conditioned already, or `expected` does not fit the stations.
    """
    if isinstance(field, ConditionedField):
        raise InputError("this field is conditioned already; condition the field of the model on all stations at once")
    if len(expected.mean_ln) != len(stations):
        raise InputError(f"motion is expected at {len(expected.mean_ln)} places for {len(stations)} stations")
    measures = field.motion.measures
    stations, expected, prior = stations.of_measures(measures), chosen(expected, measures), field.motion
    values, correlation = _values_of(stations, expected), correlation_of(measures)
    event_mean, covariance = np.zeros(len(measures)), correlation.between
    mean, between, within = prior.mean_ln.copy(), prior.between.copy(), prior.within.copy()
    if len(values.residual):
        event = _event(values, correlation)
        event_mean, covariance = event.weights @ values.residual, event.covariance
        for tile in _tiles(field.sites, prior, values, correlation):
            rest = values.residual[tile.used] - values.lift[tile.used] @ event_mean
            mean[tile.sites] += prior.between[tile.sites] * event_mean + tile.weights @ rest
            left = prior.between[tile.sites][:, :, None] * np.eye(len(measures)) - tile.weights @ values.lift[tile.used]
            between[tile.sites] = np.sqrt(np.maximum(np.einsum("sij,jk,sik->si", left, covariance, left), 0))
            within[tile.sites] = np.sqrt(tile.variance)
    n_stations = len(np.unique(values.station))
    return ConditionedField(
        earthquake=field.earthquake,
        sites=field.sites,
        motion=Motion(measures, mean, between, within),
        source=f"{field.source}; conditioned on {n_stations} stations ({stations.source or 'given'})",
        n_stations=n_stations,
        simulated=field.simulated or stations.simulated,
        prior=prior,
        stations=stations,
        expected=expected,
        event_mean=event_mean,
        event_sigma=np.sqrt(np.maximum(np.diag(covariance), 0)),
    )


def leave_out(stations: Stations, expected: Motion) -> LeftOut:
    """Foretell every station from all the others, all its values left out together.

    Exact, by the inverse of the covariance of all values, so for at most :data:`EVENT_VALUES` of them.

    Raises
    ------
    InputError
        When there are more values than that.
    """
    measures = tuple(measure for measure in stations.measures if measure in expected.measures)
    stations, expected = stations.of_measures(measures), chosen(expected, measures)
    values, correlation = _values_of(stations, expected), correlation_of(measures)
    if len(values.residual) > EVENT_VALUES:
        raise InputError(f"{len(values.residual)} values are too many to leave out one by one, at most {EVENT_VALUES}")
    inverse = np.linalg.inv(_covariance(values, correlation) + values.lift @ correlation.between @ values.lift.T)
    scores = inverse @ values.residual
    error, sigma, prior = (np.full(stations.ln_value.shape, np.nan) for _ in range(3))
    for station in np.unique(values.station):
        own = np.flatnonzero(values.station == station)
        block = np.linalg.inv(inverse[np.ix_(own, own)])
        at = (station, values.measure[own])
        error[at], sigma[at], prior[at] = block @ scores[own], np.sqrt(np.diag(block)), values.residual[own]
    return LeftOut(measures, error, sigma, prior)


def _values_of(stations: Stations, expected: Motion) -> _Values:
    station, measure = np.nonzero(stations.observed)
    # In the order of places, so that what is selected does not hang on the order of the file.
    order = np.lexsort((measure, stations.sites.latitude[station], stations.sites.longitude[station]))
    station, measure = station[order], measure[order]
    lift = np.zeros((len(station), len(stations.measures)))
    lift[np.arange(len(station)), measure] = expected.between[station, measure]
    return _Values(
        stations.sites,
        station,
        measure,
        stations.ln_value[station, measure] - expected.mean_ln[station, measure],
        expected.within[station, measure],
        lift,
        stations.sigma_ln[station, measure],
    )


def _cross(places: np.ndarray, values: _Values, correlation: Correlation) -> np.ndarray:
    """Correlation within the earthquake of k measures at places with the values, shape (s, k, m)."""
    apart = distances_km(places, values.places)[:, None, :]
    found = (apart == 0) * correlation.nugget[None, :, values.measure]
    for range_km, sill in zip(correlation.ranges_km, correlation.sills, strict=True):
        found = found + np.exp(-3 * apart / range_km) * sill[None, :, values.measure]
    return found


def _covariance(values: _Values, correlation: Correlation) -> np.ndarray:
    """Covariance of the values within the earthquake, noise included; two perfect ones at one place are averaged."""
    index = np.arange(len(values.station))
    found = _cross(values.places, values, correlation)[index, values.measure]
    found *= values.within[:, None] * values.within[None, :]
    found[index, index] += values.noise**2 + 1e-8 * np.maximum(values.within, 1e-3) ** 2
    return found


def _event(values: _Values, correlation: Correlation) -> _Event:
    """Residual of the earthquake given the values (Worden and others 2018, eq. 12 to 15, without inverting R)."""
    m = len(values.station)
    kept = np.unique(np.linspace(0, m - 1, min(m, EVENT_VALUES)).astype(int))
    part = values.take(kept)
    solved = _solve(_covariance(part, correlation), part.lift)
    covariance = np.linalg.solve(
        np.eye(len(correlation.between)) + correlation.between @ (part.lift.T @ solved), correlation.between
    )
    weights = np.zeros((len(covariance), m))
    weights[:, kept] = covariance @ solved.T
    return _Event(weights, covariance)


def _solve(covariance: np.ndarray, right: np.ndarray) -> np.ndarray:
    from scipy.linalg import cho_factor, cho_solve

    factor = cho_factor(covariance, lower=True, overwrite_a=True, check_finite=False)
    return cho_solve(factor, right, check_finite=False)


def _tiles(sites: Sites, prior: Motion, values: _Values, correlation: Correlation) -> Iterator[_Tile]:
    from scipy.spatial import cKDTree

    stations = np.unique(values.station)
    xyz = to_xyz_km(longitude=sites.longitude, latitude=sites.latitude)
    where = to_xyz_km(longitude=values.sites.longitude[stations], latitude=values.sites.latitude[stations])
    tree = cKDTree(where)
    for tile in _split(np.arange(len(sites)), xyz):
        middle = tree.query(xyz[tile].mean(axis=0), k=min(TILE_STATIONS, len(stations)))[1]
        own = tree.query(xyz[tile], k=min(_OWN_NEAREST, len(stations)))[1]
        near = stations[np.unique(np.concatenate([np.ravel(middle), np.ravel(own)]))]
        used = np.flatnonzero(np.isin(values.station, near))
        part = values.take(used)
        places = np.column_stack([sites.longitude[tile], sites.latitude[tile]])
        within = prior.within[tile]
        cross = _cross(places, part, correlation) * within[:, :, None] * part.within
        flat = cross.reshape(-1, len(used))
        weights = _solve(_covariance(part, correlation), flat.T).T
        variance = np.maximum(within**2 - (weights * flat).sum(axis=1).reshape(within.shape), 0)
        yield _Tile(tile, used, weights.reshape(cross.shape), variance)


def _split(index: np.ndarray, xyz: np.ndarray) -> Iterator[np.ndarray]:
    """Halve a set of places along its longer side until tiles are small."""
    if len(index) <= TILE_SITES:
        if len(index):
            yield index
        return
    side = int(np.argmax(np.ptp(xyz[index], axis=0)))
    order = index[np.argsort(xyz[index, side], kind="stable")]
    half = len(order) // 2
    yield from _split(order[:half], xyz)
    yield from _split(order[half:], xyz)
