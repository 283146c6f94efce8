"""When to warn: rules on the chance of shaking and on forecast probabilities, and what to say of a tsunami."""

from houfeng.warning.costloss import CostLoss, Verdict
from houfeng.warning.decision import Band, Decision, Location, chance_of_intensity, decide
from houfeng.warning.rules import ConfirmationRule, ForecastRule, IntensityRule, Rules
from houfeng.warning.tsunami import TsunamiNotice, tsunami_notice

__all__ = [
    "Band",
    "ConfirmationRule",
    "CostLoss",
    "Decision",
    "ForecastRule",
    "IntensityRule",
    "Location",
    "Rules",
    "TsunamiNotice",
    "Verdict",
    "chance_of_intensity",
    "decide",
    "tsunami_notice",
]
