"""From what was said in a conversation to the requests that it becomes."""

from dataclasses import dataclass

import h3  # type: ignore[import-untyped]

from services.intake.channels.besides import SecondWish, list_besides
from services.intake.channels.typed_requests import (
    build_typed_request,
    format_answer,
    format_problems,
)
from services.intake.vault.messages import Inbound, Talk
from shared.contracts.events import RequestSubmitted
from shared.errors import Invalid, Problem
from shared.messaging.decision import Answer, Command
from shared.messaging.processor import Processor

CELL_RESOLUTION = 8


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of each thing that was asked for. problems: of what cannot be a request."""

    answers: tuple[Answer, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def request_ids(self) -> tuple[str, ...]:
        return tuple(str(a.body["request_id"]) for a in self.answers if a.body.get("request_id"))

    @property
    def is_whole(self) -> bool:
        return not self.problems and len(self.request_ids) == len(self.answers)

    def format(self) -> str:
        parts = [format_answer(answer) for answer in self.answers]
        return "\n".join(filter(None, (*parts, format_problems(self.problems))))


async def submit_each(processor: Processor, inbound: Inbound, talk: Talk) -> Submitted:
    """One request for each thing, under a key of its own: the message again makes no other."""
    answers: list[Answer] = []
    problems: list[Problem] = []
    for command in build_request_commands(inbound, talk):
        try:
            answers.append(await processor.execute(command))
        except Invalid as error:
            problems += error.problems
    return Submitted(tuple(answers), tuple(problems))


def build_request_commands(inbound: Inbound, talk: Talk) -> list[Command[RequestSubmitted]]:
    """Of a draft that misses nothing."""
    place = talk.place
    cell = h3.latlng_to_cell(place.latitude, place.longitude, CELL_RESOLUTION) if place else None
    key = f"{inbound.source}|{inbound.message_id}"
    commands = []
    for number, draft in enumerate(talk.draft.list_each(), 1):
        request = build_typed_request(
            draft,
            inbound.channel,
            "\n".join(talk.texts),
            phone=inbound.mobile,
            openid=inbound.openid,
            cell=cell,
        )
        key_of_it = key if number == 1 else f"{key}|{number}"
        commands.append(Command(request, key=key_of_it, principal=inbound.source))
    return commands


def list_besides_of(talk: Talk) -> list[SecondWish]:
    """What was asked for and is none of its requests."""
    drafts = talk.draft.list_each()
    needs = [draft.need for draft in drafts if draft.need]
    return list_besides(talk.texts, needs, [draft.category for draft in drafts])
