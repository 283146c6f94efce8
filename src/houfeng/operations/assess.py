"""The assessment, top to bottom: what broke, how strong the ground moved, what that did, whom it hurt."""

from dataclasses import dataclass

import numpy as np

from houfeng.damage.assessment import DamageAssessment
from houfeng.damage.assessment import assess as damage_of
from houfeng.damage.exposure import Exposure
from houfeng.damage.pager import Alert, death_alert, loss_alert, people_by_mmi
from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.operations.training import Progress, silent
from houfeng.shaking.conditioning import condition
from houfeng.shaking.field import ShakingField
from houfeng.shaking.gmm.limits import Outside
from houfeng.shaking.grid_places import field_at
from houfeng.shaking.intensity import mmi_of, used_for_intensity
from houfeng.shaking.motion import Motion
from houfeng.shaking.regimes import choose_models, mixture, outside_limits
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import DEFAULT_VS30_MPS, Sites
from houfeng.shaking.stations import Stations

#: What damage to buildings, people's intensity and bridges are reckoned from.
MEASURES = ("PGA", "PGV", "SA(1.0)")
#: PGV of smaller subduction earthquakes is not used for intensity (docs/concepts/ground-motion.md).
PGV_FROM = 7.5
#: Equally likely fields of shaking.
N_FIELDS = 200


@dataclass(frozen=True, eq=False)
class Assessment:
    """What one earthquake did, as far as can be reckoned.

    Attributes
    ----------
    rupture
        What broke.
    field
        Shaking at the assets, then at the places of interest.
    samples
        By measure, shape (n_fields, n_assets + n_places), float32, in g or cm/s; ``MMI`` as well.
    n_assets
        So many columns are assets, the others places of interest.
    damage
        Damage, casualties and losses by zone.
    deaths_alert, losses_alert
        The country's empirical model, for comparison; from the median intensity at the assets.
    outside
        What lies beyond the limits of the ground-motion models.
    """

    rupture: Rupture
    field: ShakingField
    samples: dict[str, np.ndarray]
    n_assets: int
    damage: DamageAssessment
    deaths_alert: Alert
    losses_alert: Alert
    outside: tuple[Outside, ...]

    def at_places(self, measure: str) -> np.ndarray:
        """Samples at the places of interest, shape (n_fields, n_places)."""
        return self.samples[measure][:, self.n_assets :]

    @property
    def simulated(self) -> bool:
        """Whether the shaking or the buildings are invented in part."""
        return self.field.simulated or self.damage.simulated


def assess(
    rupture: Rupture,
    exposure: Exposure,
    *,
    country: str,
    region: str = "global",
    local_hour: float,
    seed: int,
    vs30_mps: float = DEFAULT_VS30_MPS,
    places: Sites | None = None,
    stations: Stations | None = None,
    shakemap: ShakingField | None = None,
    n_fields: int = N_FIELDS,
    progress: Progress = silent,
) -> Assessment:
    """Reckon the shaking and what it did.

    Parameters
    ----------
    rupture
        A point where only that is known.
    exposure
        Buildings and who is in them.
    country
        ISO 3166 two-letter code, for the empirical model.
    region
        Whose ground-motion models, see :func:`houfeng.shaking.regimes.choose_models`.
    local_hour
        Local time of the earthquake, 0 to 24; decides who was inside.
    vs30_mps
        Of the ground under the assets.
    places
        Other places where the shaking is wanted (bridges, the middle of zones).
    stations
        What was observed; without it the shaking is that of the models alone, not observed.
    shakemap
        A map of the shaking on a grid, taken instead of models and stations; assets off the map are not assessed.
    n_fields
        Equally likely fields behind every range.

    Raises
    ------
    InputError
        When the exposure is empty, a number is out of its range, or no asset lies on the map.
    """
    if not len(exposure):
        raise InputError("the exposure is empty; at least one asset is needed")
    if not n_fields >= 20:
        raise InputError(f"{n_fields} fields give no range; take at least 20")
    rng = np.random.default_rng(seed)
    progress("shaking")
    sites = _sites(exposure, vs30_mps, places)
    if shakemap is None:
        field, outside = shaking(rupture, sites, region=region, stations=stations)
        felt = felt_measures(rupture.earthquake)
    else:
        field, outside = shaking_of_map(shakemap, sites), ()
        felt = used_for_intensity(field.motion.measures)
    samples = field.realisations(n_fields, rng)
    samples["MMI"] = mmi_of({name: samples[name] for name in felt})
    progress("damage, people and losses")
    n = len(exposure)
    damage = damage_of(
        exposure, {"PGA": samples["PGA"][:, :n]}, samples["MMI"][:, :n], local_hour=local_hour % 24.0, rng=rng
    )
    on_map = np.isfinite(field.motion.mean_ln[:n, 0])
    exposed = people_by_mmi(exposure.occupants_night[on_map], np.median(samples["MMI"][:, :n][:, on_map], axis=0))
    return Assessment(
        rupture=rupture,
        field=field,
        samples=samples,
        n_assets=n,
        damage=damage,
        deaths_alert=death_alert(exposed, country),
        losses_alert=loss_alert(exposed, country),
        outside=outside,
    )


