"""What of a message is sealed: the words, whatever came beside them, and who wrote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake.channels.text import Draft
from services.intake.model import (
    AnswerMeaning,
    Correspondence,
    KeepMessage,
    Message,
    MessageKind,
    Sealed,
    UnderstandReply,
)
from services.intake.model.attachment import Attachment
from services.intake.vault.persons import (
    derive_earlier_person_id,
    derive_point_id,
    seal_openid,
)
from services.intake.vault.sealing import Vault
from shared.contracts.values import Channel, Phone, TownCode
from shared.documents import Document, Json
from shared.messaging.resealing import SealedCollection, SealedValue
from shared.messaging.sealing import UnreadableError

TEXT_LENGTH_MAX = 20_000
MAINLAND = "+861"
MEDIA_FIELD = "MediaId"
FETCHED = frozenset({"image", "voice"})
"""Kinds of WeChat's messages whose content is fetched; a video stays there."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location that was shared. label: its address in words."""

    latitude: float
    longitude: float
    label: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a person wrote or sent, and how he is known there. message_id: unique for the source.

    phone: where it is none of ours, such as a carrier's number, is_phone is False.
    """

    text: str = field(repr=False)
    message_id: str
    source: str
    channel: Channel
    phone: Phone | None = field(default=None, repr=False)
    is_phone: bool = True
    openid: str | None = field(default=None, repr=False)
    kind: MessageKind = "text"
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    place: Place | None = field(default=None, repr=False)

    @property
    def mobile(self) -> str | None:
        """Of the mainland: another can be written to, and no request can name it."""
        return self.phone if self.phone and self.phone.startswith(MAINLAND) else None

    @property
    def may_request(self) -> bool:
        return bool(self.mobile or self.openid)


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said in a dialogue so far."""

    draft: Draft = field(default_factory=Draft)
    texts: tuple[str, ...] = field(default=(), repr=False)
    place: Place | None = field(default=None, repr=False)


# --- ids ---


def derive_message_id(vault: Vault, inbound: Inbound) -> str:
    return vault.derive_id("W", inbound.source, inbound.message_id)


def derive_sender_id(vault: Vault, inbound: Inbound) -> str:
    """The contact point that it came from."""
    return derive_point_id(vault, phone=inbound.phone, openid=inbound.openid)


def derive_earlier_id(vault: Vault, inbound: Inbound) -> str:
    """As whom the contact point itself was known, before persons were told apart from it."""
    return derive_earlier_person_id(vault, "", inbound.phone, inbound.openid, "")


def make_reply(
    vault: Vault,
    reply_id: str,
    meaning: AnswerMeaning,
    *,
    phone: str | None = None,
    openid: str | None = None,
    **fields: Any,  # which the command checks
) -> UnderstandReply:
    """fields: what else is known of it."""
    return UnderstandReply(
        reply_id=reply_id,
        meaning=meaning,
        point_id=derive_point_id(vault, phone=phone, openid=openid),
        earlier_id=derive_earlier_person_id(vault, "", phone, openid, ""),
        openid=seal_openid(vault, openid) if openid else None,
        channel="wechat" if openid and not phone else "sms",
        **fields,
    )


# --- sealing ---


def seal_message(vault: Vault, inbound: Inbound, town_code: TownCode | None) -> KeepMessage:
    id_, point_id = derive_message_id(vault, inbound), derive_sender_id(vault, inbound)
    content: dict[str, object] = {
        "text": inbound.text[:TEXT_LENGTH_MAX],
        "phone": inbound.phone,
        "openid": inbound.openid,
    }
    if inbound.fields:
        content["fields"] = dict(inbound.fields)
    if inbound.place:
        content["place"] = _dump_place(inbound.place)
    address = {"phone": inbound.phone if inbound.is_phone else None, "openid": inbound.openid}
    return KeepMessage(
        message_id=id_,
        point_id=point_id,
        earlier_id=derive_earlier_id(vault, inbound),
        channel=inbound.channel,
        kind=inbound.kind,
        content=_seal(vault, id_, content),
        address=_seal(vault, point_id, address),
        town_code=town_code,
        has_media=inbound.kind in FETCHED and MEDIA_FIELD in inbound.fields,
    )


def open_message(vault: Vault, message: Message) -> dict[str, Json] | None:
    """text, phone, openid, and fields or place where there are some. None once it is forgotten."""
    return _open(vault, message.id, message.cipher, message.key)


def open_address(vault: Vault, thread: Correspondence) -> dict[str, object]:
    """phone, openid; empty once it is forgotten."""
    if thread.address is None:
        return {}
    return _open(vault, thread.id, thread.address.cipher, thread.address.key) or {}


def seal_talk(vault: Vault, point_id: str, talk: Talk) -> Sealed:
    content = {
        # Beside the draft: the last release refuses a field of it that it does not know.
        "draft": talk.draft.model_dump(mode="json", exclude={"others"}),
        "others": [wish.model_dump(mode="json") for wish in talk.draft.others],
        "texts": list(talk.texts),
        "place": _dump_place(talk.place) if talk.place else None,
    }
    return _seal(vault, f"talk {point_id}", content)


def open_talk(vault: Vault, thread: Correspondence) -> Talk:
    """An empty one where nothing was begun."""
    if thread.dialogue is None:
        return Talk()
    sealed = thread.dialogue.content
    content = _open(vault, f"talk {thread.id}", sealed.cipher, sealed.key) or {}
    place = content.get("place")
    return Talk(
        draft=Draft.model_validate(
            {**content.get("draft", {}), "others": content.get("others", ())}
        ),
        texts=tuple(content.get("texts", ())),
        place=Place(**place) if place else None,
    )


def _dump_place(place: Place) -> dict[str, object]:
    return {"latitude": place.latitude, "longitude": place.longitude, "label": place.label}


def _seal(vault: Vault, record: str, content: object) -> Sealed:
    return vault.seal(record, json.dumps(content, ensure_ascii=False).encode())


def _open(
    vault: Vault, record: str, cipher: bytes | None, key: bytes | None
) -> dict[str, Json] | None:
    if cipher is None or key is None:
        return None
    try:
        content: dict[str, Json] = json.loads(vault.open(record, cipher, key))
    except UnreadableError:
        return None
    return content


# --- sealing anew ---


def describe_message_keys(vault: Vault) -> tuple[SealedCollection, ...]:
    """The wrapped keys of messages, their files, and of what goes on with a contact point."""
    return (
        SealedCollection(Message.COLLECTION, ("key",), vault.wrapping, _list_own_key),
        SealedCollection(Attachment.COLLECTION, ("key",), vault.wrapping, _list_own_key),
        SealedCollection(
            Correspondence.COLLECTION,
            ("address.key", "dialogue.content.key"),
            vault.wrapping,
            _list_thread_keys,
        ),
    )


def _list_own_key(document: Document) -> list[SealedValue]:
    key = document.get("key")
    return [SealedValue("key", document["_id"], bytes(key))] if key else []


def _list_thread_keys(thread: Document) -> list[SealedValue]:
    id_, address, dialogue = thread["_id"], thread.get("address"), thread.get("dialogue")
    values = []
    if address:
        values.append(SealedValue("address.key", id_, bytes(address["key"])))
    if dialogue:
        key = bytes(dialogue["content"]["key"])
        values.append(SealedValue("dialogue.content.key", f"talk {id_}", key))
    return values
