"""Settings: one frozen tree, from defaults, a TOML file and the environment, in rising order of say.

The file is ``houfeng.toml`` in the working folder, or the path in ``HOUFENG_CONFIG``. A variable such as
``HOUFENG_FORECAST__SEED=7`` sets ``seed`` in the table ``[forecast]``. Nothing is written or made on loading.
"""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from houfeng.errors import ConfigError

PREFIX = "HOUFENG_"
CONFIG_VARIABLE = "HOUFENG_CONFIG"
FILE_NAME = "houfeng.toml"

#: Variables with our prefix that are not settings: where the file is, and where the tests find data sets.
_NOT_SETTINGS = (CONFIG_VARIABLE, "HOUFENG_SHARED_DATA")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("a truth value is not a number")
        return value


def _setting(default: Any, meaning: str, *, unit: str = "", **limits: Any) -> Any:
    return Field(default, description=meaning, json_schema_extra={"unit": unit}, **limits)


class CatalogSettings(_Table):
    """How catalogues are read."""

    publication_delay_s: float = _setting(
        1200.0,
        "From the origin of an event to its publication, assumed where a catalogue has no issue times.",
        unit="s",
        ge=0,
    )


class HttpSettings(_Table):
    """How web services are asked."""

    timeout_s: float = _setting(
        60.0, "Longest silence of a server before an attempt is given up.", unit="s", gt=0, le=3600
    )
    retries: int = _setting(4, "Further attempts after a failed one.", ge=0, le=20)
    cache_max_age_s: float = _setting(
        86_400.0, "Older copies in the cache are fetched again; 0 fetches always.", unit="s", ge=0
    )


class ForecastSettings(_Table):
    """How forecasts are computed."""

    n_simulations: int = _setting(10_000, "Simulated catalogues behind a forecast and its ranges.", ge=1, le=10_000_000)
    seed: int = _setting(20150916, "Seed of every random draw; the same seed gives the same forecast.", ge=0)


class AlertSettings(_Table):
    """How alerts are made and sent."""

    sender: str = _setting(
        "unconfigured@houfeng.invalid",
        "Who sends alerts, unique in the world, best with an Internet domain of its own; nothing but drills is "
        "published until it is set.",
    )
    contact: str = _setting("", "Whom readers of an alert may ask; empty for nobody.")
    rules: str = _setting("", "TOML file with the rules of warning; empty for the built-in ones.")
    channels: str = _setting("", "TOML file with the channels alerts are sent on; empty for none.")
    valid_hours: float = _setting(24.0, "How long an alert holds.", unit="h", gt=0, le=720)
    place_radius_km: float = _setting(
        10.0, "Radius of the area around a place that is warned, where its file gives none.", unit="km", gt=0, le=500
    )
    timeout_s: float = _setting(10.0, "Longest silence of a web hook before an attempt is given up.", unit="s", gt=0)
    retries: int = _setting(3, "Further attempts of a web hook after a failed one.", ge=0, le=20)


class Settings(BaseSettings):
    """The whole tree; frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        validate_default=True,
    )

    data_dir: Path = _setting(
        Path("~/.local/share/houfeng"),
        "Folder of the store and of the cache of web services; made when first written.",
    )
    catalog: CatalogSettings = CatalogSettings()
    http: HttpSettings = HttpSettings()
    forecast: ForecastSettings = ForecastSettings()
    alerts: AlertSettings = AlertSettings()

    @field_validator("data_dir")
    @classmethod
    def _at_home(cls, path: Path) -> Path:
        return path.expanduser()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        **_: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment has the last word over what the file says (which comes as init arguments)."""
        return env_settings, init_settings

    @property
    def cache_dir(self) -> Path:
        """Folder of the HTTP cache."""
        return self.data_dir / "cache"


def config_path() -> Path | None:
    """The settings file in force, None where there is none.

    Raises
    ------
    ConfigError
        When ``HOUFENG_CONFIG`` names a file that does not exist.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    path = Path(named) if named else Path(FILE_NAME)
    if path.is_file():
        return path
    if named:
        raise ConfigError(f"{CONFIG_VARIABLE} names {path}, which is not a file; create it or unset the variable")
    return None


def load_settings() -> Settings:
    """Settings from defaults, file and environment.

    Raises
    ------
    ConfigError
        In one line: the file or variable, the key, what is allowed.

    Examples
    --------
    >>> load_settings().forecast.n_simulations
    10000
    """
    path = config_path()
    table = _read_toml(path) if path else {}
    _check_variables()
    try:
        return Settings(**table)
    except ValidationError as error:
        raise ConfigError(_complaint(error, path)) from error
    except ValueError as error:  # pydantic-settings' own: a variable that should hold a table
        raise ConfigError(f"environment: {error}; see `houfeng config` for all settings") from error


def leaves(model: type[BaseModel] = Settings, parents: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every single setting: its dotted name and its pydantic field, in order."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from leaves(kind, (*parents, name))
        else:
            yield ".".join((*parents, name)), field


def variable_name(setting: str) -> str:
    """The environment variable of a setting given by its dotted name."""
    return PREFIX + setting.upper().replace(".", "__")


def to_toml(settings: Settings) -> str:
    """The settings as a TOML file with a comment on every line; loading it gives the same settings back."""
    lines = []
    table = ""
    for name, field in leaves():
        *parents, key = name.split(".")
        if parents and parents[0] != table:
            table = parents[0]
            lines += ["", f"[{table}]"]
        unit = field.json_schema_extra["unit"]
        lines.append(f"# {field.description}" + (f" Unit: {unit}." if unit else ""))
        lines.append(f"{key} = {json.dumps(value_of(settings, name), ensure_ascii=False)}")
    return "\n".join(lines).lstrip() + "\n"


def value_of(settings: Settings, name: str) -> str | int | float:
    """The plain value of a setting given by its dotted name."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return str(value) if isinstance(value, Path) else value


def limits_of(field: Any) -> str:
    """What a setting may be, in words, such as "an integer, at least 1, at most 20"."""
    kinds = {int: "an integer", float: "a number", str: "a text", Path: "a path"}
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    bounds = [
        f"{word} {getattr(limit, name):,}"
        for limit in field.metadata
        for name, word in words.items()
        if hasattr(limit, name)
    ]
    return ", ".join([kinds[field.annotation], *bounds])


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}; `houfeng config` prints an example") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the settings file {path}: {error}") from error


def _check_variables() -> None:
    """Refuse variables with our prefix that set nothing: a misspelt one would go unnoticed."""
    known = {variable_name(name): name for name, _ in leaves()}
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in known and variable not in _NOT_SETTINGS:
            raise ConfigError(_unknown(f"environment variable {variable}", variable, known))


def _complaint(error: ValidationError, path: Path | None) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    variable = variable_name(name)
    where = f"environment variable {variable}" if variable in os.environ else f"{path}: {name}"
    fields = dict(leaves())
    if name in fields:
        return f"{where} is {first['input']!r}; allowed: {limits_of(fields[name])}"
    if first["type"] == "extra_forbidden":
        return _unknown(where, name, fields)
    return f"{where} is {first['input']!r}; it must be a table with {', '.join(_below(name, fields))}"


def _below(name: str, fields: Mapping[str, Any]) -> list[str]:
    return [field.removeprefix(f"{name}.") for field in fields if field.startswith(f"{name}.")]


def _unknown(where: str, name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return f"{where} is not a setting{hint} There are: {', '.join(known)}"
