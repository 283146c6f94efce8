"""A run as plain JSON: everything a program or the report needs, nothing else.

Sections are written as each step ends, so a resumed run reads them back instead of computing them again.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import houfeng
from houfeng.catalogs.catalog import Catalog
from houfeng.forecasts.forecast import Explanation
from houfeng.operations.compare import Comparison, CountCheck, Score, Standing, scoreboard
from houfeng.operations.forecast import ForecastProduct, TableRow
from houfeng.operations.training import BASELINE, Trained
from houfeng.regions import Region
from houfeng.times import parse_time
from houfeng.values import LEGAL_NOTICE, Estimate

#: Raised when a reader of version n could misread what is written.
SCHEMA = "houfeng-forecast/1"

#: The overview plot counts this magnitude, or the next that was asked for.
COUNTED = 5.0

#: Observed earthquakes listed by name; all of them are counted.
LISTED = 25


def number(value: float) -> float | None:
    """A number as JSON can hold it: None where it is infinite or not a number."""
    return float(value) if math.isfinite(value) else None


def estimate(value: Estimate) -> dict:
    """A value with its interval."""
    return {"value": number(value.value), "low": number(value.low), "high": number(value.high)}


def header(
    catalog: Catalog,
    region: Region,
    trained: Trained,
    *,
    horizons: Mapping[str, float],
    seed: int,
    kept: Mapping[str, Mapping] | None = None,
) -> dict:
    """What holds for the whole run: standing, data, region, models.

    Parameters
    ----------
    horizons
        Name to length in days.
    kept
        By name, facts of models that were not fitted for this run.
    """
    provenance = catalog.provenance
    return {
        "schema": SCHEMA,
        "houfeng_version": houfeng.__version__,
        "state": "draft",
        "authority": "",
        "legal_notice": dict(LEGAL_NOTICE),
        "label": provenance.label,
        "seed": seed,
        "baseline": BASELINE,
        "horizons": [{"name": name, "days": days} for name, days in horizons.items()],
        "catalog": {
            "source": provenance.source,
            "licence": provenance.licence,
            "data_end": time(provenance.data_end),
            "publication_delay_s": provenance.publication_delay_s,
            "n_events": len(catalog),
        },
        "region": {
            "name": region.name,
            "titles": {language: region.title(language) for language in ("en", "zh")},
            "cell_deg": region.cell_deg,
            "depth_max_km": region.depth_max_km,
            "corner_magnitude": region.corner_magnitude,
            "corner_source": region.corner_source,
            "source": region.source,
            "outline": region.to_geojson(),
        },
        "min_magnitude": trained.min_magnitude,
        "completeness": {"magnitude": trained.min_magnitude, "method": trained.completeness_method},
        "fitted_as_of": time(trained.as_of),
        "models": models(trained, kept),
    }


def models(trained: Trained, kept: Mapping[str, Mapping] | None = None) -> list[dict]:
    """The fitted models with their sources and parameters; of those in `kept` also what is to be told of them."""
    return [
        {
            "name": name,
            "recipe": fitted.model.name,
            "kept": (kept or {}).get(name),
            "reference": fitted.model.reference,
            "parameters": [{"name": key} | estimate(value) for key, value in fitted.parameters().items()],
        }
        for name, fitted in trained.fitted.items()
    ]


def section(product: ForecastProduct, comparison: Comparison) -> dict:
    """One moment: its table, why, and what followed."""
    end = product.history.provenance.data_end
    return {
        "as_of": time(product.as_of),
        "data_end": time(end),
        "data_age_days": (product.as_of - end).total_seconds() / 86_400,
        "n_history": len(product.history.within(product.region).above(product.trained.min_magnitude)),
        "warnings": [warning.as_json() for warning in product.warnings],
        "table": [_row(row) for row in product.table],
        "explanations": {
            model: {
                horizon: _explanation(product.forecasts[model, horizon].explanation) for horizon in product.horizons
            }
            for model in product.models
        },
        "observed": {
            "known_until": time(comparison.known_until),
            "horizons": {horizon: _observed(events) for horizon, events in comparison.observed.items()},
            "checks": [_check(check) for check in comparison.checks],
            "scores": [_json_safe(asdict(score)) for score in comparison.scores],
        },
    }


def assemble(head: Mapping, sections: Sequence[Mapping]) -> dict:
    """The whole document of a run, from its header and its sections."""
    thresholds = sorted({row["magnitude"] for section in sections for row in section["table"]})
    comparisons = [read_comparison(section["observed"]) for section in sections]
    return {
        **head,
        "counts_magnitude": next((m for m in thresholds if m >= COUNTED - 1e-9), thresholds[-1]),
        "forecasts": list(sections),
        "scoreboard": standings(scoreboard(comparisons)),
    }


def standings(board: Iterable[Standing]) -> list[dict]:
    """The scoreboard."""
    return [
        _json_safe(asdict(standing))
        | {"information_gain": None if standing.information_gain is None else estimate(standing.information_gain)}
        for standing in board
    ]


def read_comparison(observed: Mapping) -> Comparison:
    """The checks and scores of a section written by :func:`section`; the earthquakes are not read back."""
    return Comparison(
        known_until=parse_time(observed["known_until"]),
        observed={},
        checks=tuple(
            CountCheck(
                **{
                    **check,
                    "number": read_estimate(check["number"]),
                    "baseline_number": read_estimate(check["baseline_number"]),
                }
            )
            for check in observed["checks"]
        ),
        scores=tuple(
            Score(**{key: -math.inf if value is None else value for key, value in score.items()})
            for score in observed["scores"]
        ),
    )


def read_estimate(value: Mapping) -> Estimate:
    """Inverse of :func:`estimate` for counts, whose interval may be open above."""
    high = math.inf if value["high"] is None else value["high"]
    return Estimate(value["value"], value["low"], high)


def time(moment: datetime) -> str:
    """ISO 8601 in UTC with Z."""
    return moment.isoformat().replace("+00:00", "Z")


def _row(row: TableRow) -> dict:
    return {
        "model": row.model,
        "horizon": row.horizon,
        "magnitude": row.magnitude,
        "number": estimate(row.number),
        "probability": row.probability,
        "baseline_number": estimate(row.baseline_number),
        "baseline_probability": row.baseline_probability,
        "gain": number(row.gain),
    }


def _check(check: CountCheck) -> dict:
    return asdict(check) | {
        "number": estimate(check.number),
        "baseline_number": estimate(check.baseline_number),
    }


def _explanation(explanation: Explanation) -> dict:
    # Only learned models have reasons: the key is absent from all others.
    learned = {} if explanation.learned is None else {"learned": asdict(explanation.learned)}
    return {
        "background_share": explanation.background_share,
        "contributors": [
            {
                "event_id": c.event_id,
                "time": time(c.time),
                "longitude": c.longitude,
                "latitude": c.latitude,
                "magnitude": c.magnitude,
                "share": c.share,
            }
            for c in explanation.contributors
        ],
        "notes": list(explanation.notes),
        **learned,
    }


def _observed(events: Catalog) -> dict:
    strongest = events.magnitude.argsort(kind="stable")[::-1][:LISTED]
    return {
        "n": len(events),
        "strongest": [
            {
                "event_id": event.event_id,
                "time": time(event.time),
                "longitude": event.longitude,
                "latitude": event.latitude,
                "depth_km": number(event.depth_km),
                "magnitude": event.magnitude,
                "magnitude_type": event.magnitude_type,
            }
            for event in (events.event(int(i)) for i in strongest)
        ],
    }


def _json_safe(record: Mapping) -> dict:
    return {key: number(value) if isinstance(value, float) else value for key, value in record.items()}
