"""An alert on a stored forecast: the chance, what is usual, what the cost-loss rule advises, the draft."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.alerts import Alert, next_message
from houfeng.alerts.compose import Frame
from houfeng.alerts.outlook import Outlook, forecast_infos
from houfeng.errors import InputError
from houfeng.operations.training import BASELINE
from houfeng.operations.warn import Sender
from houfeng.regions import Region
from houfeng.store import ForecastRecord, Store
from houfeng.values import Estimate
from houfeng.warning import ForecastRule, Verdict


@dataclass(frozen=True, slots=True)
class ForecastAdvice:
    """What one rule says of a forecast.

    Attributes
    ----------
    rule, verdict
        The rule, and its advice at the present chance with the range over the models of the run.
    acts
        The advice with hysteresis: what was begun is not stopped at the flip probability itself.
    n_models
        Models behind the range.
    usual
        Chance in as long a time on average; None where the run has no long-term average.
    """

    rule: ForecastRule
    verdict: Verdict
    acts: bool
    n_models: int
    usual: float | None


def advise(
    store: Store, number: int, rules: Sequence[ForecastRule], *, acting: Sequence[str] = ()
) -> tuple[ForecastAdvice, ...]:
    """What `rules` say of stored forecast `number`.

    Parameters
    ----------
    acting
        Names of rules whose action has been begun.

    Raises
    ------
    InputError
        When there is no rule, or the forecast has no count for its magnitude.
    StoreError
        When there is no such forecast.
    """
    if not rules:
        raise InputError("there is no [[forecast]] rule; write one into the rules file (alerts.rules or --rules)")
    unknown = set(acting) - {rule.name for rule in rules}
    if unknown:
        raise InputError(f"there is no forecast rule '{min(unknown)}'; there are: {', '.join(r.name for r in rules)}")
    record = store.forecast(number)
    siblings = [
        other
        for other in store.forecasts(region=record.issue.region)
        if other.run == record.run and other.window == record.window and other.issue.state != "withdrawn"
    ]
    return tuple(_advice(record, siblings, rule, rule.name in acting) for rule in rules)


def warn_of_forecast(
    store: Store, number: int, advice: ForecastAdvice, *, sender: Sender, now: datetime, drill: bool = False
) -> Alert:
    """Compose the message on a forecast: a draft, like the forecast it rests on must not be.

    Raises
    ------
    InputError
        When the forecast itself is not approved or published (drills may go without), or its window is over.
    """
    record = store.forecast(number)
    if record.issue.state not in ("approved", "published") and not drill:
        raise InputError(
            f"forecast {number} is {record.issue.state}; an alert rests on an approved one: houfeng issue approve"
        )
    if record.window.end <= now and not drill:
        raise InputError(f"the window of forecast {number} ended at {record.window.end.isoformat()}")
    verdict, rule = advice.verdict, advice.rule
    title = _region(record)
    outlook = Outlook(
        names=title,
        magnitude=rule.magnitude,
        start=record.window.start,
        end=record.window.end,
        chance=verdict.probability,
        n_models=advice.n_models,
        usual=advice.usual,
        action=rule.action,
        cost=rule.costs.cost,
        loss_avoided=rule.costs.loss_avoided,
        unit=rule.unit,
        flip=verdict.flip_probability,
        acts=advice.acts,
        firm=verdict.firm,
        source={
            "model": record.issue.model,
            "label": record.issue.label,
            "data_end": f"{record.issue.data_end:%Y-%m-%d %H:%M}",
        },
        ring=_ring(store, number),
    )
    slug = "".join(c if c.isalnum() else "-" for c in rule.name)
    return next_message(
        "new",
        sender=sender.name,
        event_id=f"forecast-{number}-{slug}",
        sent=now,
        infos=forecast_infos(outlook, Frame(now, sender.valid, contact=sender.contact)),
        drill=drill,
    )


def _advice(
    record: ForecastRecord, siblings: Sequence[ForecastRecord], rule: ForecastRule, acting: bool
) -> ForecastAdvice:
    chances = {other.issue.model: _chance(other, rule.magnitude) for other in siblings}
    own = _chance(record, rule.magnitude)
    probability = Estimate(own, min(own, *chances.values()), max(own, *chances.values()), level=1.0)
    return ForecastAdvice(
        rule=rule,
        verdict=rule.costs.verdict(probability),
        acts=rule.acts(own, acting=acting),
        n_models=len(chances),
        usual=chances.get(BASELINE),
    )


def _chance(record: ForecastRecord, magnitude: float) -> float:
    for line in record.counts:
        if abs(line.magnitude - magnitude) < 1e-6:
            return line.probability
    known = ", ".join(f"{line.magnitude:g}" for line in record.counts)
    raise InputError(f"forecast {record.id} has no count for magnitude {magnitude:g}; it has: {known}")


def _region(record: ForecastRecord) -> dict[str, str]:
    name = record.issue.region
    titles = Region.named(name).titles if name in Region.names() else {}
    return {"en": titles.get("en", name), "zh": titles.get("zh", titles.get("en", name))}


def _ring(store: Store, number: int) -> tuple[tuple[float, float], ...]:
    """The rectangle around the cells of the forecast; none where they cross the date line."""
    grid = store.load_forecast(number).gridded.grid
    west, south = float(np.min(grid.west)), float(np.min(grid.south))
    east, north = float(np.max(grid.west)) + grid.cell_deg, float(np.max(grid.south)) + grid.cell_deg
    if east > 180 or (east - west) > 180:
        return ()
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return tuple((round(lon, 5), round(min(lat, 90.0), 5)) for lon, lat in corners)
