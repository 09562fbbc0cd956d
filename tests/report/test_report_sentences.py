"""Sentences of report and appendix that compare: the right numbers, in the right order."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from capsnet_study.claims.records import OUTCOMES, JudgedPart, of_kind
from capsnet_study.claims.words import p_value
from capsnet_study.names import MODEL_NAMES, arm_name
from capsnet_study.report.facts import Record
from capsnet_study.report.render import (
    Results,
    render_appendix,
    render_report,
    results_summary,
)
from capsnet_study.report.text import parts_met, percent
from capsnet_study.training.arms import routed_arms
from tests.report.markdown import rows_of, section_of, table_after
from tests.report.report_inputs import FULL, params_of
from tests.tables import ARMS, part_record

LENGTHS = {"train": {"epochs": 3}, "transfer": {"epochs": 7}}
PARAMS = replace(FULL, **{name: getattr(params_of(**LENGTHS), name) for name in LENGTHS})


def ending(records: Mapping[str, Record], usual: float, **means: float) -> dict[str, Record]:
    """The records of arms with these final accuracies."""
    return {
        key: record | {"exact_match": record["exact_match"] | {"mean": means.get(key, usual)}}
        for key, record in records.items()
    }


def part(mean: float, outcome: str = "inconclusive") -> JudgedPart:
    """A part with an interval of two points about its mean."""
    return part_record(mean=mean, low=mean - 0.01, high=mean + 0.01, outcome=outcome)


def as_transferred(results: Results) -> dict[str, Record]:
    """Three networks that reach as much, but that the base of the CNN gains more by its length."""
    means = {"base": 0.7, "base_long": 0.72, "A2B": 0.6, "A2B+": 0.75, "R2B": 0.3}
    of_model = {model: means for model in results.transfer} | {"cnn": means | {"base_long": 0.76}}
    return {
        model: {name: one | {"mean": of_model[model].get(name, 0.5)} for name, one in own.items()}
        for model, own in results.transfer.items()
    }


def as_mapped(results: Results) -> Record:
    """Distances from the grid by which networks and maps without any are told apart."""
    models, nulls = results.manifold["models"], results.manifold["nulls"]
    found = {"capsnet": 0.101, "cnn": 0.202, "random_capsnet": 0.303}
    bands = {"noise": 0.404, "rotated_30": 0.505}
    distances = {
        model: models[model] | {"chamfer_zscore": models[model]["chamfer_zscore"] | {"mean": mean}}
        for model, mean in found.items()
    }
    of_nulls = {
        kind: nulls["chamfer_zscore"][kind] | {"mean": mean} for kind, mean in bands.items()
    }
    zscored = nulls | {"chamfer_zscore": nulls["chamfer_zscore"] | of_nulls}
    return results.manifold | {"models": models | distances, "nulls": zscored}


@pytest.fixture(scope="module")
def told(full: Results) -> Results:
    """Results in which no two numbers of a sentence are the same."""
    remarks = full.exploratory.remarks | {
        "shuffled_r1": part(0.03),
        "uniform_r1": part(0.015),
        "cnn_tuned": part(0.02),
        "cnn_at_best": part(-0.03),
    }
    longer, on_r2 = full.exploratory.claims_on_longer_base, full.exploratory.claims_on_r2
    t1 = replace(longer["T1"], verdict="reproduced", parts=[part(0.02), part(0.04)])
    halves = [part(-0.5, "reproduced")] * 3 + [part(0.5, "contradicted"), part(0.0)]
    second = [replace(one, of=key) for one, key in zip(halves, ARMS, strict=False)]
    whole = [part(-0.1, "reproduced")] * len(on_r2["C5"].parts)
    c5 = replace(on_r2["C5"], verdict="reproduced", parts=whole)
    shares = {"n9_h0p95": 0.31, "n3_h0p95": 0.84}
    held = {
        key: full.ablations[key] | {"entropy_share_r2": {"mean": share, "std": 0.0}}
        for key, share in shares.items()
    }
    x1 = full.claims["X1"]
    lost = replace(x1, parts=[part(-0.65, "contradicted"), *x1.parts[1:]])
    side = {"train_images": 1234, "test_images": 321}
    means = {"n1": 0.6, "n3": 0.8, "n9": 0.55, "n3_last": 0.65, "n7_last": 0.71, "cnn160": 0.68}
    return replace(
        full,
        claims=full.claims | {"X1": lost},
        fitting=ending(full.fitting, 0.7, cnn=0.66, **means),
        ablations=full.ablations | held,
        transfer=as_transferred(full),
        manifold=as_mapped(full),
        domains={"0": {"A": side | {"pairs": 22}, "B": side | {"pairs": 23, "test_images": 99}}},
        train=ending({model: full.train["cnn"] for model in full.train}, 0.5, capsnet=0.7, cnn=0.6),
        exploratory=replace(
            full.exploratory,
            remarks=remarks,
            second_half=second,
            claims_on_longer_base=longer | {"T1": t1},
            claims_on_r2=on_r2 | {"C5": c5},
        ),
    )


@pytest.fixture(scope="module")
def report(told: Results) -> str:
    return render_report(told, PARAMS)


@pytest.fixture(scope="module")
def appendix(told: Results) -> str:
    return render_appendix(told, PARAMS)


def test_arms_stand_beside_uniform_coupling_and_beside_each_other(appendix: str) -> None:
    for sentence in (
        f"Of {len(routed_arms(ARMS))} arms that route, 1 end below uniform coupling. The best, "
        "n = 3, ends 20.0 points above it, the worst,\nn = 9, 5.0 points below it.",
        "n = 3, last gradient, ends 15.0 points below n = 3 with the full one.",
        "n = 7, last gradient, ends 1.0 points above n = 7 with the full one.",
        "CNN-160 ends 2.0 points above the CNN.",
    ):
        assert sentence in appendix


def test_dead_capsules_and_floors_of_entropy_are_those_of_the_arm(
    told: Results, appendix: str
) -> None:
    rows = {row[0]: row for row in table_after(appendix, "All arms of the sweep")}
    for key, arm in ARMS.items():
        dead = told.fitting[key].get("dead_share")
        assert rows[arm_name(arm)][7] == ("–" if dead is None else percent(dead["mean"]))
    floors = {row[0]: row[1:] for row in table_after(appendix, "How much an update rate allows")}
    measured = told.fitting["n6_eta0p01"]["entropy_share_r1"]["mean"]
    assert floors[arm_name(ARMS["n6_eta0p01"])] == ["95.1 %", "0.9958", f"{measured:.4f}"]
    assert floors.keys() == {arm_name(ARMS[f"n6_eta0p{rate}"]) for rate in ("01", "1", "5")}


def test_kept_layers_stand_beside_random_ones_and_both_bases(appendix: str) -> None:
    for model, longer in (("capsnet", "3.0 points above"), ("cnn", "1.0 points below")):
        assert (
            f"- {MODEL_NAMES[model]}: two layers kept from the other domain end 30.0 points above "
            f"random ones. Training them on ends 5.0 points above base and {longer} a base that "
            "trains as long."
        ) in appendix


def test_lengths_rates_and_counts_are_told_of_what_has_them(appendix: str) -> None:
    for sentence in (
        "All train for 7 epochs; kept layers were trained for 3 epochs before.",
        "`base_long` is base with 10 epochs, as many as kept layers have had in all.",
        "learning rates 0.005 (CapsNets) and 0.004 (CNNs)",
        "| training | 60,000 | 98.7 % | 30,889 | 7 | 13 |",
        "| test | 10,000 | 98.7 % | 4,738 | 7 | 13 |",
        "| 0 | 22 / 23 | 1,234 / 1,234 | 321 / 99 |",
    ):
        assert sentence in appendix


def test_effects_stand_with_how_often_the_first_is_above(appendix: str) -> None:
    rows = rows_of(section_of(appendix, "Effects in other settings"))
    assert rows == [
        ["Routing: n = 3 less n = 1", "main study", "5", "+4.1", "[+3.0, +5.2]", "96 %"],
        ["", "main study, all seeds", "8", "+4.1", "[+3.0, +5.2]", "97 %"],
    ]


def test_the_second_half_of_training_is_counted_by_outcome(report: str, appendix: str) -> None:
    assert "for certain in 3 of 5 arms, and together in 1." in report
    rows = table_after(appendix, "in the second half of training")
    assert [row[3] for row in rows] == ["yes", "yes", "yes", "no", "no"]


def test_networks_are_told_apart_by_what_they_reach_and_keep(report: str, appendix: str) -> None:
    reached = ((70, "CapsNet"), (50, "uniform coupling"), (60, "CNN"))
    capsnet, uniform, cnn = (rf"{mean}\.0 ± [\d.]+ % \({name}\)" for mean, name in reached)
    assert re.search(f"section reach {capsnet}, {uniform} and {cnn}", appendix)
    assert "z-scored 0.101 for the CapsNet and 0.202 for the CNN (paper: 0.313 and 0.394)" in report
    assert "0.303 untrained, 0.404 for noise and 0.505 for a perfect grid" in report
    assert "the CapsNet trains 25,760 weights anew, the CNN 1,610." in report


def test_what_is_told_beside_claims_has_its_own_numbers(report: str) -> None:
    for sentence in (
        "its H / log J ends at 0.31 with nine, 0.84 with three.",
        "they cost 3.0 points [+2.0, +4.0], uniform ones 1.5 [+0.5, +2.5].",
        "it ends 2.0 points above the one shown here, and capsules without\n"
        "  routing end 3.0 points below it [−4.0, −2.0].",
        "As many more change base by +2.0 points (CapsNet) and +6.0 (CNN).",
        "T1 would be reproduced: the CNN loses 4.0 points more with two kept layers [+3.0, +5.0], "
        "2.0 points more with one [+1.0, +3.0]",
    ):
        assert sentence in report


def test_a_shock_is_told_where_late_routing_collapsed(
    full: Results, report: str, appendix: str
) -> None:
    assert "fails by a shock" in report
    assert (
        "a hundred more steps with nine end at a loss of 0.60, with three at 0.15;\n"
        "at a tenth of the learning rate at 0.12 and 0.10 "
    ) in appendix
    x1 = full.claims["X1"]
    less = full.claims | {"X1": replace(x1, parts=[part(-0.19, "contradicted"), *x1.parts[1:]])}
    assert "fails by a shock" not in render_report(replace(full, claims=less), FULL)


def test_claims_that_a_correction_would_undo_are_named(told: Results) -> None:
    causes = of_kind(told.claims, "mechanism")
    changed = {
        id: replace(claim, verdict="reproduced", p_holm=0.01) for id, claim in causes.items()
    }
    changed["X5"] = replace(changed["X5"], p_holm=0.05)
    changed["X7"] = replace(changed["X7"], p_holm=0.2, verdict="inconclusive")
    changed["X8"] = replace(changed["X8"], p_holm=None)
    text = render_report(replace(told, claims=told.claims | changed), PARAMS)
    assert "by Holm's correction X5 is not below p = .05." in text


def test_claims_of_ours_stand_with_what_their_verdict_means(told: Results, appendix: str) -> None:
    rows = rows_of(section_of(appendix, "Interventions"))
    shown = {row[0]: row[4:] for row in rows if len(row) == 8 and row[4] in OUTCOMES}
    causes = of_kind(told.claims, "mechanism")
    assert shown.keys() == causes.keys()
    assert {row[0] for row in shown.values()} >= {"reproduced", "contradicted"}
    for id, claim in causes.items():
        meaning = {"reproduced": claim.if_holds, "contradicted": claim.if_not}
        assert shown[id] == [
            claim.verdict,
            p_value(claim.p),
            p_value(claim.p_holm),
            meaning.get(claim.verdict, "Not decided here."),
        ]


def test_claims_on_r2_stand_beside_those_on_r1(told: Results, appendix: str) -> None:
    on_r1, on_r2 = told.claims["C5"], told.exploratory.claims_on_r2["C5"]
    assert on_r1.verdict != on_r2.verdict == "reproduced"
    assert (
        f"C5 reproduced ({parts_met(on_r2)} parts; on R1 {on_r1.verdict})" in appendix
        and parts_met(on_r2) != parts_met(on_r1)
    )


def test_controls_are_not_counted_among_the_claims_of_the_paper(told: Results) -> None:
    claims = of_kind(told.claims, "paper")
    control = [id for id, claim in claims.items() if claim.control]
    assert control
    changed = {id: replace(claim, verdict="reproduced") for id, claim in claims.items()}
    text = results_summary(replace(told, claims=told.claims | changed), PARAMS)
    counted = [id for id in claims if id not in control]
    whole = f"Of {len(counted)} claims of the paper {len(counted)} are **reproduced** "
    assert f"{whole}({', '.join(counted)})." in text
    assert "C4 and C5 could hardly fail, C6 is mostly the passing of time" in text
