"""What any program of the house ends with, however its work ends."""

import signal

import pytest

from bidsapp.cli.boundary import run_program
from bidsapp.errors import ExitCode, NoInputError
from bidsapp.workflows.signals import ENDING


@pytest.fixture(autouse=True)
def handlers():
    """Give back the handlers that an interrupted program no longer wants."""
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (NoInputError("There is no file; give one."), ExitCode.NO_INPUT, "it: There is no file; give one.\n"),
        (KeyboardInterrupt(), 130, "it: Interrupted."),
        (SystemExit(0), ExitCode.OK, ""),
        (SystemExit(None), ExitCode.OK, ""),
        (SystemExit(2), ExitCode.USAGE, ""),  # as argparse ends
        (SystemExit(1), ExitCode.INTERNAL, ""),  # nobody's: never taken for success
    ],
)
def test_an_end_by_an_error_has_its_exit_code_and_at_most_one_sentence(error, code, said, capsys):
    def body():
        raise error

    assert run_program("it", body) == code
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert told.count("\n") == bool(said)
