"""Errors that the user can mend: a command tells them in one line, without a traceback."""

from __future__ import annotations


class StudyError(Exception):
    """What the user can mend; the message says in one line what was found and what is allowed."""


class ParameterError(StudyError, ValueError):
    """A parameter, argument or environment variable is refused; the message names it."""


class FileError(StudyError, ValueError):
    """A file is missing, damaged or not what it should be; the message names it."""


MENDABLE = (StudyError, OSError)
"""What ends a command in one line: a full or read-only disk is the user's to mend, too."""
