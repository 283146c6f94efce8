"""One earthquake, as the rooms after the forecast speak of it: shaking, damage, response, alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from houfeng.errors import InputError, UnknownNameError
from houfeng.times import require_utc

#: Where in the plates it broke; ground-motion models are made for one of these.
REGIMES = ("crustal", "interface", "slab")


@dataclass(frozen=True, slots=True)
class Earthquake:
    """Origin and size of one earthquake.

    Attributes
    ----------
    event_id
        The provider's identifier.
    time
        Origin, UTC.
    longitude, latitude
        Epicentre in degrees, longitude in [-180, 180).
    depth_km
        Of the hypocentre, positive down.
    magnitude, magnitude_type
        Moment magnitude where there is one.
    regime
        One of :data:`REGIMES`.
    names
        What people call it, by language (``en``, ``zh``).
    status
        ``"actual"``, ``"exercise"`` or ``"scenario"``; whatever is made from the last two says so.
    """

    event_id: str
    time: datetime
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float
    magnitude_type: str = "Mw"
    regime: str = "crustal"
    names: Mapping[str, str] = field(default_factory=dict)
    status: str = "actual"

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", require_utc(self.time, "origin time"))
        if self.regime not in REGIMES:
            raise UnknownNameError("regime", self.regime, REGIMES)
        if self.status not in ("actual", "exercise", "scenario"):
            raise UnknownNameError("status", self.status, ("actual", "exercise", "scenario"))
        for name, low, high, unit in (
            ("longitude", -180.0, 180.0, "degrees"),
            ("latitude", -90.0, 90.0, "degrees"),
            ("depth_km", -10.0, 800.0, "km, positive down"),
            ("magnitude", -5.0, 9.9, "on its scale"),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} {value} of earthquake '{self.event_id}' is outside {low} to {high} {unit}")

    def name(self, language: str) -> str:
        """What people call it in `language`, else its identifier."""
        return self.names.get(language, self.event_id)
