"""Datasets and command lines with which a run must not start: one sentence and the documented exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bidsapp.bundle_checks import REQUIRED
from bidsapp.findings import Findings
from bidsapp.layout import findings_file

NO_CHANGE: Callable[[Path], object] = lambda root: None  # noqa: E731


@dataclass(frozen=True)
class RunFault:
    """A run that cannot start.

    Attributes
    ----------
    name
        What is wrong.
    change
        Makes it so, given a folder that holds the dataset in ``bids``.
    words
        Command line; ``{}`` stands for the folder. The default runs participant on the dataset.
    code
        Exit code.
    sentence
        Pattern that standard error must fit.
    """

    name: str
    words: str
    code: int
    sentence: str
    change: Callable[[Path], object] = NO_CHANGE


RUN = "{}/bids {}/out participant"


def file(name: str, content: str | bytes) -> Callable[[Path], object]:
    """Write a file under the folder."""

    def change(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return change


def description(content: object) -> Callable[[Path], object]:
    """Write dataset_description.json of the input."""
    return file("bids/dataset_description.json", content if isinstance(content, str) else json.dumps(content))


def _no_subjects(root: Path) -> None:
    (root / "bids" / "sub-one").rename(root / "elsewhere")


def _empty(root: Path) -> None:
    (root / "bids").rename(root / "elsewhere")
    (root / "bids").mkdir()


def option(
    name: str, words: str, code: int, sentence: str, change: Callable[[Path], object] = NO_CHANGE
) -> RunFault:
    """Make a fault of options added to the participant run."""
    return RunFault(name, f"{RUN} {words}", code, sentence, change)


def setting(name: str, content: str | bytes, code: int, sentence: str) -> RunFault:
    """Make a fault of a config file."""
    return option(name, "--config-file {}/c.toml", code, sentence, file("c.toml", content))


def bundle(**changes: object) -> Callable[[Path], object]:
    """Write the metadata of a bundle, with changes."""
    metadata = dict.fromkeys(REQUIRED, "x") | changes
    return file("b/configs/metadata.json", json.dumps(metadata))


def narrowing(name: str, content: str, code: int, sentence: str) -> RunFault:
    """Make a fault of a filter file."""
    return option(name, "--bids-filter-file {}/f.json", code, sentence, file("f.json", content))


DATASETS = (
    RunFault(
        "no description",
        RUN,
        16,
        r"no dataset_description\.json",
        lambda r: (r / "bids/dataset_description.json").unlink(),
    ),
    RunFault("broken description", RUN, 16, r"not valid JSON", description('{"Name": ')),
    RunFault("description is a list", RUN, 16, r"lacks Name and BIDSVersion", description([])),
    RunFault("description without version", RUN, 16, r"lacks BIDSVersion", description({"Name": "x"})),
    RunFault("empty folder", RUN, 16, r"no dataset_description\.json", _empty),
    RunFault("input is a file", "{}/bids/dataset_description.json {}/out participant", 66, r"not a folder"),
    RunFault("input is not there", "{}/nothing {}/out participant", 66, r"does not exist"),
    RunFault("no subject", RUN, 18, r"no subject", _no_subjects),
)

FOLDERS = (
    RunFault("output is the input", "{}/bids {}/bids participant", 64, r"is the input folder"),
    RunFault("output inside the input", "{}/bids {}/bids/sub-one/out participant", 64, r"inside"),
    RunFault("input inside the output", "{}/bids {} participant", 64, r"inside"),
    RunFault("output is a file", "{}/bids {}/o participant", 73, r"{}/o", file("o", "")),
    RunFault("output under a file", "{}/bids {}/o/p participant", 73, r"{}/o", file("o", "")),
    RunFault(
        "output of another program",
        RUN,
        64,
        r"made by fMRIPrep",
        file(
            "out/dataset_description.json",
            '{"Name": "x", "BIDSVersion": "1.8.0", "GeneratedBy": [{"Name": "fMRIPrep"}]}',
        ),
    ),
    RunFault(
        "output name too long", "{}/bids {}/" + "x" * 300 + " participant", 73, r"[Ff]ile name too long"
    ),
    option("work folder inside the input", "-w {}/bids/work", 64, r"[Ww]ork folder"),
    option("work folder is a file", "-w {}/w", 73, r"{}/w", file("w", "")),
)

USAGE = (
    RunFault("no words", "", 64, r"BIDS_DIR"),
    RunFault("no level", "{}/bids {}/out", 64, r"{participant,group,train} missing"),
    RunFault("unknown level", "{}/bids {}/out participants", 17, r"Unknown analysis level 'participants'"),
    option("unknown option", "--participant-lable 01", 64, r"--participant-lable"),
    option("unknown analysis", "--analysis astrology", 69, r"astrology"),
    option("odd device", "--device gpu", 64, r"--device"),
    option("memory below zero", "--mem-gb -3", 64, r"--mem-gb"),
    option("no processor", "--nprocs 0", 64, r"--nprocs"),
    option("half a processor", "--nprocs 1.5", 64, r"--nprocs"),
    option("more threads than processors", "--nprocs 1 --omp-nthreads 2", 64, r"--omp-nthreads 2"),
    option("seed below zero", "--random-seed -1", 64, r"--random-seed"),
    option("odd resolution", "--output-resolution 3", 64, r"--output-resolution"),
    option("option of another level", "--target age", 64, r"--target belongs to the level train"),
    option("derivatives of no use", "--derivatives {}/bids", 64, r"--derivatives belongs to the level train"),
    RunFault(
        "one subject of a group",
        "{}/bids {}/out group --participant-label one",
        64,
        r"level participant or train",
    ),
    option("odd label", "--participant-label ../x", 64, r"no BIDS label"),
    option("session that climbs", "--session-label ../../x", 64, r"no BIDS label"),
    option(
        "label that drives the terminal", "--participant-label a\x1b[2J", 64, r"'a\\x1b\[2J' is no BIDS label"
    ),
    option(
        "wanted and excluded",
        "--participant-label one --exclude-participant-label one",
        64,
        r"both asked for and excluded",
    ),
    RunFault("training of nothing", "{}/bids {}/out train", 64, r"--analysis"),
)

SELECTION = (
    option("subject not there", "--participant-label three", 18, r"no sub-three"),
    option("all excluded", "--exclude-participant-label one", 18, r"leave none"),
    option("session not there", "--session-label 09", 18, r"no ses-09"),
    option("no filter file", "--bids-filter-file {}/f.json", 66, r"f\.json"),
    narrowing("broken filter file", '{"T1w": {', 65, r"not valid JSON"),
    narrowing("filter file is a list", "[1]", 65, r"f\.json"),
    narrowing("filter of unknown modality", '{"T9w": {"run": 1}}', 65, r"T9w"),
    narrowing("filter of unknown entity", '{"T1w": {"runn": 1}}', 65, r"runn"),
    narrowing("filter that climbs", '{"T1w": {"acquisition": "../../x"}}', 18, r"leave no image"),
    narrowing("filter nested too deeply", "[" * 5000, 65, r"nested too deeply"),
    narrowing("filter matches nothing", '{"T1w": {"run": 7}}', 18, r"leave no image"),
)

FILES = (
    option("no config file", "--config-file {}/c.toml", 66, r"c\.toml"),
    setting("broken config", "nprocs = = 2", 65, r"not valid TOML"),
    setting("unknown config key", "nproc = 2", 65, r"nproc"),
    setting("wrong type in config", 'nprocs = "many"', 65, r"nprocs"),
    setting("config nested too deeply", "nprocs = " + "[" * 5000, 65, r"not valid TOML .nested too deeply"),
    setting("binary config", bytes(range(256)), 65, r"not valid TOML"),
    option("no bundle", "--bundle {}/b", 69, r"No bundle at {}/b"),
    option(
        "bundle without metadata",
        "--bundle {}/b",
        69,
        r"metadata\.json",
        file("b/models/model.safetensors", ""),
    ),
    option("broken bundle", "--bundle {}/b", 65, r"metadata\.json", file("b/configs/metadata.json", "{")),
    option("bundle that climbs", "--bundle {}/b", 65, r"'name' must be a name", bundle(name="../../outside")),
    RunFault("no derivatives", "{}/bids {}/out train --analysis brain --derivatives {}/d", 66, r"{}/d"),
    option("no reference", "--reference {}/r", 66, r"{}/r"),
    option("no plugin file", "--nipype-plugin-file {}/p.yml", 66, r"p\.yml"),
    option("broken plugin file", "--nipype-plugin-file {}/p.yml", 65, r"p\.yml", file("p.yml", "plugin: [")),
    option(
        "pool of processes",
        "--nipype-plugin-file {}/p.yml",
        64,
        "--nprocs",
        file("p.yml", "plugin: MultiProc"),
    ),
    option(
        "damaged database",
        "--bids-database-dir {}/db",
        1,
        r"damaged",
        file("db/layout_index.sqlite", b"x" * 5000),
    ),
    RunFault("group without results", "{}/bids {}/out group", 66, r"run participant first"),
    RunFault("no recipe", "{}/bids {}/out train --analysis brain --recipe {}/r.toml", 66, r"r\.toml"),
    RunFault(
        "broken recipe",
        "{}/bids {}/out train --analysis brain --recipe {}/r.toml",
        65,
        r"not valid TOML",
        file("r.toml", "= 1"),
    ),
    RunFault(
        "unknown recipe key",
        "{}/bids {}/out train --analysis brain --recipe {}/r.toml",
        65,
        r"unknown recipe key 'magic'",
        file("r.toml", "magic = 1"),
    ),
    RunFault(
        "broken query",
        "{}/bids {}/out train --analysis anomaly --controls group==",
        64,
        r"[Qq]uery|--controls",
    ),
    RunFault(
        "query with code",
        "{}/bids {}/out train --analysis anomaly --controls __import__('os')",
        64,
        r"[Qq]uery|--controls",
    ),
)


def _prepared(root: Path) -> None:
    """Leave what preprocessing says of three subjects, so that there is a cohort to train on."""
    for label in ("one", "two", "three"):
        findings = Findings(analysis="preproc", title="", subject=label, session=None, summary="")
        findings.write(findings_file(root / "out", label, None, "preproc"))
    (root / "out" / "participants.tsv").write_text(
        "participant_id\tgroup\nsub-one\tcontrol\nsub-two\tcontrol\nsub-three\tpatient\n"
    )


def training(
    name: str, words: str, code: int, sentence: str, recipe: str = "", *, analysis: str = "anomaly"
) -> RunFault:
    """Make a fault of training an analysis on three prepared subjects, with a recipe of its own."""

    def change(root: Path) -> None:
        _prepared(root)
        (root / "r.toml").write_text(recipe)

    line = f"{{}}/bids {{}}/out train --analysis {analysis} --recipe {{}}/r.toml"
    return RunFault(name, f"{line} {words}", code, sentence, change)


TRAINING = (
    training("too few controls", "", 65, r"at least 20 controls, not 3; add controls"),
    training(
        "a query leaves too few",
        "--controls group=='control'",
        65,
        r"at least 20 controls, not 2; add controls",
    ),
    training("a query leaves none", "--controls group=='healthy'", 18, r"fits none of 3"),
    training("unknown features", "", 65, r"'features' is 'smell'", 'features = "smell"'),
    training("unknown representation", "", 65, r"'representation' is 'magic'", 'representation = "magic"'),
    training("slices in three dimensions", "", 65, r"two dimensions", 'unit = "slice"\ndimensions = 3'),
    training("sweep of nothing", "--sweep alpha", 64, r"--sweep"),
    training("sweep of an unknown key", "--sweep magic=1,2", 65, r"'magic', which is no key to sweep"),
    training("sweep of text for a number", "--sweep alpha=1,two", 65, r"not of type float"),
)

LESIONS = (
    training("nobody to learn lesions from", "", 65, r"nobody to learn from.*--reference", analysis="ms"),
    training("no control to make ill", "--controls group=='healthy'", 18, r"fits none of 3", analysis="ms"),
    training("odd crop", "", 65, r"'crop' must be a multiple of 16", "crop = 33", analysis="ms"),
    training("five levels", "", 65, r"'features' must be a list of six", "features = [4, 4]", analysis="ms"),
)

RUN_FAULTS = DATASETS + FOLDERS + USAGE + SELECTION + FILES + TRAINING + LESIONS
