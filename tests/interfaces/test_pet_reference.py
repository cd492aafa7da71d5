from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from bidsapp.images.templates import load_atlas
from bidsapp.images.transform_file import write_transform
from bidsapp.images.transforms import matrix_to_itk
from bidsapp.interfaces.pet import GUARD_MM, reference_region


def test_the_reference_of_pet_is_cerebellar_cortex_away_from_the_cerebrum(tmp_path: Path) -> None:
    atlas = load_atlas(2)
    transform = write_transform(tmp_path / "same.h5", matrix_to_itk(np.eye(4)))
    inside = reference_region(transform, atlas.labels.grid).data > 0.5
    names = {region.index: region.name for region in atlas.regions}
    assert {names[int(label)] for label in np.unique(atlas.labels.data[inside])} == {
        "Left_Cerebellum_Exterior",
        "Right_Cerebellum_Exterior",
    }
    cerebrum = np.isin(atlas.labels.data, [index for index, name in names.items() if "Cerebell" not in name])
    nearest, _ = cKDTree(2.0 * np.argwhere(cerebrum)).query(2.0 * np.argwhere(inside))
    assert nearest.min() > GUARD_MM
    assert inside.sum() * 8 > 80_000  # mm3: two thirds of it are left
