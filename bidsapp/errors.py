"""Errors that a user can act on, each with an exit code of the BIDS execution specification."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of the program (BIDS execution specification, and ``sysexits.h``)."""

    OK = 0
    SUBJECT_FAILED = 1
    NOT_BIDS = 16
    UNKNOWN_LEVEL = 17
    NOTHING_SELECTED = 18
    USAGE = 64
    BAD_DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    INTERNAL = 70
    CANNOT_WRITE = 73
    INPUT_OUTPUT = 74
    TRY_AGAIN = 75


def printable(text: str) -> str:
    r"""Write control characters as escapes (``\n``, ``\x1b``): names of files and cells may hold any.

    What a stranger named must not end a line of the log, drive a terminal, or fail to be encoded.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class BidsAppError(Exception):
    """One clear sentence for the user: what is wrong, in which file, and the remedy."""

    code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __str__(self) -> str:
        """Give the sentence on one line."""
        return printable(super().__str__())


class NotBidsError(BidsAppError):
    """The input folder is not a BIDS dataset."""

    code = ExitCode.NOT_BIDS


class UnknownLevelError(BidsAppError):
    """The analysis level is none of ``participant``, ``group`` and ``train``."""

    code = ExitCode.UNKNOWN_LEVEL


class NothingSelectedError(BidsAppError):
    """A filter left no subject, session or file."""

    code = ExitCode.NOTHING_SELECTED


class UsageError(BidsAppError):
    """An option has a value that makes no sense."""

    code = ExitCode.USAGE


class BadDataError(BidsAppError):
    """A file was found and read, but what it holds cannot be used."""

    code = ExitCode.BAD_DATA


class BundleError(BadDataError):
    """A bundle is damaged, or holds what a bundle must not hold."""


class NoInputError(BidsAppError):
    """A file or folder that was asked for does not exist or cannot be opened."""

    code = ExitCode.NO_INPUT


class UnavailableError(BidsAppError):
    """A needed part is missing: the GPU, a bundle, an analysis, a template."""

    code = ExitCode.UNAVAILABLE


class CannotWriteError(BidsAppError):
    """The output or work folder cannot be written."""

    code = ExitCode.CANNOT_WRITE


class InputOutputError(BidsAppError):
    """Reading or writing failed midway: disk full, network folder gone."""

    code = ExitCode.INPUT_OUTPUT


class TryAgainError(BidsAppError):
    """Somebody else holds what is needed; the same call may succeed later."""

    code = ExitCode.TRY_AGAIN
