"""What is said of a joint meeting: who sits and when, who signed, what was decided."""

from collections.abc import Iterator
from datetime import date

from services.intake.model.meeting import Meeting
from shared.contracts.events import (
    MeetingCancelled,
    MeetingClosed,
    MeetingConvened,
    MeetingRuling,
    MeetingSigned,
)


def make_convened(meeting: Meeting) -> MeetingConvened:
    return MeetingConvened(
        town_code=meeting.town_code or None,
        chair_id=meeting.chair,
        recorder_id=meeting.recorder,
        member_ids=meeting.members,
        request_ids=tuple(each.request_id for each in meeting.items),
        on=date.fromisoformat(meeting.on),
        convened_by=meeting.convened_by,
    )


def make_cancelled(meeting: Meeting, by: str) -> MeetingCancelled:
    return MeetingCancelled(
        cancelled_by=by,
        member_ids=tuple(each for each in meeting.members if each != by),
        on=date.fromisoformat(meeting.on),
    )


def list_signed(before: Meeting, signed: Meeting) -> Iterator[tuple[Meeting, MeetingSigned]]:
    """The other is told once that it waits for him."""
    if not before.signed_by:
        by = signed.signed_by
        other = signed.recorder if by == signed.chair else signed.chair
        yield signed, MeetingSigned(signed_by=by, signer_id=other)


def make_closed(meeting: Meeting) -> MeetingClosed:
    rulings = tuple(
        MeetingRuling(
            request_id=each.request_id,
            verdict=each.ruling.verdict,
            quantity=each.ruling.quantity,
            code=each.ruling.code or None,
        )
        for each in meeting.items
        if each.ruling
    )
    return MeetingClosed(chair_id=meeting.chair, recorder_id=meeting.recorder, rulings=rulings)
