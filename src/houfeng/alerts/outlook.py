"""An alert on a forecast probability: what it is, what it usually is, and what the cost-loss rule advises."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from houfeng.alerts import wording as w
from houfeng.alerts.alert import Area, Info
from houfeng.alerts.compose import Frame, paragraphs
from houfeng.values import Estimate


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast probability and what the cost-loss rule says of it.

    Attributes
    ----------
    names
        Of the region, by language.
    magnitude, start, end
        At least one earthquake of that size between these times.
    chance, n_models
        Best estimate, and the range over that many models of one run.
    usual
        In as long a time on average; None where the run did not compute it.
    action, cost, loss_avoided, unit
        What would be done, its cost and what it avoids.
    flip, acts, firm
        The probability at which the advice changes, the advice, and whether the range leaves it open.
    source
        Model, label and end of the data, by the names ``model``, ``label``, ``data_end``.
    ring
        Outline of the region: longitude and latitude pairs, closed.
    """

    names: Mapping[str, str]
    magnitude: float
    start: datetime
    end: datetime
    chance: Estimate
    n_models: int
    usual: float | None
    action: str
    cost: float
    loss_avoided: float
    unit: str
    flip: float
    acts: bool
    firm: bool
    source: Mapping[str, str]
    ring: tuple[tuple[float, float], ...] = ()


def forecast_infos(outlook: Outlook, frame: Frame) -> tuple[Info, ...]:
    """The blocks of an alert on a forecast probability, one for each language."""
    certainty = "Likely" if outlook.chance.value > 0.5 else "Possible" if outlook.chance.value > 0.01 else "Unlikely"
    infos = []
    for tag, language in w.LANGUAGES.items():
        name = w.in_language(outlook.names, language)
        infos.append(
            Info(
                language=tag,
                event=w.say("event_forecast", language),
                urgency="Future",
                severity="Unknown",
                certainty=certainty,
                responses=("Prepare",) if outlook.acts else ("Monitor",),
                event_codes=frame.event_codes,
                onset=outlook.start,
                expires=min(frame.expires, outlook.end),
                headline=w.say(
                    "headline_forecast",
                    language,
                    chance=w.percent(outlook.chance.value),
                    magnitude=f"{outlook.magnitude:g}",
                    name=name,
                    end=w.clock(outlook.end, language),
                ),
                description=paragraphs(*_outlook_text(outlook, name, language, frame.simulated)),
                instruction=w.say("instruction_forecast", language),
                contact=frame.contact,
                parameters=_outlook_parameters(outlook, frame),
                areas=(Area(name, polygons=(outlook.ring,) if outlook.ring else ()),),
            )
        )
    return tuple(infos)


def _outlook_text(outlook: Outlook, name: str, language: str, simulated: bool) -> tuple[str, ...]:
    advice = w.say("advice_act" if outlook.acts else "advice_wait", language)
    times = {key: w.clock(moment, language) for key, moment in (("start", outlook.start), ("end", outlook.end))}
    return (
        w.say(
            "forecast",
            language,
            magnitude=f"{outlook.magnitude:g}",
            name=name,
            chance=w.percent(outlook.chance.value),
            **times,
        ),
        w.say(
            "models_range" if outlook.n_models > 1 else "models_none",
            language,
            n=outlook.n_models,
            low=w.percent(outlook.chance.low),
            high=w.percent(outlook.chance.high),
        ),
        w.say("usual_none", language)
        if outlook.usual is None
        else w.say("usual", language, usual=w.percent(outlook.usual)),
        w.say(
            "advice",
            language,
            action=outlook.action,
            cost=f"{outlook.cost:,.10g}",
            loss=f"{outlook.loss_avoided:,.10g}",
            unit=outlook.unit,
            flip=w.percent(outlook.flip) if outlook.flip < 0.99 else f"{100 * outlook.flip:.0f} %",
            advice=advice + ("" if outlook.firm else w.say("advice_open", language)),
            vain=f"{100 * (1 - outlook.chance.value):.3g}",
        ),
        w.say("forecast_source", language, **outlook.source),
        w.say("simulated", language) if simulated else "",
    )


def _outlook_parameters(outlook: Outlook, frame: Frame) -> tuple[tuple[str, str], ...]:
    return (
        ("houfeng:magnitude", f">= {outlook.magnitude:g}"),
        ("houfeng:chance", f"{outlook.chance.value:.6g}"),
        ("houfeng:chance-range", f"{outlook.chance.low:.6g} {outlook.chance.high:.6g}"),
        ("houfeng:flip-probability", f"{outlook.flip:.6g}"),
        ("houfeng:advice", "act" if outlook.acts else "wait"),
        ("houfeng:model", outlook.source["model"]),
        *((("houfeng:simulated", "true"),) if frame.simulated else ()),
    )
