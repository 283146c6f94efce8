"""Augmentation: nothing at zero strength, seeded, each change what it says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.augment import ImageAugment, MapAugment, WaveformAugment, pick_view


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(6, 3, 16, 16, generator=generator(7)) * 255


@pytest.fixture
def windows() -> torch.Tensor:
    return torch.randn(6, 3, 50, generator=generator(8))


FULL = {
    "image": ImageAugment(20, 10, 0.2, 0.1, True, 0.1, 0.2, 0.05, 0.5),
    "waveform": WaveformAugment(5, 0.2, 0.3, 0.5, 0.5),
    "map": MapAugment(),
}


@pytest.mark.parametrize("name", FULL)
def test_the_same_seed_gives_the_same_and_another_something_else(name, pictures, windows):
    x = windows if name == "waveform" else pictures
    before = x.clone()
    first, again, other = (FULL[name]({name: x}, generator(seed))[name] for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(x, before), "the examples themselves stay as they are"
    assert first.shape == x.shape and torch.isfinite(first).all()


def test_zero_strength_changes_nothing_and_other_inputs_are_left_alone(pictures, windows):
    inputs = {"image": pictures, "waveform": windows, "map": pictures, "length": torch.arange(6)}
    for nothing in (ImageAugment(), WaveformAugment(), MapAugment(turn=False, flip=False)):
        changed = nothing(inputs, generator())
        assert changed.keys() == inputs.keys()
        assert all(torch.equal(changed[name], inputs[name]) for name in inputs)
    for full in FULL.values():
        assert full(inputs, generator())["length"] is inputs["length"]


def test_geometry_keeps_pixels_in_their_range(pictures):
    turned = ImageAugment(rotate_degrees=45, shear_degrees=20, zoom=0.3, crop=0.2)({"image": pictures}, generator())
    assert turned["image"].min() >= pictures.min() - 1e-3 and turned["image"].max() <= pictures.max() + 1e-3
    lit = ImageAugment(brightness=1.0, contrast=1.0, noise=0.5)({"image": pictures}, generator())["image"]
    assert lit.min() >= 0 and lit.max() <= 255


def test_a_flat_picture_stays_flat_whatever_its_geometry():
    flat = torch.full((4, 3, 12, 12), 80.0)
    moved = ImageAugment(rotate_degrees=180, shear_degrees=30, zoom=0.5, crop=0.3, flip=True)
    assert torch.allclose(moved({"image": flat}, generator())["image"], flat, atol=1e-3)


def test_a_turn_of_a_disc_keeps_it_in_place():
    y, x = torch.meshgrid(torch.arange(33) - 16.0, torch.arange(33) - 16.0, indexing="ij")
    disc = (255 * torch.sigmoid((9 - torch.hypot(x, y)) / 3))[None, None].expand(5, 3, -1, -1)
    turned = ImageAugment(rotate_degrees=180)({"image": disc}, generator())["image"]
    inside = torch.hypot(x, y) <= 15  # beyond, the corners are mirror images
    assert (turned - disc).abs()[..., inside].max() < 2


def test_flips_are_mirror_images(pictures):
    flipped = ImageAugment(flip=True)({"image": pictures}, generator())["image"]
    for new, old in zip(flipped, pictures, strict=True):
        views = [old, old.flip(-1), old.flip(-2), old.flip(-1).flip(-2)]
        assert any(torch.equal(new, view) for view in views)


def test_a_dropped_channel_is_its_mean_in_pictures_and_zero_in_waveforms(pictures, windows):
    picture = ImageAugment(channel_drop=1.0)({"image": pictures}, generator())["image"]
    flat = picture.flatten(2).std(2) < 1e-3
    assert (flat.sum(1) == 1).all()
    assert torch.allclose(picture.mean((2, 3)), pictures.mean((2, 3)), atol=1e-3)
    window = WaveformAugment(channel_drop=1.0)({"waveform": windows}, generator())["waveform"]
    assert ((window == 0).all(2).sum(1) == 1).all()


def test_a_shift_moves_all_components_together(windows):
    shifted = WaveformAugment(shift_samples=4)({"waveform": windows}, generator())["waveform"]
    for new, old in zip(shifted, windows, strict=True):
        assert any(torch.equal(new[:, 4:-4], old[:, 4 + k : 46 + k]) for k in range(-4, 5))
    with pytest.raises(InputError, match="not shorter than the window"):
        WaveformAugment(shift_samples=50)({"waveform": windows}, generator())


def test_amplitude_and_polarity_scale_whole_windows(windows):
    louder = WaveformAugment(amplitude=0.5)({"waveform": windows}, generator())["waveform"] / windows
    assert (louder.amax((1, 2)) - louder.amin((1, 2))).max() < 1e-3
    assert louder.min() >= np.exp(-0.5) - 1e-4 and louder.max() <= np.exp(0.5) + 1e-4
    assert torch.equal(WaveformAugment(polarity=1.0)({"waveform": windows}, generator())["waveform"], -windows)


def test_maps_of_one_example_are_turned_alike_and_by_quarters():
    maps = torch.arange(2 * 20 * 9.0).reshape(20, 2, 3, 3)
    augment = MapAugment(names=("map", "mask"))
    changed = augment({"map": maps, "mask": maps + 1000}, generator())
    assert torch.equal(changed["map"] + 1000, changed["mask"])
    kinds = set()
    for new, old in zip(changed["map"], maps, strict=True):
        views = [old.rot90(k, (-2, -1)).flip(-1) if f else old.rot90(k, (-2, -1)) for k in range(4) for f in (0, 1)]
        kinds.add(next(i for i, view in enumerate(views) if torch.equal(new, view)))
    assert len(kinds) > 4
    with pytest.raises(InputError, match="not square"):
        MapAugment()({"map": torch.zeros(2, 1, 3, 4)}, generator())
    wide = torch.rand(8, 1, 3, 4, generator=generator())
    assert MapAugment(turn=False)({"map": wide}, generator())["map"].shape == wide.shape


def test_a_view_is_one_of_those_stored():
    views = torch.arange(4.0)[None, :, None, None, None].expand(30, 4, 2, 3, 3)
    picked = pick_view({"image": views}, generator())["image"]
    assert picked.shape == (30, 2, 3, 3) and set(picked.unique().tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "wild",
    [
        lambda: ImageAugment(noise=-0.1),
        lambda: ImageAugment(channel_drop=1.5),
        lambda: ImageAugment(zoom=1.0),
        lambda: ImageAugment(rotate_degrees=float("nan")),
        lambda: WaveformAugment(polarity=2.0),
        lambda: WaveformAugment(shift_samples=-1),
    ],
)
def test_wild_strengths_are_refused(wild):
    with pytest.raises(InputError):
        wild()


# --- what holds at any strength -----------------------------------------------------------------------------------

SHARE, BIT = st.floats(0, 1), st.integers(0, 2**32 - 1)
IMAGES = st.builds(
    ImageAugment,
    rotate_degrees=st.floats(0, 180),
    shear_degrees=st.floats(0, 60),
    zoom=st.floats(0, 0.9),
    crop=SHARE,
    flip=st.booleans(),
    brightness=SHARE,
    contrast=st.floats(0, 2),
    noise=SHARE,
    channel_drop=SHARE,
)
WINDOWS = st.builds(
    WaveformAugment,
    shift_samples=st.integers(0, 49),
    noise=st.floats(0, 3),
    amplitude=st.floats(0, 2),
    channel_drop=SHARE,
    polarity=SHARE,
)


@given(IMAGES, BIT)
@settings(max_examples=40, deadline=None)
def test_pictures_stay_pictures_at_any_strength(augment, seed):
    x = torch.rand(3, 3, 16, 16, generator=generator(7)) * 255
    found = augment({"image": x}, generator(seed))["image"]
    assert found.shape == x.shape and found.dtype == x.dtype
    assert found.min() >= -1e-2 and found.max() <= 255.01  # not a number fails too


@given(WINDOWS, BIT)
@settings(max_examples=40, deadline=None)
def test_windows_do_not_see_one_another(augment, seed):
    """What becomes of an example does not depend on the others of its batch."""
    x = torch.randn(4, 3, 50, generator=generator(8))
    other = x.clone()
    other[1:] = 5 * torch.randn(3, 3, 50, generator=generator(9))
    first, second = (augment({"waveform": one}, generator(seed))["waveform"][0] for one in (x, other))
    assert torch.equal(first, second) and torch.isfinite(first).all()


@given(st.integers(1, 49), BIT)
@settings(max_examples=30, deadline=None)
def test_a_shift_is_no_longer_than_said_and_invents_no_sample(most, seed):
    ramp = torch.arange(50.0).expand(5, 2, 50)
    found = WaveformAugment(shift_samples=most)({"waveform": ramp}, generator(seed))["waveform"]
    assert torch.equal(found, found.round()) and found.min() >= 0 and found.max() <= 49
    assert (found - ramp).abs().max() <= most
    assert torch.equal(found[:, 0], found[:, 1])


@given(st.booleans(), st.booleans(), BIT)
@settings(max_examples=30, deadline=None)
def test_maps_keep_every_pixel_whatever_the_turn(turn, flip, seed):
    maps = torch.arange(4 * 2 * 25.0).reshape(4, 2, 5, 5)
    found = MapAugment(turn=turn, flip=flip)({"map": maps}, generator(seed))["map"]
    assert torch.equal(found.flatten(2).sort(2).values, maps.flatten(2))
    assert torch.equal(found[:, :, 2, 2], maps[:, :, 2, 2])
