"""Bank and platform statements: a CSV and its columns' names in, gifts with their ids out."""

from services.audit.statements.identity import Identities
from services.audit.statements.layout import Layout, layout_of
from services.audit.statements.reading import Gift, Refused, decoded, read

__all__ = ["Gift", "Identities", "Layout", "Refused", "decoded", "layout_of", "read"]
