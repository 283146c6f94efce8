"""Advice before an event: what is worth doing at the chance there is, and at which chance that changes.

The cost-loss rule (Murphy 1977, doi:10.1175/1520-0493(1977)105<0803:TVOCCA>2.0.CO;2): act when the loss that the
action is expected to avert, p L s e, exceeds what it costs, C, with p the chance of the shaking that would do the
damage, L the loss then, s the share of it that the action reaches, and e how well it works there. The actions are
small and can be undone. There is none that empties a city: at the chances forecasts give, that costs more than it
saves, and it is not ours to order.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.values import Estimate

#: What can be advised, by language.
KINDS = {
    "inspect_bridge": {"en": "inspect bridge", "zh": "检查桥梁"},
    "inspect_building": {"en": "inspect building", "zh": "检查建筑"},
    "close_building": {"en": "close building", "zh": "关闭建筑"},
    "evacuate_building": {"en": "evacuate building", "zh": "疏散单体建筑"},
    "close_school": {"en": "close school", "zh": "学校停课"},
    "restrict_road": {"en": "restrict road", "zh": "限制道路通行"},
    "pre_position_team": {"en": "pre-position team", "zh": "预置救援队"},
    "pre_position_supplies": {"en": "pre-position supplies", "zh": "预置物资"},
    "test_generator": {"en": "test emergency generator", "zh": "测试应急电源"},
    "raise_readiness": {"en": "raise readiness", "zh": "提高应急值守级别"},
}

#: More people than this are not moved because of a forecast.
MOST_PEOPLE_MOVED = 5_000

_VERDICTS = {
    "act": {"en": "worth doing", "zh": "建议采取"},
    "open": {"en": "undecided: worth doing at the high end of the range only", "zh": "尚无定论：仅在概率上限时值得"},
    "likely": {"en": "worth doing at the mean, not at the low end of the range", "zh": "按均值值得，按概率下限不值得"},
    "wait": {"en": "not worth its cost now", "zh": "目前不值得"},
    "never": {"en": "costs more than it can avert at any chance", "zh": "在任何概率下成本都高于可避免损失"},
}


@dataclass(frozen=True, slots=True)
class Action:
    """Something small that could be done before an event.

    Attributes
    ----------
    kind
        One of :data:`KINDS`.
    place
        What or where, for people.
    cost
        Of doing it, in some unit of money (the same in all fields), or any other common measure.
    loss
        If the shaking comes and nothing was done, with its range.
    effectiveness
        Share of the reached loss that is averted, 0 to 1.
    protected_share
        Share of the loss that the action reaches, 0 to 1.
    people
        Moved by it, for closing and evacuating.
    """

    kind: str
    place: str
    cost: float
    loss: Estimate
    effectiveness: float
    protected_share: float = 1.0
    people: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(
                f"'{self.kind}' is not advised because of a forecast; what can be: {', '.join(KINDS)}. A city is never "
                "evacuated because of a forecast"
            )
        for name, value, high in (
            ("cost", self.cost, np.inf),
            ("loss", self.loss.low, np.inf),
            ("effectiveness", self.effectiveness, 1.0),
            ("protected_share", self.protected_share, 1.0),
        ):
            if not (0 <= value <= high and np.isfinite(value)):
                raise InputError(f"{name} {value} of '{self.label('en')}' is not a number from 0 to {high:g}")
        if not 0 <= self.people <= MOST_PEOPLE_MOVED:
            raise InputError(
                f"'{self.label('en')}' would move {self.people:,} people; because of a forecast at most "
                f"{MOST_PEOPLE_MOVED:,} are: split it into single buildings"
            )

    def label(self, language: str) -> str:
        """What is done where, in ``en`` or ``zh``."""
        return (
            f"{KINDS[self.kind][language]}：{self.place}"
            if language == "zh"
            else f"{KINDS[self.kind]['en']} {self.place}"
        )


@dataclass(frozen=True, slots=True)
class Advice:
    """What the cost-loss rule says of one action.

    Attributes
    ----------
    action, probability
        Of what, at which chance of the shaking.
    verdict
        ``"act"`` (worth it over the whole range of the chance), ``"likely"`` (at its mean), ``"open"`` (at its high
        end only), ``"wait"``, or ``"never"``.
    flips_at
        Chance above which it is worth doing; above 1 never; infinite where nothing can be averted.
    net_benefit
        Loss averted minus cost, expected; the range is that of the chance and the loss together.
    """

    action: Action
    probability: Estimate
    verdict: str
    flips_at: float
    net_benefit: Estimate

    def to_text(self, language: str = "en") -> str:
        """One line for people, in ``en`` or ``zh``."""
        p, net = self.probability, self.net_benefit
        what, verdict = self.action.label(language), _VERDICTS[self.verdict][language]
        chance = f"{100 * p.value:.2g} % ({100 * p.low:.2g}–{100 * p.high:.2g} %)"
        flips, worth = f"{100 * self.flips_at:.2g} %", _two_digits(net.value)
        low, high = _two_digits(net.low), _two_digits(net.high)
        if language == "zh":
            turn = "" if self.flips_at > 1 else f"，高于{flips}时值得"
            return f"{what}：{verdict}；概率{chance}{turn}；期望净收益{worth}（{low}至{high}）"
        turn = "" if self.flips_at > 1 else f", worth it above {flips}"
        return f"{what}: {verdict}; chance {chance}{turn}; expected net benefit {worth} ({low} to {high})"


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.10g}"


def advise(action: Action, probability: Estimate) -> Advice:
    """Whether `action` is worth its cost at this chance of the shaking it is meant for.

    Parameters
    ----------
    probability
        Of the shaking within the time the action lasts, with its range.

    Raises
    ------
    InputError
        When the chance is not one.
    """
    if not 0 <= probability.low <= probability.value <= probability.high <= 1:
        raise InputError(
            f"a chance of {probability.value} ({probability.low} to {probability.high}) for "
            f"'{action.label('en')}'; all three must lie in 0 to 1, the value within its range"
        )
    works = action.effectiveness * action.protected_share
    averted = action.loss.value * works
    flips_at = action.cost / averted if averted > 0 else np.inf
    if flips_at >= 1:
        verdict = "never"
    elif probability.low > flips_at:
        verdict = "act"
    elif probability.value > flips_at:
        verdict = "likely"
    else:
        verdict = "open" if probability.high > flips_at else "wait"
    net = Estimate(
        probability.value * averted - action.cost,
        probability.low * action.loss.low * works - action.cost,
        probability.high * action.loss.high * works - action.cost,
        probability.level,
    )
    return Advice(action, probability, verdict, flips_at, net)


def advise_all(actions: Iterable[tuple[Action, Estimate]]) -> tuple[Advice, ...]:
    """Advice on many actions, what brings most first."""
    return tuple(sorted((advise(*each) for each in actions), key=lambda told: -told.net_benefit.value))