def felt_measures(earthquake: Earthquake) -> tuple[str, ...]:
    """What intensity is reckoned from: PGA and PGV, but PGA alone for subduction earthquakes below `PGV_FROM`.

    The models of subduction earthquakes have no PGV of their own; the one borrowed is too high for small ones.
    """
    borrowed = earthquake.regime != "crustal" and earthquake.magnitude < PGV_FROM
    return ("PGA",) if borrowed else ("PGA", "PGV")


def shaking(
    rupture: Rupture, sites: Sites, *, region: str, stations: Stations | None = None
) -> tuple[ShakingField, tuple[Outside, ...]]:
    """The field of shaking at `sites`, conditioned on `stations` where there are any, and what lies outside limits."""
    weights = choose_models(rupture.regime, region)

    def motion_at(where: Sites) -> tuple[Motion, tuple[Outside, ...]]:
        distances = rupture.distances(where)
        outside = outside_limits(weights, rupture, distances, where)
        return mixture(weights, rupture, distances, where, MEASURES), outside

    motion, outside = motion_at(sites)
    names = ", ".join(model.name for model in weights)
    simulated = rupture.earthquake.status != "actual"
    field = ShakingField(rupture.earthquake, sites, motion, f"ground-motion models {names}", simulated=simulated)
    if stations is not None and len(stations):
        field = condition(field, stations, motion_at(stations.sites)[0])
    return field, outside


def shaking_of_map(shakemap: ShakingField, sites: Sites) -> ShakingField:
    """The shaking of a map at `sites`, NaN off the map.

    Raises
    ------
    InputError
        When the map has no PGA, which damage is reckoned from, or none of the sites is on it.
    """
    field = field_at(shakemap, longitude=sites.longitude, latitude=sites.latitude, measures=MEASURES)
    if "PGA" not in field.motion.measures:
        raise InputError(f"{shakemap.source} has no PGA, which damage is reckoned from; leave the map out")
    if len(sites) and not np.isfinite(field.motion.mean_ln).any():
        on_map = shakemap.sites
        raise InputError(
            f"none of the {len(sites):,} places is on the map of shaking, which reaches from "
            f"{on_map.longitude.min():g} to {on_map.longitude.max():g} E and from {on_map.latitude.min():g} to "
            f"{on_map.latitude.max():g} N; is it the map of this earthquake?"
        )
    return field


def _sites(exposure: Exposure, vs30_mps: float, places: Sites | None) -> Sites:
    own = Sites.of(longitude=exposure.longitude, latitude=exposure.latitude, vs30_mps=vs30_mps)
    if places is None:
        return own
    columns = ("longitude", "latitude", "vs30_mps")
    return Sites(**{name: np.concatenate([getattr(own, name), getattr(places, name)]) for name in columns})
