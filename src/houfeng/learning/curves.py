"""Learning curves of a training as a picture."""

from pathlib import Path

from houfeng.learning.engine import Training


def draw_curves(training: Training, path: str | Path, title: str = "Training") -> Path:
    """Losses, learning rate and gradient norm against steps, as PNG.

    Parameters
    ----------
    training
        At least one evaluation.
    path
        Of the PNG.
    title
        What was trained; say SIMULATED in it where the data are.
    """
    from matplotlib.figure import Figure

    points = training.history
    steps = [point.step for point in points]
    figure = Figure(figsize=(8, 5.5), dpi=120, layout="constrained")
    losses, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    losses.plot(steps, [point.train_loss for point in points], color="#999999", marker=".", label="training")
    if training.best_loss == training.best_loss:  # not NaN: there was a validation
        losses.plot(steps, [p.validation_loss for p in points], color="#0b6e99", marker=".", label="validation")
        losses.plot(training.best_step, training.best_loss, "o", ms=9, mfc="none", color="#c0392b")
        losses.annotate(
            f"kept: step {training.best_step}, {training.best_loss:.4g}",
            (training.best_step, training.best_loss),
            xytext=(0, 14),
            textcoords="offset points",
            ha="center",
            color="#c0392b",
        )
        losses.margins(y=0.15)
    losses.set_ylabel("loss, mean per example")
    losses.set_title(f"{title} ({training.stopped})", loc="left", fontsize=11)
    losses.legend(frameon=False)
    rates.plot(steps, [point.learning_rate for point in points], color="#555555")
    rates.set_ylabel("learning rate")
    rates.set_ylim(bottom=0)
    rates.set_xlabel("steps")
    norms = rates.twinx()
    norms.semilogy(steps, [point.gradient_norm for point in points], color="#d9a441", lw=1)
    norms.set_ylabel("gradient norm", color="#b07d1e")
    for axes in (losses, rates):
        axes.spines[["top"]].set_visible(False)
        axes.grid(alpha=0.25)
    figure.savefig(path)
    return Path(path)
