"""What became of a record from outside, told to who sent it: ids, codes and texts of ours."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Value, Whole

RecordOutcome = Literal["accepted", "repeated", "refused", "dead_letter", "discarded"]


class Finding(Value):
    """One thing that is wrong with a record, or that keeps it from having an effect.

    field: where; empty when it concerns the whole. Values that the record said are left out.
    """

    code: str
    field: str = ""
    zh: str
    en: str


class RecordAnswered(Fact):
    """What became of one record of an inbound topic. Subject and key: the source that sent it.

    record_topic, partition, offset: which record. message_id: the `id` that its sender gave it;
    none where nobody proved to be the sender, or where it may be somebody's number.
    outcome: accepted; repeated, which changes nothing; refused for what it says; dead_letter, where
    we could not work it and people look; discarded, where they gave it up.
    reference: our id of what it became, or of the dead letter. state: how that stands now.
    """

    TYPE: ClassVar[str] = "guanjia.record.answered.v1"
    TOPIC: ClassVar[str] = topics.FEEDBACK
    record_topic: str
    partition: Annotated[Whole, Field(ge=0)]
    offset: Annotated[Whole, Field(ge=0)]
    message_id: str | None = None
    outcome: RecordOutcome
    reference: str | None = None
    state: str | None = None
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


FACTS: tuple[type[Fact], ...] = (RecordAnswered,)
