"""Thin Nipype interfaces: read files, call one pure function, write files.

The first interface that is made would ask a server for Nipype's newest version. Nothing here calls home:
neither in a run, nor in a dry run, nor where a program of others uses these interfaces.
"""

import os

os.environ.setdefault("NIPYPE_NO_ET", "1")
os.environ.setdefault("NO_ET", "1")
