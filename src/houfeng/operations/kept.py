"""Kept models in a forecast: found by name or file, checked against what is asked, used as they are, never refitted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, InputError, SourceError, UnknownNameError
from houfeng.models.base import Fitted
from houfeng.models.learned.model import FittedLearned
from houfeng.models.registry import model_names
from houfeng.operations.update_model import load_updated
from houfeng.regions import Region
from houfeng.store import Store
from houfeng.store.model_cards import ModelCard
from houfeng.store.model_files import read_model
from houfeng.store.models import UpdateRecord

#: The word for the champion of the region's slot.
CHAMPION = "champion"
#: The champion of a slot as long as no model of the store is.
HOUSE_CHAMPION = "etas-adaptive"
#: Ending of model files.
SUFFIX = ".houfeng"


@dataclass(frozen=True, eq=False)
class Kept:
    """A fitted model that was kept, with what a forecast must say of it.

    Attributes
    ----------
    fitted
        Ready to forecast, with what its last online update made of it.
    card
        What it is; its name is the name in the forecast.
    digest
        SHA-256 of the file, without updates.
    updates
        Online updates that went into `fitted`, oldest first; none of a file.
    warnings
        Where code or libraries differ from those it was made with.
    """

    fitted: Fitted
    card: ModelCard
    digest: str
    updates: tuple[UpdateRecord, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name in the forecast."""
        return self.card.name

    def settings(self) -> dict:
        """What a run must know to be the same again."""
        state = dict(self.updates[-1].state) if self.updates else None
        return {"sha256": self.digest, "updates": len(self.updates), "state": state}

    def facts(self) -> dict:
        """What people are told: where it comes from, until when it learned, what its updates did; as JSON."""
        return {
            "sha256": self.digest,
            "source": self.card.catalog["source"],
            "trained_to": self.card.trained_to.isoformat().replace("+00:00", "Z"),
            "updates": len(self.updates),
            "state": dict(self.updates[-1].state) if self.updates else None,
        }

    def simulating(self, n_catalogs: int) -> Fitted:
        """The fitted model with so many simulated catalogues behind a forecast, where it simulates."""
        return _simulating(self.fitted, n_catalogs)

    def check(self, catalog: Catalog, region: Region, moment: datetime) -> None:
        """Refuse a forecast that this model must not make.

        Raises
        ------
        FutureError
            When its training or an update used data after `moment`, the first of the forecast.
        InputError
            When it is of another region, or was learned from simulated earthquakes and the catalogue is real.
        """
        if self.card.trained_to > moment:
            raise FutureError(
                f"{self.name} was trained on data to {self.card.trained_to.isoformat()}, after the forecast time "
                f"{moment.isoformat()}; take a later --as-of, or a model trained earlier"
            )
        if (seen := seen_to(self.card, self.updates)) > moment:
            raise FutureError(
                f"{self.name} was updated with data to {seen.isoformat()}, after the forecast time "
                f"{moment.isoformat()}; take a later --as-of, or the model as it was trained: houfeng models get "
                f"{self.name}"
            )
        mine = self.fitted.region
        if differs := region_difference(mine, region):
            raise InputError(
                f"{self.name} was trained on region '{mine.name}', which is not the region '{region.name}' of this "
                f"forecast: {differs}; give the --region it was trained on"
            )
        provenance = catalog.provenance
        if self.card.simulated and "SIMULATED" not in f"{provenance.label} {provenance.source}":
            raise InputError(f"{self.name} was learned from simulated earthquakes; it does not forecast real ones")


def seen_to(card: ModelCard, updates: Iterable[UpdateRecord]) -> datetime:
    """End of the data that training or any of its `updates` used; one that was refused used none."""
    return max((card.trained_to, *(update.data_end for update in updates if update.outcome != "refused")))


