"""The envelope: CloudEvents 1.0, structured JSON, one event a Kafka record.

Source: cloudevents.io/spec v1.0.2, `sequence` extension for the gapless number within a subject.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypeVar

from shared.contracts import topics
from shared.contracts.frozen import Frozen
from shared.contracts.values import Identifier, Moment, Value
from shared.errors import Invalid
from shared.money import check_currency
from shared.validation import describe_validation

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


class Fact(Value):
    """The `data` of an event. Subclasses name their type and the aggregate they speak of.

    IS_ONLY_EVENT: whether its subject never has another event of any type.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    IS_ONLY_EVENT: ClassVar[bool] = False


# Without a parameter, an Event is one of any fact.
F_co = TypeVar("F_co", bound=Fact, covariant=True, default=Fact)


class Envelope(BaseModel):
    """CloudEvents attributes as they travel; `data` not yet typed.

    An absent attribute may be null (CloudEvents' JSON format, 2.2). currency: none of ours; a
    bridge that states one means the amounts of `data`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Annotated[str, Field(pattern=r"^1\.0$")]
    id: Annotated[str, Field(min_length=1, max_length=300)]
    source: Annotated[str, Field(min_length=1, max_length=200)]
    type: Identifier
    subject: Annotated[str, Field(max_length=300)] | None = None
    time: Moment
    sequence: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,15}$")] | None = None
    correlationid: Annotated[str, Field(max_length=200)] | None = None
    causationid: Annotated[str, Field(max_length=300)] | None = None
    traceparent: Annotated[str, Field(max_length=60)] | None = None
    currency: Annotated[str, Field(max_length=40)] | None = None
    data: dict[str, Any]


class Event(Frozen, Generic[F_co]):
    """A parsed event.

    sequence: place among its subject's events, from 1 without gaps; 0 for foreign events, whose
    identity is (`source`, `id`).
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    source: str
    subject: str
    sequence: int
    time: datetime
    correlation_id: str
    causation_id: str
    traceparent: str
    data: F_co


def format_event_id(source: str, subject: str, sequence: int) -> str:
    return f"{source}:{subject}:{sequence}"


def parse_envelope(value: bytes) -> Envelope:
    """Raises Invalid with the fields that are wrong."""
    try:
        return Envelope.model_validate_json(value)
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


def parse_event(envelope: Envelope, fact_type: type[F_co]) -> Event[F_co]:
    """Raises Invalid when `data` does not fit `fact_type`, or its amounts are not in yuan.

    An unknown field is refused from outside, where it is a mistake; in our own events a newer
    release has added it while this one still runs.
    """
    inbound = topics.BY_NAME[fact_type.TOPIC].inbound
    if inbound and envelope.currency is not None:
        check_currency(envelope.currency)
    try:
        data = fact_type.model_validate(envelope.data, extra="forbid" if inbound else "ignore")
    except ValidationError as error:
        problems = (replace(p, field=f"data.{p.field}") for p in describe_validation(error))
        raise Invalid(*problems) from None
    return Event.model_construct(
        id=envelope.id,
        source=envelope.source,
        subject=envelope.subject or "",
        sequence=int(envelope.sequence or 0),
        time=envelope.time,
        correlation_id=envelope.correlationid or envelope.id,
        causation_id=envelope.causationid or "",
        traceparent=envelope.traceparent or "",
        data=data,
    )


def build_cloud_event(
    *,
    source: str,
    subject: str,
    sequence: int,
    time: datetime,
    data: Fact,
    correlation_id: str,
    causation_id: str,
    traceparent: str,
) -> dict[str, Any]:
    """One of our own events as a JSON-able dict, its id built from its place."""
    return _make_attributes(format_event_id(source, subject, sequence), source, time, data) | {
        "subject": subject,
        "sequence": str(sequence),
        "sequencetype": "Integer",
        "correlationid": correlation_id,
        "causationid": causation_id,
        "traceparent": traceparent,
    }


def build_foreign_event(
    *, source: str, message_id: str, time: datetime, data: Fact, traceparent: str = ""
) -> dict[str, object]:
    """An inbound event as a channel, a bank bridge or our own import publishes it."""
    return _make_attributes(message_id, source, time, data) | (
        {"traceparent": traceparent} if traceparent else {}
    )


def _make_attributes(id_: str, source: str, time: datetime, data: Fact) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": data.TYPE,
        "time": time.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": f"urn:guanjia:schema:{data.TYPE}",
        "data": data.model_dump(mode="json", exclude_none=True),
    }


def digest_content(value: bytes, key: bytes) -> bytes:
    """Keyed, because the content may be personal and guessable."""
    return hashlib.blake2b(value, key=key, digest_size=16).digest()
