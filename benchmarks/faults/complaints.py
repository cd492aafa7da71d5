"""What users of such apps stumble over, by the threads of their trackers, and what answers each here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Complaint:
    """A complaint, the threads that it is from, and what covers it.

    Attributes
    ----------
    complaint, threads
        What people stumble over, and where they say so.
    answer
        What is done or measured here.
    covered_by
        Tests (``file::name``), faults by their name, or a command that measures.
    """

    complaint: str
    threads: str
    answer: str
    covered_by: tuple[str, ...]


COMPLAINTS = (
    Complaint(
        "templates on offline nodes",
        "fmriprep#1778 #2480 #2717, mriqc#820 #1102",
        "all that is needed is installed; the images run without a network",
        (
            "tests/containers/test_images.py::test_without_network_root_or_writable_root_the_bytes_are_the_same",
        ),
    ),
    Complaint(
        "slow indexing",
        "mriqc#922, pybids#609 #521",
        "only the subjects asked for are indexed",
        ("benchmarks/scale.py", "tests/bids/test_query.py::test_one_by_one_and_in_batches_the_same_is_found"),
    ),
    Complaint(
        "database locked or stale",
        "fmriprep#2313",
        "an index for each run unless asked; a damaged one is named",
        ("tests/bids/test_query.py::test_a_damaged_or_foreign_database_is_refused", "corrupt-database"),
    ),
    Complaint(
        "memory, hangs, BrokenProcessPool",
        "fmriprep#833 #2700",
        "a killed process is noticed at once, subject and step are named",
        (
            "kill-worker",
            "memory-limit",
            "tests/workflows/test_supervisor.py::test_a_killed_worker_is_named_with_its_signal_at_once",
        ),
    ),
    Complaint(
        "wrong exit status",
        "fmriprep#1793 #3426 #3611",
        "status, log and exit code are compared for each fault below",
        ("tests/cli/test_main.py::test_an_error_of_the_house_is_its_sentence_and_its_code", "sigterm"),
    ),
    Complaint(
        "concurrent containers in one output",
        "fmriprep#1667 #2137 #3200",
        "atomic writes, a lock for each subject, a log for each run",
        (
            "two-runs",
            "foreign-lock",
            "tests/workflows/test_several_writers.py::test_tables_hold_every_subject_once_and_are_whole_at_every_moment",
        ),
    ),
    Complaint(
        "resume",
        "fmriprep#1756 #2633",
        "contents count; finished subjects are not redone, damaged ones are",
        (
            "benchmarks/kills.py",
            "truncated-intermediates",
            "truncated-derivative",
            "tests/test_whole_run.py::test_a_run_that_has_nothing_to_do_changes_no_byte",
        ),
    ),
    Complaint(
        "the work folder grows",
        "fmriprep#623, qsiprep#308",
        "a subject's is removed when it is done; each fault below ends without one",
        ("tests/test_whole_run.py::test_a_run_that_has_nothing_to_do_changes_no_byte", "work-purged"),
    ),
    Complaint(
        "DataLad, dangling links",
        "mriqc#1023 #864",
        "a dangling link counts as absent and is named with the remedy",
        (
            "dangling-link",
            "tests/bids/test_query.py::test_dangling_links_and_empty_files_count_as_absent_and_name_the_remedy",
        ),
    ),
    Complaint(
        "reports are not portable",
        "fmriprep#2334 #2686",
        "one file of less than 5 MB that refers to nothing else",
        (
            "tests/test_whole_run.py::test_reports_show_the_person_and_the_group",
            "tests/reports/test_page.py::test_nothing_is_loaded_from_elsewhere",
        ),
    ),
    Complaint(
        "sessions",
        "fmriprep#2723 #1175",
        "sessions share one normalisation; a broken one fails alone",
        (
            "tests/workflows/test_participant.py::test_sessions_share_one_normalisation_and_nothing_else",
            "tests/test_whole_run.py::test_a_broken_session_fails_alone_and_is_named",
        ),
    ),
    Complaint(
        "filters that match nothing",
        "mriqc#1331",
        "exit 18 says what there is; `--dry-run` shows the files",
        ("tests/bids/test_query.py::test_a_filter_that_leaves_nothing_says_what_there_is",),
    ),
    Complaint(
        "one bad subject stops all",
        "petprep#293, mriqc#1318",
        "it is named and skipped",
        (
            "tests/faults/test_bad_input.py::test_one_run_over_broken_subjects_fails_each_and_finishes_the_sound",
        ),
    ),
    Complaint(
        "the group needs raw data",
        "mriqc#1388",
        "derivatives are enough",
        ("tests/cli/test_main.py::test_the_group_level_needs_no_raw_data",),
    ),
    Complaint(
        "GPU asked for, CPU used",
        "qsiprep#75 #243 #358",
        "exit 69; each step's status names its device",
        ("tests/faults/test_resources.py::test_a_gpu_that_is_not_there_is_no_cpu",),
    ),
    Complaint(
        "image size",
        "fmriprep#2545",
        "the CPU image is below 3 GB",
        ("tests/containers/test_images.py::test_the_oci_image_is_below_3_gb_and_says_what_it_is",),
    ),
    Complaint(
        "seeds",
        "fmriprep#917",
        "one seed; the same bytes with one process or two",
        ("tests/test_whole_run.py::test_one_process_gives_the_bytes_of_two",),
    ),
    Complaint(
        "stale features after a modality was removed",
        "meld_graph#73",
        "the key of a result holds the set of its inputs; what an analysis said without them is removed",
        ("tests/workflows/test_finished.py::test_what_was_said_of_an_image_that_is_gone_is_removed",),
    ),
    Complaint(
        "batch runs with one cohort table",
        "LST-AI#33 #20",
        "the group level",
        ("tests/workflows/test_group_level.py::test_controls_of_the_command_line_reach_the_tables",),
    ),
)
