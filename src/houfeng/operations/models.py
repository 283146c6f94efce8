"""Fitted models kept: a card for each, champion only by an experiment's verdict, two cards side by side."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, StoreError, UnknownNameError
from houfeng.features.base import CATALOGUE
from houfeng.features.seismicity import standard_features
from houfeng.models.base import Fitted
from houfeng.models.learned.model import FittedLearned
from houfeng.models.registry import model_class
from houfeng.operations.kept import HOUSE_CHAMPION, SUFFIX, read_file, seen_to
from houfeng.operations.train_forecast import CHAMPION, TrainedForecast
from houfeng.store import Store, StoreReader
from houfeng.store.model_cards import Column, ModelCard, Score
from houfeng.store.model_files import library_versions, pack_model, read_card
from houfeng.store.models import ModelRecord
from houfeng.store.packing import json_text, pack_catalog
from houfeng.store.runs import code_version
from houfeng.times import from_datetime64

#: Step of an experiment's run that holds its scoreboard.
SCOREBOARD = "scoreboard.json"
#: Settings in which the same recipe may differ.
NO_RECIPE = ("min_magnitude", "seed", "n_catalogs", "layers")


def card_of(
    fitted: Fitted,
    history: Catalog,
    *,
    name: str,
    scores: tuple[Score, ...] = (),
    licence: str = "",
    made: datetime | None = None,
) -> ModelCard:
    """The card of a model fitted on `history`.

    Parameters
    ----------
    licence
        Terms of the file; those of the catalogue where none are given, since the file carries the earthquakes that
        the model was fitted on.
    made
        Now, where not given.
    """
    model, provenance = fitted.model, history.provenance
    settings = {item.name: getattr(model, item.name) for item in fields(model) if item.name != "layers"}
    learned = isinstance(fitted, FittedLearned)
    region = fitted.region.to_geojson()
    region["properties"] |= {"cell_deg": fitted.region.cell_deg, "depth_max_km": fitted.region.depth_max_km}
    catalog = {"digest": pack_catalog(history).digest, "source": provenance.source, "licence": provenance.licence,
               "n_events": len(history), "label": provenance.label}  # fmt: skip
    return ModelCard(
        name=name,
        model=model.name,
        reference=model.reference,
        parameters=settings,
        fitted={key: (e.value, e.low, e.high) for key, e in fitted.parameters().items()},
        region=region,
        min_magnitude=model.min_magnitude,
        target_magnitude=model.target if learned else None,
        horizon_days=model.horizon_days if learned else None,
        trained_from=from_datetime64(history.time[0]) if len(history) else provenance.data_end,
        trained_to=provenance.data_end,
        catalog=catalog,
        licence=licence or f"as the catalogue: {provenance.licence}",
        code_version=code_version(),
        libraries=library_versions(),
        made=datetime.now(UTC).replace(microsecond=0) if made is None else made,
        seed=getattr(model, "seed", None),
        columns=_columns(fitted, history) if learned else (),
        learned_from={"rows": fitted.rows_seen, "active": fitted.active_seen} if learned else {},
        scores=scores,
        simulated="SIMULATED" in f"{provenance.label} {provenance.source}",
    )


def keep_trained(done: TrainedForecast, history: Catalog, store: Store, folder: Path | None = None) -> tuple[str, ...]:
    """Put every model of a training into the registry as a challenger, and into `folder` as a file.

    Parameters
    ----------
    history
        What they were trained on: what :func:`houfeng.operations.training.known` gives.

    Returns
    -------
    tuple of str
        Their names: region, learner, target, horizon and end of the past; with a number where another model, trained
        otherwise, has that name already.
    """
    from houfeng.operations.outputs import write_bytes

    names, taken = [], {record.name: store.models.content(record.name) for record in store.models.select()}
    for learner, fitted in done.fitted.items():
        usual = f"{done.region.name}-{learner}-m{done.target:g}-{done.horizon_days:g}d-{done.as_of:%Y%m%d}"
        for number in count(1):
            name = usual if number == 1 else f"{usual}-{number}"
            card = card_of(fitted, history, name=name, scores=scores_of(done, learner), made=done.as_of)
            content = pack_model(fitted, card)
            if taken.get(name, content) == content:
                break
        store.models.add(content, where=name, reason=f"trained as of {done.as_of.isoformat()}")
        if folder is not None:
            write_bytes(folder / f"{name}{SUFFIX}", content)
        names.append(name)
    return tuple(names)


def scores_of(done: TrainedForecast, learner: str) -> tuple[Score, ...]:
    """What the part held out says of a learner, against the champion and the time-independent model."""
    card = next(card for card in done.cards if card.name == learner)
    n = card.over_champion.n_active
    judged = f"held out {done.judged_from:%Y-%m-%d} to {done.judged_to:%Y-%m-%d}, {n} active cells"
    found = []
    for against, skill in ((CHAMPION, card.over_champion), ("smoothed", card.over_smoothed)):
        for measure, unit, estimate in (("occurrence log score", "nats per active cell", skill.log_gain),
                                        ("Brier skill", "1", skill.brier_skill)):  # fmt: skip
            found.append(Score(measure, unit, estimate.value, estimate.low, estimate.high, against, judged))
    return tuple(found)


def add_file(store: Store, path: Path) -> ModelRecord:
    """Add a model file to the registry as a challenger."""
    return store.models.add(read_file(path), where=str(path), reason=f"added from {path.name}")


@dataclass(frozen=True)
class Verdict:
    """What a scoreboard says of one model against another.

    Attributes
    ----------
    scores
        Information gain and occurrence log score, where the scoreboard has them.
    """

    scores: tuple[Score, ...]

    @property
    def better(self) -> bool:
        """Whether some interval lies above zero, and none below it."""
        return any(score.better for score in self.scores) and not any(score.high < 0 for score in self.scores)

    def text(self) -> str:
        """The figures in words."""
        return "; ".join(f"{s.measure} {s.value:+.4g} ({s.low:+.4g} to {s.high:+.4g}) {s.unit} over {s.against}"
                         for s in self.scores)  # fmt: skip

    def shortfall(self) -> str:
        """By how much each figure falls short of an interval above zero."""
        short = [f"{s.measure}: its interval begins {-s.low:.4g} {s.unit} below zero"
                 for s in self.scores if s.low <= 0]  # fmt: skip
        return "; ".join(short)


def verdict(store: Store, name: str, run: int, *, check_baseline: bool = True) -> Verdict:
    """What the experiment of `run` says of the recipe of model `name` against the present champion.

    Raises
    ------
    InputError
        When the run is no finished experiment, another region or completeness, does not have the model, or does not
        compare it with the champion.
    """
    card = store.models.one(name).card
    with StoreReader.open(store.folder) as reader:
        record, board = reader.run(run), reader.result(run, SCOREBOARD)
    if record.kind != "experiment" or record.state != "done" or board is None:
        raise InputError(f"run {run} is a {record.kind} that is {record.state}; a verdict needs a finished experiment")
    _same_question(card, board, run)
    rivals = [line for line in board["models"] if line["name"] != board["baseline"]]
    line = next((line for line in rivals if _is(line, card)), None)
    if line is None:
        raise UnknownNameError(f"model of run {run} with the recipe of {name}", card.model,
                               [line["name"] for line in board["models"]])  # fmt: skip
    if check_baseline:
        _against_champion(store, card, board, run)
    return Verdict(_verdict_scores(line, board, card, run))


def promote(store: Store, name: str, *, run: int) -> ModelRecord:
    """Make `name` champion of its slot if the experiment of `run` shows it better than the present one.

    Raises
    ------
    StoreError
        When no interval lies above zero; the message says by how much they fall short.
    InputError
        As :func:`verdict`.
    """
    found = verdict(store, name, run)
    if not found.better:
        worse = "; ".join(f"{s.measure} is worse by {-s.high:.4g} {s.unit} or more" for s in found.scores if s.high < 0)
        raise StoreError(
            f"{name} is not better than the champion by run {run}: {found.text() or 'no interval could be found'}. "
            f"{worse or found.shortfall() or 'Use more windows'}. It stays a challenger"
        )
    return store.models.promote(name, run=run, reason=f"run {run}: {found.text()}")


def compare(store: Store, one: str, other: str) -> dict:
    """Two cards side by side, and the experiments of the store that have both recipes, as JSON."""
    records = [store.models.one(name) for name in (one, other)]
    found = []
    with StoreReader.open(store.folder) as reader:
        for record in reader.runs():
            board = reader.result(record.id, SCOREBOARD) if record.kind == "experiment" else None
            if board is None or board["region"]["name"] != records[0].card.region_name:
                continue
            lines = [next((line for line in board["models"] if _is(line, r.card)), None) for r in records]
            if all(lines):
                found.append({"run": record.id, "name": board["name"], "windows": len(board["windows"]),
                              "baseline": board["baseline"], "models": [_figures(line) for line in lines]})  # fmt: skip
    differ = ("region_name", "min_magnitude", "target_magnitude", "horizon_days", "trained_to", "simulated")
    differences = {
        key: [str(getattr(r.card, key)) for r in records]
        for key in differ
        if getattr(records[0].card, key) != getattr(records[1].card, key)
    }
    return {
        "models": [model_document(store, record.name, history=False) for record in records],
        "differences": differences,
        "experiments": found,
    }


def model_document(store: Store, name: str, *, history: bool = True) -> dict:
    """A model with its card, standing, digest and log, as JSON."""
    import hashlib

    record, content = store.models.one(name), store.models.content(name)
    document = {"name": name, "slot": record.slot, "state": record.state, "reason": record.reason, "run": record.run,
                "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
                "card": read_card(content, where=name).document()}  # fmt: skip
    if history:
        log = [{"state": e.state, "reason": e.reason, "run": e.run, "time": e.time.isoformat()}
               for e in store.models.history(name)]  # fmt: skip
        updates = store.models.updates(name)
        document |= {"history": log, "updates": len(updates), "seen_to": seen_to(record.card, updates).isoformat()}
    return document


def _columns(fitted: FittedLearned, history: Catalog) -> tuple[Column, ...]:
    """Features with their lineage, and the prior as the last; with mean and spread where they are scaled by them."""
    lineage = {}
    for part in (*standard_features(fitted.model.min_magnitude), *fitted.model.layers):
        lineage |= {name: part.lineage[name] for name in part.names}
    scale = _scale(fitted.rule, len(lineage) + 1)
    source = history.provenance.source
    rows = [(name, told.meaning, told.unit, source if told.source == CATALOGUE else told.source)
            for name, told in lineage.items()]  # fmt: skip
    rows.append(("log_prior", "ln of the number of target earthquakes that the champion expects", "ln", source))
    return tuple(Column(*row, *scale.get(number, (None, None))) for number, row in enumerate(rows))


def _scale(rule: object, size: int) -> dict[int, tuple[float, float]]:
    """Mean and spread by number of the column, where a rule scales its table."""
    pairs = None
    if "features" in getattr(rule, "scales", {}):
        pairs = rule.scales["features"].mean, rule.scales["features"].spread
    steps = getattr(getattr(rule, "scorer", None), "named_steps", {})
    if "standardscaler" in steps:
        pairs = steps["standardscaler"].mean_, steps["standardscaler"].scale_
    if pairs is None or len(pairs[0]) != size:
        return {}
    return {number: (float(mean), float(spread)) for number, (mean, spread) in enumerate(np.transpose(pairs))}


def _is(line: Mapping, card: ModelCard) -> bool:
    """Whether a line of a scoreboard is of this recipe: the model, and every setting, said or left as it is."""
    if line["model"] != card.model:
        return False
    usual = {item.name: item.default for item in fields(model_class(card.model)) if item.default is not MISSING}
    asked = json.loads(json_text(usual | dict(line["parameters"]), "settings of a model"))
    said = card.document()["parameters"]
    if asked.get("target_magnitude", 0) is None:
        asked["target_magnitude"] = card.min_magnitude
    return all(_alike(value, asked[name]) for name, value in said.items() if name in asked and name not in NO_RECIPE)


def _alike(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.replace("+00:00", "Z").replace(".000000", "") == other.replace("+00:00", "Z").replace(".000000", "")
    return one == other


def _same_question(card: ModelCard, board: Mapping, run: int) -> None:
    region, m = board["region"]["name"], board["min_magnitude"]
    if (region, round(m, 6)) != (card.region_name, round(card.min_magnitude, 6)):
        raise InputError(
            f"run {run} is of {region} from M{m:g}, the model of {card.region_name} from M{card.min_magnitude:g}; a "
            "verdict needs the same region and completeness"
        )
    if ("SIMULATED" in board["label"]) != card.simulated:
        raise InputError(f"run {run} or the model is of simulated data, the other is not; that is no verdict")


def _against_champion(store: Store, card: ModelCard, board: Mapping, run: int) -> None:
    champion = store.models.champion(card.slot)
    baseline = next(line for line in board["models"] if line["name"] == board["baseline"])
    wanted = HOUSE_CHAMPION if champion is None else champion.card.model
    if baseline["model"] != wanted or (champion is not None and not _is(baseline, champion.card)):
        known = wanted if champion is None else f"{champion.name} ({wanted})"
        raise InputError(
            f"run {run} compares with {baseline['name']} ({baseline['model']}), but the champion of '{card.slot}' is "
            f"{known}; make an experiment with it as the reference"
        )


def _verdict_scores(line: Mapping, board: Mapping, card: ModelCard, run: int) -> tuple[Score, ...]:
    judged = f"experiment {board['name']}, {line['windows_scored']} windows"
    gain, found = line["gain"], []
    told = [("information gain", "nats per earthquake", gain)]
    occurrence = line.get("occurrence")
    same = occurrence is not None and card.target_magnitude == occurrence["magnitude"] and _horizon(board, card)
    if same:
        told.append(("occurrence log score", "nats per active cell", occurrence["log_gain"]))
    for measure, unit, figure in told:
        if figure["value"] is not None and figure["low"] is not None:
            found.append(Score(measure, unit, figure["value"], figure["low"], figure["high"], board["baseline"],
                               judged, run))  # fmt: skip
    return tuple(found)


def _horizon(board: Mapping, card: ModelCard) -> bool:
    """Whether the windows are as long as the model's horizon."""
    first = board["windows"][0]
    length = datetime.fromisoformat(first["end"]) - datetime.fromisoformat(first["start"])
    return card.horizon_days is None or abs(length / timedelta(days=1) - card.horizon_days) < 1e-6


def _figures(line: Mapping) -> dict:
    return {"name": line["name"], "gain": line["gain"], "occurrence": (line.get("occurrence") or {}).get("log_gain")}
