"""The error tree: as drawn, each class also a builtin, each message saying what there is."""

import builtins
import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng import errors
from houfeng.errors import HoufengError, InputError, MissingExtraError, StoreError, UnknownNameError

CLASSES = {name: one for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, Exception)}
DRAWN = re.findall(r"^([│ ]*)(?:[├└]── )?(\w+Error)(?: \((\w+)\))?", errors.__doc__, re.M)


def parents() -> dict[str, str]:
    """Class to parent, from the drawing alone."""
    above, found = [], {}
    for line in errors.__doc__.splitlines():
        drawn = re.match(r"^((?:[│ ]   )*)([├└]── )?(\w+Error)", line)
        if drawn:
            depth = len(drawn[1]) // 4 + bool(drawn[2])
            above[depth:] = [drawn[3]]
            if depth:
                found[drawn[3]] = above[depth - 1]
    return found


def test_every_class_is_drawn_and_every_drawn_class_exists():
    assert {name for _, name, _ in DRAWN} == set(CLASSES)


def test_the_drawing_has_the_parents_right():
    tree = parents()
    assert set(tree) == set(CLASSES) - {"HoufengError"}
    for name, parent in tree.items():
        assert CLASSES[name].__mro__[1] is CLASSES[parent], name


def test_each_class_is_also_the_builtin_that_is_drawn_beside_it():
    for _, name, builtin in DRAWN:
        if builtin:
            assert issubclass(CLASSES[name], getattr(builtins, builtin)), name


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_says_what_it_is_for_and_is_caught_at_the_root(name):
    error = CLASSES[name]
    assert error.__doc__ and error.__module__ == "houfeng.errors"
    made = error("model", "x", ["y"]) if error is UnknownNameError else error("what, where, what next")
    with pytest.raises(HoufengError):
        raise made


def test_programs_that_know_only_builtins_catch_the_right_things():
    with pytest.raises(ValueError):
        raise InputError("a polygon of two corners")
    with pytest.raises(LookupError):
        raise UnknownNameError("model", "etaz", ["etas"])
    with pytest.raises(OSError):
        raise StoreError("the disk is full")
    with pytest.raises(ImportError):
        raise MissingExtraError("pip install 'houfeng[obspy]'")


def test_a_slip_of_the_finger_is_answered_with_the_name():
    told = str(UnknownNameError("region", "chili", ["japan", "chile", "italy"]))
    assert told == "unknown region 'chili'; did you mean 'chile'? There are: chile, italy, japan"


def test_a_strange_name_gets_no_guess_but_the_list():
    told = str(UnknownNameError("region", "atlantis", ["japan", "chile"]))
    assert told == "unknown region 'atlantis'. There are: chile, japan"


@given(st.text(max_size=12), st.lists(st.text(min_size=1, max_size=8), max_size=6))
def test_whatever_was_asked_for_it_stands_in_the_message_beside_all_there_is(name, known):
    told = str(UnknownNameError("format", name, iter(known)))
    assert f"unknown format '{name}'" in told
    assert all(one in told for one in known)
