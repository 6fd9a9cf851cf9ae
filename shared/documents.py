"""What is read from JSON or BSON, before it is turned into a value of ours."""

from collections.abc import Mapping
from typing import Any

Json = Any
"""Any value of JSON: what a client or a parser hands over, before it is checked."""
Document = Mapping[str, Any]
"""An object of a file, an answer, a database: who reads it knows its fields, mypy does not."""
