"""What the bundle of the brain network says of itself: metadata, how to build it, model card, licence."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from bidsapp.networks.brain import BORDERS, TISSUES

if TYPE_CHECKING:
    from bidsapp.analyses.brain.train import Split
    from bidsapp.recipe import Recipe

VERSION = "0.1.0"
LICENCE = """The weights in this folder are licensed under CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/), the licence of the IXI images they were trained on.
Attribution: IXI dataset (https://brain-development.org/ixi-dataset/), CC BY-SA 3.0; region labels by DLMUSE
(NiChart, CBICA); Lesjak et al. 2016, CC-BY. For research use only: not a medical device.
"""
CITATIONS = (
    "IXI dataset, Imperial College London, https://brain-development.org/ixi-dataset/ (CC BY-SA 3.0).",
    "DLMUSE region labels: Bashyam et al., Brain 2020, https://doi.org/10.1093/brain/awaa160; "
    "MUSE: Doshi et al., NeuroImage 2016, https://doi.org/10.1016/j.neuroimage.2015.11.073.",
    "Lesjak et al., Validation of white-matter lesion change detection methods on a novel publicly available "
    "MRI image database, Neuroinformatics 2016, https://doi.org/10.1007/s12021-016-9301-1 (CC-BY).",
    "Idea of training on random contrasts: Billot et al., SynthSeg, Medical Image Analysis 2023, "
    "https://doi.org/10.1016/j.media.2023.102789.",
)
NETWORK: Mapping[str, object] = {
    "_target_": "BasicUNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": len(TISSUES) + len(BORDERS),
    "features": [16, 32, 64, 128, 128, 16],
    "act": ["leakyrelu", {"inplace": True, "negative_slope": 0.1}],
    "norm": ["batch", {"track_running_stats": False}],
}
PREPARATION: Mapping[str, object] = {
    "_target_": "Compose",
    "transforms": [
        {"_target_": "LoadImage", "image_only": True, "ensure_channel_first": True},
        {"_target_": "Orientation", "axcodes": "RAS"},
        {"_target_": "Spacing", "pixdim": [2.0, 2.0, 2.0], "mode": "bilinear"},
        {"_target_": "DivisiblePad", "k": 16, "method": "end"},
    ],
}
CONFIGS: Mapping[str, object] = {
    # For `monai.bundle.run(config_file=, bundle_root=, image=, output_dir=)`: one look at the whole
    # image, where `bidsapp.analyses.brain.predict` looks at the head, then at a box around it, and mirrored.
    "inference": {
        "imports": ["$import torch", "$from safetensors.torch import load_file"],
        "bundle_root": ".",
        "image": "image.nii.gz",
        "output_dir": "$@bundle_root + '/eval'",
        "device": "$torch.device('cpu')",
        "network_def": NETWORK,
        "weights": "$load_file(@bundle_root + '/models/model.safetensors')",
        "network": "$(@network_def.load_state_dict(@weights), @network_def.eval().to(@device))[1]",
        "inferer": {"_target_": "SimpleInferer"},
        "preparation": PREPARATION,
        "prepared": "$@preparation(@image)",
        "positive": "$@prepared.as_tensor()[@prepared.as_tensor() > 0]",
        "step": "$max(1, len(@positive) // 50000)",
        "limits": "$torch.quantile(@positive[::@step], torch.tensor([0.005, 0.995]))",
        "scaled": "$torch.clip((@prepared - @limits[0]) / (@limits[1] - @limits[0] + 1e-6), 0, 1.5)",
        "logits": "$torch.inference_mode()(@inferer)(@scaled[None].to(@device), @network)[0]",
        "tissues": "$@logits[:4].argmax(dim=0, keepdim=True) * (@logits[4:5] >= 0)",
        "saver": {
            "_target_": "SaveImage",
            "output_dir": "@output_dir",
            "output_postfix": "dseg",
            "output_dtype": "$torch.uint8",
            "separate_folder": False,
        },
        "run": ["$@saver(@tissues)"],
    }
}


def training_metadata(
    recipe: Recipe, *, seed: int, split: Split, scans: tuple[str, ...]
) -> dict[str, object]:
    """Give the content of ``configs/metadata.json``: MONAI's keys and ours."""
    return {
        "name": "brain",
        "analysis": "brain",
        "version": VERSION,
        "changelog": {VERSION: "first weights"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch").split("+")[0],
        "numpy_version": version("numpy"),
        "required_packages_version": {"safetensors": version("safetensors")},
        "task": "Brain mask and tissues of a head MRI of any contrast",
        "description": "A small 3-D U-Net that draws the brain and grey matter, white matter and CSF in T1w "
        "(also after gadolinium), T2w, FLAIR and PDw, thin or thick slices. Research use only.",
        "authors": "The bidsapp developers",
        "copyright": "The bidsapp developers; weights CC BY-SA 3.0",
        "data_source": list(CITATIONS),
        "data_type": "NIfTI",
        "intended_use": "Research use only; not a medical device.",
        "network_data_format": _data_format(),
        "modalities": [],
        "any_modality_of": ["T1w", "ce-gadolinium_T1w", "T2w", "FLAIR", "PDw"],
        "grid_mm": 2.0,
        "normalisation": "0.5th and 99.5th percentile of positive voxels to 0 and 1, clipped to 0..1.5",
        "border_definitions": list(BORDERS),
        "default_border": "labels",
        "features": recipe.values["features"],
        "recipe": dict(recipe.values),
        "recipe_digest": recipe.digest,
        "seed": seed,
        "training_subjects": list(split.training),
        "validation_subjects": list(split.validation),
        "held_out_subjects": list(split.held_out),
        "outlined_subjects": list(scans),
    }


def _data_format() -> dict[str, object]:
    axes = "axes towards right, anterior, superior, 2 mm, each a multiple of 16 voxels"
    return {
        "inputs": {
            "image": {
                "type": "image",
                "format": f"grey values, {axes}",
                "num_channels": 1,
                "spatial_shape": ["16*n", "16*n", "16*n"],
                "dtype": "float32",
                "value_range": [0, 1.5],
                "is_patch_data": False,
                "channel_def": {"0": "image"},
            }
        },
        "outputs": {
            "pred": {
                "type": "logits",
                "format": f"four tissues (softmax), then the brain by each border (sigmoid), {axes}",
                "num_channels": len(TISSUES) + len(BORDERS),
                "spatial_shape": ["16*n", "16*n", "16*n"],
                "dtype": "float32",
                "value_range": [],
                "is_patch_data": False,
                "channel_def": {str(i): name for i, name in enumerate([*TISSUES, *BORDERS])},
            }
        },
    }


def model_card(metadata: Mapping[str, object]) -> str:
    """Write the model card (Markdown) from the metadata."""
    numbers = metadata.get("performance")
    rows = numbers if isinstance(numbers, list) else []
    table = (
        "\n".join(f"- {row}" for row in rows)
        or "- not measured yet (`benchmarks/brain_mask.py` measures them)"
    )
    heads, scans = metadata["training_subjects"], metadata["outlined_subjects"]
    count = len(heads) if isinstance(heads, list) else 0
    outlined = ", ".join(map(str, scans)) if isinstance(scans, list) and scans else "none"
    return f"""# Brain mask and tissues (`{metadata["name"]}`, {metadata["version"]})

**Research use only. Not a medical device.**

{metadata["description"]}

## Training

{count} healthy T1w heads with 148 region labels, in their own or a random contrast; random pose, shape,
resolution, slice thickness, field of view, shading, noise, lesions, defacing and skull-stripping. Patients
with an outlined brain who joined the training: {outlined}. Subjects that were never trained on are listed in
`configs/metadata.json` (`held_out_subjects`, `validation_subjects`).

{metadata.get("training_note", "")}

## Measured

{table}

## Border of the brain

Two definitions were learned: `labels` (region labels closed by 6 mm, holes filled) and `clinical` (outlines
drawn on clinical scans). The default is `{metadata["default_border"]}`.

## Limits

Trained on adults without large lesions; masks of children, of brains after surgery or with large haemorrhage
have not been tested. Tissue probabilities were scored on T1w only. The network sees 2 mm voxels.

## Data and citations

{chr(10).join(f"- {item}" for item in CITATIONS)}

Weights: CC BY-SA 3.0, see `LICENSE`.
"""
