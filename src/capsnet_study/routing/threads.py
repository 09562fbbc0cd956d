"""BLAS on one thread while capsules are routed, by whichever threads of the process."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from threading import Lock

from threadpoolctl import LibController, ThreadpoolController


class OneThread:
    """Context in which BLAS has one thread: products that threads share are rounded otherwise.

    The number of threads belongs to the process. So the first of several calls at once notes what
    it was, and the last one to end brings it back.
    """

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = [library.num_threads for library in _libraries()]
            self._inside += 1
            for library in _libraries():
                _set_threads(library, 1)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                for library, number in zip(_libraries(), self._before, strict=True):
                    _set_threads(library, number)


@cache
def _libraries() -> list[LibController]:
    import_module("scipy.linalg.cython_blas")  # Numba multiplies with it; once loaded it is found
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _set_threads(library: LibController, number: int) -> None:
    # The public method does nothing in a thread other than the first one that called it.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(number)


one_thread = OneThread()
if hasattr(os, "register_at_fork"):  # a forked child has none of the threads that are inside
    os.register_at_fork(after_in_child=one_thread.__init__)
