"""The measurements as one picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8A8A8A"


def draw(result: dict, path: Path) -> None:
    """Draw four panels: steps, growth with n, layers compared, memory."""
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 6.6), layout="constrained")
    _steps(axes[0, 0], result["paper_steps"])
    _growth(axes[0, 1], result["layer"])
    _compared(axes[1, 0], result["layers_compared"])
    _memory(axes[1, 1], result["peak_growth_mib"])
    machine = result["machine"]
    figure.suptitle(
        f"Routing on one thread, batch {result['batch']} ({machine['processor']}, "
        f"{machine['flops_a_second'] / 1e9:.0f} Gflop/s, "
        f"{machine['bytes_a_second'] / 1e9:.0f} GB/s), medians of {result['rounds']} rounds",
        fontsize=10,
    )
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _steps(axes: Axes, steps: dict[str, float]) -> None:
    base = steps["convolutions"]
    names = [name for name in steps if name != "convolutions"]
    shares = [steps[name] / base for name in names]
    colours = [BLUE if "last" in name else ORANGE for name in names]
    axes.barh(names, shares, color=colours)
    for row, share in enumerate(shares):
        axes.text(share + 0.01, row, f"{share:.2f}", va="center", fontsize=8)
    axes.axvline(1, color=GREY, linestyle="--", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(shares))
    axes.set_title("Training step, paper size", fontsize=10)
    axes.set_xlabel("step / step of its two convolutions alone")


def _growth(axes: Axes, layer: dict[str, float]) -> None:
    for gradient, colour, marker in (("last", BLUE, "o"), ("full", ORANGE, "s")):
        points = [
            (int(name.split(",")[0][2:]), 1e3 * seconds)
            for name, seconds in layer.items()
            if name.endswith(gradient)
        ]
        axes.plot(*zip(*points, strict=True), color=colour, marker=marker)
        axes.annotate(
            f"gradient {gradient}", points[-1], (-12, 0), textcoords="offset points", ha="right"
        )
    axes.set_ylim(0)
    axes.set_title("R1 alone, paper size, J = 10, forward + backward", fontsize=10)
    axes.set_xlabel("iterations n")
    axes.set_ylabel("milliseconds")


def _compared(axes: Axes, seconds: dict[str, float]) -> None:
    values = [1e3 * value for value in seconds.values()]
    axes.barh(list(seconds), values, color=[BLUE, GREY, GREY])
    for row, value in enumerate(values):
        axes.text(value * 1.02, row, f"{value:,.0f} ms", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(values))
    axes.set_title("R1 alone, J = 32, n = 3, full: three implementations", fontsize=10)
    axes.set_xlabel("milliseconds, forward + backward")


def _memory(axes: Axes, growth: dict[str, float]) -> None:
    for path, colour, marker in (
        ("fused", BLUE, "o"),
        ("plain", GREY, "s"),
        ("broadcast", ORANGE, "^"),
    ):
        points = [
            (int(name.split("n ")[1]), mebibytes / 1024)
            for name, mebibytes in growth.items()
            if name.startswith(path)
        ]
        axes.plot(*zip(*points, strict=True), color=colour, marker=marker, label=path)
    axes.set_ylim(0)
    axes.legend(frameon=False, fontsize=8)
    axes.set_title("Peak memory of one pass, J = 32, full", fontsize=10)
    axes.set_xlabel("iterations n")
    axes.set_ylabel("GiB above the start")
