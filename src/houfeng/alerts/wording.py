"""What alerts say, in English and Chinese: sentences from a catalogue, and numbers as people write them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources

from houfeng.alerts.alert import plain_text
from houfeng.errors import UnknownNameError
from houfeng.values import Estimate

#: Languages of the messages we compose: of CAP, and the one of our words.
LANGUAGES = {"en-US": "en", "zh-CN": "zh"}

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every sentence: key to language to text with ``{placeholders}``."""
    return json.loads(resources.files("houfeng.alerts").joinpath("words.json").read_text(encoding="utf-8"))


def say(key: str, language: str, **values: object) -> str:
    """One sentence in one language (``en``, ``zh``).

    Raises
    ------
    UnknownNameError
        When there is no such sentence.
    """
    if key not in catalogue():
        raise UnknownNameError("sentence of an alert", key, catalogue())
    return catalogue()[key][language].format(**values)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text of `texts` in `language`, else in English, else whichever there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def percent(probability: float) -> str:
    """A chance for people: never 0 or 100, where a model cannot know.

    Examples
    --------
    >>> percent(0.834), percent(0.0042), percent(1e-6), percent(1.0)
    ('83 %', '0.42 %', '< 0.01 %', '> 99 %')
    """
    share = 100 * probability
    if share < 0.01:
        return "< 0.01 %"
    if share > 99:
        return "> 99 %"
    return f"{share:.0f} %" if share >= 9.95 else f"{share:.2g} %"


def level_of(estimate: Estimate) -> str:
    """Content of an estimate's range in percent, as a number."""
    return f"{100 * estimate.level:.3g}"


def span(estimate: Estimate, language: str) -> str:
    """The range of a number of places; bounds where they are certain."""
    key = "bounds" if estimate.level >= 1 else "range"
    return say(key, language, low=estimate.low, high=estimate.high, level=level_of(estimate))


def roman(mmi: float) -> str:
    """An intensity for people; halves stay digits.

    Examples
    --------
    >>> roman(7.0), roman(6.5)
    ('VII', '6.5')
    """
    return _ROMAN[int(mmi) - 1] if float(mmi).is_integer() and 1 <= mmi <= 12 else f"{mmi:g}"


def shaking_word(mmi: float, language: str) -> str:
    """USGS ShakeMap's word for an intensity."""
    return say(f"mmi_{min(max(int(mmi), 4), 10)}", language)


def position(*, longitude: float, latitude: float, language: str) -> str:
    """An epicentre for people, to 0.01 degrees."""
    if language == "zh":
        north, east = ("北纬" if latitude >= 0 else "南纬"), ("东经" if longitude >= 0 else "西经")
        return f"{north}{abs(latitude):.2f}°，{east}{abs(longitude):.2f}°"
    north, east = ("N" if latitude >= 0 else "S"), ("E" if longitude >= 0 else "W")
    return f"{abs(latitude):.2f}° {north}, {abs(longitude):.2f}° {east}"


def clock(moment: datetime, language: str) -> str:
    """A time to the second; the sentence around it says UTC."""
    if language == "zh":
        return f"{moment.year}年{moment.month}月{moment.day}日{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def names_of(names: Sequence[str], language: str, *, shown: int = 3) -> str:
    """The first few names, and how many more."""
    comma = "、" if language == "zh" else ", "
    names = [plain_text(name, "the name of a place") for name in names]
    if len(names) <= shown:
        return comma.join(names)
    first = comma.join(names[:shown])
    return say("and_more", language, names=first, n=len(names) - shown, total=len(names))
