"""How large input may be. What is beyond is refused in a sentence before memory or time is spent on it.

Every number stands far beyond what the field has: a table of half a million people, a whole head at 0.4 mm,
a sidecar with the times of every frame. SECURITY.md says what is promised of them.
"""

from __future__ import annotations

MEBIBYTE = 1 << 20

JSON_BYTES = 16 * MEBIBYTE
"""Largest JSON file; a sidecar of dcm2niix has some kilobytes, with per-frame times a few hundred."""
JSON_DEPTH = 32
"""Deepest nesting of JSON; sidecars have two levels, findings and bundles five."""
TOML_BYTES = MEBIBYTE
"""Largest configuration or recipe."""
TABLE_BYTES = 64 * MEBIBYTE
"""Largest TSV file; 500,000 people with 20 columns have it."""
TABLE_CELLS = 20_000_000
"""Most cells of a table, with those that short rows lack."""
TABLE_CELL = 32_768
"""Most characters in a cell of a table."""
TABLE_COLUMNS = 20_000
"""Most columns of a table; UK Biobank has fewer."""
NUMBERS_BYTES = 4 * MEBIBYTE
"""Largest file of b-values or vectors; a series of 10,000 volumes has less than one."""

IMAGE_VOXELS = 256_000_000
"""Largest image: 0.4 mm isotropic over a head; 1 GB as float32."""
IMAGE_OFFSET = 64_000_000
"""Most bytes (``vox_offset``) before the voxels; header extensions stand there."""
EXTENSION_BYTES = MEBIBYTE
"""Most bytes of header extensions that are looked through for a person's name."""
IMAGE_TAIL = MEBIBYTE
"""Most bytes after the voxels that a header promises."""
DEFLATE_RATIO = 1032
"""Most bytes that a byte of a gzip file can unpack to, by the format (zlib.net, "Maximum compression")."""
BOMB_BYTES = 512 * MEBIBYTE
BOMB_RATIO = 300
"""An image that unpacks to more than ``BOMB_BYTES`` and ``BOMB_RATIO`` times its file's size is no image:
scans compress two- to fivefold, and masks, which compress best, are smaller."""
IMAGE_DISTANCE = 10_000.0
"""Farthest that an affine may place an image from the scanner's centre (mm)."""

BUNDLE_METADATA_BYTES = MEBIBYTE
"""Largest JSON file of a bundle that is read at the start of every run."""
BUNDLE_BYTES = 2 * 1024 * MEBIBYTE
"""Largest bundle, all files together."""
BUNDLE_FILES = 1000
"""Most files and folders in a bundle."""
NETWORK_FEATURES = 512
"""Most features of a layer that a bundle may name; nnU-Net's largest have 320."""
WEIGHTS_HEADER_BYTES = 16 * MEBIBYTE
"""Largest header of a safetensors file; one of a network of 1,000 layers has 0.1."""
