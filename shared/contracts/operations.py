"""What a service says of itself to the page of operations: how it goes, nothing of anybody.

Asked from server to server, as history is (`docs/decisions/0130`).
"""

from typing import Annotated

from pydantic import Field

from shared.contracts.values import Value

OPERATIONS_PATH = "/internal/operations"


class TopicFlow(Value):
    """A topic as one process of a service reads it, in the last minute.

    per_minute: records taken. behind: records that wait in its partitions. delay_s: how old the
    latest record was when it was taken; where one waits that was seen to wait for longer, that.
    None where none was taken yet and none waits.
    """

    topic: str
    per_minute: int
    behind: int
    delay_s: float | None


class Alarm(Value):
    """Something that a person must look at, in a sentence. subject: which, where there are many."""

    zh: str
    en: str
    subject: str = ""


class ProviderCalls(Value):
    """Calls to a provider since this process began. failed: those that it neither took nor refused
    for the recipient's sake. mean_s: how long one took."""

    zh: str
    en: str
    calls: int
    failed: int
    mean_s: float


class ServiceState(Value):
    """obstacle: why it is not ready, empty where it is. outbox_waiting: documents that are not
    published yet; oldest_s: how old the first of them is. dead_letters: those that nobody has
    settled."""

    service: str
    obstacle: str
    outbox_waiting: int
    oldest_s: float | None = None
    dead_letters: int
    topics: Annotated[tuple[TopicFlow, ...], Field(max_length=100)]
    alarms: Annotated[tuple[Alarm, ...], Field(max_length=100)] = ()
    providers: Annotated[tuple[ProviderCalls, ...], Field(max_length=100)] = ()
