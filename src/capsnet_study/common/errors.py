"""Errors that the user can correct: a command prints them as one line, without a traceback."""

from __future__ import annotations


class StudyError(Exception):
    """An error that the user can correct: one line says what was found and what is allowed."""


class ParameterError(StudyError, ValueError):
    """A parameter, argument or environment variable is refused; the message names it."""


class FileError(StudyError, ValueError):
    """A file is missing, damaged or not what it should be; the message names it."""


USER_ERRORS = (StudyError, OSError)
"""Errors that end a command in one line, a full or read-only disk among them."""
