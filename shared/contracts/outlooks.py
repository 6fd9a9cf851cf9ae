"""What approving a request would mean for others who wait: asked of matching for the joint meeting.

Sums and counts in words; nobody's name, no request's and no offer's number.
"""

from typing import Annotated

from pydantic import Field

from shared.contracts.events import RequestOpened
from shared.contracts.values import Identifier, Value

OUTLOOK_PATH = "/internal/outlook"
SENTENCES_MAX = 20

Line = Annotated[str, Field(max_length=300)]


class OutlookQuery(Value):
    """request: as it would be opened."""

    request_id: Identifier
    request: RequestOpened


class OutlookSentence(Value):
    zh: Line
    en: Line


class Outlook(Value):
    sentences: Annotated[tuple[OutlookSentence, ...], Field(max_length=SENTENCES_MAX)]
