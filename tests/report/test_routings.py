"""Where the report says that the other routings come from."""

from capsnet_study.report.routings import ORIGINS
from capsnet_study.routing.algorithms import ALGORITHMS


def test_each_other_routing_has_its_origin_in_one_line():
    assert list(ORIGINS) == [name for name in ALGORITHMS if name != "dynamic"]
    for origin in ORIGINS.values():
        assert origin.source and origin.adapted and "\n" not in origin.source + origin.adapted
