"""A trained model as a folder in MONAI-bundle form: data only, never code, never a pickle."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.bundle_checks import check_folder, is_name, read_metadata
from bidsapp.errors import BundleError, UnavailableError
from bidsapp.files import digest_file, digest_json, write_atomically, write_error, write_json, write_text
from bidsapp.folders import swap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk and its metadata.

    Layout: ``configs/metadata.json`` (MONAI's keys, and ours: ``name``, ``analysis``, ``modalities``, ...),
    ``models/*.safetensors``, ``docs/README.md`` (the model card), ``LICENSE``.
    """

    path: Path
    metadata: Mapping[str, object]

    @classmethod
    def read(cls, path: Path) -> Bundle:
        """Open a bundle and check that it is complete, of sane size, and holds data only.

        Raises
        ------
        UnavailableError
            There is no bundle at ``path``.
        BundleError
            The folder is not a bundle, or holds what a bundle must not hold.
        """
        configuration = path / "configs" / "metadata.json"
        if not configuration.is_file():
            raise UnavailableError(f"No bundle at {path} (configs/metadata.json is missing); check --bundle.")
        check_folder(path)
        return cls(path, read_metadata(configuration))

    @classmethod
    def write(
        cls,
        path: Path,
        *,
        metadata: Mapping[str, object],
        tensors: Mapping[str, Mapping[str, NDArray[np.generic]]],
        card: str,
        licence: str,
        configs: Mapping[str, object] | None = None,
    ) -> Bundle:
        """Write a bundle as a whole: a reader sees the old folder or the new one.

        Parameters
        ----------
        path
            Folder to make or replace.
        metadata
            Content of ``configs/metadata.json``.
        tensors
            Named arrays of each file ``models/<key>.safetensors``.
        card
            Model card (Markdown), with data, licence, citation, numbers, "research use only".
        licence
            Text of ``LICENSE``.
        configs
            Further files ``configs/<key>.json``.

        Raises
        ------
        CannotWriteError, InputOutputError
            The folder cannot be written, or writing failed midway; what was at ``path`` is there still.
        BundleError
            A part is larger than a bundle may hold.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=f".{path.name}.", dir=path.parent, ignore_cleanup_errors=True
            ) as room:
                draft = Path(room) / path.name
                for key, content in {"metadata": metadata, **(configs or {})}.items():
                    write_json(draft / "configs" / f"{key}.json", content)
                (draft / "models").mkdir()
                for key, arrays in tensors.items():
                    _write_tensors(draft / "models" / f"{key}.safetensors", arrays)
                write_text(draft / "docs" / "README.md", card)
                write_text(draft / "LICENSE", licence)
                check_folder(draft)
                if path.exists():
                    swap(draft, path)
                else:
                    os.replace(draft, path)
        except OSError as error:
            raise write_error(path, error) from error
        return cls.read(path)

    @property
    def name(self) -> str:
        """Name of the bundle, as the user and the report call it."""
        return str(self.metadata["name"])

    @property
    def analysis(self) -> str:
        """The analysis that can read it."""
        return str(self.metadata["analysis"])

    @property
    def version(self) -> str:
        """Version of the bundle."""
        return str(self.metadata["version"])

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities that prediction needs."""
        needed = self.metadata.get("modalities", [])
        return tuple(str(item) for item in needed) if isinstance(needed, list) else ()

    @property
    def any_modality_of(self) -> tuple[str, ...]:
        """Modalities of which prediction needs at least one; empty where it needs none of a set."""
        named = self.metadata.get("any_modality_of", [])
        return tuple(str(item) for item in named) if isinstance(named, list) else ()

    @property
    def reads_regions_of(self) -> Mapping[str, str]:
        """Analyses whose regional tables prediction reads, each with the digest of the bundle they are of."""
        named = self.metadata.get("reads_regions_of", {})
        return {str(key): str(value) for key, value in named.items()} if isinstance(named, dict) else {}

    @property
    def digest(self) -> str:
        """SHA-256 over all files."""
        files = sorted(item for item in self.path.rglob("*") if item.is_file())
        return digest_json({item.relative_to(self.path).as_posix(): digest_file(item) for item in files})

    def tensors(self, key: str = "model") -> dict[str, NDArray[np.generic]]:
        """Read the arrays of ``models/<key>.safetensors``.

        Raises
        ------
        BundleError
            The file is missing or damaged, or ``key`` is no name of one.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if not is_name(key):
            raise BundleError(f"Bundle {self.path} names weights '{key}', which is no name; copy it again.")
        source = self.path / "models" / f"{key}.safetensors"
        try:
            return dict(load_file(source))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"{source} cannot be read ({error}); train or copy the bundle again."
            ) from error


def _write_tensors(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write a safetensors file; its own ``save_file`` raises no OSError on a full disk."""
    import numpy as np
    from safetensors.numpy import save

    # safetensors writes the memory as it lies and forgets the strides
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    write_atomically(path, lambda stream: stream.write(content))
