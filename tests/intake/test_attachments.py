"""Photos and documents: what is taken, what of a picture stays, and when it is shown."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from services.intake.attachments import checking
from services.intake.attachments.clamd import NoVerdict, check_file
from services.intake.attachments.files import (
    EDGE_MAX,
    FILE_BYTES_MAX,
    join_parts,
    read_file,
    split_parts,
)
from services.intake.model import ErasePerson
from services.intake.model.attachment import (
    ATTACHMENTS_MAX,
    OWN_ATTACHMENTS_MAX,
    AddAttachment,
    Attachment,
    RemoveAttachment,
    SettleCheck,
)
from shared import mongo
from shared.errors import Invalid, Transient
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    NOW,
    SHIJIE,
    DecisionHarness,
    get_body,
    make_command,
    make_submission,
)

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"
GPS = 0x8825


def draw(width: int = 40, height: int = 30, form: str = "JPEG", **saved: Any) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (width, height), "green").save(buffer, form, **saved)
    return buffer.getvalue()


def take_with_phone() -> bytes:
    """As a phone does: where and with what it was taken beside it, and lying on its side."""
    exif = Image.Exif()
    exif[0x010F] = "端木测的手机"
    exif[0x0112] = 6
    exif.get_ifd(GPS)[2] = (23.0, 2.0, 3.0)
    return draw(exif=exif, comment="家住红棉路")


# --- reading --------------------------------------------------------------------------------------


def test_a_picture_loses_where_it_was_taken_and_stands_upright() -> None:
    file = read_file(take_with_phone())
    assert file.media_type == "image/jpeg"
    for content in (file.content, file.preview):
        with Image.open(BytesIO(content)) as picture:
            assert not picture.getexif()
            assert picture.height > picture.width
        for mark in (b"Exif", "端木".encode(), "红棉".encode()):
            assert mark not in content


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_any_picture_becomes_one_sort(form: str) -> None:
    file = read_file(draw(EDGE_MAX + 500, 100, form))
    with Image.open(BytesIO(file.content)) as picture:
        assert (picture.format, picture.width) == ("JPEG", EDGE_MAX)


def test_a_picture_one_can_see_through_stands_on_white() -> None:
    buffer = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(buffer, "PNG")
    with Image.open(BytesIO(read_file(buffer.getvalue()).content)) as picture:
        assert picture.getpixel((4, 4)) == (255, 255, 255)


def test_documents_and_voice_stay_as_they_are() -> None:
    assert (read_file(PDF).media_type, read_file(PDF).content) == ("application/pdf", PDF)
    for head, media_type in (
        (b"#!AMR\n", "audio/amr"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"),
        (b"ID3\x03\0", "audio/mpeg"),
    ):
        assert read_file(head + bytes(100)).media_type == media_type


def make_text_chunk(name: str) -> PngInfo:
    """The decoder expects bytes there, and raises no error of its own."""
    chunks = PngInfo()
    chunks.add_text(name, "x")
    return chunks


def make_bomb(edge: int) -> bytes:
    """A PNG of a few bytes that says how wide and high it is."""
    small = draw(form="PNG")
    chunk = b"IHDR" + edge.to_bytes(4, "big") * 2 + small[24:29]
    return small[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + small[33:]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (bytes(FILE_BYTES_MAX + 1), "file_too_large"),
        (b"MZ" + bytes(500), "file_kind_unknown"),
        (b"<html><script>alert(1)</script></html>", "file_kind_unknown"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "file_kind_unknown"),
        ("家里老人瘫痪".encode(), "file_kind_unknown"),
        (draw()[:200], "picture_unreadable"),
        (draw(2_000, 2_000, "PNG")[:4_000], "picture_unreadable"),
        (draw(form="PNG", pnginfo=make_text_chunk("xmp")), "picture_unreadable"),
        (make_bomb(8_000), "picture_too_large"),
        (make_bomb(60_000), "picture_too_large"),
    ],
    ids=count(),
)
def test_what_is_no_picture_and_no_document_is_refused_with_a_reason(
    content: bytes, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read_file(content)
    assert [problem.code for problem in refused.value.problems] == [code]


def test_both_parts_come_back() -> None:
    file = read_file(draw())
    assert split_parts(join_parts(file)) == (file.preview, file.content)
    assert split_parts(join_parts(read_file(PDF))) == (b"", PDF)


# --- the virus check ------------------------------------------------------------------------------


@asynccontextmanager
async def answer_as_clamd(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A clamd that says the same of everything; and what it was sent."""
    received: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(size)
        received.append(content)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", received


async def test_the_checker_reads_all_of_it_and_its_word_counts() -> None:
    content = bytes(range(256)) * 1_000
    async with answer_as_clamd(b"stream: OK\0") as (address, received):
        assert await check_file(address, content) == "clean"
        assert received == [content]
    async with answer_as_clamd(b"stream: Eicar-Signature FOUND\0") as (address, _):
        assert await check_file(address, content) == "infected"
    async with answer_as_clamd(b"INSTREAM size limit exceeded. ERROR\0") as (address, _):
        with pytest.raises(Transient):
            await check_file(address, content)
    with pytest.raises(Transient):
        await check_file(address, content)


