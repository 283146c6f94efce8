"""The words of the chain on the page, in every language (``chain_messages.json``), and its numbers with ranges."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources

from houfeng.errors import UnknownNameError
from houfeng.reports import wording
from houfeng.reports.messages import LANGUAGES
from houfeng.reports.situation_numbers import count, estimate, percent, say, span
from houfeng.reports.wording import Both


@cache
def chain_words() -> Mapping[str, Mapping[str, str]]:
    """Every message of the chain: key to language to text with ``{placeholders}``."""
    text = resources.files("houfeng.reports").joinpath("chain_messages.json").read_text(encoding="utf-8")
    return json.loads(text)


def tell(key: str, **values: object) -> Both:
    """A message in every language; a value that is itself in every language is taken in the same one.

    Raises
    ------
    UnknownNameError
        When there is no such message.
    """
    table = chain_words()
    if key not in table:
        raise UnknownNameError("message of the chain", key, table)
    return {
        language: table[key][language].format(
            **{name: value[language] if isinstance(value, dict) else value for name, value in values.items()}
        )
        for language in LANGUAGES
    }


def words(key: str) -> Both:
    """A message of the situation report in every language."""
    return {x: say(key, x) for x in LANGUAGES}


def hundredths(probability: float, language: str) -> str:
    """A probability under a heading in per cent, with two significant digits where it is small."""
    told = percent(probability, language) if probability >= 0.001 else wording.percent(probability)
    return told.removesuffix(" %")


def listed(names: Iterable[Both]) -> Both:
    """Names one after the other."""
    names = list(names)
    return {"en": ", ".join(name["en"] for name in names), "zh": "、".join(name["zh"] for name in names)}


def number(value: object, where: str, form: Callable[[float, str], str] = count) -> dict[str, Both]:
    """A number and its range as the situation report writes them: ``best`` and ``range``."""
    known = estimate(value, where)
    if known is None:
        return {"best": words("not_available"), "range": dict.fromkeys(LANGUAGES, "")}
    return {
        "best": {x: form(known["value"], x) for x in LANGUAGES},
        "range": {x: span(known, x, form) for x in LANGUAGES},
    }
