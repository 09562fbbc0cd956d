"""The measurements as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def describe(result: Mapping) -> str:
    """Return the whole of the result as Markdown."""
    machine = result["machine"]
    return "\n".join(
        [
            "# Speed and memory of routing",
            "",
            "Written by `python -m benchmarks.routing`. One thread, batch "
            f"{result['batch']}, float32; medians of {result['rounds']} rounds in which the "
            "alternatives take turns.",
            "",
            f"Machine: {machine['processor']}, {machine['flops_a_second'] / 1e9:.0f} Gflop/s in a "
            f"large matrix product, {machine['bytes_a_second'] / 1e9:.0f} GB/s read from memory. "
            "Two processes that multiply small matrices in their own caches do "
            f"{machine['two_processes']:.2f} times the work of one.",
            "",
            *_targets(result["targets"]),
            *_times("Training step, paper size (256 channels, 32 groups)", result["paper_steps"]),
            *_times("Training step, size of the committed parameters", result["small_steps"]),
            *_times("R1 alone, J = 32, n = 3, full", result["layers_compared"]),
            *_roofline(result),
            *_memory(result["peak_growth_mib"]),
            *_trials(result["trials_an_hour"]),
        ]
    )


def layers_table(result: Mapping) -> str:
    """Return R1 of the paper's size, J = 32, by the three implementations: for docs/layer.md."""
    seconds, growth = result["layers_compared"], result["peak_growth_mib"]
    rows = [
        (name, f"{1e3 * seconds[path]:.0f}", f"{growth[f'{path}, n 3']:.0f}")
        for name, path in (
            ("`CapsuleLayer` on the CPU (fused)", "fused"),
            ("the same in plain PyTorch, as on a GPU", "plain"),
            ("broadcast product, as public code has it", "broadcast"),
        )
    ]
    head = ("3,200 × 8 → 32 × 16, n = 3", "ms", "peak memory, MiB")
    return "\n".join([_row(head), _row(["---", "---:", "---:"]), *map(_row, rows)])


def _table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    lines = [f"## {title}", "", _row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    return [*lines, *map(_row, rows), ""]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _targets(targets: Mapping) -> list[str]:
    rows = [
        (
            name,
            f"{line['measured']:.2f}",
            f"{line['target']:.2f}",
            "yes" if line["reached"] else "**no**",
        )
        for name, line in targets.items()
    ]
    return _table("Targets", ("", "measured", "target", "reached"), rows)


def _times(title: str, seconds: Mapping[str, float]) -> list[str]:
    first = next(iter(seconds.values()))
    rows = [(name, f"{1e3 * s:.1f}", f"{s / first:.2f}") for name, s in seconds.items()]
    return _table(title, ("", "ms", f"/ {next(iter(seconds))}"), rows)


def _roofline(result: Mapping) -> list[str]:
    rows = [
        (
            name,
            f"{1e3 * result['layer'][name]:.1f}",
            f"{line['gigaflop']:.2f}",
            f"{line['gigabytes']:.2f}",
            f"{line['share_of_peak_flops']:.0%}",
            f"{line['share_of_bandwidth']:.0%}",
            f"{line['share_of_roofline']:.0%}",
        )
        for name, line in result["roofline"].items()
    ]
    head = ("", "ms", "Gflop", "GB", "of peak flop/s", "of bandwidth", "of the roofline")
    return _table("R1 alone, paper size, J = 10, forward and backward", head, rows)


def _memory(growth: Mapping[str, float]) -> list[str]:
    rows = [(name, f"{mebibytes:.0f}") for name, mebibytes in growth.items()]
    return _table("Peak memory of one pass above the start, J = 32, full", ("", "MiB"), rows)


def _trials(trials: Mapping[str, float]) -> list[str]:
    rows = [(f"{count} workers", f"{value:.0f}") for count, value in trials.items()]
    return _table("Trials of 400 steps an hour", ("", "trials"), rows)
