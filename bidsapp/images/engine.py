"""Call picsl_greedy (Yushkevich 2016) on arrays: no files, one thread, a fixed seed, a quiet terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import SimpleITK as sitk  # noqa: N813

from bidsapp.errors import BadDataError


def greedy(command: str, results: tuple[str, ...], **images: sitk.Image) -> Mapping[str, object]:
    """Run one greedy command line.

    Parameters
    ----------
    command
        As for the program; names of ``images`` and ``results`` stand for file names.
    results
        Names of the outputs.
    images
        SimpleITK images that the command reads.

    Returns
    -------
    outputs
        A 4x4 array (RAS millimetres) for a matrix, a SimpleITK image (LPS vectors) for a warp.

    Raises
    ------
    BadDataError
        greedy refused the images.
    """
    from picsl_greedy import Greedy3D

    engine = Greedy3D()
    inputs: dict[str, object] = {**images, **dict.fromkeys(results)}
    with _silent_streams():
        try:
            engine.execute(f"-V 0 {command}", out=io.StringIO(), err=io.StringIO(), **inputs)
        except RuntimeError as error:
            raise BadDataError(f"registration failed: {error}.") from error
    return {name: engine[name] for name in results}


@contextmanager
def _silent_streams() -> Iterator[None]:
    # its optimiser reports every ordinary end of a line search on the streams of the process itself
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        with open(os.devnull, "wb") as sink:
            for number in kept:
                os.dup2(sink.fileno(), number)
        yield
    finally:
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
