"""Renders templates to one file that needs nothing else: style and script inside, everything else refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bidsapp.reports.layout import FOLDER


def render(
    template: str, *, scripts: Sequence[str] = (), styles: Sequence[str] = (), **context: object
) -> str:
    """Render a template of ``data/report/templates`` with the house's style and script inside.

    Every value is escaped; the page's Content-Security-Policy admits the style and the scripts by
    their hashes, images as data only, and nothing else.

    Parameters
    ----------
    scripts
        Further scripts, which run after the house's; none may contain ``</script``.
    styles
        Styles that these scripts may add.
    context
        What the template shows.
    """
    style = (FOLDER / "style.css").read_text(encoding="utf-8")
    scripts = ((FOLDER / "script.js").read_text(encoding="utf-8"), *scripts)
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src {_hashes((style, *styles))}",
            f"script-src {_hashes(scripts)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    page = _environment().get_template(template)
    inside = [Markup(text) for text in scripts]  # noqa: S704
    return page.render(style=Markup(style), scripts=inside, policy=policy, **context)  # noqa: S704


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _hashes(texts: Sequence[str]) -> str:
    """Name texts as a policy does: ``'sha256-...' 'sha256-...'``."""
    digests = (hashlib.sha256(text.encode("utf-8")).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)
