"""Thin Nipype interfaces: read files, call one pure function, write files."""
