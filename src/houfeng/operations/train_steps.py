"""What a training has done so far, kept in its folder, so that a killed training goes on where it stopped.

Each fit is a model file ``steps/LEARNER-PART.houfeng``, the judging ``steps/judged.json``. A step carries the digest of
all it depends on, and is taken only by a training that asks for exactly that; anything else there is done again.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import HoufengError
from houfeng.models.learned.model import FittedLearned, LearnedModel
from houfeng.operations.outputs import write_bytes, write_text
from houfeng.operations.training import Progress, silent
from houfeng.regions import Region
from houfeng.store.model_files import library_versions, pack_model, read_model
from houfeng.store.packing import json_text, pack_catalog
from houfeng.store.runs import code_version

#: Folder of the steps, below that of the results.
STEPS = "steps"
JUDGED = "judged.json"
#: Entry of a step's card: CPU milliseconds its learning took.
CPU_MS = "cpu_ms"


def key_of(model: LearnedModel, history: Catalog, region: Region, as_of: datetime) -> str:
    """SHA-256 of all that a fit depends on: earthquakes, region, settings with the seed, moment, code, libraries."""
    outline = region.to_geojson()
    told = {
        "model": model.name,
        "settings": {item.name: getattr(model, item.name) for item in fields(model) if item.name != "layers"},
        "catalog": pack_catalog(history).digest,
        "region": [outline, region.cell_deg, region.depth_max_km],
        "as_of": as_of,
        "code": code_version(),
        "libraries": library_versions(),
    }
    return hashlib.sha256(json_text(told, "a step of a training").encode()).hexdigest()


@dataclass(frozen=True)
class Steps:
    """The steps of one training.

    Attributes
    ----------
    folder
        Of the results; None keeps nothing.
    progress
        Is told what was kept, and what is done again and why.
    """

    folder: Path | None = None
    progress: Progress = silent

    def fit(
        self, part: str, model: LearnedModel, history: Catalog, region: Region, as_of: datetime
    ) -> tuple[FittedLearned, float, str]:
        """`model` fitted on `history`, or the same fit as it was kept; CPU seconds it took; the key of the step.

        What was fitted just now is read back from its file, so that whatever is made of it later is the same to the
        byte whether the training was killed in between or not.

        Raises
        ------
        NotEnoughDataError, FitError
            As the model's own ``fit``.
        SourceError
            When the step cannot be written.
        """
        key = key_of(model, history, region, as_of)
        if self.folder is None:
            return *self._learn(model, history, region), key
        path = self.folder / STEPS / f"{model.name}-{part}.houfeng"
        found = self._kept_fit(path, key)
        if found is not None:
            self.progress(f"{model.name}: learned before ({part}), kept")
            return *found, key
        from houfeng.operations.models import card_of  # which knows trainings itself

        fitted, cpu_s = self._learn(model, history, region)
        card = card_of(fitted, history, name=key, made=as_of)
        content = pack_model(fitted, replace(card, learned_from={**card.learned_from, CPU_MS: round(1000 * cpu_s)}))
        write_bytes(path, content)
        return read_model(content, where=str(path)).fitted, cpu_s, key

    def judge(self, keys: tuple[str, ...], judge: Callable[[], list[dict]]) -> list[dict]:
        """The cards of all learners as JSON, made by `judge` or kept; `keys` are those of all that it depends on."""
        if self.folder is None:
            return judge()
        key = hashlib.sha256("\n".join(keys).encode()).hexdigest()
        path = self.folder / STEPS / JUDGED
        found = self._kept_cards(path, key)
        if found is not None:
            self.progress("judged before, kept")
            return found
        cards = judge()
        told = json.dumps(cards)
        write_text(path, json.dumps({"key": key, "sha256": hashlib.sha256(told.encode()).hexdigest(), "cards": told}))
        return cards

    def clear(self) -> None:
        """Remove the steps of a training that has ended well, and what a killed one left half written."""
        if self.folder is None or not (self.folder / STEPS).is_dir():
            return
        steps = self.folder / STEPS
        for path in (*steps.glob("*.houfeng"), *steps.glob(JUDGED), *steps.glob(".*.part")):
            path.unlink(missing_ok=True)
        if not any(steps.iterdir()):
            steps.rmdir()

    def _learn(self, model: LearnedModel, history: Catalog, region: Region) -> tuple[FittedLearned, float]:
        began = time.process_time()
        fitted = model.fit(history, region)
        cpu_s = time.process_time() - began
        self.progress(f"{model.name} learned ({cpu_s:.0f} CPU-s)")
        return fitted, cpu_s

    def _kept_fit(self, path: Path, key: str) -> tuple[FittedLearned, float] | None:
        if not path.exists():
            return None
        try:
            file = read_model(path.read_bytes(), where=str(path))
        except (HoufengError, OSError) as error:
            self.progress(f"{path.name} cannot be used, done again: {error}")
            return None
        if file.card.name != key:
            self._other(path)
            return None
        return file.fitted, file.card.learned_from[CPU_MS] / 1000

    def _kept_cards(self, path: Path, key: str) -> list[dict] | None:
        if not path.exists():
            return None
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            whole = hashlib.sha256(told["cards"].encode()).hexdigest() == told["sha256"]
            cards = json.loads(told["cards"]) if whole else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            cards = None
        if cards is None:
            self.progress(f"{path.name} cannot be used, done again: it is damaged")
        elif told["key"] != key:
            self._other(path)
            return None
        return cards

    def _other(self, path: Path) -> None:
        self.progress(
            f"{path.name} is of another training (data, region, settings, seed, moment or code differ): done again"
        )