async def test_a_file_of_which_the_checker_says_nothing_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor where every look begins with it."""
    monkeypatch.setattr(checking, "BATCH", 2)
    ids = [f"F-{number}" for number in range(5)]
    settled: list[str] = []

    async def find(*_: Any, limit: int, **__: Any) -> list[Attachment]:
        after = _[2]["_id"]["$gt"]
        left = [id_ for id_ in ids if id_ not in settled and id_ > after]
        return [
            Attachment(
                id=id_, media_type="image/jpeg", size=1, file_id=id_, giver="staff", added_at=NOW
            )
            for id_ in left[:limit]
        ]

    async def check(_: Any, attachment: Attachment) -> None:
        if attachment.id in ("F-0", "F-1"):
            raise NoVerdict("clamd: no verdict")
        if attachment.id == "F-2":
            raise Transient("clamd: TimeoutError")
        settled.append(attachment.id)

    monkeypatch.setattr(mongo, "find", find)
    monkeypatch.setattr(checking, "_check", check)
    runtime = SimpleNamespace(settings=SimpleNamespace(clamd="127.0.0.1:1"), database=None)
    after = ""
    for _ in range(4):
        after = await checking.check_due(cast("Any", runtime), after)
    assert settled == ["F-3", "F-4"]


# --- deciding -------------------------------------------------------------------------------------


class CaseHarness(DecisionHarness):
    """One request, and files for it."""

    def __init__(self) -> None:
        super().__init__()
        self.request_id = str(get_body(self.submit(make_submission()))["request_id"])

    def add(self, number: int = 1, **changed: Any) -> Decision:
        fields: dict[str, Any] = {
            "attachment_id": f"F-{number}",
            "request_id": self.request_id,
            "kind": "before",
            "media_type": "image/jpeg",
            "size": 1,
            "file_id": f"{number}",
            "key": b"key",
            "giver": "staff",
            "by": "s-1",
            "check": "clean",
        }
        data = AddAttachment(**fields | changed)
        return self.handle(COMMANDS[AddAttachment], make_command(data, key=""))

    def remove(self, by: str, *, any_of_them: bool = False, area: str = "") -> Decision:
        data = RemoveAttachment(
            attachment_id="F-1",
            request_id=self.request_id,
            by=by,
            area=area,
            may_remove_any=any_of_them,
        )
        return self.handle(COMMANDS[RemoveAttachment], make_command(data, key=""))

    @property
    def first(self) -> Attachment:
        stored = self.states[Ref(Attachment, "F-1")]
        assert isinstance(stored, Attachment)
        return stored

    @property
    def keys(self) -> set[str]:
        person = self.person(self.request(self.request_id).person_id)
        return {record for record in person.keys if record.startswith("F-")}


def get_code(decision: Decision) -> str:
    return str(get_body(decision)["problems"][0]["code"])


def test_a_file_is_there_once_and_its_key_goes_with_the_person() -> None:
    harness = CaseHarness()
    assert [answer.status for answer in (harness.add().answer, harness.add().answer) if answer] == [
        201,
        200,
    ]
    assert harness.request(harness.request_id).attachments == ("F-1",)
    assert harness.keys == {"F-1"}
    person_id = harness.request(harness.request_id).person_id
    harness.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=person_id)))
    assert harness.keys == set()
    assert get_code(harness.add(2)) == "person_gone"


def test_nobody_adds_or_removes_outside_his_area_or_what_is_not_his_to_remove() -> None:
    harness = CaseHarness()
    assert get_code(harness.add(area=SHIJIE)) == "request_unknown"
    assert get_code(harness.add(source="/channels/other")) == "request_unknown"
    harness.add(area=CHASHAN)
    assert get_code(harness.remove("s-1", area=SHIJIE)) == "attachment_unknown"
    assert get_code(harness.remove("s-2")) == "remover_foreign"
    assert harness.keys == {"F-1"}
    harness.remove("s-2", any_of_them=True)
    assert harness.keys == set(), "what was stored is noise"
    assert get_code(harness.remove("s-1")) == "attachment_unknown"


def test_what_was_taken_away_comes_back_by_who_took_it_or_an_approver_alone() -> None:
    harness = CaseHarness()
    harness.add(giver="applicant", by="")
    harness.remove("s-2", any_of_them=True)
    assert get_code(harness.add(giver="applicant", by="")) == "file_removed"
    assert get_code(harness.add(by="s-1")) == "file_removed"
    assert harness.keys == set()
    harness.add(by="s-2")
    assert harness.keys == {"F-1"}, "it was a mistake"
    harness.remove("s-2")
    harness.add(by="s-3", may_restore=True)
    assert harness.keys == {"F-1"}


def test_a_case_holds_so_many_and_the_applicant_a_few() -> None:
    harness = CaseHarness()
    for number in range(OWN_ATTACHMENTS_MAX):
        harness.add(number, giver="applicant", by="")
    assert get_code(harness.add(100, giver="applicant", by="")) == "files_too_many"
    for number in range(OWN_ATTACHMENTS_MAX, ATTACHMENTS_MAX):
        harness.add(number)
    assert get_code(harness.add(101)) == "files_too_many"


def test_what_waits_for_its_check_is_not_shown_and_what_was_never_checked_neither() -> None:
    harness = CaseHarness()
    harness.add(check="waiting")
    waiting = harness.first
    assert not waiting.may_be_shown(checks=True)
    unasked = waiting.model_copy(update={"check": "unasked"})
    assert unasked.may_be_shown(checks=False)
    assert not unasked.may_be_shown(checks=True), "a checker was named later"
    data = SettleCheck(attachment_id="F-1", check="infected")
    harness.handle(COMMANDS[SettleCheck], make_command(data, key=""))
    assert not harness.first.may_be_shown(checks=False)
