"""The dice of each field: from expected sums by zone to counts of people and buildings."""

from collections.abc import Mapping, Sequence

import numpy as np

from houfeng.damage.casualties import SEVERITIES, Spread
from houfeng.damage.exposure import Exposure
from houfeng.damage.fragility import DAMAGED
from houfeng.damage.states import HAZUS

#: Buildings by Hazus state, and those that collapsed (part of the complete ones).
BUILDINGS = tuple(f"buildings_{state}" for state in HAZUS.keys)

#: What an assessment can be asked for; injured: severities 1 to 3; injured_severe: 2 and 3, who need a hospital.
QUANTITIES = (*SEVERITIES, "injured", "injured_severe", "trapped", "displaced", "loss_usd", *BUILDINGS,
              "buildings_collapsed")  # fmt: skip


def zone_limits(exposure: Exposure, inside: np.ndarray, present: np.ndarray, zone: np.ndarray, count: int) -> dict:
    """Buildings, people inside, residents and worth of each zone, shape (n_zones,)."""
    columns = {"buildings": exposure.buildings, "inside": inside, "residents": exposure.occupants_night,
               "worth": exposure.replacement_usd}  # fmt: skip
    return {name: np.bincount(zone, column * present, count) for name, column in columns.items()}


def draw_samples(
    total: np.ndarray, spreads: Sequence[Spread], limits: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Sums by zone with the parameters and the dice of each field, by quantity, shape (n_fields, n_zones)."""
    from houfeng.damage.summing import SUMS

    def column(name: str) -> np.ndarray:
        return total[..., SUMS.index(name)]

    def factor(name: str) -> np.ndarray:
        return np.concatenate([getattr(one, name) for one in spreads])[:, None]

    with np.errstate(divide="ignore", invalid="ignore"):
        hurt = sum(column(name) for name in SEVERITIES)
        most = np.where(hurt > 0, limits["inside"] / np.maximum(hurt, 1e-300), 1.0)
    casualties = np.minimum(factor("casualties"), most)
    samples = {name: rng.poisson(column(name) * casualties).astype(float) for name in SEVERITIES}
    people = np.ceil(limits["inside"])
    for i, name in enumerate(SEVERITIES[::-1]):  # the dead first; nobody is counted twice
        taken = sum((samples[other] for other in SEVERITIES[::-1][:i]), np.zeros_like(samples[name]))
        samples[name] = np.minimum(samples[name], np.maximum(people - taken, 0))
    samples["injured"] = sum(samples[name] for name in SEVERITIES[:3])
    samples["injured_severe"] = samples["injured_2"] + samples["injured_3"]
    caught = np.minimum(column("trapped") * factor("casualties"), column("in_collapsed"))
    samples["trapped"] = np.minimum(rng.poisson(caught), people)
    samples["displaced"] = np.minimum(column("displaced") * factor("displaced"), limits["residents"])
    samples["loss_usd"] = np.minimum(column("loss") * factor("loss"), limits["worth"])
    buildings = np.rint(limits["buildings"]).astype(np.int64)
    shares = np.stack([column(name) for name in DAMAGED], -1) / np.maximum(limits["buildings"], 1e-300)[:, None]
    shares = np.concatenate([np.clip(1 - shares.sum(-1, keepdims=True), 0, 1), np.clip(shares, 0, 1)], -1)
    shares /= shares.sum(-1, keepdims=True)
    counts = rng.multinomial(np.broadcast_to(buildings, shares.shape[:-1]), shares)
    samples |= {name: counts[..., i].astype(float) for i, name in enumerate(BUILDINGS)}
    complete = np.maximum(column(DAMAGED[-1]), 1e-300)
    collapse = np.clip(column("collapsed") / complete, 0, 1)
    samples["buildings_collapsed"] = rng.binomial(counts[..., -1], collapse).astype(float)
    return samples
