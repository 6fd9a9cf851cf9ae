"""Photos and voices of WeChat's messages: fetched, carried to the request, forgotten, missed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from deploy.simulators.main import run_simulators
from services.intake.channels.text import Draft
from services.intake.media.wechat import MediaGoneError, WeChatMediaClient
from services.intake.model import (
    WECHAT_SOURCE,
    Dialogue,
    ErasePerson,
    ForgetMessages,
    HandleMessage,
    Message,
    MessageKind,
    SettleMessage,
)
from services.intake.model.attachment import (
    ATTACHMENTS_MAX,
    AddMedia,
    Attachment,
    MissMedia,
    RemoveAttachment,
)
from services.intake.vault.messages import Inbound, Talk, seal_message, seal_talk
from shared.contracts.values import Channel
from shared.errors import Transient
from shared.http import open_http_client
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    COMMANDS,
    NOW,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
    make_submission,
)
from tests.support.simulators import SETTINGS

PICTURE = {"MediaId": "m-1", "PicUrl": "http://elsewhere.example/1"}


class Inbox(DecisionHarness):
    """Who sends a picture, what comes of it, and what his message becomes."""

    def keep(self, kind: MessageKind = "image", fields: Any = PICTURE, id_: str = "1") -> Message:
        inbound = Inbound(
            "", id_, WECHAT_SOURCE, Channel.WECHAT, openid="oPerson_01", kind=kind, fields=fields
        )
        data = seal_message(VAULT, inbound, None)
        self.decide(data)
        return self.message(data.message_id)

    def decide(self, data: Any) -> Decision:
        return self.handle(COMMANDS[type(data)], make_command(data))

    def add(self, message: Message, file_id: str = "g-1") -> Decision:
        add = AddMedia(
            attachment_id=f"F-{message.id}",
            message_id=message.id,
            media_type="image/jpeg",
            size=3,
            file_id=file_id,
            key=b"key",
            by=WECHAT_SOURCE,
            check="unasked",
        )
        return self.decide(add)

    def miss(self, message: Message, outcome: str) -> Message:
        self.decide(MissMedia.model_validate({"message_id": message.id, "outcome": outcome}))
        return self.message(message.id)

    def read(self, message: Message, handling: str, request_id: str | None = None) -> None:
        data = {"message_id": message.id, "handling": handling, "reason": "来信", "by": "wu"}
        self.decide(HandleMessage.model_validate(data | {"request_id": request_id}))

    def settle(self, message: Message, **said: Any) -> Decision:
        data = {"message_id": message.id, "point_id": message.point_id}
        return self.decide(SettleMessage.model_validate(data | said))

    def record(self) -> str:
        return str(get_body(self.submit(make_submission()))["request_id"])

    def message(self, id_: str) -> Message:
        message = self.states[Ref(Message, id_)]
        assert isinstance(message, Message)
        return message

    def file(self, message: Message) -> Attachment:
        attachment = self.states[Ref(Attachment, f"F-{message.id}")]
        assert isinstance(attachment, Attachment)
        return attachment


# --- decided ---


@pytest.mark.parametrize(
    ("kind", "fields", "media"),
    [
        ("image", PICTURE, "waiting"),
        ("voice", PICTURE, "waiting"),
        ("video", PICTURE, ""),
        ("image", {"PicUrl": "http://elsewhere.example/1"}, ""),
    ],
)
def test_a_photo_or_voice_waits_to_be_fetched(kind: MessageKind, fields: Any, media: str) -> None:
    message = Inbox().keep(kind, fields)
    assert (message.media, message.due_at) == (media, NOW if media else None)


def test_what_was_fetched_is_the_messages_once() -> None:
    inbox = Inbox()
    message = inbox.keep()
    assert get_body(inbox.add(message))["file_id"] == "g-1"
    assert get_body(inbox.add(message, "g-2"))["file_id"] == "g-1", "another instance's is dropped"
    message, file = inbox.message(message.id), inbox.file(message)
    assert (message.media, message.due_at, message.attachments) == ("stored", None, (file.id,))
    assert (file.message_id, file.key, file.giver) == (message.id, b"key", "channel")


def test_it_is_tried_more_and_more_seldom_and_lost_after_three_days() -> None:
    inbox, waits = Inbox(), []
    message = inbox.keep()
    while message.due_at is not None:
        inbox.now = message.due_at
        message = inbox.miss(message, "later")
        waits.append((message.due_at or inbox.now) - inbox.now)
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert max(waits) == timedelta(hours=4)
    assert (message.media, inbox.now) == ("lost", NOW + timedelta(days=3))
    assert get_body(inbox.add(message)) == {}, "too late"


@pytest.mark.parametrize("outcome", ["lost", "refused"])
def test_what_is_gone_or_nothing_we_take_is_not_tried_again(outcome: str) -> None:
    inbox = Inbox()
    message = inbox.miss(inbox.keep(), outcome)
    assert (message.media, message.due_at) == (outcome, None)


@pytest.mark.parametrize("fetched_first", [True, False])
def test_the_file_of_a_message_that_becomes_a_request_is_the_cases(fetched_first: bool) -> None:
    inbox = Inbox()
    message, request_id = inbox.keep(), inbox.record()
    if fetched_first:
        inbox.add(message)
    inbox.read(message, "request", request_id)
    if not fetched_first:
        inbox.add(message)
    file, request = inbox.file(message), inbox.request(request_id)
    person = inbox.person(request.person_id)
    assert (file.request_id, file.person_id, file.key) == (request.id, person.id, None)
    assert (request.attachments, person.keys[file.id]) == ((file.id,), b"key")
    inbox.decide(ForgetMessages(message_ids=(message.id,)))
    assert file.id in inbox.person(person.id).keys, "it is of the case, until he is erased"
    inbox.decide(ErasePerson(person_id=person.id))
    assert file.id not in inbox.person(person.id).keys


def test_a_photo_of_a_dialogue_goes_with_it_to_the_request() -> None:
    inbox = Inbox()
    photo, request_id = inbox.keep(), inbox.record()
    inbox.add(photo)
    talk = seal_talk(VAULT, photo.point_id, Talk(Draft()))
    dialogue = Dialogue(slot="what", asked=("what",), message_ids=(photo.id,), content=talk)
    asked = {"reading": "part_of_request", "state": "asked", "dialogue": dialogue, "follows": ""}
    inbox.settle(photo, **asked)
    words = inbox.keep("text", {}, "2")
    became = {"reading": "request", "state": "understood", "request_id": request_id}
    inbox.settle(words, **became, follows=photo.id)
    assert inbox.request(request_id).attachments == (inbox.file(photo).id,)


def test_a_photo_that_a_full_case_cannot_take_waits_for_a_person() -> None:
    """Before it is fetched, or after: its sender is not answered that it is with the case."""
    inbox = Inbox()
    request_id = inbox.record()
    about = {"reading": "part_of_request", "state": "understood", "request_id": request_id}
    early = inbox.keep(id_="0")
    inbox.settle(early, **about, is_file=True)
    for number in range(1, ATTACHMENTS_MAX + 1):
        photo = inbox.keep(id_=str(number))
        assert get_body(inbox.settle(photo, **about, is_file=True))["answer"] == ""
        inbox.add(photo)
    assert len(inbox.request(request_id).attachments) == ATTACHMENTS_MAX
    late = inbox.keep(id_="late")
    assert get_body(inbox.settle(late, **about, is_file=True))["answer"] == "unread"
    assert inbox.message(late.id).waits
    assert not inbox.message(early.id).waits
    inbox.add(early)
    assert inbox.message(early.id).waits
    assert inbox.file(early).key == b"key"


@pytest.mark.parametrize("outcome", ["lost", "refused"])
def test_a_photo_of_a_case_that_never_came_is_asked_for_by_a_person(outcome: str) -> None:
    """Too large, or gone: whoever decides would not see that there was one."""
    inbox = Inbox()
    about = {"reading": "part_of_request", "state": "understood", "request_id": inbox.record()}
    photo = inbox.keep()
    inbox.settle(photo, **about, is_file=True)
    assert not inbox.message(photo.id).waits
    assert inbox.miss(photo, outcome).waits


@pytest.mark.parametrize("is_missed", [True, False])
def test_what_a_dialogue_brought_beyond_the_limit_waits_for_a_person(is_missed: bool) -> None:
    inbox = Inbox()
    photos = [inbox.keep(id_=f"d{number}") for number in range(ATTACHMENTS_MAX + 1)]
    for photo in photos[:-1]:
        inbox.add(photo)
    if is_missed:
        inbox.miss(photos[-1], "refused")
    else:
        inbox.add(photos[-1])
    request_id = inbox.record()
    talk = seal_talk(VAULT, photos[0].point_id, Talk(Draft()))
    follows = ""
    for at, photo in enumerate(photos, 1):
        ids = tuple(each.id for each in photos[:at])
        dialogue = Dialogue(slot="what", asked=("what",), message_ids=ids, content=talk)
        asked = {"reading": "part_of_request", "state": "asked", "dialogue": dialogue}
        inbox.settle(photo, **asked, follows=follows)
        follows = photo.id
    words = inbox.keep("text", {}, "2")
    became = {"reading": "request", "state": "understood", "request_id": request_id}
    inbox.settle(words, **became, follows=follows)
    assert len(inbox.request(request_id).attachments) == ATTACHMENTS_MAX
    assert [inbox.message(each.id).waits for each in photos] == [False] * ATTACHMENTS_MAX + [True]


def test_a_note_on_a_request_carries_no_file() -> None:
    inbox = Inbox()
    message, request_id = inbox.keep(), inbox.record()
    inbox.add(message)
    inbox.read(message, "note", request_id)
    assert inbox.request(request_id).attachments == ()
    assert inbox.file(message).key == b"key"


def test_a_forgotten_messages_file_is_noise_and_none_comes_after() -> None:
    inbox = Inbox()
    fetched, waiting = inbox.keep(), inbox.keep(id_="2")
    inbox.add(fetched)
    inbox.decide(ForgetMessages(message_ids=(fetched.id, waiting.id)))
    assert inbox.file(fetched).key is None
    assert inbox.message(waiting.id).due_at is None
    answer = inbox.add(waiting).answer
    assert answer is not None
    assert answer.status == 404
    assert inbox.miss(waiting, "later").due_at is None


def test_what_was_taken_away_from_the_case_stays_away() -> None:
    inbox = Inbox()
    message, request_id = inbox.keep(), inbox.record()
    inbox.add(message)
    inbox.read(message, "request", request_id)
    remove = RemoveAttachment(
        attachment_id=inbox.file(message).id, request_id=request_id, by="wu", may_remove_any=True
    )
    inbox.decide(remove)
    inbox.add(message)
    assert inbox.file(message).removed_by == "wu"


# --- fetched ---


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with run_simulators(SETTINGS) as url:
        yield url


@pytest.fixture
async def control(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=f"{url}/simulator/wechat", timeout=30, trust_env=False
    ) as control:
        yield control


@pytest.fixture
async def client(url: str) -> AsyncIterator[WeChatMediaClient]:
    async with open_http_client(trust_env=False) as http:
        yield WeChatMediaClient(http, url, SETTINGS.wechat_appid, SETTINGS.wechat_secret)


async def put(control: httpx.AsyncClient, content: bytes) -> str:
    return str((await control.post("/media/image", content=content)).json()["media_id"])


async def test_what_was_sent_is_fetched_and_a_spent_token_is_renewed(
    client: WeChatMediaClient, control: httpx.AsyncClient
) -> None:
    media_id = await put(control, b"\xff\xd8picture")
    assert await client.fetch(media_id) == b"\xff\xd8picture"
    await control.post("/expire-tokens")
    assert await client.fetch(media_id) == b"\xff\xd8picture"
    await control.post("/media-expiry")
    with pytest.raises(MediaGoneError):
        await client.fetch(media_id)


async def test_no_more_is_read_than_says_that_it_is_too_large(
    client: WeChatMediaClient, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.media.wechat.FILE_BYTES_MAX", 1_000)
    assert len(await client.fetch(await put(control, bytes(100_000)))) == 1_001


async def test_a_wrong_secret_or_nobody_there_is_tried_later(url: str) -> None:
    async with open_http_client(trust_env=False) as http:
        for endpoint, secret in ((url, "wrong"), ("http://127.0.0.1:1", SETTINGS.wechat_secret)):
            client = WeChatMediaClient(http, endpoint, SETTINGS.wechat_appid, secret)
            with pytest.raises(Transient):
                await client.fetch("m-1")
