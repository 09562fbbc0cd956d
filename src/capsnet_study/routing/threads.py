"""BLAS on one thread while capsules are routed, whichever threads of the process route."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from threading import Lock

from threadpoolctl import ThreadpoolController


class OneThread:
    """Context in which BLAS has one thread: products that threads share are rounded otherwise.

    The number of threads belongs to the process, so the first of several calls at once sets it and
    the last one to end brings back what was there.
    """

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limit = _thread_pools().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.restore_original_limits()


@cache
def _thread_pools() -> ThreadpoolController:
    import_module("scipy.linalg.cython_blas")  # Numba multiplies with it; once loaded it is found
    return ThreadpoolController()


one_thread = OneThread()
if hasattr(os, "register_at_fork"):  # a forked child has none of the threads that are inside
    os.register_at_fork(after_in_child=one_thread.__init__)
