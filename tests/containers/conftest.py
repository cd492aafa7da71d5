"""Both images, each built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.containers.engines import build_oci, build_sif


@pytest.fixture(scope="session")
def oci_image() -> str:
    return build_oci()


@pytest.fixture(scope="session")
def sif(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sif(tmp_path_factory.mktemp("sif"))
