"""Worlds that are there without a setting of their own in params.yaml."""

MAIN = "main"  # the main study is a world beside the others
TUNED = "tuned"  # so are those arms of `mechanism` that are an arm of the sweep tuned by itself
OWN_WORLDS = {MAIN: "", TUNED: "learning rate and initial gain of each arm by itself"}
"""What differs there from the main study."""


def tuned_arm(arm: str) -> str:
    """Return what an arm of the sweep is called in `mechanism` where it is tuned by itself.

    >>> tuned_arm("n3")
    'n3_tuned'
    """
    return f"{arm}_{TUNED}"
