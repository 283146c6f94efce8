"""Ground-motion models, one file each.

>>> sorted(models())
['AGA16', 'ASK14', 'BSSA14', 'CB14', 'Montalva17']
"""

import inspect
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from houfeng.errors import UnknownNameError
from houfeng.shaking.gmm.base import GroundMotionModel, Source

__all__ = ["GroundMotionModel", "Source", "find_model", "models"]


@cache
def models() -> dict[str, type[GroundMotionModel]]:
    """Every model in this folder, by name."""
    found = {}
    for module in iter_modules(__path__):
        for thing in vars(import_module(f"{__name__}.{module.name}")).values():
            if inspect.isclass(thing) and issubclass(thing, GroundMotionModel) and not inspect.isabstract(thing):
                found[thing.name] = thing
    return found


def find_model(name: str) -> type[GroundMotionModel]:
    """The model called `name`.

    Raises
    ------
    UnknownNameError
        When there is none; the message lists them.
    """
    known = models()
    if name not in known:
        raise UnknownNameError("ground-motion model", name, known)
    return known[name]
