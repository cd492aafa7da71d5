from dataclasses import replace

import pytest
import torch

from bidsapp.analyses.ms.material import Material, read_material
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.patients import read_patient
from bidsapp.analyses.ms.roles import divide
from bidsapp.analyses.ms.stages import Stage, run_stage
from bidsapp.analyses.ms.stages import _name as name_of
from bidsapp.cohort import Cohort
from bidsapp.errors import BadDataError, NothingSelectedError
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import read_volume
from bidsapp.networks.lesions import lesion_network
from tests.analyses.ms.conftest import LESION, TO_MNI

STAGE = Stage(steps=1, learning_rate=1e-3, patient_share=0.5, seed=0)


@pytest.fixture(scope="module")
def material(make_member, tmp_path_factory):
    members = [make_member(name, masks=("lesion",)) for name in ("p1", "p2")]
    return read_material([], members, tmp_path_factory.mktemp("material"))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return lesion_network((4, 4, 4, 4, 4, 4))


def test_outlines_lie_in_mni_space_where_the_lesion_is(material):
    assert material.outlines.names == ("p1", "p2")
    grid = template_grid(1)
    found = torch.nonzero(material.outlines.masks[0]).double().mean(0).numpy() + grid.affine[:3, 3]
    assert found == pytest.approx(LESION + TO_MNI, abs=0.5)
    place = material.outlines.to_voxel @ torch.tensor([*(LESION + TO_MNI), 1.0]).float()
    assert material.outlines.masks[0][tuple(place[:3].round().int().tolist())] == 1


def test_who_is_left_out_leaves_with_images_and_outlines(material):
    rest = material.without(frozenset({"p1"}))
    assert [item.subject for item in rest.patients] == ["p2"]
    assert rest.outlines.names == ("p2",)
    nobody = material.without(frozenset({"p1", "p2"}))
    assert (nobody.patients, nobody.outlines) == ((), None)


def test_the_checkpoints_of_a_stage_belong_to_all_that_decides_it(material, network, recipe):
    options = Options.of(recipe)
    first = name_of(network, STAGE, material, options)
    assert first == name_of(network, STAGE, material, options)
    mended = replace(material.patients[0], lesion=material.patients[0].lesion.roll(1, 0))
    torch.manual_seed(1)
    others = [
        name_of(network, replace(STAGE, seed=1), material, options),
        name_of(network, STAGE, material.without(frozenset({"p2"})), options),
        name_of(network, STAGE, material, replace(options, keep=0.5)),
        name_of(lesion_network((4, 4, 4, 4, 4, 4)), STAGE, material, options),
        name_of(network, STAGE, replace(material, patients=(mended, material.patients[1])), options),
    ]
    assert len({first, *others}) == len(others) + 1


def test_simulated_patients_need_controls(network, recipe, tmp_path):
    with pytest.raises(BadDataError, match="--controls"):
        run_stage(network, STAGE, Material((), (), None), Options.of(recipe), tmp_path, "cpu")


def test_no_step_changes_nothing(network, material, recipe, tmp_path):
    same = run_stage(network, replace(STAGE, steps=0), material, Options.of(recipe), tmp_path, "cpu")
    assert same is network
    assert not list(tmp_path.iterdir())


def test_controls_are_made_ill_and_only_the_others_teach_as_patients(make_member):
    well = replace(make_member("c1"), covariates={"group": "control"})
    ill = replace(make_member("p1", masks=("lesion",)), covariates={"group": "patient"})
    unmarked = replace(make_member("p3"), covariates={"group": "patient"})
    cohort = Cohort((well, ill, unmarked))
    assert divide(cohort, "group == 'control'") == ([well], [ill])
    assert divide(cohort, "") == ([], [ill])
    with pytest.raises(NothingSelectedError, match="fits none of 3"):
        divide(cohort, "group == 'healthy'")
    with pytest.raises(BadDataError, match="nobody to learn from"):
        divide(Cohort((unmarked,)), "")


def test_a_session_without_transform_is_named(make_member, tmp_path):
    member = replace(make_member("p1", masks=("lesion",)), transforms={})
    with pytest.raises(BadDataError, match="sub-p1 has no transform to standard space"):
        read_material([], [member], tmp_path)


def test_an_empty_mask_is_no_outline_to_move(make_member, tmp_path):
    member = make_member("well", radius=0, masks=("lesion",))
    assert not read_volume(member.native["lesion"]).data.any()
    material = read_material([], [member], tmp_path)
    assert material.outlines is None
    assert read_patient(member).lesion is not None
