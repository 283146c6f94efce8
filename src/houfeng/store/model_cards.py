"""The card of a model: what it is, from what it learned and until when, what it was worth against what."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime

from houfeng.errors import InputError
from houfeng.store.packing import json_text
from houfeng.times import parse_time

_TIMES = ("trained_from", "trained_to", "made")


@dataclass(frozen=True, slots=True)
class Score:
    """One figure, never without what it is compared with.

    Attributes
    ----------
    measure, unit
        What was measured.
    value, low, high
        The figure and its 95 % interval.
    against
        The baseline.
    judged_on
        How it was judged: which windows, which data.
    run
        Number of the experiment's run in the store of `made_in`; None for a part held out in training.
    """

    measure: str
    unit: str
    value: float
    low: float
    high: float
    against: str
    judged_on: str
    run: int | None = None

    @property
    def better(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column that was learned from: its meaning, unit and source, and mean and spread where it is scaled by them."""

    name: str
    meaning: str
    unit: str
    source: str
    mean: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class ModelCard:
    """All that is to be known of a fitted model, beside what it learned.

    Attributes
    ----------
    name
        Of this fitted model, unique in a store.
    model, reference, parameters
        Name of the recipe, its paper, and its settings.
    fitted
        Fitted parameters: value and ends of the 95 % interval.
    region
        GeoJSON feature, with name and side of the cells in its properties.
    min_magnitude, target_magnitude, horizon_days
        Completeness, and what is asked; target and horizon of a model that answers for any are None.
    trained_from, trained_to
        Time of the first earthquake of the training data, and their end.
    catalog
        ``digest``, ``source``, ``licence``, ``n_events``, ``label`` of the training data.
    licence
        Terms of the file.
    columns
        What it looks at.
    learned_from
        Counts of what it learned from, by name.
    scores
        Figures with baseline and interval; empty: not judged yet.
    seed, code_version, libraries, made
        How it was made, and when.
    simulated
        True when it was learned from simulated data: to be said wherever it is shown.
    """

    name: str
    model: str
    reference: str
    parameters: Mapping[str, object]
    fitted: Mapping[str, tuple[float, float, float]]
    region: Mapping[str, object]
    min_magnitude: float
    target_magnitude: float | None
    horizon_days: float | None
    trained_from: datetime
    trained_to: datetime
    catalog: Mapping[str, object]
    licence: str
    code_version: str
    libraries: Mapping[str, str]
    made: datetime
    seed: int | None = None
    columns: tuple[Column, ...] = ()
    learned_from: Mapping[str, int] = field(default_factory=dict)
    scores: tuple[Score, ...] = ()
    simulated: bool = False

    def __post_init__(self) -> None:
        usable = self.name.replace("-", "").replace("_", "").replace(".", "")
        if not (usable.isascii() and usable.isalnum()):
            raise InputError(f"a model cannot be called '{self.name}'; use letters, digits, dots and dashes")

    @property
    def region_name(self) -> str:
        """Name of the region."""
        return str(self.region["properties"]["name"])

    @property
    def slot(self) -> str:
        """What it competes for: one champion for each region, target and horizon."""
        target = self.min_magnitude if self.target_magnitude is None else self.target_magnitude
        horizon = "any" if self.horizon_days is None else f"{self.horizon_days:g}d"
        return f"{self.region_name} M{target:g} {horizon}"

    def document(self) -> dict:
        """As JSON."""
        return json.loads(json_text(asdict(self), f"the card of {self.name}"))

    @classmethod
    def of(cls, document: Mapping[str, object]) -> "ModelCard":
        """From JSON.

        Raises
        ------
        InputError
            When a field is missing or unknown.
        """
        wanted, got = {item.name for item in fields(cls)}, set(document)
        if wanted != got:
            raise InputError(
                f"a model card lacks {', '.join(sorted(wanted - got)) or 'nothing'} and has beyond what is known "
                f"{', '.join(sorted(got - wanted)) or 'nothing'}; it was written by another version of Houfeng"
            )
        try:
            made = {
                "columns": tuple(Column(**column) for column in document["columns"]),
                "scores": tuple(Score(**score) for score in document["scores"]),
                "fitted": {name: tuple(ends) for name, ends in document["fitted"].items()},
            }
            return cls(**{**document, **made, **{name: parse_time(document[name]) for name in _TIMES}})
        except (TypeError, AttributeError, KeyError) as error:
            raise InputError(f"a model card that makes no sense: {error}") from error
