"""Numba's cache on disk, as a help that may fail: without it code is compiled again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from numba.core.caching import FunctionCache


class ForgivingCache(FunctionCache):
    """Leaves aside what cannot be read, and goes on where nothing can be written."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return a compiled function; None, and an empty index on disk, if a file is damaged."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a file that was cut off may raise anything
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function if there is room for it."""
        with suppress(OSError):
            super().save_overload(sig, data)
