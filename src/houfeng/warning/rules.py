"""Rules of warning, as data: built in, or from a TOML file."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from houfeng.errors import ConfigError, InputError
from houfeng.warning.costloss import CostLoss

SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor")


@dataclass(frozen=True, slots=True)
class IntensityRule:
    """Warn a place when strong shaking there is likely enough.

    Attributes
    ----------
    name
        Unique among the rules.
    severity
        ``Extreme``, ``Severe``, ``Moderate`` or ``Minor``.
    mmi
        Shaking of at least this intensity (Modified Mercalli).
    arm
        A place not yet warned is warned when the chance is at least this.
    release
        A place already warned stays so until the chance is less than this (hysteresis).
    """

    name: str
    severity: str
    mmi: float
    arm: float
    release: float

    def __post_init__(self) -> None:
        where = f"rule '{self.name}'"
        if self.severity not in SEVERITIES:
            raise InputError(f"{where}: the severity is '{self.severity}', allowed: {', '.join(SEVERITIES)}")
        if not 1 <= self.mmi <= 12:
            raise InputError(f"{where}: mmi is {self.mmi}; it must lie between 1 and 12")
        if not 0 < self.release <= self.arm <= 1:
            raise InputError(f"{where}: arm is {self.arm} and release {self.release}; wanted: 0 < release <= arm <= 1")


@dataclass(frozen=True, slots=True)
class ForecastRule:
    """Act on a forecast when that is cheaper than not to.

    Attributes
    ----------
    name, action
        Unique name, and what would be done, for people.
    magnitude
        On an earthquake of at least this size within the forecast's window.
    costs
        Cost and avoided loss.
    unit
        Of both, for people.
    release_share
        What was begun goes on until the probability is less than this share of the flip probability (hysteresis).
    """

    name: str
    action: str
    magnitude: float
    costs: CostLoss
    unit: str
    release_share: float = 0.7

    def __post_init__(self) -> None:
        if not 0 < self.release_share <= 1:
            raise InputError(f"rule '{self.name}': release_share is {self.release_share}; wanted: more than 0, up to 1")

    def acts(self, probability: float, *, acting: bool) -> bool:
        """Whether to act at `probability`, when one is `acting` already or not."""
        if acting:
            return probability >= self.release_share * self.costs.flip_probability
        return self.costs.acts(probability)


@dataclass(frozen=True, slots=True)
class ConfirmationRule:
    """What a location must have before anybody is warned.

    Attributes
    ----------
    stations
        That many have contributed to it.
    error_km
        Its horizontal error is at most this, km.
    solutions
        That many solutions in a row agreed (each within `error_km` of the one before).
    """

    stations: int = 4
    error_km: float = 50.0
    solutions: int = 1

    def __post_init__(self) -> None:
        if self.stations < 1 or self.solutions < 1 or not self.error_km > 0:
            raise InputError(
                f"confirmation wants {self.stations} stations, {self.solutions} solutions, {self.error_km} km; "
                "all must be more than 0: an alert is never armed on an unconfirmed location"
            )


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules; intensity rules from the strongest shaking down."""

    intensity: tuple[IntensityRule, ...] = (
        IntensityRule("severe shaking", "Extreme", 8.0, 0.5, 0.3),
        IntensityRule("very strong shaking", "Severe", 7.0, 0.5, 0.3),
        IntensityRule("strong shaking", "Moderate", 6.0, 0.5, 0.3),
    )
    forecast: tuple[ForecastRule, ...] = ()
    confirmation: ConfirmationRule = ConfirmationRule()
    event_codes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        order = sorted(self.intensity, key=lambda rule: -rule.mmi)
        ranks = [SEVERITIES.index(rule.severity) for rule in order]
        if ranks != sorted(ranks):
            raise InputError("stronger shaking has a lower severity in the intensity rules; put them in order")
        names = [rule.name for rule in (*self.intensity, *self.forecast)]
        if len(set(names)) < len(names):
            raise InputError(f"two rules have the same name: {', '.join(names)}")
        object.__setattr__(self, "intensity", tuple(order))

    @property
    def levels(self) -> tuple[float, ...]:
        """Intensities asked about, strongest first."""
        return tuple(dict.fromkeys(rule.mmi for rule in self.intensity))

    @classmethod
    def from_toml(cls, path: str | Path) -> "Rules":
        """Read rules; a section the file does not have keeps the built-in one.

        Sections: ``[[intensity]]`` (name, severity, mmi, arm, release), ``[[forecast]]`` (name, action, magnitude,
        cost, loss_avoided, unit, release_share), ``[confirmation]`` (stations, error_km, solutions),
        ``[event_codes]`` (any name and code).

        Raises
        ------
        ConfigError
            When the file cannot be read, or a name or value in it is wrong.
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the rules {path}: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"the rules {path} are not TOML: {error}") from error
        _require_keys(table, {"intensity", "forecast", "confirmation", "event_codes"}, str(path))
        try:
            return cls(**_sections(table))
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error
        except (InputError, TypeError) as error:
            raise ConfigError(f"{path}: {error}") from error


def _sections(table: Mapping) -> dict[str, object]:
    found: dict[str, object] = {}
    if "intensity" in table:
        found["intensity"] = tuple(IntensityRule(**_checked(row, IntensityRule)) for row in _rows(table, "intensity"))
    if "forecast" in table:
        found["forecast"] = tuple(_forecast_rule(row) for row in _rows(table, "forecast"))
    if "confirmation" in table:
        found["confirmation"] = ConfirmationRule(**_checked(table["confirmation"], ConfirmationRule))
    if "event_codes" in table:
        if not isinstance(table["event_codes"], Mapping):
            raise ConfigError(f"event_codes is {table['event_codes']!r}, it must be a table: write [event_codes]")
        found["event_codes"] = tuple((str(name), str(code)) for name, code in table["event_codes"].items())
    return found


def _rows(table: Mapping, name: str) -> list:
    if not isinstance(table[name], list):
        raise ConfigError(f"{name} is a table, it must be a list of tables: write [[{name}]]")
    return table[name]


def _forecast_rule(row: Mapping) -> ForecastRule:
    known = {"name", "action", "magnitude", "cost", "loss_avoided", "unit", "release_share"}
    _require_keys(row, known, "a [[forecast]] rule")
    missing = known - {"release_share"} - set(row)
    if missing:
        raise ConfigError(f"a [[forecast]] rule lacks {', '.join(sorted(missing))}")
    numbers = {name: _number(row[name], name) for name in ("cost", "loss_avoided", "magnitude")}
    share = {"release_share": _number(row["release_share"], "release_share")} if "release_share" in row else {}
    costs = CostLoss(numbers["cost"], numbers["loss_avoided"])
    return ForecastRule(str(row["name"]), str(row["action"]), numbers["magnitude"], costs, str(row["unit"]), **share)


def _checked(row: object, kind: type) -> dict[str, object]:
    if not isinstance(row, Mapping):
        raise ConfigError(f"{row!r} stands where a table with {', '.join(f.name for f in fields(kind))} must")
    names = {field.name: field.type for field in fields(kind)}
    _require_keys(row, set(names), f"a rule ({kind.__name__})")
    missing = [field.name for field in fields(kind) if field.name not in row and kind is IntensityRule]
    if missing:
        raise ConfigError(f"an [[intensity]] rule lacks {', '.join(missing)}")
    return {
        name: str(value) if names[name] is str else _whole(value, name) if names[name] is int else _number(value, name)
        for name, value in row.items()
    }


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{name} is {value!r}, it must be a number")
    return float(value)


def _whole(value: object, name: str) -> int:
    number = _number(value, name)
    if not number.is_integer():
        raise ConfigError(f"{name} is {value!r}, it must be a whole number")
    return int(number)


def _require_keys(table: Mapping, known: set[str], where: str) -> None:
    strange = [name for name in table if name not in known]
    if strange:
        raise ConfigError(f"{where}: '{strange[0]}' is not known; there are: {', '.join(sorted(known))}")
