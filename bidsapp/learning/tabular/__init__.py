"""A score from a table of features: a linear or one-layer head with any ordinal loss and curriculum."""

from bidsapp.learning.tabular.head import OrdinalHead
from bidsapp.learning.tabular.settings import HeadSettings

__all__ = ["HeadSettings", "OrdinalHead"]
