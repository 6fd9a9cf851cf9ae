"""What decisions go by besides the states: the house's foundations and its chart of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.audit.ledger.accounts import Chart


@dataclass(frozen=True, slots=True)
class Rules:
    """foundations: name by id. default_foundation: whose log names what no known fund is asked."""

    chart: Chart
    foundations: Mapping[str, str]
    default_foundation: str
