"""Models fitted on one past: what was known, from which magnitude it is complete, one fit for each model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.completeness import estimate_completeness
from houfeng.errors import FitError, NotEnoughDataError
from houfeng.models.base import Fitted, Model
from houfeng.models.registry import create_model, model_class
from houfeng.regions import Region
from houfeng.reports.messages import Notice
from houfeng.times import require_utc

#: The long-term average everything is compared with.
BASELINE = "smoothed"

#: Events this far outside the region still serve as sources of aftershocks inside it.
AUXILIARY_KM = 300.0

#: Fewer past earthquakes than this, and every number is to be taken with great care.
FEW = 100

Progress = Callable[[str], None]


def silent(_message: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Trained:
    """Models fitted on one past, and what that past is worth.

    Attributes
    ----------
    as_of
        The fits saw nothing issued after this moment.
    min_magnitude
        Nothing smaller was fitted or is forecast.
    completeness_method
        How `min_magnitude` was estimated; None where it was given.
    fitted : mapping of model name to fitted model
        The baseline is always among them.
    warnings
        Models that could not be fitted, and why.
    """

    as_of: datetime
    min_magnitude: float
    completeness_method: str | None
    fitted: Mapping[str, Fitted]
    warnings: tuple[Notice, ...] = ()


def train(
    catalog: Catalog,
    region: Region,
    *,
    as_of: datetime,
    models: Sequence[str],
    min_magnitude: float | None = None,
    n_simulations: int | None = None,
    kept: Mapping[str, Fitted] | None = None,
    progress: Progress = silent,
) -> Trained:
    """Fit each of `models`, and the baseline, on what was known at `as_of`.

    Parameters
    ----------
    catalog
        May reach beyond `as_of` and the region; it is cut here.
    models
        Names in the registry, or of `kept` models.
    min_magnitude
        Estimated on the history when None.
    n_simulations
        Catalogues behind each forecast of a model that simulates; its own default when None.
    kept
        Models fitted before, by name: taken as they are. Who gives them answers for what they have seen
        (:meth:`houfeng.operations.kept.Kept.check`).

    Raises
    ------
    UnknownNameError
        When a model does not exist.
    NotEnoughDataError
        When the history is too short for the baseline, or for every model asked for.
    FitError
        When the only model asked for does not fit.
    """
    history = known(catalog, region, as_of)
    inside = history.within(region)
    if not len(inside):
        raise NotEnoughDataError(
            f"the catalogue ({catalog.provenance.source}) has no earthquake in '{region.name}' known by "
            f"{as_of.isoformat()}; take a later --as-of, another --region or another --catalog"
        )
    method = None
    if min_magnitude is None:
        progress("estimating the completeness magnitude")
        estimate = estimate_completeness(inside)
        min_magnitude, method = estimate.magnitude, estimate.method
    kept, fitted, warnings = kept or {}, {}, []
    names = tuple(dict.fromkeys((*models, BASELINE)))
    recipes = {name: _recipe(name, min_magnitude, n_simulations) for name in names if name not in kept}
    for name in names:
        if name in kept:
            fitted[name] = kept[name]
            continue
        progress(f"fitting {name} on the past (M>={min_magnitude:g}, to {as_of:%Y-%m-%d %H:%M} UTC)")
        try:
            fitted[name] = recipes[name].fit(history, region)
        except (NotEnoughDataError, FitError) as error:
            if name == BASELINE or len(models) == 1:
                raise
            warnings.append(Notice("warning_left_out", {"model": name, "reason": str(error)}))
    n = len(inside.above(min_magnitude))
    if n < FEW:
        warnings.append(Notice("warning_few", {"n": n, "m": min_magnitude}))
    return Trained(as_of, min_magnitude, method, fitted, tuple(warnings))


def _recipe(name: str, min_magnitude: float, n_simulations: int | None) -> Model:
    """The model called `name`; one that declares ``n_catalogs`` simulates as many as asked for."""
    simulates = "n_catalogs" in {field.name for field in fields(model_class(name))}
    more = {"n_catalogs": n_simulations} if simulates and n_simulations is not None else {}
    return create_model(name, min_magnitude=min_magnitude, **more)


def known(catalog: Catalog, region: Region, as_of: datetime) -> Catalog:
    """What was known at `as_of` in the region and within 300 km of it, no deeper than it reaches."""
    past = catalog.as_of(require_utc(as_of, "as-of"))
    near = region.near(longitude=past.longitude, latitude=past.latitude, distance_km=AUXILIARY_KM)
    return past.select(near & ~(past.depth_km > region.depth_max_km))
