"""Nipype workflow factories, and the run over many subjects."""
