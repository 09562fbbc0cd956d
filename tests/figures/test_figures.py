"""Every figure: its bytes repeat, its text can be read, and it draws whatever a run has."""

import pytest
from matplotlib.text import Text

from capsnet_study.figures.style import MISSING, MODEL_LOOKS, SMALL, arm_look, render
from capsnet_study.training.arms import eta_arms, n_iter_arms
from tests.cause_tables import ALL_ARMS, evaluations, interventions, mechanism_trials
from tests.figures.figure_inputs import FIGURES, figures_of
from tests.tables import ARMS


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_gives_the_same_bytes_and_text_that_can_be_read(name):
    figure = FIGURES[name]()
    first = render(figure, "png", 40)
    assert first.startswith(b"\x89PNG") and first == render(FIGURES[name](), "png", 40)
    shown = [text for text in figure.findobj(Text) if text.get_text().strip()]
    assert min(text.get_fontsize() for text in shown) >= SMALL == 7


def test_svg_bytes_repeat_and_hold_no_date():
    figure = FIGURES["transfer"]()
    first = render(figure, "svg", 40)
    assert first == render(figure, "svg", 40) == render(FIGURES["transfer"](), "svg", 40)
    assert b"<svg" in first and b"<dc:date>" not in first


@pytest.mark.parametrize(
    ("keys", "trials"), [(["n1", "n3", "n9_late", "n3_h0p85", "cnn"], 2), (["n9"], 1)]
)
def test_figures_draw_whatever_arms_there_are(keys, trials):
    arms = {key: ALL_ARMS[key] for key in keys}
    tested = interventions([key for key in keys if key in ARMS and key != "cnn"], trials)
    figures = figures_of(evaluations(arms, trials), tested, mechanism_trials(arms, trials))
    for name, draw in figures.items():
        figure = draw()
        figure.draw_without_rendering()
        for axes in figure.axes:
            assert axes.has_data() != (MISSING in [text.get_text() for text in axes.texts]), name


def test_arms_of_one_panel_differ_in_colour_and_in_marker():
    for family in (n_iter_arms(ARMS), eta_arms(ARMS)):
        looks = [arm_look(arm) for arm in family.values()]
        assert len({look.colour for look in looks}) == len(looks) >= 5
        assert len({look.marker for look in looks}) == len(looks)


def test_models_have_the_colours_of_their_arms():
    for model, arm in {"capsnet": "n3", "uniform": "n1", "cnn": "cnn"}.items():
        assert MODEL_LOOKS[model].colour == arm_look(ARMS[arm]).colour
