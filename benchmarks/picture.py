"""The measurements as one picture; ``python -m benchmarks.picture`` draws the saved ones again."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.axes import Axes

from capsnet_study.figures.style import DOUBLE, journal_style, new_figure, panel_title, render

FOLDER = Path(__file__).parent / "results"
GRADIENTS = {"last": ("#0072b2", "o"), "full": ("#d55e00", "s")}
PATHS = {"fused": ("#009e73", "D"), "plain": ("#cc79a7", "v"), "broadcast": ("#555555", "^")}
DPI = 200


@journal_style
def draw(result: dict, path: Path) -> None:
    """Draw four panels: steps, growth with n, layers compared, memory."""
    figure = new_figure(DOUBLE, 5.0)
    axes = figure.subplots(2, 2)
    _steps(axes[0, 0], result["paper_steps"])
    _growth(axes[0, 1], result["layer"])
    _compared(axes[1, 0], result["layers_compared"])
    _memory(axes[1, 1], result["peak_growth_mib"])
    machine = result["machine"]
    figure.suptitle(
        f"Routing on one thread, batch {result['batch']} ({machine['processor']}, "
        f"{machine['flops_a_second'] / 1e9:.0f} Gflop/s, "
        f"{machine['bytes_a_second'] / 1e9:.0f} GB/s), medians of {result['rounds']} rounds",
        fontsize=8,
    )
    path.write_bytes(render(figure, "png", DPI))


def _steps(axes: Axes, steps: dict[str, float]) -> None:
    """Training steps at the paper's size, in steps of the two convolutions alone."""
    shares = {name: steps[name] / steps["convolutions"] for name in steps if "J" in name}
    colours = [GRADIENTS[name.split(", ")[-1]][0] for name in shares]
    axes.barh(list(shares), list(shares.values()), color=colours, height=0.7)
    for row, share in enumerate(shares.values()):
        axes.text(share + 0.01, row, f"{share:.2f}", va="center")
    axes.axvline(1, color="black", linestyle="--", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(shares.values()))
    axes.set_xlabel("step / step of its two convolutions alone")
    panel_title(axes, "a", "training step, paper size")


def _growth(axes: Axes, layer: dict[str, float]) -> None:
    """A pass through R1 against the number of iterations, for both gradients."""
    for gradient, (colour, marker) in GRADIENTS.items():
        points = [
            (int(name.split(",")[0][2:]), 1e3 * seconds)
            for name, seconds in layer.items()
            if name.endswith(gradient)
        ]
        label = f"gradient {gradient}"
        axes.plot(*zip(*points, strict=True), color=colour, marker=marker, label=label)
    axes.set_ylim(0)
    axes.set_xlabel("iterations n")
    axes.set_ylabel("milliseconds, forward + backward")
    axes.legend(loc="upper left", title="colours of a and b", alignment="left")
    panel_title(axes, "b", "R1 alone, paper size, J = 10")


def _compared(axes: Axes, seconds: dict[str, float]) -> None:
    """The same pass by three implementations."""
    values = [1e3 * value for value in seconds.values()]
    axes.barh(list(seconds), values, color=[PATHS[path][0] for path in seconds], height=0.7)
    for row, value in enumerate(values):
        axes.text(value + 0.02 * max(values), row, f"{value:,.0f} ms", va="center")
    axes.invert_yaxis()
    axes.set_xlim(0, 1.25 * max(values))
    axes.set_xlabel("milliseconds, forward + backward")
    panel_title(axes, "c", "R1 alone, J = 32, n = 3, gradient full")


def _memory(axes: Axes, growth: dict[str, float]) -> None:
    """Peak memory of the three implementations against the number of iterations."""
    for path, (colour, marker) in PATHS.items():
        points = [
            (int(name.split("n ")[1]), mebibytes / 1024)
            for name, mebibytes in growth.items()
            if name.startswith(path)
        ]
        axes.plot(*zip(*points, strict=True), color=colour, marker=marker, label=path)
    axes.set_ylim(0, 1.1 * max(growth.values()) / 1024)
    axes.set_xlabel("iterations n")
    axes.set_ylabel("GiB above the start")
    axes.legend(title="colours of c and d", alignment="left", bbox_to_anchor=(1, 0.8))
    panel_title(axes, "d", "peak memory of one pass, J = 32, gradient full")


if __name__ == "__main__":
    draw(json.loads((FOLDER / "routing.json").read_text()), FOLDER / "routing.png")
