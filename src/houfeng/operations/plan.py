"""What a run is about: a case, a catalogue, moments, horizons, models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, TimeError
from houfeng.models.registry import model_class
from houfeng.operations import document
from houfeng.operations.kept import Kept, completeness
from houfeng.regions import Region
from houfeng.times import DAY_S, require_utc


@dataclass(frozen=True, slots=True)
class Shock:
    """The earthquake a case is about."""

    time: datetime
    magnitude: float
    longitude: float
    latitude: float


@dataclass(frozen=True)
class Case:
    """What a run is about: a name for files, titles by language, an earthquake and a city if there are any.

    With a city (``coquimbo``) the chain of warning, assessment and response follows the forecasts.
    """

    name: str
    titles: Mapping[str, str] = field(default_factory=dict)
    shock: Shock | None = None
    city: str = ""


#: The case that ships with Houfeng: origin and hypocentre of the USGS.
ILLAPEL = Case(
    name="illapel-2015",
    titles={"en": "2015 Illapel (Chile) M8.3 earthquake", "zh": "2015 年智利伊亚佩尔 M8.3 地震"},
    shock=Shock(
        time=datetime(2015, 9, 16, 22, 54, 32, 860_000, tzinfo=UTC),
        magnitude=8.3,
        longitude=-71.6744,
        latitude=-31.5729,
    ),
    city="coquimbo",
)

#: Midnight before it, then an hour, a day and a week after it.
ILLAPEL_MOMENTS = (
    datetime(2015, 9, 16, tzinfo=UTC),
    *(ILLAPEL.shock.time + timedelta(hours=hours) for hours in (1, 24, 168)),
)


@dataclass(frozen=True)
class Plan:
    """All that a run depends on.

    Attributes
    ----------
    catalog
        May reach beyond the moments: what follows is used to compare, never to forecast.
    moments
        As-of times, ascending; the models are fitted at the first.
    horizons
        Name to length.
    models
        Names; the first is the one drawn and explained.
    min_magnitude
        That of the kept models, or estimated, when None.
    n_simulations
        Simulated catalogues behind each forecast of a model that simulates; up to a thousand are written.
    folder
        Where the files go.
    kept
        By name, those of `models` that were fitted before and are not fitted again.
    """

    case: Case
    catalog: Catalog
    region: Region
    moments: tuple[datetime, ...]
    horizons: Mapping[str, timedelta]
    models: tuple[str, ...]
    min_magnitude: float | None
    n_simulations: int
    seed: int
    folder: Path
    kept: Mapping[str, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        moments = tuple(sorted({require_utc(moment, "as-of") for moment in self.moments}))
        object.__setattr__(self, "moments", moments)
        for what, given in (("as-of time", moments), ("horizon", self.horizons), ("model", self.models)):
            if not given:
                raise InputError(f"a run needs at least one {what}")
        for name in self.models:
            if name not in self.kept:
                model_class(name)
        for one in self.kept.values():
            one.check(self.catalog, self.region, moments[0])
        object.__setattr__(self, "min_magnitude", completeness(self.kept.values(), self.min_magnitude))
        if len(self.catalog) and not len(self.catalog.as_of(moments[0])):
            first = self.catalog.issued.min()
            raise TimeError(
                f"as of {moments[0].isoformat()} nothing is known: the catalogue "
                f"({self.catalog.provenance.source}) begins {first}Z; take a later --as-of"
            )

    @property
    def settings(self) -> dict:
        """The plan as plain values, for the store."""
        return {
            "case": self.case.name,
            "region": self.region.to_geojson(),
            "cell_deg": self.region.cell_deg,
            "moments": [document.time(moment) for moment in self.moments],
            "horizons_days": self.horizons_days,
            "models": list(self.models),
            "kept": {name: one.settings() for name, one in self.kept.items()},
            "min_magnitude": self.min_magnitude,
            "n_simulations": self.n_simulations,
            "seed": self.seed,
            "folder": str(self.folder.absolute()),
        }

    @property
    def horizons_days(self) -> dict[str, float]:
        """Name to length in days."""
        return {name: length.total_seconds() / DAY_S for name, length in self.horizons.items()}
