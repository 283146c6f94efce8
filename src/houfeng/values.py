"""Small frozen values that everything else is said with."""

from dataclasses import dataclass
from datetime import datetime

from houfeng.errors import InputError
from houfeng.times import require_utc

#: Life of a forecast; in many countries (China, for one) only a named authority may publish one.
STATES = ("draft", "approved", "published", "withdrawn")

#: How the legal notice begins in each state, by language.
_OPENINGS = {
    "draft": {"en": "DRAFT for expert use.", "zh": "供专家使用的草稿。"},
    "approved": {
        "en": "APPROVED by the named authority for its own use, not published.",
        "zh": "已由所列机构或人员批准，供其自身使用，尚未发布。",
    },
    "published": {"en": "PUBLISHED by the named authority.", "zh": "由所列机构发布。"},
    "withdrawn": {
        "en": "WITHDRAWN by the named authority: do not use it any more.",
        "zh": "已由所列机构或人员撤回，请勿再使用。",
    },
}

_ALWAYS = {
    "en": "Not a prediction and not a public warning. Publishing earthquake forecasts or warnings is reserved to the "
    "competent authority (in China: the State, through the people's governments).",
    "zh": "不是地震预报，也不是公开预警。地震预测意见和预警信息的发布权属于主管机关"
    "（在中国：由国家和有关人民政府依法统一发布）。",
}


def legal_notice(state: str) -> dict[str, str]:
    """What a forecast in `state` must say of itself, by language (``en``, ``zh``).

    Raises
    ------
    InputError
        When there is no such state.
    """
    if state not in _OPENINGS:
        raise InputError(f"a forecast is {', '.join(STATES)}, not '{state}'")
    opening = _OPENINGS[state]
    return {"en": f"{opening['en']} {_ALWAYS['en']}", "zh": f"{opening['zh']}{_ALWAYS['zh']}"}


#: The notice of a draft, which everything that nobody has approved carries.
LEGAL_NOTICE = legal_notice("draft")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value, low, high
        In the unit of whatever is estimated; ``low`` or ``high`` may be infinite where the data set no limit.
    level
        Probability content of [low, high].
    """

    value: float
    low: float
    high: float
    level: float = 0.95

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise InputError(f"interval [{self.low}, {self.high}] is reversed")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a catalogue comes from, and how far it can be trusted in time.

    Attributes
    ----------
    source
        Who published it, for people.
    licence
        Terms of use, for people.
    data_end
        Nothing after this moment is in the catalogue; an absence before it is an absence of earthquakes.
    publication_delay_s
        Assumed seconds from origin to publication, where the catalogue has no issue times.
    final
        True for a final (revised) catalogue: a back-test on it is only pseudo-prospective.
    """

    source: str
    licence: str
    data_end: datetime
    publication_delay_s: float = 1200.0
    final: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_end", require_utc(self.data_end, "data_end"))
        if not self.publication_delay_s >= 0:
            raise InputError(f"publication delay {self.publication_delay_s} s is negative")

    @property
    def label(self) -> str:
        """What every result computed from this catalogue must say of itself."""
        return "PSEUDO-PROSPECTIVE (final catalogue)" if self.final else "PROSPECTIVE (as issued)"
