"""Arms of params.yaml, by the key that holds them."""

from __future__ import annotations

from capsnet_study.common.params import ParameterError, load_blocks
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import BLOCKS, Arm, main_arm


def load_arm(key: str) -> Arm:
    """Return the arm of a key such as ``sweep.n3``, or of ``routing``: the main CapsNet's.

    Raises
    ------
    ParameterError
        There is no such arm.
    """
    block, _, name = key.partition(".")
    if key == "routing":
        (routing,) = load_blocks(routing=RoutingParams)
        return main_arm(routing)
    if block not in BLOCKS:
        raise ParameterError(f"{key}: routing, or an arm of {', '.join(BLOCKS)} is needed")
    (arms,) = load_blocks(**{block: BLOCKS[block]})
    if name not in arms:
        raise ParameterError(f"{key}: no such arm; there are {', '.join(arms)}")
    return arms[name]
