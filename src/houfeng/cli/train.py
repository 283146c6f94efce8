"""``houfeng train``: one verb for each kind of model that learns."""

import typer

from houfeng.cli import train_forecast, train_images, train_waveforms

app = typer.Typer(name="train", help="Train models: forecast, images, waveforms.", rich_markup_mode=None)

train_forecast.register(app)
train_images.register(app)
train_waveforms.register(app)
