"""What a refusal is: one sentence, with the exit code of bad data."""

import pytest

from bidsapp.errors import BadDataError, ExitCode


def refused(work, *args, **values):
    """Give the one sentence with which something is refused, with the exit code of bad data."""
    with pytest.raises(BadDataError) as caught:
        work(*args, **values)
    assert caught.value.code == ExitCode.BAD_DATA
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence
