"""Act or not: the cost-loss rule.

Acting costs C whatever happens; not acting, when it happens, costs the loss L that acting would have avoided. The
expected cost is least when one acts exactly where p > C / L (Murphy, A. H., 1977: The value of climatological,
categorical and probabilistic forecasts in the cost-loss ratio situation. Mon. Weather Rev. 105, 803-816,
doi:10.1175/1520-0493(1977)105<0803:TVOCCA>2.0.CO;2).
"""

import math
from dataclasses import dataclass

from houfeng.errors import InputError
from houfeng.values import Estimate


@dataclass(frozen=True, slots=True)
class CostLoss:
    """What acting costs and what it avoids, in the same unit (money, hours, lives).

    Attributes
    ----------
    cost
        Of acting, spent whether it happens or not; more than 0.
    loss_avoided
        By having acted, when it happens; more than 0.
    """

    cost: float
    loss_avoided: float

    def __post_init__(self) -> None:
        for name in ("cost", "loss_avoided"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name.replace('_', ' ')} is {value}; it must be a number more than 0")

    @property
    def flip_probability(self) -> float:
        """C / L: above it acting is cheaper. 1 or more: acting never pays."""
        return self.cost / self.loss_avoided

    def acts(self, probability: float) -> bool:
        """Whether acting is the cheaper at `probability`."""
        return require_probability(probability) * self.loss_avoided > self.cost

    def expected_gain(self, probability: float) -> float:
        """Expected saving of acting over not acting, in the unit of the cost; negative where it does not pay."""
        return require_probability(probability) * self.loss_avoided - self.cost

    def verdict(self, probability: Estimate) -> "Verdict":
        """Act or not, and whether the range of the probability leaves that open."""
        gains = (self.expected_gain(p) for p in (probability.value, probability.low, probability.high))
        gain = Estimate(*gains, level=probability.level)
        firm = self.acts(probability.low) == self.acts(probability.high)
        return Verdict(self.acts(probability.value), firm, probability, self.flip_probability, gain)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Advice of the cost-loss rule.

    Attributes
    ----------
    act
        Whether acting is the cheaper at the best estimate of the probability.
    firm
        Whether it is the same at both ends of the probability's range.
    probability
        What it rests on.
    flip_probability
        Where the advice changes.
    gain
        Expected saving of acting, in the unit of the cost.
    """

    act: bool
    firm: bool
    probability: Estimate
    flip_probability: float
    gain: Estimate

    @property
    def false_alarm_chance(self) -> float:
        """Chance that acting now turns out to have been in vain."""
        return 1 - self.probability.value


def require_probability(probability: float) -> float:
    """Return `probability` if it lies between 0 and 1; else :class:`~houfeng.errors.InputError`."""
    if not 0 <= probability <= 1:
        raise InputError(f"a probability of {probability}; it must lie between 0 and 1")
    return float(probability)
