"""Numbers as a decision maker reads them: two significant digits, always with the range, never more than is known."""

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources

from houfeng.errors import InputError, UnknownNameError
from houfeng.reports.messages import LANGUAGES

#: Roman numerals of intensity, from I.
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


#: Names of large numbers, from the largest.
_UNITS = {"en": ((1e9, "billion"), (1e6, "million")), "zh": ((1e8, "亿"), (1e4, "万"))}


@cache
def situation_words() -> Mapping[str, Mapping[str, str]]:
    """Every message of the situation report and its maps: key to language to text."""
    text = resources.files("houfeng.reports").joinpath("situation_messages.json").read_text(encoding="utf-8")
    return json.loads(text)


def say(key: str, language: str, **values: object) -> str:
    """One message in one language.

    Raises
    ------
    UnknownNameError
        When there is no such message or language.
    """
    table = situation_words()
    if key not in table:
        raise UnknownNameError("message of the situation report", key, table)
    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    return table[key][language].format(**values)


def rounded(value: float, digits: int = 2) -> float:
    """A number with so many significant digits."""
    return float(f"{value:.{digits}g}")


def count(value: float, language: str) -> str:
    """How many: two significant digits; what lies between 0 and 1 is "<1".

    Large numbers are in millions and billions, in Chinese in ten thousands and hundred millions.
    """
    return "<1" if 0 < value < 0.95 else _in_units(rounded(round(value)), language)


def _in_units(value: float, language: str) -> str:
    for size, unit in _UNITS[language]:
        if abs(value) >= size:
            return f"{_short(value / size)} {unit}"
    return f"{value:,.0f}"


def measure(value: float, _language: str) -> str:
    """A measured quantity with two significant digits."""
    return _short(value)


def intensity(value: float, _language: str) -> str:
    """Intensity to a tenth: the range is rarely wider than two degrees."""
    return f"{value:.1f}"


def roman(mmi: float) -> str:
    """The Roman numeral of an intensity, from I to XII."""
    return ROMAN[min(max(math.floor(mmi + 0.5), 1), len(ROMAN)) - 1]


def percent(probability: float, _language: str) -> str:
    """A probability with two significant digits; never 0 or 100 %."""
    if probability < 0.001:
        return "<0.1 %"
    if probability > 0.99:
        return ">99 %"
    return f"{_short(100 * probability)} %"


def estimate(value: object, where: str) -> dict | None:
    """Check one number with its range.

    Parameters
    ----------
    value
        ``{"value", "low", "high", "level"}``; None or a ``value`` of None or NaN where nobody knows. An end of the
        range that is None or infinite is open.
    where
        Its place in the document, for the message.

    Returns
    -------
    dict or None
        The four as floats, open ends None; None where nobody knows.

    Raises
    ------
    InputError
        For anything else, a reversed range, or a value outside its range.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping) or "value" not in value:
        raise InputError(f"{where} is {value!r}; give value, low, high and level, or null where nobody knows")
    ends = {name: _finite(value.get(name), f"{where}.{name}") for name in ("value", "low", "high", "level")}
    if ends["value"] is None:
        return None
    low, high = (-math.inf if ends["low"] is None else ends["low"], math.inf if ends["high"] is None else ends["high"])
    if not low <= high:
        raise InputError(f"{where}: the range from {low:g} to {high:g} is reversed")
    return ends


def _finite(value: object, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{where} is {value!r}, not a number")
    return float(value) if math.isfinite(value) else None


def span(ends: Mapping, language: str, form) -> str:
    """The range in brackets, written by `form` (:func:`count`, :func:`money`, ...)."""
    low, high = ends["low"], ends["high"]
    if low is None and high is None:
        return say("range_none", language)
    if low is None:
        return say("range_below", language, high=form(high, language))
    if high is None:
        return say("range_above", language, low=form(low, language))
    return say("range_only", language, low=form(low, language), high=form(high, language))


def _short(value: float) -> str:
    value = rounded(value)
    if abs(value) >= 10 or value == 0:
        return f"{value:,.0f}"
    digits = 1 - math.floor(math.log10(abs(value)))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
