"""Runs a Nipype workflow with this project's settings and gives its failures as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bidsapp.errors import BadDataError, BidsAppError, NoInputError, UsageError
from bidsapp.interfaces.base import ERROR_FILE
from bidsapp.settings import Settings
from bidsapp.workflows.intermediates import drop_damaged, seal
from bidsapp.workflows.monitor import StepMonitor, step_name

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

_POOLS = {"MultiProc", "LegacyMultiProc"}  # they fork: a worker that outlives us holds the lock of ``claim``


class _Callback:
    """Feeds the monitor and collects the failures of steps."""

    def __init__(self, monitor: StepMonitor, crash_dir: Path) -> None:
        self.failures: dict[str, BidsAppError] = {}
        self._monitor = monitor
        self._crash_dir = crash_dir

    def __call__(self, node: Node, event: str, **_: object) -> None:
        if event == "exception":
            self.failures[step_name(node.fullname)] = _failure(node, self._crash_dir)
        elif event == "end":
            seal(Path(node.output_dir()))
        self._monitor(node, event)


def run_workflow(
    workflow: Workflow, settings: Settings, *, work_dir: Path, crash_dir: Path, monitor: StepMonitor
) -> Mapping[str, BidsAppError]:
    """Run all steps that can run; give the failure of each that could not, by the step's name.

    A step whose inputs have the same content as in an earlier, interrupted run is not run again, if what it
    left is whole.
    """
    plugin, plugin_args = read_plugin(settings.nipype_plugin_file)
    callback = _Callback(monitor, crash_dir)
    drop_damaged(work_dir)
    workflow.base_dir = str(work_dir)
    workflow.config["execution"] = {
        "hash_method": "content",
        "crashdump_dir": str(crash_dir),
        "crashfile_format": "txt",
        "remove_unnecessary_outputs": "false",
        "keep_inputs": "true",
        "check_version": "false",
        "stop_on_first_crash": str(settings.stop_on_first_crash).lower(),
    }
    monitored = _resources(work_dir, crash_dir) if settings.resource_monitor else nullcontext()
    try:
        with monitored:
            workflow.run(plugin=plugin, plugin_args={**plugin_args, "status_callback": callback})
    except BidsAppError:  # of the callback: what a step did cannot be written down
        raise
    except Exception as error:
        if not callback.failures:  # not a step but the engine itself
            raise RuntimeError(f"Nipype could not run the workflow: {error}") from error
    return callback.failures


@contextmanager
def _resources(work_dir: Path, folder: Path) -> Iterator[None]:
    """Let Nipype record memory and processor time of each step in ``folder/resource_monitor.json``.

    Nipype remembers its switch when it is imported, so that the configuration of a workflow comes too late,
    and leaves its samples in the current folder, which may be one that cannot be written.
    """
    from nipype import config

    work_dir.mkdir(parents=True, exist_ok=True)
    config.set("monitoring", "summary_file", str(folder / "resource_monitor.json"))
    config.resource_monitor = True
    try:
        with chdir(work_dir):
            yield
    finally:
        config.resource_monitor = False


def read_plugin(path: Path | None) -> tuple[str, dict[str, Any]]:
    """Read a Nipype plugin file (YAML with ``plugin`` and ``plugin_args``), as fMRIPrep does.

    Raises
    ------
    NoInputError, BadDataError
        The file is not there, or is not such a file.
    UsageError
        The plugin is a pool of processes on this machine.
    """
    import yaml

    if path is None:
        return "Linear", {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        plugin, arguments = str(content["plugin"]), dict(content.get("plugin_args", {}))
    except OSError as error:
        raise NoInputError(
            f"{path} cannot be read ({error.strerror}); check --nipype-plugin-file."
        ) from error
    except (yaml.YAMLError, TypeError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise BadDataError(
            f"{path} is no Nipype plugin file (YAML with plugin and plugin_args): {reason}."
        ) from error
    if plugin in _POOLS:
        raise UsageError(
            f"{path} names {plugin}, whose processes outlive a killed run and keep its subject locked; "
            "leave --nipype-plugin-file out: --nprocs has subjects done side by side."
        )
    return plugin, arguments


def _failure(node: Node, crash_dir: Path) -> BidsAppError:
    said = Path(node.output_dir()) / ERROR_FILE
    if said.is_file():
        content = json.loads(said.read_text(encoding="utf-8"))
        return _KINDS[content["code"]](content["sentence"])
    return BidsAppError(
        f"Step {step_name(node.fullname)} failed unexpectedly; the traceback is in {crash_dir}."
    )


_KINDS: dict[int, type[BidsAppError]] = {int(BidsAppError.code): BidsAppError} | {
    int(kind.code): kind for kind in BidsAppError.__subclasses__()
}
