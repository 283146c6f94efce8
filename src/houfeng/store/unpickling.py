"""Reading fitted objects without trusting who wrote them: only what is on a list is ever made, all else is refused.

A pickle is a program; read carelessly it does whatever its writer wanted. Here it may name only arrays and numbers of
numpy, estimators of scikit-learn and the values of Houfeng's models. Networks are not in it: they stand for themselves
by number (see :mod:`houfeng.store.model_files`).
"""

import importlib
import io
import pickle
from collections.abc import Callable
from dataclasses import is_dataclass

from houfeng.errors import StoreError

#: Rooms whose frozen values may be made.
ROOMS = ("houfeng.models.", "houfeng.features.", "houfeng.regions", "houfeng.values", "houfeng.times")
#: Anything else, by module.
NAMED = {
    "builtins": {"set", "frozenset", "complex", "slice", "range", "bytearray"},
    "collections": {"OrderedDict"},
    "datetime": {"datetime", "timedelta", "timezone", "date"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.core.numeric": {"_frombuffer"},
    "numpy.random._pickle": {"__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"},
    "numpy.random._pcg64": {"PCG64"},
    "numpy.random._mt19937": {"MT19937"},
    "numpy.random.bit_generator": {"SeedSequence", "__pyx_unpickle_SeedSequence"},
    "scipy.sparse._csr": {"csr_matrix", "csr_array"},
    "houfeng.models.learned.learners": {"Filling"},
    "sklearn._loss._loss": {"CyHalfPoissonLoss", "CyHalfBinomialLoss", "CyHalfSquaredError"},
    "sklearn._loss.link": {"Interval", "LogLink", "LogitLink", "IdentityLink"},
    "sklearn._loss.loss": {"HalfPoissonLoss", "HalfBinomialLoss", "HalfSquaredError"},
    "sklearn.ensemble._hist_gradient_boosting.binning": {"_BinMapper"},
    "sklearn.ensemble._hist_gradient_boosting.predictor": {"TreePredictor"},
    "sklearn.tree._tree": {"Tree"},
}


def read_pickle(content: bytes, network: Callable[[int], object], where: str) -> object:
    """The object in `content`, made of listed things only.

    Parameters
    ----------
    network
        Gives the network of a number.
    where
        Names the file in messages.

    Raises
    ------
    StoreError
        When it names anything that is not listed, or is damaged.
    """
    reader = _Reader(io.BytesIO(content), network, where)
    try:
        return reader.load()
    except StoreError:
        raise
    except Exception as error:  # a damaged pickle may raise whatever the objects it makes raise
        raise StoreError(
            f"{where}: what was learned cannot be read ({type(error).__name__}: {error}); the file is damaged, or was "
            "written with other versions of the libraries than are installed here"
        ) from error


class _Reader(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, network: Callable[[int], object], where: str) -> None:
        super().__init__(stream)
        self._network, self._where = network, where

    def find_class(self, module: str, name: str) -> object:
        if "." in name:
            raise self._refused(module, name)
        if name in NAMED.get(module, ()):
            return _found(module, name)
        if module.startswith(ROOMS):
            found = _found(module, name)
            if isinstance(found, type) and is_dataclass(found) and found.__module__ == module:
                return found
        if module.startswith("sklearn."):
            found = _found(module, name)
            if _is_estimator(found) and found.__module__ == module:
                return found
        raise self._refused(module, name)

    def persistent_load(self, pid: object) -> object:
        if not (isinstance(pid, tuple) and len(pid) == 2 and pid[0] == "network" and isinstance(pid[1], int)):
            raise StoreError(f"{self._where} refers to {pid!r}, which no model file holds; do not use it")
        return self._network(pid[1])

    def _refused(self, module: str, name: str) -> StoreError:
        return StoreError(
            f"{self._where} asks for {module}.{name}, which no model file needs: it is refused and nothing was run. Do "
            "not use this file; get the model again from who trained it"
        )


def _found(module: str, name: str) -> object:
    return getattr(importlib.import_module(module), name)


def _is_estimator(found: object) -> bool:
    from sklearn.base import BaseEstimator

    return isinstance(found, type) and issubclass(found, BaseEstimator)
