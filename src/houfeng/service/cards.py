"""The probability card: how likely, compared with usual, how sure, on what data, and who stands for it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from houfeng.catalogs.catalog import Catalog
from houfeng.forecasts.forecast import Forecast
from houfeng.operations.document import number, time
from houfeng.reports import wording
from houfeng.reports.headlines import TO_RECKON_WITH, both, joined
from houfeng.reports.notes import note_in_both
from houfeng.service.observed import observed
from houfeng.service.runs import baseline_of, horizon_name, horizon_words, horizons_of, section, titles
from houfeng.store import ForecastRecord, StoreReader
from houfeng.store.forecasts import CountSummary

#: Larger magnitudes are in the store, but hardly anybody can weigh their chance.
LARGEST = 8.0

#: Past earthquakes named as contributors.
CONTRIBUTORS = 3


@lru_cache(maxsize=8)
def _loaded(folder: Path, artifact: str, id: int) -> Forecast:
    """A forecast by its content, which never changes; its standing is asked for anew every time."""
    with StoreReader.open(folder) as store:
        return store.load_forecast(id)


def loaded(store: StoreReader, record: ForecastRecord) -> Forecast:
    """The whole forecast of `record`, from memory where it was read before; take the standing from `record`."""
    return _loaded(store.folder, record.artifact, record.id)


def card(store: StoreReader, id: int) -> dict:
    """The card of forecast `id`.

    Raises
    ------
    UnknownNameError
        When there is no such forecast.
    StoreError
        When its file is missing or damaged.
    """
    record = store.forecast(id)
    run, issue = store.run(record.run), record.issue
    told = horizons_of(run)
    name = horizon_name(record, told)
    labels = store.labels(record.run)
    siblings = {
        labels.get(other.id, other.issue.model): other
        for other in store.forecasts(run=record.run)
        if other.window == record.window and other.issue.as_of == issue.as_of
    }
    model = labels.get(id, issue.model)
    siblings[model] = record
    baseline = baseline_of(run) if baseline_of(run) in siblings else None
    found = section(store, record.run, issue.as_of) or {}
    around = observed(store, record)
    followed = around.after if around and around.whole else None
    words = horizon_words(name, record.window.days)
    lines = [_line(line, siblings, baseline, followed, words) for line in record.counts if line.magnitude <= LARGEST]
    final = "final" in issue.label
    return {
        "id": record.id,
        "run": record.run,
        "model": model,
        "baseline": baseline,
        "region": {"name": issue.region, "titles": titles(run)},
        "as_of": time(issue.as_of),
        "window": {
            "name": name,
            "words": words,
            "start": time(record.window.start),
            "end": time(record.window.end),
            "days": record.window.days,
        },
        "data_end": time(issue.data_end),
        "data_age_days": issue.data_age_days,
        "data_age": wording.duration(issue.data_age_days),
        "source": issue.source,
        "state": issue.state,
        "authority": issue.authority,
        "stamp": both(f"state_{issue.state}", authority=issue.authority),
        "label": issue.label,
        "label_words": both("label_final" if final else "label_issued"),
        "simulated": "SIMULATED" in f"{issue.label} {issue.source}",
        "legal_notice": dict(record.legal_notice),
        "warnings": [{"en": w["en"], "zh": w["zh"]} for w in found.get("warnings", ())],
        "first_magnitude": _first(lines),
        "magnitudes": lines,
        "why": _why(loaded(store, record), model, words),
    }


def _line(
    line: CountSummary,
    siblings: Mapping[str, ForecastRecord],
    baseline: str | None,
    followed: Catalog | None,
    words: wording.Both,
) -> dict:
    """All there is to say of one magnitude."""
    by_model = {model: _same(other, line.magnitude) for model, other in siblings.items()}
    usual = by_model.get(baseline)
    ratio = line.probability / usual.probability if usual and usual.probability > 0 else None
    gain = line.expected / usual.expected if usual and usual.expected > 0 else None
    chances = [other.probability for other in by_model.values() if other]
    said = {
        "gain": wording.times(gain),
        "m": f"{line.magnitude:g}",
        "n": wording.count(line.expected),
        "low": wording.count_end(number(line.low)),
        "high": wording.count_end(number(line.high)),
    }
    return {
        "magnitude": line.magnitude,
        "probability": line.probability,
        "shown": wording.percent(line.probability),
        "one_in": wording.one_in(line.probability),
        "caption": both("chance_of", m=f"{line.magnitude:g}", horizon=words),
        "number": {"value": line.expected, "low": number(line.low), "high": number(line.high)},
        "number_words": both("card_count", **said) if usual else both("page_count", **said),
        "baseline_probability": usual.probability if usual else None,
        "baseline_shown": wording.percent(usual.probability) if usual else None,
        "ratio": ratio,
        "ratio_words": wording.times(ratio) if usual else None,
        "compared": both("card_chance", gain=wording.times(ratio), p0=wording.percent(usual.probability))
        if usual
        else both("page_no_baseline"),
        "models": [
            {"model": model, "probability": other.probability, "shown": wording.percent(other.probability)}
            for model, other in by_model.items()
            if other
        ],
        "spread": {
            "low": min(chances),
            "high": max(chances),
            "words": both(
                "page_spread", n=len(chances), low=wording.percent(min(chances)), high=wording.percent(max(chances))
            ),
        },
        "came": None if followed is None else _came(line, len(followed.above(line.magnitude))),
    }


def _same(record: ForecastRecord, magnitude: float) -> CountSummary | None:
    return next((line for line in record.counts if abs(line.magnitude - magnitude) < 1e-6), None)


def _came(line: CountSummary, n: int) -> dict:
    inside = line.low <= n <= line.high
    word = both("came_inside" if inside else "came_outside")
    return {"n": n, "inside": inside, "words": both("page_came", n=n, inside=word)}


def _first(lines: Sequence[Mapping]) -> float | None:
    """The magnitude to speak of: the largest whole one to reckon with, as in the headlines of the report."""
    whole = [line for line in lines if line["magnitude"] == int(line["magnitude"])] or list(lines)
    wanted = [line for line in whole if line["probability"] >= TO_RECKON_WITH] or whole[:1]
    return max((line["magnitude"] for line in wanted), default=None)


def _why(forecast: Forecast, model: str, words: wording.Both) -> dict:
    explanation = forecast.explanation
    share = explanation.background_share
    return {
        "background_share": share,
        "words": both(
            "why_share",
            model=model,
            horizon=words,
            share=f"{100 * share:.1f} %",
            rest=f"{100 * (1 - share):.1f} %",
        ),
        "contributors": [
            {
                "shown": f"M{c.magnitude:.1f} · {c.time:%Y-%m-%d %H:%M} UTC · "
                + wording.place(c.longitude, c.latitude),
                "share": f"{100 * c.share:.1f} %",
            }
            for c in explanation.contributors[:CONTRIBUTORS]
        ],
        "notes": joined(note_in_both(note) for note in explanation.notes),
    }
