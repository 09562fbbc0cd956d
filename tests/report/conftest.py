"""The report and its appendix of made-up results, rendered once."""

import pytest

from capsnet_study.report.render import Results, render_appendix, render_report
from tests.report.report_inputs import FULL, PARAMS, results_of


@pytest.fixture(scope="session")
def results() -> Results:
    return results_of(PARAMS)


@pytest.fixture(scope="session")
def full() -> Results:
    return results_of(FULL)


@pytest.fixture(scope="session")
def report(results: Results) -> str:
    return render_report(results, PARAMS)


@pytest.fixture(scope="session")
def appendix(results: Results) -> str:
    return render_appendix(results, PARAMS)
