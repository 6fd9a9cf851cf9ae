"""Each event as it travels: a CloudEvent whose `data` is its fact. For who reads and writes it."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Moment


class CloudEvent(BaseModel):
    """CloudEvents 1.0, structured JSON. An attribute that is absent may be null."""

    model_config = ConfigDict(defer_build=True)

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=300)]
    source: Annotated[str, Field(min_length=1, max_length=200)]
    type: str
    time: Moment
    datacontenttype: Literal["application/json"] | None = None
    dataschema: str | None = None
    traceparent: Annotated[str, Field(max_length=60)] | None = None
    data: Any


class OwnEvent(CloudEvent):
    """One of ours: (`source`, `subject`, `sequence`) says which, without gaps from 1."""

    subject: Annotated[str, Field(max_length=300)]
    sequence: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,15}$")]
    sequencetype: Literal["Integer"]
    correlationid: Annotated[str, Field(max_length=200)]
    causationid: Annotated[str, Field(max_length=300)]


class ForeignEvent(CloudEvent):
    """One of yours: (`source`, `id`) says which. The same again changes nothing.

    The record's key is its source; its header `guanjia-signature` is the hex HMAC-SHA256, by the
    key of the source, over the topic, a newline and the record's value.
    """

    subject: Annotated[str, Field(max_length=300)] | None = None


@cache
def build_event_model(fact: type[Fact]) -> type[CloudEvent]:
    """What a record of this type is, all of it."""
    envelope = ForeignEvent if topics.BY_NAME[fact.TOPIC].inbound else OwnEvent
    fields: dict[str, Any] = {"type": (Literal[fact.TYPE], ...), "data": (fact, ...)}
    words = f"{fact.__doc__ or ''}\n\n{envelope.__doc__}".strip()
    return create_model(f"{fact.__name__}Event", __base__=envelope, __doc__=words, **fields)
