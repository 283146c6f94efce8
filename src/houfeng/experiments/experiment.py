"""An experiment: models x windows x tests, all of it said before anything is computed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.reading import Reading, open_catalog
from houfeng.errors import InputError, NotEnoughDataError, UnknownNameError
from houfeng.models.base import Model
from houfeng.models.registry import create_model, model_class
from houfeng.regions import Region
from houfeng.times import DAY_S, Window, require_utc

#: Tests that may be asked for: N, M and S of the simulated catalogues where there are any, else of the rates;
#: those ending in "-rates" of the rates whatever there is.
TESTS = ("N", "M", "S", "PL", "MLL", "L", "CL", "binary", "brier", "N-rates", "M-rates", "S-rates")
NEED_CATALOGUES = ("PL", "MLL")

#: Where the work may be done.
EXECUTORS = ("processes", "serial", "dask")


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """The catalogue of an experiment, and what its file does not say of itself.

    Attributes
    ----------
    file
        Path, or the name of a bundled catalogue.
    format
        Name of the format; found by looking where empty.
    assume_utc
        Times without a zone are UTC.
    source, licence
        For people; empty: what the file tells.
    data_end
        The catalogue is whole up to here, and what is later is left out; without it, the last event.
    publication_delay_s
        From origin to publication, seconds; without it, what the file tells or 20 minutes.
    """

    file: str
    format: str = ""
    assume_utc: bool = False
    source: str = ""
    licence: str = ""
    data_end: datetime | None = None
    publication_delay_s: float | None = None

    def read(self) -> Reading:
        """Read the file; the rows that were kept out come with the catalogue.

        Raises
        ------
        HoufengError
            When the file cannot be read.
        """
        reading = open_catalog(self.file, format=self.format or None, assume_utc=self.assume_utc)
        return replace(reading, catalog=self._completed(reading.catalog))

    def _completed(self, catalog: Catalog) -> Catalog:
        told = catalog.provenance
        end = told.data_end if self.data_end is None else require_utc(self.data_end, "data_end")
        changed = replace(told, data_end=end, source=self.source or told.source, licence=self.licence or told.licence)
        catalog = replace(catalog if self.data_end is None else catalog.before(end), provenance=changed)
        if self.publication_delay_s is None:
            return catalog
        return catalog.delayed(timedelta(seconds=self.publication_delay_s))


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One competitor: a model of the registry with its parameters, under a label of its own.

    Attributes
    ----------
    name
        In the registry.
    label
        What it is called in this experiment; the name where empty. One model may compete several times.
    parameters
        Fields of the model, but ``min_magnitude``; ``start`` and ``n_catalogs`` come from the experiment where
        they are not given here.
    """

    name: str
    label: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.name)
        object.__setattr__(self, "parameters", dict(self.parameters))
        if not re.fullmatch(r"[\w.+-]+", self.label):
            raise InputError(f"the label '{self.label}' of a model must be made of letters, digits and . + - _")


@dataclass(frozen=True, slots=True)
class ExecutorChoice:
    """Where the work is done; no result depends on it.

    Attributes
    ----------
    kind
        "processes" (a pool of them, default), "serial" (this process), or "dask" (a cluster).
    workers
        Processes of the pool, or of a local Dask cluster; as many as processors where None.
    scheduler
        Address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; a local cluster where empty.
    """

    kind: str = "processes"
    workers: int | None = None
    scheduler: str = ""

    def __post_init__(self) -> None:
        if self.kind not in EXECUTORS:
            raise UnknownNameError("executor", self.kind, EXECUTORS)
        if self.workers is not None and self.workers < 1:
            raise InputError(f"{self.workers} workers can do no work; give 1 or more")
        if self.scheduler and self.kind != "dask":
            raise InputError(f"a scheduler ({self.scheduler}) goes with the executor dask, not with {self.kind}")


