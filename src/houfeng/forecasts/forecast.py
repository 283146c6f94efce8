"""A forecast: what may happen, who says so, on what data, and why."""

import math
from dataclasses import dataclass
from datetime import datetime

from houfeng.errors import InputError
from houfeng.forecasts.counts import Counts
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.times import Window, require_utc
from houfeng.values import STATES


@dataclass(frozen=True, slots=True)
class Issue:
    """Who says so, when, on what data, and with what standing.

    Attributes
    ----------
    model
        Name of the model.
    region
        Name of the region.
    as_of
        Moment of the forecast; nothing issued later was used.
    data_end
        End of the data used; older than `as_of` when the catalogue ends earlier.
    label
        "PSEUDO-PROSPECTIVE (final catalogue)" or "PROSPECTIVE (as issued)".
    source
        Of the catalogue, for people.
    state, authority
        One of :data:`houfeng.values.STATES`; who approved or published it (empty for a draft).
    """

    model: str
    region: str
    as_of: datetime
    data_end: datetime
    label: str
    source: str
    state: str = "draft"
    authority: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "as_of", require_utc(self.as_of, "as-of"))
        object.__setattr__(self, "data_end", require_utc(self.data_end, "data end"))
        if self.state not in STATES:
            raise InputError(f"a forecast is {', '.join(STATES)}, not '{self.state}'")
        if (self.state == "draft") != (not self.authority):
            raise InputError("a draft has no authority, and every other state names the one that answers for it")

    @property
    def data_age_days(self) -> float:
        """Days from the end of the data to the moment of the forecast."""
        return (self.as_of - self.data_end).total_seconds() / 86_400


@dataclass(frozen=True, slots=True)
class Contributor:
    """A past earthquake and its share of the expected number of events in the window."""

    event_id: str
    time: datetime
    longitude: float
    latitude: float
    magnitude: float
    share: float


@dataclass(frozen=True, slots=True)
class FeatureReason:
    """One thing that a learned model looked at, and what it did to the rate of a cell.

    Attributes
    ----------
    name, meaning, unit
        Of the column; the meaning in plain English.
    value
        In `unit`; None where missing, or where it is more than one number (maps, sequences).
    log_factor
        Natural logarithm of what the rate is multiplied by because of it; positive raises.
    error
        Standard error of `log_factor`; 0 where it is exact.
    """

    name: str
    meaning: str
    unit: str
    value: float | None
    log_factor: float
    error: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.log_factor) and math.isfinite(self.error) and self.error >= 0):
            raise InputError(
                f"what {self.name} did to the rate must be a finite number with an error of 0 or more, not "
                f"{self.log_factor} and {self.error}"
            )
        if self.value is not None and not math.isfinite(self.value):
            raise InputError(f"the value of {self.name} is {self.value}; a missing one is None")


@dataclass(frozen=True, slots=True)
class CellReasons:
    """Why a learned model multiplies the statistical model in one cell: the one with the highest rate.

    Attributes
    ----------
    longitude, latitude
        Middle of the cell, degrees.
    target_magnitude, horizon_days
        What the model learned to expect: earthquakes of this magnitude or more within so long.
    log_factor
        Natural logarithm of what the rate is multiplied by.
    usual_log_factor
        The same in the usual cell of the region at that moment: what features add is counted from there.
    strongest
        Features that did most, strongest first. With `usual_log_factor` and all that are not named they sum to
        `log_factor`.
    """

    longitude: float
    latitude: float
    target_magnitude: float
    horizon_days: float
    log_factor: float
    usual_log_factor: float
    strongest: tuple[FeatureReason, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "strongest", tuple(self.strongest))
        if not (math.isfinite(self.log_factor) and math.isfinite(self.usual_log_factor)):
            raise InputError(f"log factors must be finite, not {self.log_factor} and {self.usual_log_factor}")
        if not (-180 <= self.longitude <= 180 and -90 <= self.latitude <= 90):
            raise InputError(f"no cell lies at longitude {self.longitude}, latitude {self.latitude}")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the number is what it is.

    Attributes
    ----------
    background_share
        Share of the expected number that the long-term average (background) gives, 0 to 1.
    contributors
        The past earthquakes that contribute most, largest first, with the aftershocks of their aftershocks
        in the share.
    notes
        Plain sentences on what the model did (taper, incompleteness, reverted horizon ...), in English.
    learned
        Of a learned model, what drives its highest cell; None of every other.
    """

    background_share: float
    contributors: tuple[Contributor, ...] = ()
    notes: tuple[str, ...] = ()
    learned: CellReasons | None = None


@dataclass(frozen=True, eq=False)
class Forecast:
    """Rates by cell and magnitude, the distribution of the total, and the explanation.

    Attributes
    ----------
    issue, gridded, counts, explanation
        ``counts.magnitudes`` are the thresholds people ask for; ``gridded`` has 0.1 bins.
    """

    issue: Issue
    gridded: GriddedForecast
    counts: Counts
    explanation: Explanation

    @property
    def window(self) -> Window:
        """When."""
        return self.gridded.window
