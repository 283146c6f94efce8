"""The whole run, top to bottom: fit on the past, forecast each moment, compare, draw, report.

Every moment is a step recorded in the store: a killed run goes on where it stopped.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from houfeng.forecasts.forecast import Forecast
from houfeng.operations import document, outputs
from houfeng.operations.compare import compare
from houfeng.operations.forecast import ForecastProduct, forecast
from houfeng.operations.kept import facts_of
from houfeng.operations.plan import Plan
from houfeng.operations.replay import replay, shaking_section
from houfeng.operations.training import BASELINE, Progress, Trained, silent, train
from houfeng.reports.headlines import middle_horizon
from houfeng.store import Run, Store


@dataclass(frozen=True)
class RunResult:
    """A finished run: its folder, its JSON document, and the steps a resumed run did not repeat."""

    folder: Path
    document: Mapping
    resumed_steps: tuple[str, ...]

    @property
    def report(self) -> Path:
        """The page to open."""
        return self.folder / "report.html"


def run(plan: Plan, store: Store, progress: Progress = silent) -> RunResult:
    """Carry out `plan`, or go on with it where a killed process stopped.

    Raises
    ------
    HoufengError
        When the data do not suffice, no model fits, or the folder or store cannot be written.
    """
    snapshot = store.save_catalog(plan.catalog)
    settings = plan.settings
    with store.begin_run("run", settings, region=plan.region.name, catalog=snapshot) as work:
        steps = _Steps(plan, store, work, progress)
        head = steps.take("fit", steps.fit)
        sections = [
            steps.take(f"forecast {document.time(moment)}", lambda i=i: steps.moment(i))
            for i, moment in enumerate(plan.moments)
        ]
        followed = steps.take("chain", lambda: steps.chain(sections)) if plan.case.city else {}
        progress("writing forecast.json and report.html")
        whole = document.assemble(head, sections) | {name: followed[name] for name in ("chain",) if name in followed}
        outputs.write_text(
            plan.folder / "forecast.json", json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False)
        )
        outputs.write_report(plan, whole)
    return RunResult(plan.folder, whole, tuple(steps.resumed))


class _Steps:
    """The steps of one run; what is costly is computed only when a step that is not recorded needs it."""

    def __init__(self, plan: Plan, store: Store, work: Run, progress: Progress) -> None:
        self.plan, self.store, self.work, self.progress = plan, store, work, progress
        self.resumed: list[str] = []

    def take(self, name: str, compute) -> dict:
        """The recorded result of a step whose files are all there, else a new one."""
        recorded = self.work.completed(name)
        if recorded is not None and all((self.plan.folder / file).exists() for file in recorded["files"]):
            self.resumed.append(name)
            self.progress(f"{name}: done before, kept")
            return recorded
        result = compute()
        return recorded if recorded is not None else self.work.record(name, result)

    @cached_property
    def trained(self) -> Trained:
        """Models fitted on what was known at the first moment."""
        return train(
            self.plan.catalog,
            self.plan.region,
            as_of=self.plan.moments[0],
            models=self.plan.models,
            min_magnitude=self.plan.min_magnitude,
            n_simulations=self.plan.n_simulations,
            kept={name: one.simulating(self.plan.n_simulations) for name, one in self.plan.kept.items()},
            progress=self.progress,
        )

    def fit(self) -> dict:
        """Header of the document."""
        plan, trained = self.plan, self.trained
        shock = plan.case.shock
        case = {
            "name": plan.case.name,
            "titles": dict(plan.case.titles),
            "shock": shock and asdict(shock) | {"time": document.time(shock.time)},
        }
        head = document.header(
            plan.catalog,
            plan.region,
            trained,
            horizons=plan.horizons_days,
            seed=plan.seed,
            kept=facts_of(plan.kept),
        )
        return head | {
            "case": case,
            "models_asked": [name for name in plan.models if name in trained.fitted] or [BASELINE],
            "files": [],
        }

    def moment(self, index: int) -> dict:
        """Forecast, compare and write one moment; its section of the document."""
        plan = self.plan
        product = forecast(
            plan.catalog,
            plan.region,
            as_of=plan.moments[index],
            horizons=plan.horizons,
            trained=self.trained,
            seed=plan.seed + index,
            progress=self.progress,
        )
        comparison = compare(product, plan.catalog)
        for made in product.forecasts.values():
            self.store.save_forecast(self.work, made)
        self.progress(f"{plan.moments[index]:%Y-%m-%d %H:%M} UTC: writing files and maps")
        files = outputs.write_moment(plan, product, comparison)
        section = document.section(product, comparison) | {"files": files}
        if plan.case.city:
            section["shaking"] = shaking_section(self._primary(product), product.history)
        return section

    def chain(self, sections: list[dict]) -> dict:
        """What followed the earthquake of the case: warning, assessment, response."""
        label = self.plan.catalog.provenance.label
        return replay(sections[0]["shaking"], label, self.plan.folder, seed=self.plan.seed, progress=self.progress)

    def _primary(self, product: ForecastProduct) -> Forecast:
        """The forecast that is drawn and explained, over the middle horizon."""
        name = next((model for model in self.plan.models if model in product.trained.fitted), BASELINE)
        return product.forecasts[name, middle_horizon(self.plan.horizons_days)]
