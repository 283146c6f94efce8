"""Channels from a TOML file. Secrets stay out of it: it names the environment variables that hold them."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from houfeng.alerts.channels.base import Channel
from houfeng.alerts.channels.folder import FolderChannel
from houfeng.alerts.channels.messenger import MessengerChannel
from houfeng.alerts.channels.webhook import WebhookChannel
from houfeng.errors import ConfigError, InputError

#: What each kind needs, and may have besides.
KINDS = {
    "folder": ({"folder"}, {"base_url"}),
    "webhook": ({"url", "secret_variable"}, set()),
    "apprise": ({"url_variable"}, set()),
}


def read_channels(
    path: str | Path, *, timeout_s: float = 10.0, retries: int = 3, environment: Mapping[str, str] = os.environ
) -> tuple[Channel, ...]:
    """Read channels: a list ``[[channel]]`` with name, kind, ``drills`` (default false) and what the kind needs.

    Parameters
    ----------
    path
        A folder in it is relative to the file.
    timeout_s, retries
        Of web hooks.

    Raises
    ------
    ConfigError
        When the file cannot be read, a name or value is wrong, or a variable it names is not set.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the channels {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the channels {path} are not TOML: {error}") from error
    rows = table.get("channel")
    if set(table) - {"channel"} or not isinstance(rows, list):
        raise ConfigError(f"{path} must hold a list of tables [[channel]] and nothing else")
    channels = []
    for number, row in enumerate(rows, 1):
        where = f"{path}, channel {number}"
        try:
            channels.append(_channel(row, path.parent, where, timeout_s, retries, environment))
        except ConfigError:
            raise
        except InputError as error:
            raise ConfigError(f"{where}: {error}") from error
    names = [channel.name for channel in channels]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}: two channels have the same name; receipts would not tell them apart")
    return tuple(channels)


def _channel(
    row: Mapping[str, object], folder: Path, where: str, timeout_s: float, retries: int, environment: Mapping[str, str]
) -> Channel:
    kind = row.get("kind")
    if kind not in KINDS:
        raise ConfigError(f"{where}: kind is {kind!r}, allowed: {', '.join(KINDS)}")
    needed, optional = KINDS[kind]
    allowed = {"name", "kind", "drills", *needed, *optional}
    if strange := set(row) - allowed:
        raise ConfigError(f"{where}: '{min(strange)}' is not known; allowed: {', '.join(sorted(allowed))}")
    if missing := ({"name"} | needed) - set(row):
        raise ConfigError(f"{where} lacks {', '.join(sorted(missing))}")
    drills = row.get("drills", False)
    if not isinstance(drills, bool):
        raise ConfigError(f"{where}: drills is {drills!r}, it must be true or false")
    texts = {name: value for name, value in row.items() if name != "drills"}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{where}: {name} is {value!r}, it must be a text")
    if kind == "folder":
        target = folder / Path(texts["folder"]).expanduser()
        return FolderChannel(texts["name"], target, drills, texts.get("base_url", ""))
    if kind == "webhook":
        secret = _variable(texts["secret_variable"], where, environment).encode()
        return WebhookChannel(texts["name"], texts["url"], secret, drills, timeout_s, retries)
    return MessengerChannel(texts["name"], _variable(texts["url_variable"], where, environment), drills)


def _variable(name: str, where: str, environment: Mapping[str, str]) -> str:
    if name.upper().startswith("HOUFENG_"):
        raise ConfigError(f"{where}: the variable {name} begins like a setting of Houfeng; give it another name")
    value = environment.get(name, "")
    if not value:
        raise ConfigError(f"{where}: the environment variable {name} is not set; it must hold the secret")
    return value
