"""What was written beside the steps of a case: sealed with the person, read with the case."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.intake.model import Person, Request, Step
from services.intake.vault.persons import open_record
from services.intake.vault.sealing import Vault

ACTS: dict[str, tuple[str, str]] = {
    "approved": ("批准", "approved"),
    "part_approved": ("部分批准", "approved in part"),
    "declined": ("未通过", "declined"),
    "returned": ("退回补正", "returned"),
    "sent_to_meeting": ("提交联席会议", "sent to the joint meeting"),
    "adjourned": ("联席会议决定下次再议", "adjourned by the joint meeting"),
    "referred": ("转介", "referred"),
    "answered": ("部门答复", "the department answered"),
    "budgeted": ("列入财政项目", "paid from the public budget"),
    "budget_stopped": ("财政项目中止，重新审批", "the budget does not pay it after all"),
    "ending_reported": ("报办结，待复核", "reported as done"),
    "ending_refused": ("办结未通过复核", "not confirmed as done"),
    "ended": ("复核办结", "confirmed as done"),
    "corrected": ("补正后重新送审", "mended"),
    "hastened": ("加急办理（应急或险情）", "hastened: an emergency or danger"),
}

CASE_NOTE = ("备注", "note")


@dataclass(frozen=True, slots=True)
class Note:
    """by: empty for the person himself."""

    at: datetime
    words: tuple[str, str]
    by: str
    text: str = field(repr=False)


def list_notes(vault: Vault, person: Person, request: Request) -> list[Note]:
    """Those beside steps, in the order they were written; nothing of who was erased."""
    return list(_open_notes(vault, person, request))


def _open_notes(vault: Vault, person: Person, request: Request) -> Iterator[Note]:
    for step in request.steps:
        text = open_step_note(vault, person, step)
        if text:
            yield Note(step.at, ACTS[step.act], step.by, text)


def list_case_notes(vault: Vault, person: Person, request: Request) -> list[Note]:
    """Those beside no step: for case workers of its area alone. Nothing of who was erased."""
    opened = (
        (note, open_note_record(vault, person, note.record, note.cipher))
        for note in request.case_notes
    )
    return [Note(note.at, CASE_NOTE, note.by, text) for note, text in opened if text]


def open_step_note(vault: Vault, person: Person, step: Step) -> str:
    return open_note_record(vault, person, step.note_record, step.note)


def open_note_record(vault: Vault, person: Person, record: str, cipher: bytes | None) -> str:
    """Empty where there is none, or its person was erased."""
    content = open_record(vault, person, record, cipher)
    return content.decode() if content else ""
