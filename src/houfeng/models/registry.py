"""Models by name.

Each entry is the place of a class; it is imported when first asked for, so that listing the names costs
nothing.
"""

import dataclasses
from importlib import import_module

from houfeng.errors import InputError, UnknownNameError
from houfeng.models.base import Model

#: Where each model lives, "module:class". Its name is the ``name`` of the class; a test keeps the two equal.
_MODELS = {
    "poisson": "houfeng.models.poisson:Poisson",
    "smoothed": "houfeng.models.smoothed:Smoothed",
    "reasenberg-jones": "houfeng.models.reasenberg_jones:ReasenbergJones",
    "etas-temporal": "houfeng.models.etas.temporal:TemporalEtas",
    "etas": "houfeng.models.etas.space_time:SpaceTimeEtas",
    "etas-adaptive": "houfeng.models.adaptive.model:AdaptiveEtas",
    "logistic": "houfeng.models.learned.tabular:LearnedLogistic",
    "forest": "houfeng.models.learned.tabular:LearnedForest",
    "svm": "houfeng.models.learned.tabular:LearnedSvm",
    "boosting": "houfeng.models.learned.tabular:LearnedBoosting",
    "mlp": "houfeng.models.learned.neural:LearnedMlp",
    "cnn": "houfeng.models.learned.neural:LearnedCnn",
    "rnn": "houfeng.models.learned.neural:LearnedRnn",
    "fusion": "houfeng.models.learned.neural:LearnedFusion",
    "stack": "houfeng.models.learned.stacking:LearnedStack",
    "pool": "houfeng.models.learned.pool:LearnedPool",
    "ensemble": "houfeng.models.ensemble.model:Ensemble",
}


def model_names() -> tuple[str, ...]:
    """Names of all models, simplest first."""
    return tuple(_MODELS)


def model_class(name: str) -> type[Model]:
    """The class of the model called `name`.

    Raises
    ------
    UnknownNameError
        When there is none.
    """
    if name not in _MODELS:
        raise UnknownNameError("model", name, _MODELS)
    module, _, attribute = _MODELS[name].partition(":")
    return getattr(import_module(module), attribute)


def create_model(name: str, *, min_magnitude: float, **parameters: object) -> Model:
    """The model called `name`, with `parameters` for the fields that it declares.

    Raises
    ------
    UnknownNameError
        When there is no such model, or it has no such parameter.
    InputError
        When a parameter has an impossible value.
    """
    cls = model_class(name)
    allowed = [field.name for field in dataclasses.fields(cls) if field.init]
    for parameter in parameters:
        if parameter not in allowed:
            raise UnknownNameError(f"parameter of {name}", parameter, allowed)
    try:
        return cls(min_magnitude=min_magnitude, **parameters)
    except TypeError as error:
        raise InputError(f"a parameter of {name} has the wrong type: {error}") from error
