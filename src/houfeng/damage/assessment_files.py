"""An assessment as JSON and GeoJSON: every number with its range, every building in every scale."""

from collections.abc import Mapping

import numpy as np

from houfeng.damage.assessment import LEVEL, NOT_OBSERVED, DamageAssessment, estimate_of
from houfeng.damage.asset_ranges import ASSET_QUANTITIES, asset_range
from houfeng.damage.drawing import QUANTITIES
from houfeng.damage.fragility import DAMAGED
from houfeng.damage.states import SCALES
from houfeng.errors import UnknownNameError
from houfeng.values import Estimate

SIMULATED = {"en": "SIMULATED building stock: not a record of real buildings", "zh": "模拟的建筑数据：并非真实建筑记录"}


def document(assessment: DamageAssessment) -> dict:
    """Totals and zones."""
    by_scale = _buildings(assessment)
    return {
        **_head(assessment),
        "total": {name: written(assessment.estimate(name)) for name in QUANTITIES},
        "buildings": {key: _states(key, table.sum(axis=1)) for key, table in by_scale.items()},
        "zones": [_zone(assessment, number, by_scale) for number in range(len(assessment.zone_id))],
    }


def geojson(assessment: DamageAssessment, of: str) -> dict:
    """Points of the zones or of the assets.

    Raises
    ------
    UnknownNameError
        When `of` is neither.
    """
    if of == "zones":
        places = assessment.zone_places()
        by_scale = _buildings(assessment)
        features = [
            _feature(*places[number], _zone(assessment, number, by_scale)) for number in range(len(assessment.zone_id))
        ]
    elif of == "assets":
        stock = assessment.exposure
        ranges = {name: asset_range(assessment, name) for name in ASSET_QUANTITIES}
        features = [
            _feature(stock.longitude[i], stock.latitude[i], _asset(assessment, i, ranges)) for i in range(len(stock))
        ]
    else:
        raise UnknownNameError("kind of feature", of, ("zones", "assets"))
    return {"type": "FeatureCollection", **_head(assessment), "features": features}


def written(estimate: Estimate) -> dict[str, float]:
    """An estimate as JSON, with five significant digits."""
    return {name: float(f"{getattr(estimate, name):.5g}") for name in ("value", "low", "high", "level")}


def _head(assessment: DamageAssessment) -> dict:
    head = {
        "observed": assessment.observed,
        "observation": NOT_OBSERVED,
        "simulated": assessment.simulated,
        "source": assessment.exposure.source,
        "local_hour": assessment.local_hour,
        "fields": assessment.n_fields,
        "level": LEVEL,
        "unassessed": list(assessment.unassessed),
        "notes": list(assessment.notes),
        "scales": {scale.key: {state.key: dict(state.names) for state in scale.states} for scale in SCALES},
    }
    if assessment.simulated:
        head["watermark"] = SIMULATED
    return head


def _buildings(assessment: DamageAssessment) -> Mapping[str, np.ndarray]:
    return {scale.key: assessment.buildings(scale) for scale in SCALES}


def _states(key: str, samples: np.ndarray) -> dict:
    """Estimates by state of one scale; samples has shape (n_fields, states)."""
    (scale,) = (one for one in SCALES if one.key == key)
    return {state: written(estimate_of(samples[:, i])) for i, state in enumerate(scale.keys)}


def _zone(assessment: DamageAssessment, number: int, by_scale: Mapping[str, np.ndarray]) -> dict:
    return {
        "zone_id": assessment.zone_id[number],
        "observed": assessment.observed,
        "simulated": assessment.simulated,
        "estimates": {name: written(estimate_of(assessment.samples[name][:, number])) for name in QUANTITIES},
        "buildings": {key: _states(key, table[:, number]) for key, table in by_scale.items()},
    }


def _asset(assessment: DamageAssessment, row: int, ranges: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> dict:
    from houfeng.damage.summing import SUMS

    stock = assessment.exposure
    assessed = bool(np.isfinite(assessment.asset_means[row, 0]))
    asset = {
        "asset_id": str(stock.asset_id[row]),
        "zone_id": str(stock.zone_id[row]),
        "taxonomy": str(stock.taxonomy[row]),
        "buildings": float(stock.buildings[row]),
        "observed": assessment.observed,
        "simulated": assessment.simulated,
        "assessed": assessed,
    }
    if not assessed:
        return asset
    count = max(stock.buildings[row], 1e-300)
    means = dict(zip(SUMS, assessment.asset_means[row].tolist(), strict=True))
    reached = np.cumsum([means[state] for state in DAMAGED][::-1])[::-1] / count
    asset["reached"] = {
        state: {
            "value": round(float(min(reached[i], 1.0)), 5),
            "low": round(float(min(assessment.asset_states_low[row, i], reached[i])), 5),
            "high": round(float(max(assessment.asset_states_high[row, i], reached[i])), 5),
            "level": LEVEL,
        }
        for i, state in enumerate(DAMAGED)
    }
    asset["expected"] = {}
    for name, (low, high) in ranges.items():
        mean = means[name]
        held = Estimate(mean, min(float(low[row]), mean), max(float(high[row]), mean), LEVEL)
        asset["expected"][name] = written(held)
    return asset


def _feature(longitude: float, latitude: float, properties: dict) -> dict:
    geometry = {"type": "Point", "coordinates": [round(float(longitude), 6), round(float(latitude), 6)]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