def resolve(words: Sequence[str], region: Region, store: Store | None) -> tuple[tuple[str, ...], dict[str, Kept]]:
    """Names of models, and those among them that are kept, from the words of a user.

    A word is a recipe of :func:`houfeng.models.registry.model_names`, to be fitted; the name of a model in the store;
    a file that ends in ``.houfeng``; or ``champion``, which is the champion of the region's slot where the store has
    one, else ``etas-adaptive``. A recipe goes before a kept model of the same name.

    Parameters
    ----------
    store
        None where there is none yet.

    Raises
    ------
    UnknownNameError
        When a word is nothing of these; it lists recipes and kept models.
    InputError
        When the region has champions of several slots, a kept model is retired, or two files share a name.
    """
    names, kept = [], {}
    for word in words:
        name = champion_of(region, store) if word == CHAMPION else word
        if not name.endswith(SUFFIX) and name in model_names():
            names.append(name)
            continue
        one = from_file(Path(name)) if name.endswith(SUFFIX) else _from_store(name, store)
        if one.name in model_names():
            raise InputError(f"{name} calls itself '{one.name}', which is the name of a recipe; give it another name")
        if one.name in kept and kept[one.name].settings() != one.settings():
            raise InputError(f"two different models are called {one.name}; give one of them another name")
        kept[one.name] = one
        names.append(one.name)
    return tuple(dict.fromkeys(names)), kept


def from_file(path: Path) -> Kept:
    """The model of a file, as it was trained.

    Raises
    ------
    SourceError
        When there is no such file.
    StoreError
        When it is no model file, or is damaged.
    """
    read = read_model(read_file(path), where=str(path))
    return Kept(read.fitted, read.card, read.digest, warnings=read.warnings)


def read_file(path: Path) -> bytes:
    """The bytes of a model file.

    Raises
    ------
    SourceError
        When there is no such file.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error


def champion_of(region: Region, store: Store | None) -> str:
    """Name of the champion of `region`: the only one that a slot of the store has, else ``etas-adaptive``."""
    found = [] if store is None else store.models.select(state="champion")
    here = [record for record in found if record.card.region_name == region.name]
    if len(here) > 1:
        slots = "; ".join(f"{record.name} of '{record.slot}'" for record in here)
        raise InputError(f"'{region.name}' has several champions, {slots}; name the one you mean")
    return here[0].name if here else HOUSE_CHAMPION


def completeness(kept: Iterable[Kept], given: float | None) -> float | None:
    """The completeness magnitude of a forecast: that of its kept models, else the one given.

    Raises
    ------
    InputError
        When they do not agree.
    """
    said = {one.name: one.card.min_magnitude for one in kept}
    wanted = given if given is not None else next(iter(said.values()), None)
    if any(abs(m - wanted) > 1e-6 for m in said.values()):
        told = ", ".join(f"{name} from M{m:g}" for name, m in said.items())
        asked = "" if given is None else f" and --min-magnitude {given:g}"
        raise InputError(f"models of one forecast need one completeness magnitude, but there are {told}{asked}")
    return wanted


def _from_store(name: str, store: Store | None) -> Kept:
    records = {} if store is None else {record.name: record for record in store.models.select()}
    if name not in records:
        raise UnknownNameError("model", name, (*model_names(), *records, CHAMPION, f"a file *{SUFFIX}"))
    if records[name].state == "retired":
        raise InputError(f"{name} is retired ({records[name].reason}); take another model")
    read = store.models.load(name)
    updates = store.models.updates(name)
    fitted = load_updated(store, name) if updates else read.fitted
    return Kept(fitted, read.card, read.digest, updates, read.warnings)


def _simulating(fitted: Fitted, n_catalogs: int) -> Fitted:
    if "n_catalogs" not in {item.name for item in fields(fitted.model)}:
        return fitted
    more = {"prior": _simulating(fitted.prior, n_catalogs)} if isinstance(fitted, FittedLearned) else {}
    return replace(fitted, model=replace(fitted.model, n_catalogs=n_catalogs), **more)


def region_difference(one: Region, other: Region) -> str:
    """In what two regions differ; empty when they are the same ground."""
    for what, unit in (("cell_deg", "degrees"), ("depth_max_km", "km")):
        mine, yours = getattr(one, what), getattr(other, what)
        if abs(mine - yours) > 1e-9:
            return f"{what} is {mine:g} and {yours:g} {unit}"
    same = len(one.rings) == len(other.rings) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=0, atol=1e-9) for a, b in zip(one.rings, other.rings, strict=True)
    )
    return "" if same else "their outlines are not the same"


def facts_of(kept: Mapping[str, Kept]) -> dict[str, dict]:
    """The facts of all, by name."""
    return {name: one.facts() for name, one in kept.items()}
