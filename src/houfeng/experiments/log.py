"""The log of forecasts: making one again, from nothing but what the store keeps.

The store keeps, for every experiment, the bytes of its catalogue, its settings and the version of the code; for
every model and window, the moment of the fit, the seeds, the hash of what was forecast and, unless the experiment
says otherwise, the forecast itself. Nothing in it can be changed (see docs/concepts/store.md).
"""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from houfeng.errors import StoreError
from houfeng.experiments.experiment import CatalogFile, Experiment, ModelEntry
from houfeng.experiments.work import Inputs, Issued, Unit, issue
from houfeng.regions import Region
from houfeng.store import StoreReader
from houfeng.times import Window, parse_time

#: The first step of the run: what the units of all models have in common and the settings do not say.
INPUTS_STEP = "inputs"


def inputs_of_run(reader: StoreReader, run: int) -> Inputs:
    """All that the units of experiment `run` depended on, from the bytes in the store.

    Raises
    ------
    StoreError
        When there is no such run, it is no experiment, or its catalogue is damaged.
    """
    record = reader.run(run)
    told = reader.result(run, INPUTS_STEP)
    if record.kind != "experiment" or told is None:
        raise StoreError(f"run {run} is a run of kind '{record.kind}', not an experiment; houfeng serve lists them")
    catalog = reader.load_catalog(record.catalog)
    return Inputs(experiment_of_settings(record.settings), catalog, told["min_magnitude"])


def reissue(reader: StoreReader, run: int, unit: Unit) -> Issued:
    """Make the forecast of one model and window of a logged experiment again.

    Its ``digest`` is the one in the log where the code is the same (``reader.run(run).code_version``).
    """
    return issue(inputs_of_run(reader, run), unit)


def experiment_of_settings(settings: Mapping) -> Experiment:
    """The experiment that wrote these :attr:`Experiment.settings`; its catalogue is the one in the store."""
    refit = settings["refit"]
    start = settings["training_start"]
    return Experiment(
        name=settings["name"],
        catalog=CatalogFile("the store"),
        region=_region(settings),
        models=tuple(
            ModelEntry(entry["name"], entry["label"], _parameters(entry["parameters"])) for entry in settings["models"]
        ),
        windows=tuple(Window(parse_time(begin), parse_time(end)) for begin, end in settings["windows"]),
        reference=settings["reference"],
        min_magnitude=settings["min_magnitude"],
        training_start=None if start is None else parse_time(start),
        refit=timedelta(days=refit["days"]) if isinstance(refit, Mapping) else refit,
        n_simulations=settings["n_simulations"],
        seed=settings["seed"],
        tests=tuple(settings["tests"]),
        thresholds=tuple(settings["thresholds"]),
        occurrence=settings.get("occurrence"),
        block_days=settings["block_days"],
        keep_forecasts=settings["keep_forecasts"],
    )


def _region(settings: Mapping) -> Region:
    feature = settings["region"]
    shape = feature["geometry"]
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return Region(
        name=feature["properties"]["name"],
        rings=tuple(np.array(ring, float) for polygon in polygons for ring in polygon),
        cell_deg=settings["cell_deg"],
        depth_max_km=settings["depth_max_km"],
        corner_magnitude=settings["corner_magnitude"],
        source=feature["properties"]["source"],
    )


def _parameters(told: Mapping) -> dict[str, object]:
    """Parameters as JSON has them: lists were tuples, the start of learning a time."""
    return {
        name: parse_time(value) if name == "start" else tuple(value) if isinstance(value, list) else value
        for name, value in told.items()
    }
