"""Bank and platform statements: a sheet and its columns' names in, gifts with their ids out."""

from services.audit.statements.files import Identities
from services.audit.statements.layout import Layout, parse_layout
from services.audit.statements.reading import Gift, Statement, read_statement

__all__ = ["Gift", "Identities", "Layout", "Statement", "parse_layout", "read_statement"]
