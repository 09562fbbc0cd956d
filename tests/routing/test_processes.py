"""The compiled kernels in several processes."""

import json
import multiprocessing
import shutil
from pathlib import Path

import pytest
import torch

import capsnet_study
from tests.routing.fresh import output_of, start
from tests.routing.problems import problem, results

COMPILE = """
    import json

    import numpy as np
    from capsnet_study.routing import kernels

    b = np.random.default_rng(0).standard_normal((5, 3)).astype("f4")
    kernels._softmax(b)  # a kernel that calls another, and no large one: compiling takes its time
    found = kernels._softmax.stats
    hits, misses = sum(found.cache_hits.values()), sum(found.cache_misses.values())
    print(json.dumps({"bytes": b.tobytes().hex(), "hits": hits, "misses": misses}))
"""


@pytest.mark.slow
def test_processes_may_compile_side_by_side_into_one_empty_cache(tmp_path):
    """A later process uses what they leave there and compiles nothing."""
    racing = [start(COMPILE, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(4)]
    first, *others = (json.loads(output_of(process)) for process in racing)
    assert first["misses"] + first["hits"] == 1
    assert all(other["bytes"] == first["bytes"] for other in others)

    later = json.loads(output_of(start(COMPILE, NUMBA_CACHE_DIR=str(tmp_path))))
    assert later == {"bytes": first["bytes"], "hits": 1, "misses": 0}


@pytest.mark.slow
@pytest.mark.parametrize("damaged, left", [("*.nbi", 0.0), ("*.nbi", 0.5), ("*.nbc", 0.5)])
def test_a_damaged_file_of_the_cache_is_replaced(tmp_path, damaged, left):
    whole = json.loads(output_of(start(COMPILE, NUMBA_CACHE_DIR=str(tmp_path))))
    for path in tmp_path.rglob(damaged):
        content = path.read_bytes()
        path.write_bytes(content[: int(left * len(content))])
    found = [json.loads(output_of(start(COMPILE, NUMBA_CACHE_DIR=str(tmp_path)))) for _ in range(2)]
    assert [one["bytes"] for one in found] == [whole["bytes"]] * 2
    assert [one["misses"] for one in found] == [1, 0]


@pytest.mark.slow
def test_a_layer_needs_no_folder_to_write_to(tmp_path):
    """Imported without a home from a copy beside which no cache can be made."""
    package = tmp_path / "capsnet_study"
    source = Path(capsnet_study.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "routing/__pycache__").write_text("a file where a folder should be")
    nowhere = {name: "/dev/null" for name in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")}
    compiled = output_of(start(COMPILE, PYTHONPATH=str(tmp_path), **nowhere))
    assert json.loads(compiled)["hits"] == 0


def _bytes_of_results(seed: int) -> list[bytes]:
    found = results(problem(7, (6, 8), (4, 5), seed=seed, dtype=torch.float32))
    return [part.numpy().tobytes() for part in found.values()]


def test_forked_workers_route_as_their_parent():
    """After it has used the kernels, and so loaded the BLAS."""
    expected = [_bytes_of_results(seed) for seed in range(4)]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_bytes_of_results, range(4)).get(timeout=60) == expected