@dataclass(frozen=True)
class Experiment:
    """Models x windows x tests.

    Attributes
    ----------
    name
        For files and people; letters, digits and ``. + - _``.
    catalog
        Where the earthquakes come from.
    region
        Where forecasts are made and tested; its cells are the cells of every test.
    models
        The competitors, each label once.
    windows
        In order of time; they may overlap, not repeat.
    reference
        Label of the model with which all are compared.
    min_magnitude
        Smallest magnitude forecast and tested; estimated on what was known at the first window where None.
    training_start
        Begin of the learning period of models that have one; theirs to choose where None.
    refit
        Models are fitted again every so many windows (int) or after so long (timedelta), always on what was known
        at the start of the window; None: once, at the first.
    n_simulations
        Simulated catalogues of each model and window; 0: rates alone, and the gridded forms of the tests.
    seed
        From which every draw of every model and window is derived.
    tests
        Names of :data:`TESTS`.
    thresholds
        Magnitudes whose chance of at least one is scored, beside the smallest.
    occurrence
        Magnitude of which at least one in each cell is a chance to be scored; None: not scored.
    block_days
        Blocks of the bootstrap: they must outlast a sequence's memory.
    keep_forecasts
        Whether the log keeps every forecast whole, or only what it takes to make it again, and its hash.
    executor
        Where the work is done; no result depends on it.
    """

    name: str
    catalog: CatalogFile
    region: Region
    models: tuple[ModelEntry, ...]
    windows: tuple[Window, ...]
    reference: str
    min_magnitude: float | None = None
    training_start: datetime | None = None
    refit: int | timedelta | None = None
    n_simulations: int = 1000
    seed: int = 1
    tests: tuple[str, ...] = ("N", "M", "S")
    thresholds: tuple[float, ...] = ()
    occurrence: float | None = None
    block_days: float = 30.0
    keep_forecasts: bool = True
    executor: ExecutorChoice = ExecutorChoice()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.+-]+", self.name):
            raise InputError(f"the name '{self.name}' of an experiment must be made of letters, digits and . + - _")
        for what, given in (("model", self.models), ("window", self.windows), ("test", self.tests)):
            if not given:
                raise InputError(f"experiment '{self.name}' needs at least one {what}")
            if len(set(map(_identity, given))) < len(given):
                repeated = next(one for one in map(_identity, given) if list(map(_identity, given)).count(one) > 1)
                raise InputError(f"experiment '{self.name}' names the {what} {repeated} twice")
        object.__setattr__(self, "windows", tuple(sorted(self.windows, key=lambda w: (w.start, w.end))))
        if self.reference not in self.labels:
            raise UnknownNameError("reference model", self.reference, self.labels)
        for test in self.tests:
            if test not in TESTS:
                raise UnknownNameError("test", test, TESTS)
        self._check_numbers()
        lowest = 0.0 if self.min_magnitude is None else self.min_magnitude
        for entry in self.models:
            self.recipe(entry, lowest)

    @classmethod
    def from_file(cls, path: str | Path) -> "Experiment":
        """Read an experiment from a TOML file; see docs/how-to/run-an-experiment.md.

        Raises
        ------
        HoufengError
            When the file cannot be read, has an unknown key, or describes something impossible.
        """
        from houfeng.experiments.file import read_experiment

        return read_experiment(Path(path))

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the models, in order."""
        return tuple(entry.label for entry in self.models)

    def entry(self, label: str) -> ModelEntry:
        """The competitor called `label`."""
        for entry in self.models:
            if entry.label == label:
                return entry
        raise UnknownNameError("model of the experiment", label, self.labels)

    def recipe(self, entry: ModelEntry, min_magnitude: float) -> Model:
        """The model of `entry`, with the experiment's start and number of catalogues where it takes them."""
        declared = {item.name for item in fields(model_class(entry.name))}
        common = {"start": self.training_start, "n_catalogs": self.n_simulations or None}
        given = {name: value for name, value in common.items() if name in declared and value is not None}
        return create_model(entry.name, min_magnitude=min_magnitude, **given | dict(entry.parameters))

    @cached_property
    def fit_times(self) -> tuple[datetime, ...]:
        """For each window, the moment as of which its models are fitted: never after its start."""
        times: list[datetime] = []
        last, since = None, 0
        for window in self.windows:
            if isinstance(self.refit, timedelta):
                due = last is None or window.start - last >= self.refit
            else:
                due = last is None or (self.refit is not None and since >= self.refit)
            if due:
                last, since = window.start, 0
            since += 1
            times.append(last)
        return tuple(times)

    @property
    def step_days(self) -> float:
        """Median time from one window to the next, days; the length of the only window."""
        starts = [window.start for window in self.windows]
        steps = sorted((b - a).total_seconds() / DAY_S for a, b in zip(starts[:-1], starts[1:], strict=True))
        return steps[len(steps) // 2] if steps else self.windows[0].days

    @property
    def overlap(self) -> int:
        """Most windows that hold one moment: 1 where none overlap."""
        most, open_ends = 1, []
        for window in self.windows:
            open_ends = [end for end in open_ends if end > window.start] + [window.end]
            most = max(most, len(open_ends))
        return most

    @property
    def settings(self) -> dict:
        """All that the results depend on, but for the catalogue, as plain values."""
        refit = self.refit
        return {
            "name": self.name,
            "region": self.region.to_geojson(),
            "cell_deg": self.region.cell_deg,
            "depth_max_km": self.region.depth_max_km,
            "corner_magnitude": self.region.corner_magnitude,
            "models": [
                {"name": entry.name, "label": entry.label, "parameters": dict(entry.parameters)}
                for entry in self.models
            ],
            "windows": [[window.start, window.end] for window in self.windows],
            "reference": self.reference,
            "min_magnitude": self.min_magnitude,
            "training_start": self.training_start,
            "refit": {"days": refit.total_seconds() / DAY_S} if isinstance(refit, timedelta) else refit,
            "n_simulations": self.n_simulations,
            "seed": self.seed,
            "tests": list(self.tests),
            "thresholds": list(self.thresholds),
            "occurrence": self.occurrence,
            "block_days": self.block_days,
            "keep_forecasts": self.keep_forecasts,
        }

    def scorable(self, catalog: Catalog) -> tuple[int, ...]:
        """Numbers of the windows that end within the data of `catalog`.

        Raises
        ------
        NotEnoughDataError
            When there is none, or nothing was known at the first window.
        """
        end = catalog.provenance.data_end
        whole = tuple(i for i, window in enumerate(self.windows) if window.end <= end)
        if not whole:
            raise NotEnoughDataError(
                f"the data of {catalog.provenance.source} end {end.isoformat()}, before the first window does "
                f"({self.windows[0].end.isoformat()}): nothing can be scored; give a longer catalogue"
            )
        if not len(catalog.as_of(self.windows[0].start)):
            raise NotEnoughDataError(
                f"as of {self.windows[0].start.isoformat()}, the first window, {catalog.provenance.source} holds no "
                "event: models have nothing to learn from; give later windows"
            )
        return whole

    def _check_numbers(self) -> None:
        if isinstance(self.refit, int) and self.refit < 1:
            raise InputError(f"refit every {self.refit} windows makes no sense; give 1 or more")
        if isinstance(self.refit, timedelta) and self.refit <= timedelta(0):
            raise InputError(f"refit after {self.refit} makes no sense; give a positive length of time")
        if self.n_simulations < 0 or self.seed < 0 or not self.block_days > 0:
            raise InputError("simulations and seed must be 0 or more, block_days positive")
        if not self.n_simulations and set(self.tests) & set(NEED_CATALOGUES):
            raise InputError(f"the tests {', '.join(NEED_CATALOGUES)} need simulated catalogues; simulations is 0")
        if self.training_start is not None:
            object.__setattr__(self, "training_start", require_utc(self.training_start, "training start"))
            if self.training_start >= self.windows[0].start:
                raise InputError(
                    f"training starts {self.training_start.isoformat()}, not before the first window "
                    f"({self.windows[0].start.isoformat()})"
                )


def _identity(item: ModelEntry | Window | str) -> str:
    if isinstance(item, ModelEntry):
        return f"'{item.label}'"
    if isinstance(item, Window):
        return f"{item.start.isoformat()} to {item.end.isoformat()}"
    return f"'{item}'"
