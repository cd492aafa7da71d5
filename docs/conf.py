"""Sphinx configuration; ``make docs`` builds with warnings as errors."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from bidsapp import __version__

project = "bidsapp"
author = "The bidsapp developers"
project_copyright = "The bidsapp developers, Apache-2.0"
version = release = __version__
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "declared"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
smartquotes = False
html_theme = "alabaster"
html_static_path = ["_static"]
html_css_files = ["bidsapp.css"]
html_theme_options = {
    "description": "From a BIDS dataset to derivatives and reports. Research use only.",
    "page_width": "1100px",
}
