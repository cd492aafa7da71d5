"""What all interfaces share: an error for the user is kept beside the step that met it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nipype.interfaces.base import SimpleInterface

from bidsapp.errors import BidsAppError
from bidsapp.files import write_json

ERROR_FILE = "error.json"


@contextmanager
def about(source: str) -> Iterator[None]:
    """Begin the sentence of an error with the image of the dataset that it is about."""
    try:
        yield
    except BidsAppError as error:
        raise type(error)(f"{source}: {error}") from error


class PureInterface(SimpleInterface):
    """Reads files, calls a pure function, writes files into the folder of its node.

    Nipype turns every exception of a node into text; so that the sentence and the exit code of a
    :class:`~bidsapp.errors.BidsAppError` are not lost, they are written to ``error.json`` there.
    """

    @abstractmethod
    def compute(self, folder: Path) -> dict[str, Any]:
        """Do the work in ``folder``; give the outputs by name."""

    def _run_interface(self, runtime: Any) -> Any:
        folder = Path(runtime.cwd)
        try:
            self._results.update(self.compute(folder))
        except BidsAppError as error:
            write_json(folder / ERROR_FILE, {"sentence": str(error), "code": int(error.code)})
            raise
        return runtime
