"""Directives that write into the documentation what the program declares, so that they cannot disagree."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bidsapp.cli.descriptor import MEANINGS
from bidsapp.cli.options import Option, groups
from bidsapp.cli.parser import POSITIONALS, help_text


class Declared(SphinxDirective):
    """Writes the Markdown that :meth:`lines` gives."""

    def lines(self) -> list[str]:
        """Give lines of Markdown."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the lines where the directive stands."""
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)


class Options(Declared):
    """Every option of the command line, by group."""

    def lines(self) -> list[str]:
        """Give a definition list for each group."""
        lines = ["## Positional", ""]
        for name, text in POSITIONALS.items():
            lines += _define(f"`{name.upper()}`", text)
        for group in groups():
            lines += ["", f"## {group.title}", ""]
            for option in group.options:
                lines += _define(_usage(option), help_text(option))
        return lines


class ExitCodes(Declared):
    """The table of exit codes."""

    def lines(self) -> list[str]:
        """Give a table."""
        rows = {0: "All done.", **{int(code): text for code, text in MEANINGS.items()}}
        rows |= {
            130: "Interrupted (Ctrl-C); the same command goes on.",
            141: "The program that read the output went away.",
            143: "Asked to end (SIGTERM), as by a cluster; the same command goes on.",
        }
        return ["| code | meaning |", "|---|---|", *(f"| {code} | {text} |" for code, text in rows.items())]


def _usage(option: Option) -> str:
    value = option.metavar or "{" + ",".join(map(str, option.choices)) + "}"
    if option.kind in {"flag", "count"}:
        value = ""
    elif option.many:
        value += " ..."
    return "`" + " ".join(filter(None, (", ".join(option.flags), value))) + "`"


def _define(term: str, text: str) -> list[str]:
    return ["", term, f": {text.replace('{', '&#123;')}"]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives with Sphinx."""
    app.add_directive("declared-options", Options)
    app.add_directive("declared-exit-codes", ExitCodes)
    return {"parallel_read_safe": True}
