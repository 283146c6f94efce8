"""The optional packages of learning, asked for where they are used."""

from importlib import import_module
from types import ModuleType

from houfeng.errors import MissingExtraError


def require(name: str) -> ModuleType:
    """A module of the extra ``learn``.

    Raises
    ------
    MissingExtraError
        When it is not installed; the message gives the command that installs it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"{name.split('.')[0]} is needed here and cannot be imported ({error}); install it: "
            "pip install houfeng[learn]"
        ) from error
