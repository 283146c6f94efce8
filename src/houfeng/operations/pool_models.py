"""``houfeng models pool``: kept learned models that answer one question become one, mixed by weights."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np

from houfeng.errors import InputError
from houfeng.models.learned.model import FittedLearned, LearnedModel
from houfeng.models.learned.pool import CHAMPION, FittedPool, LearnedPool, PooledRule
from houfeng.models.registry import model_names
from houfeng.operations.kept import region_difference
from houfeng.store import Store
from houfeng.store.model_cards import ModelCard
from houfeng.store.model_files import library_versions, pack_model, read_model
from houfeng.store.models import ModelRecord
from houfeng.store.runs import code_version


def pool_models(store: Store, name: str, members: Sequence[str]) -> ModelRecord:
    """Keep a pool of `members`, and of the champion that they multiply, as challenger `name`; all count alike.

    Members take part as they were trained, without their own online updates: a pool's update moves its weights.

    Raises
    ------
    UnknownNameError
        When a member is not kept.
    InputError
        When a member is retired, no learned model, a pool or named twice; or members were not learned from the same
        past, for the same region, completeness, target and horizon.
    StoreError
        When another model has that name.
    """
    if name in (*model_names(), CHAMPION):
        raise InputError(f"'{name}' has a meaning already; give the pool another name")
    if not members or len(set(members)) < len(members) or CHAMPION in members:
        raise InputError("a pool needs different kept models, at least one; the champion is in it without being named")
    found = [_member(store, member) for member in members]
    (first, card), *others = found
    for fitted, told in others:
        _same_question(first, card, fitted, told)
    model = LearnedPool(
        **{item.name: getattr(first.model, item.name) for item in fields(LearnedModel)},
        members=tuple(fitted.model.name for fitted, _ in found),
        kept=tuple(members),
    )
    rule = PooledRule.even(tuple(members), tuple(fitted.rule for fitted, _ in found))
    pool = FittedPool.of(replace(first, model=model, rule=rule))
    content = pack_model(pool, _card(pool, name, [told for _, told in found]))
    return store.models.add(content, where=name, reason=f"a pool of {', '.join(members)}")


def _member(store: Store, name: str) -> tuple[FittedLearned, ModelCard]:
    record = store.models.one(name)
    read = read_model(store.models.content(name), where=f"model {name}")
    if record.state == "retired":
        raise InputError(f"{name} is retired ({record.reason}); leave it out")
    if not isinstance(read.fitted, FittedLearned) or isinstance(read.fitted, FittedPool):
        raise InputError(f"{name} is a {read.card.model}; members of a pool are learned models, and no pools")
    return read.fitted, read.card


def _same_question(one: FittedLearned, card: ModelCard, other: FittedLearned, told: ModelCard) -> None:
    """Refuse two that do not multiply the same champion, learned from the same past for the same question."""

    def base(fitted: FittedLearned) -> object:
        return replace(fitted.model.base, n_catalogs=1000)

    levels = [(fitted.level.background, fitted.level.triggered) for fitted in (one, other)]
    layers = [[layer.names for layer in fitted.model.layers] for fitted in (one, other)]
    differ = {
        "region": region_difference(one.region, other.region),
        "slot": card.slot != told.slot,
        "completeness": abs(card.min_magnitude - told.min_magnitude) > 1e-6,
        "training data": card.catalog["digest"] != told.catalog["digest"],
        "champion": base(one) != base(other) or not np.allclose(*levels, rtol=1e-6),
        "layers": layers[0] != layers[1],
    }
    if found := [what for what, yes in differ.items() if yes]:
        raise InputError(
            f"{card.name} and {told.name} do not have the same {', '.join(found)}; members of a pool come from one "
            "training: houfeng train forecast --models ..."
        )


def _card(pool: FittedPool, name: str, cards: Sequence[ModelCard]) -> ModelCard:
    first, model = cards[0], pool.model
    return replace(
        first,
        name=name,
        model=model.name,
        reference=model.reference,
        parameters={item.name: getattr(model, item.name) for item in fields(model) if item.name != "layers"},
        fitted={key: (e.value, e.low, e.high) for key, e in pool.parameters().items()},
        code_version=code_version(),
        libraries=library_versions(),
        made=datetime.now(UTC).replace(microsecond=0),
        scores=(),
        columns=tuple(replace(column, mean=None, spread=None) for column in first.columns),
        simulated=any(card.simulated for card in cards),
    )
