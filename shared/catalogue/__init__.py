"""The catalogue of items: what people call things and how they count them, in one file.

`items.csv` is installed with Guanjia; `GUANJIA_CATALOGUE_FILE` names another, edited in any
spreadsheet program. A row without an item is a unit of general use.
"""

from shared.catalogue.file import PACKAGED, load_catalogue
from shared.catalogue.reading import Catalogue, Entry, Match, Reading, Unit

__all__ = ["PACKAGED", "Catalogue", "Entry", "Match", "Reading", "Unit", "load_catalogue"]
