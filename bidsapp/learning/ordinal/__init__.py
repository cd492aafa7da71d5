"""Losses for a clinical score: ordered levels, few patients, labels that two raters would not share.

All follow :class:`bidsapp.learning.ordinal.base.OrdinalLoss`; a recipe names one of
:mod:`bidsapp.learning.ordinal.registry`.
"""
