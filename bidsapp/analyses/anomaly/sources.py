"""What a methods paragraph and a model card say of learned features, with the papers they follow."""

from __future__ import annotations

from bidsapp.analyses.anomaly.learned import Learned

_REPRESENTATIONS = {
    "autoencoder": "an auto-encoder (Hinton & Salakhutdinov, 2006, Science 313:504)",
    "siamese": "a siamese auto-encoder (Alaverdyan et al., 2020, Med Image Anal 60:101618)",
    "variational": "a variational auto-encoder (Kingma & Welling, 2014, ICLR)",
    "wasserstein": "a Wasserstein auto-encoder (Tolstikhin et al., 2018, ICLR)",
    "bigan": "a bidirectional generative adversarial network (Donahue et al., 2017, ICLR)",
    "fanogan": "an f-AnoGAN (Schlegl et al., 2019, Med Image Anal 54:30)",
    "contextual": "a generative adversarial network that draws a patch from its surroundings and place "
    "(Pathak et al., 2016, CVPR; Iizuka et al., 2017, ACM Trans Graph 36:107)",
}
_FEATURES = {
    "latent": "its latent vectors ({latent} numbers)",
    "discriminator": "the features of its discriminator",
    "reconstruction": "the logarithm of its mean squared error of reconstruction",
}
_SCORES = {
    "gaussian": "",
    "svm": "scored by a one-class support vector machine at each voxel (Schölkopf et al., 2001, Neural "
    "Comput 13:1443; El Azami et al., 2016, PLoS ONE 11:e0161498; nu {nu:g}), ",
    "density": "scored by a kernel density at each voxel (Parzen, 1962, Ann Math Stat 33:1065), ",
    "neighbours": "scored by the mean distance to the {neighbours} nearest controls at each voxel, ",
    "personal": "scored by a one-class support vector machine of the subject's own brain (Pinon et al., "
    "2023, MIDL; nu {nu:g}), ",
}


def compared(learned: Learned, fwhm_mm: float) -> str:
    """Say what is compared at every voxel, as the end of a sentence that starts with the volumes."""
    smoothed = f"were smoothed ({fwhm_mm:g} mm FWHM) and " if fwhm_mm else "were "
    if learned.features == "intensity":
        return f"{smoothed}compared at every voxel"
    where = "axial slices" if learned.unit == "slice" else f"{learned.dimensions}-D patches of 15 voxels"
    numbers = {"latent": learned.latent, "nu": learned.nu, "neighbours": learned.neighbours}
    seen = _FEATURES[learned.features].format(**numbers)
    score = "" if learned.features == "reconstruction" else _SCORES[learned.score].format(**numbers)
    return (
        f"{smoothed}seen through {_REPRESENTATIONS[learned.representation]} of {where}, learned from the "
        f"controls: {seen}, {score}were compared at every voxel"
    )


def calibrated(learned: Learned, terms: str) -> str:
    """Say what turns values into deviates; ``terms`` are the covariates in words."""
    if learned.calibration == "pooled":
        return "the pooled scores of the left-out controls at all voxels"
    if learned.form is not None:
        return (
            f"the left-out controls' own scores (curve: {learned.form}, by L-moments: Hosking, 1990, J R "
            "Stat Soc B 52:105)"
        )
    scale = (
        "" if learned.features == "intensity" else ", and put on the scale on which the controls' are normal"
    )
    return (
        f"a linear normative model ({terms}) whose variance is shrunk to that of the whole brain (Smyth, "
        "2004, Stat Appl Genet Mol Biol 3:3); deviates were divided by a local factor that equalises heavy "
        f"tails{scale}"
    )


def caveat(learned: Learned) -> str:
    """Say what is not left out: nothing where no features are learned, else a sentence and a space."""
    if learned.features == "intensity":
        return ""
    return (
        "The network has seen all controls: p-values are exact only as far as it knows a new head as well as "
        "theirs. "
    )
