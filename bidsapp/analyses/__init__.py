"""Analyses are plug-ins: each turns a subject's preprocessed volumes and a bundle into findings."""
