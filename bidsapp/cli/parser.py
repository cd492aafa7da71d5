"""An ``argparse`` parser made from the declared options; it splits words, ``convert`` checks them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from bidsapp import __version__
from bidsapp.cli.convert import suggest
from bidsapp.cli.options import LEVELS, Option, groups, options
from bidsapp.errors import UsageError
from bidsapp.settings import Settings

POSITIONALS = {
    "bids_dir": "Folder of the BIDS dataset.",
    "output_dir": "Folder for the results; it becomes a BIDS derivative dataset.",
    "analysis_level": "One or more of participant (each subject), group (from derivatives alone), "
    "train (fit a bundle), done in the order given.",
}
EPILOG = "Research use only: not a medical device. Exit codes and outputs: see the documentation."


class Parser(argparse.ArgumentParser):
    """A parser whose errors are ours, with our exit code."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting with argparse's code."""
        if message.startswith("the following arguments are required"):
            raise UsageError(
                f"{message.rpartition(': ')[2]} missing; write them before options that take several values: "
                "bidsapp BIDS_DIR OUTPUT_DIR participant --participant-label 01 02."
            )
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


class _PrintDescriptor(argparse.Action):
    """Print the Boutiques descriptor and stop."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        from bidsapp.cli.descriptor import descriptor_text

        sys.stdout.write(descriptor_text())
        parser.exit()


def make_parser() -> Parser:
    """Build the parser; an option that was not given leaves no attribute behind."""
    parser = Parser(
        prog="bidsapp",
        usage="bidsapp BIDS_DIR OUTPUT_DIR {participant,group,train} [...] [options]",
        description="BIDS App for multimodal MRI and PET: from a BIDS dataset to derivatives and reports.",
        epilog=EPILOG,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_help=False,
    )
    for name, text in POSITIONALS.items():
        several = {"nargs": "+"} if name == "analysis_level" else {}
        parser.add_argument(name, metavar=_shown(name), help=text, **several)  # type: ignore[arg-type]
    for group in groups():
        section = parser.add_argument_group(group.title)
        for option in group.options:
            add_option(section, option)
    about = parser.add_argument_group("About the program")
    about.add_argument("-h", "--help", action="help", help="Print this help.")
    about.add_argument(
        "--version", action="version", version=f"bidsapp {__version__}", help="Print the version."
    )
    about.add_argument(
        "--bids-exec-spec", action=_PrintDescriptor, nargs=0, help="Print descriptor.json (Boutiques)."
    )
    return parser


def split(argv: Sequence[str]) -> argparse.Namespace:
    """Split a command line into the words of each option.

    Options may be written with underscores and stand before, between or after the positionals.

    Raises
    ------
    UsageError
        A word belongs to no option, or one is missing.
    """
    words = [dashed(word) for word in argv]
    found, rest = make_parser().parse_known_intermixed_args(words)
    for word in rest:
        names = [flag for option in options().values() for flag in option.flags]
        hint = suggest(word.partition("=")[0], names) if word.startswith("-") else ""
        raise UsageError(f"'{word}' is no option of bidsapp.{hint} See bidsapp --help.")
    return found


def help_text(option: Option) -> str:
    """Give the option's sentence, with the default where it is a plain value, and the levels it is for."""
    default = getattr(Settings, option.field, None) if option.field else None
    shown = isinstance(default, int | str) and not isinstance(default, bool) and option.kind != "count"
    text = option.help + (f" Default: {default}." if shown and "Default:" not in option.help else "")
    return text + (f" Level: {' or '.join(option.levels)}." if option.levels else "")


def add_option(section: argparse._ArgumentGroup, option: Option) -> None:
    """Add a declared option to a section of a parser."""
    if option.kind == "flag":
        section.add_argument(
            *option.flags, action="store_true", default=argparse.SUPPRESS, help=help_text(option)
        )
        section.add_argument(
            f"--no-{option.name}",
            action="store_false",
            dest=option.dest,
            default=argparse.SUPPRESS,
            help=argparse.SUPPRESS,
        )
    elif option.kind == "count":
        section.add_argument(*option.flags, action="count", help=help_text(option))
    elif option.many:
        section.add_argument(
            *option.flags, action="extend", nargs="+", metavar=option.metavar, help=help_text(option)
        )
    else:
        metavar = option.metavar or "{" + ",".join(map(str, option.choices)) + "}"
        section.add_argument(*option.flags, metavar=metavar, help=help_text(option))


def _shown(name: str) -> str:
    return "{" + ",".join(LEVELS) + "}" if name == "analysis_level" else name.upper()


def dashed(word: str) -> str:
    """Write an option's name with dashes, as ``--work_dir`` of older BIDS Apps; its value stays as it is."""
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if word.startswith("--") else word
