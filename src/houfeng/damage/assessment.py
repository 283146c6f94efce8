"""Assessment: fields of shaking in, damage and needs by zone out, each with its range.

The range of a number is what 5 % and 95 % of the fields stay below. A field is one realisation of the shaking together
with one draw of what is not known of the buildings and of the casualty rates (``casualties.SPREAD_LN``); counts of
people hurt are then drawn as Poisson, of buildings by state as multinomial numbers. Displaced people and losses are
the expected ones of each field: for a single building their range tells of the shaking, not of the die.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from houfeng.damage.casualties import (
    CONSEQUENCES,
    SEVERITIES,
    consequence_tables,
    draw_spread,
    trapped_kind,
    trapped_table,
)
from houfeng.damage.drawing import BUILDINGS, QUANTITIES, draw_samples, zone_limits
from houfeng.damage.exposure import Exposure
from houfeng.damage.fragility import DAMAGED, Fragility, crossings, hazus_fragilities
from houfeng.damage.states import HAZUS, Scale, convert
from houfeng.errors import InputError, UnknownNameError
from houfeng.values import Estimate

#: Probability content of every range.
LEVEL = 0.90

#: What nobody has looked at is said to be so.
NOT_OBSERVED = {"en": "not observed: computed, nobody has looked", "zh": "未经现场观测：为计算结果"}


@dataclass(frozen=True, slots=True)
class ZoneDamage:
    """One zone.

    Attributes
    ----------
    zone_id, longitude, latitude
        Its name and the middle of its assets weighted by residents, degrees.
    residents, indoors
        People there at night, and inside at the hour of the earthquake.
    estimates
        By quantity, see :data:`QUANTITIES`.
    observed
        False: nobody has looked; never "no damage".
    """

    zone_id: str
    longitude: float
    latitude: float
    residents: float
    indoors: float
    estimates: Mapping[str, Estimate]
    observed: bool
    simulated: bool


@dataclass(frozen=True, eq=False)
class DamageAssessment:
    """Damage and needs after one earthquake.

    Attributes
    ----------
    exposure
        What was assessed.
    zone_id : tuple of str, length n_zones
        In the order of the second axis of the samples.
    samples
        By quantity (:data:`QUANTITIES`): ndarray of float64, shape (n_fields, n_zones).
    asset_means : ndarray, shape (n_assets, 13)
        Means over the fields, columns ``summing.SUMS``.
    asset_states_low, asset_states_high : ndarray, shape (n_assets, 4)
        5 % and 95 % of the chance to reach each damaged state or worse, by shaking and fragility.
    local_hour
        Of the earthquake; decides who was inside.
    unassessed : tuple of str
        Assets without shaking (NaN in the fields); they are in no number.
    notes : tuple of str
        Whatever must be said with the numbers.
    fragilities, spread
        What it was computed with: curves by building type, multiple of the stated parameter spread.
    observed
        False: computed, nobody has looked.
    simulated
        True where the buildings are invented.
    """

    exposure: Exposure
    zone_id: tuple[str, ...]
    samples: Mapping[str, np.ndarray]
    asset_means: np.ndarray
    asset_states_low: np.ndarray
    asset_states_high: np.ndarray
    local_hour: float
    unassessed: tuple[str, ...]
    notes: tuple[str, ...]
    fragilities: Mapping[str, Fragility]
    spread: float
    observed: bool = False

    @property
    def simulated(self) -> bool:
        """Whether the building stock is invented."""
        return self.exposure.simulated

    @property
    def n_fields(self) -> int:
        """Number of realisations."""
        return len(self.samples["deaths"])

    def of(self, quantity: str, zone: str | None = None) -> np.ndarray:
        """Samples of one quantity, shape (n_fields,), in one zone or (without) in all together.

        Raises
        ------
        UnknownNameError
            When there is no such quantity or zone.
        """
        if quantity not in self.samples:
            raise UnknownNameError("quantity", quantity, QUANTITIES)
        if zone is None:
            return self.samples[quantity].sum(axis=1)
        if zone not in self._zone_number:
            raise UnknownNameError("zone", zone, self.zone_id)
        return self.samples[quantity][:, self._zone_number[zone]]

    def estimate(self, quantity: str, zone: str | None = None) -> Estimate:
        """Mean and 90 % range of one quantity, widened where needed to hold the mean.

        Examples
        --------
        ``assessment.estimate("deaths")``, ``assessment.estimate("loss_usd", zone="12")``.
        """
        return estimate_of(self.of(quantity, zone))

    @cached_property
    def _zone_number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.zone_id)}

    @cached_property
    def asset_zone(self) -> np.ndarray:
        """Number of the zone of every asset, shape (n_assets,)."""
        return np.array([self._zone_number[str(name)] for name in self.exposure.zone_id], np.int64)

    def zone_places(self) -> np.ndarray:
        """Longitude and latitude of the middle of each zone, shape (n_zones, 2), degrees."""
        stock = self.exposure
        weight = stock.occupants_night + 1e-9
        total = np.bincount(self.asset_zone, weight, len(self.zone_id))
        places = []
        for column in (stock.longitude, stock.latitude):
            base = column[0]  # differences keep the date line out of the mean
            away = (column - base + 180.0) % 360.0 - 180.0
            places.append(base + np.bincount(self.asset_zone, weight * away, len(self.zone_id)) / total)
        longitude = (places[0] + 180.0) % 360.0 - 180.0
        return np.column_stack([longitude, places[1]])

    def by_zone(self) -> tuple[ZoneDamage, ...]:
        """Every zone with all its numbers."""
        places = self.zone_places()
        stock = self.exposure
        count = len(self.zone_id)
        residents = np.bincount(self.asset_zone, stock.occupants_night, count)
        indoors = np.bincount(self.asset_zone, stock.indoors(self.local_hour), count)
        return tuple(
            ZoneDamage(
                zone_id=name,
                longitude=float(places[i, 0]),
                latitude=float(places[i, 1]),
                residents=float(residents[i]),
                indoors=float(indoors[i]),
                estimates={quantity: estimate_of(self.samples[quantity][:, i]) for quantity in QUANTITIES},
                observed=self.observed,
                simulated=self.simulated,
            )
            for i, name in enumerate(self.zone_id)
        )

    def buildings(self, scale: Scale = HAZUS) -> np.ndarray:
        """Buildings by state of any scale, shape (n_fields, n_zones, states)."""
        hazus = np.stack([self.samples[name] for name in BUILDINGS], axis=-1)
        complete = np.maximum(hazus[..., -1], 1e-300)
        collapse = np.clip(self.samples["buildings_collapsed"] / complete, 0, 1)
        return convert(hazus, source=HAZUS, to=scale, collapse_share=collapse)

    def to_geojson(self, *, of: str = "zones") -> dict:
        """GeoJSON FeatureCollection of points, ``of="zones"`` or ``"assets"``, with the buildings in every scale."""
        from houfeng.damage.assessment_files import geojson

        return geojson(self, of)

    def to_json(self) -> dict:
        """Totals and zones as one JSON-ready dictionary, with the buildings in every scale."""
        from houfeng.damage.assessment_files import document

        return document(self)


def estimate_of(samples: np.ndarray) -> Estimate:
    """Mean and 90 % range of samples, shape (n,); the range is widened where needed to hold the mean."""
    mean = float(np.mean(samples))
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(mean, min(float(low), mean), max(float(high), mean), LEVEL)


def assess(
    exposure: Exposure,
    motion_samples: Mapping[str, np.ndarray] | Iterable[Mapping[str, np.ndarray]],
    mmi: np.ndarray | None = None,
    *,
    local_hour: float,
    rng: np.random.Generator,
    fragilities: Mapping[str, Fragility] | None = None,
    spread: float = 1.0,
) -> DamageAssessment:
    """Damage, casualties, needs and losses from fields of shaking.

    Parameters
    ----------
    motion_samples
        By measure: "PGA" in g, ndarray of float32, shape (n_fields, n_assets), in the order of the assets; others are
        not used. "MMI" is understood too. Or an iterable of such blocks of fields, which are read one at a time.
    mmi : ndarray, shape (n_fields, n_assets), optional
        Intensity; decides which share of the people in collapsed masonry is trapped. Without it, and without "MMI",
        it is reckoned from PGA (Worden and others 2012).
    local_hour
        Local time of the earthquake, 0 to 24.
    rng
        Draws the parameters and the counts.
    fragilities
        One's own, by building type; the Hazus ones unless given.
    spread
        Multiplies the parameter spread; 0 keeps the published values.

    Raises
    ------
    InputError
        When shapes do not agree, motion is negative or infinite, or no asset has any.
    UnknownNameError
        When a building type has no fragility.
    """
    from houfeng.damage.summing import SUMS, add_fields

    known = hazus_fragilities() if fragilities is None else fragilities
    exposure.require_types(known)
    if not len(exposure):
        raise InputError("the exposure is empty; at least one asset is needed")
    types = tuple(dict.fromkeys(str(name) for name in exposure.taxonomy))
    zones = tuple(dict.fromkeys(str(name) for name in exposure.zone_id))
    kind = _numbers(exposure.taxonomy, types)
    zone = _numbers(exposure.zone_id, zones)
    used = [known[name] for name in types]
    tables = consequence_tables(used)
    trapped = np.array([trapped_kind(one.structure) for one in used], np.int64)[kind]
    inside = exposure.indoors(local_hour)
    assets = np.zeros((len(exposure), len(SUMS)))
    moments = np.zeros((len(exposure), 2))
    missing = np.zeros(len(exposure), bool)
    sums, spreads = [], []
    for pga, felt in _blocks(motion_samples, mmi, len(exposure)):
        gap = np.isnan(pga).any(axis=0)
        if sums and (gap != missing).any():
            raise InputError("the fields lack motion (NaN) at other assets in one block than in another")
        missing = gap
        drawn = draw_spread(len(pga), rng, spread)
        sum_of_fields = np.zeros((len(pga), len(zones), len(SUMS)))
        weights = _weights(exposure, inside, ~missing)
        filled = np.where(missing, np.float32(0), pga) if missing.any() else pga
        add_fields(filled, felt, drawn.ln_fragility, kind, zone, weights, inside * ~missing, tables, trapped_table(),
                   trapped, sum_of_fields, assets, moments)  # fmt: skip
        sums.append(sum_of_fields)
        spreads.append(drawn)
    if not sums:
        raise InputError("there is no field of shaking; at least one is needed")
    if missing.all():
        raise InputError("no asset has any motion (all NaN); compute the shaking at the places of the exposure")
    total = np.concatenate(sums)
    limits = zone_limits(exposure, inside, ~missing, zone, len(zones))
    low, high = _asset_range(moments, len(total), used, kind)
    return DamageAssessment(
        exposure=exposure,
        zone_id=zones,
        samples=draw_samples(total, spreads, limits, rng),
        asset_means=np.where(missing[:, None], np.nan, assets / len(total)),
        asset_states_low=np.where(missing[:, None], np.nan, low),
        asset_states_high=np.where(missing[:, None], np.nan, high),
        local_hour=local_hour,
        unassessed=tuple(str(name) for name in exposure.asset_id[missing]),
        notes=_notes(exposure, used, int(missing.sum())),
        fragilities=dict(zip(types, used, strict=True)),
        spread=spread,
    )


def _numbers(names: np.ndarray, order: tuple[str, ...]) -> np.ndarray:
    place = {name: number for number, name in enumerate(order)}
    return np.array([place[str(name)] for name in names], np.int64)


def _blocks(
    motion: Mapping[str, np.ndarray] | Iterable[Mapping[str, np.ndarray]], mmi: np.ndarray | None, n_assets: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """PGA and intensity of each block, checked."""
    for block in [motion] if isinstance(motion, Mapping) else motion:
        if "PGA" not in block:
            raise InputError(
                f"the motion has no PGA (g), which fragility needs; it has {', '.join(block) or 'nothing'}"
            )
        pga = np.asarray(block["PGA"], np.float32)
        if pga.ndim != 2 or pga.shape[1] != n_assets or not len(pga):
            raise InputError(f"PGA has shape {pga.shape}, expected (fields, {n_assets} assets)")
        if (pga < 0).any() or np.isinf(pga).any():
            raise InputError("PGA is negative or infinite somewhere; it must be g, 0 or more, not a logarithm")
        felt = block.get("MMI") if mmi is None else mmi
        felt = np.zeros((0, 0), np.float32) if felt is None else np.asarray(felt, np.float32)
        if felt.size and felt.shape != pga.shape:
            raise InputError(f"MMI has shape {felt.shape}, PGA {pga.shape}; they must be the same")
        yield np.ascontiguousarray(pga), np.nan_to_num(felt) if felt.size else felt


def _weights(exposure: Exposure, inside: np.ndarray, present: np.ndarray) -> np.ndarray:
    """What each consequence is a share of, shape (n_assets, 11)."""
    amounts = {"displaced": exposure.occupants_night, "loss": exposure.replacement_usd}
    amounts |= dict.fromkeys(SEVERITIES, inside)
    return np.stack([amounts.get(name, exposure.buildings) * present for name in CONSEQUENCES], axis=1)


def _asset_range(
    moments: np.ndarray, n_fields: int, used: list[Fragility], kind: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Chance of each damaged state or worse at the 5 % and 95 % of shaking, which is taken as lognormal."""
    from scipy.special import ndtri

    mean = moments[:, 0] / n_fields
    sd = np.sqrt(np.maximum(moments[:, 1] / n_fields - mean**2, 0))
    ends = []
    for z in (ndtri((1 - LEVEL) / 2), ndtri((1 + LEVEL) / 2)):
        pga = np.exp(mean + z * sd)
        reached = np.zeros((len(kind), len(DAMAGED)))
        for number, fragility in enumerate(used):
            mine = kind == number
            reached[mine] = fragility.exceedance(pga[mine])
        ends.append(reached)
    return ends[0], ends[1]


def _notes(exposure: Exposure, used: list[Fragility], missing: int) -> tuple[str, ...]:
    notes = [str(one) for fragility in used for one in crossings(fragility)]
    if missing:
        notes.append(f"{missing} of {len(exposure)} assets have no motion and are in no number")
    return tuple(notes)
