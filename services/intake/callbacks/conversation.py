"""What somebody writes: kept first, then understood, then answered.

What becomes of a message is one command; so whatever dies between keeping and understanding leaves
the message waiting for a person, and the provider's repetition carries on where it stopped.
"""

from dataclasses import replace

from services.intake.callbacks.dialogue import (
    DECIDED,
    FOR_A_PERSON,
    PART_OF_REQUEST,
    SlotQuestion,
    add_message,
    choose_question,
    find_added_to,
    find_latest_request,
    find_request_of,
    may_begin,
    read_number,
)
from services.intake.callbacks.inbound import bind, prove
from services.intake.callbacks.places import is_awaited, list_nearest
from services.intake.callbacks.settling import MessageSettler
from services.intake.callbacks.submitting import list_besides_of, submit_each
from services.intake.channels import text
from services.intake.channels.answers import Sense, ShortAnswer
from services.intake.channels.donor_answers import DonorAnswer
from services.intake.channels.spoken_places import SpokenPlace
from services.intake.channels.typed_requests import (
    format_answer,
    format_code,
    format_emergency,
    format_towns,
)
from services.intake.decide.requests import describe_outcome
from services.intake.model import (
    AnswerMeaning,
    ContactPoint,
    Correspondence,
    Dialogue,
    HearDonor,
    Reading,
    Request,
    UnderstandReply,
)
from services.intake.resources import IntakeRuntime
from services.intake.vault.messages import (
    FETCHED,
    Inbound,
    Talk,
    derive_earlier_id,
    derive_message_id,
    make_reply,
    open_talk,
    seal_message,
    seal_talk,
)
from shared import mongo
from shared.contracts.events import SenderAnswer
from shared.documents import Document
from shared.errors import Transient
from shared.messaging.decision import Answer, Command
from shared.references import format_reference

READINGS_MAX = 5
FOR_A_READER = frozenset({"unread", "noted", "added", "urgent_noted"})
"""Answers that say nothing of the request that the message goes with."""
NUMBER_LENGTH_MAX = 8


async def receive_message(runtime: IntakeRuntime, inbound: Inbound) -> str:
    """What to answer in the conversation; by SMS nothing is, and a notice goes out instead."""
    understood = text.understand(inbound.text)
    vault = runtime.resources.vault
    label = inbound.place.label if inbound.place else ""
    town_code = text.find_town(f"{inbound.text} {label}")
    keep = Command(
        seal_message(vault, inbound, town_code),
        principal=inbound.source,
        correlation_id=derive_message_id(vault, inbound),
    )
    stored = (await runtime.processor.execute(keep)).body
    if stored["is_settled"] and stored["answer"] != "which":
        return await _repeat_answer(runtime, stored)
    return await Conversation(runtime, inbound).answer(understood)


async def _repeat_answer(runtime: IntakeRuntime, stored: Document) -> str:
    """A provider pushes again what it had no answer to."""
    if stored["answer"] == "emergency":
        return format_emergency(runtime.settings.crisis_hotline)
    if stored["request_id"] and stored["answer"] not in FOR_A_READER:
        request = await mongo.load(runtime.database, Request, stored["request_id"])
        return format_answer(Answer(200, describe_outcome(request))) if request else ""
    return format_code(stored["answer"] or stored["reading"])


class Conversation(MessageSettler):
    """One message and what goes on with its sender."""

    async def answer(self, understood: text.Understood) -> str:
        if (answer := await self._read_number()) is not None:
            return answer
        match understood:
            case ShortAnswer(sense=Sense.EMERGENCY):
                return await self._raise_alarm()
            case ShortAnswer(sense=sense) if sense in DECIDED:
                return await self._reply(DECIDED[sense], understood)
            case ShortAnswer(sense=Sense.THANKS):
                settled = await self._settle("thanks", "understood", may_press=True)
                return format_code(settled or "thanks")
            case ShortAnswer(sense=Sense.PROGRESS):
                settled = await self._settle("unknown", "understood", asks_progress=True)
                return format_code(settled or "progress_none")
            case ShortAnswer(sense=Sense.PRESSING):
                settled = await self._settle("unknown", "unread", asks_progress=True)
                return format_code(settled or "progress_none")
            case ShortAnswer(sense=Sense.GIVING):
                settled = await self._settle("unknown", "understood", answer="giving")
                return format_code(settled or "giving")
            case ShortAnswer(sense=Sense.NEEDLESS):
                return await self._ask_or_request(understood)
            case ShortAnswer(sense=Sense.GRIEF):
                return await self._leave_to_person("unknown", may_press=True)
            case ShortAnswer(sense=sense, is_urgent=is_urgent) if sense is not Sense.UNKNOWN:
                return await self._leave_to_person(FOR_A_PERSON[sense], is_urgent=is_urgent)
            case DonorAnswer():
                return await self._hear_donor_or_go_on(understood)
            case text.Bind(code=code):
                return await self._bind(code)
            case text.Prove(code=code):
                return await self._prove(code)
            case _:
                return await self._ask_or_request(understood)

    # --- a number alone ---

    async def _read_number(self) -> str | None:
        """“1” to who was asked which of two towns, or how many. Where it may as well say that help
        arrived, a person reads it: no money is paid on a guess."""
        if not self._inbound.text or len(self._inbound.text) > NUMBER_LENGTH_MAX:
            return None
        thread = await self._load_thread()
        if thread.dialogue is None:
            return None
        understood = read_number(
            thread.dialogue, open_talk(self._vault, thread), self._inbound.text
        )
        if understood is None:
            return None
        if await self._is_awaited():
            return await self._leave_to_person("unknown")
        self._inbound = replace(self._inbound, text=understood)
        return await self._ask_or_request(text.Unclear())

    async def _is_awaited(self) -> bool:
        return await is_awaited(self._runtime.database, self._point_id)

    # --- short answers ---

    async def _reply(self, meaning: AnswerMeaning, answer: ShortAnswer) -> str:
        return format_answer(
            await self._runtime.processor.execute(
                self._make_reply(meaning, answer, self._message_id)
            )
        )

    def _make_reply(
        self, meaning: AnswerMeaning, answer: ShortAnswer, message_id: str
    ) -> Command[UnderstandReply]:
        inbound, prefix = self._inbound, "Y" if message_id else "YR"
        reply = make_reply(
            self._vault,
            self._vault.derive_id(prefix, inbound.source, inbound.message_id),
            meaning,
            phone=inbound.phone,
            openid=inbound.openid,
            message_id=message_id,
            references=answer.references,
            items=self._list_items(),
            is_about_all=answer.is_about_all,
            says_more=answer.says_more,
        )
        return Command(reply, principal=inbound.source, correlation_id=self._message_id)

    def _list_items(self) -> tuple[str, ...]:
        """What the message names of the catalogue."""
        catalogue = self._runtime.resources.rules.catalogue
        return tuple(entry.name for entry in catalogue.list_named(self._inbound.text))

    async def _hear_donor_or_go_on(self, answer: DonorAnswer) -> str:
        """“好，3000” to who was asked how much is an amount; Y4821 and N4821 answer no question of
        ours. Y and N alone may say whether help arrived: no is left to a person, and is no stop."""
        is_donors = answer.has_letter and answer.code
        if not is_donors and (await self._load_thread()).dialogue:
            return await self._ask_or_request(answer)
        if not answer.code and await self._is_awaited():
            if answer.verdict == "decline":
                return await self._reply("no", ShortAnswer(Sense.NO))
            return await self._leave_to_person("unknown", may_press=True)
        return await self._hear_donor(answer)

    async def _hear_donor(self, answer: DonorAnswer) -> str:
        """What came of it he hears from matching, whose the number is."""
        inbound = self._inbound
        data = HearDonor(
            message_id=self._message_id,
            point_id=self._point_id,
            earlier_id=derive_earlier_id(self._vault, inbound),
            verdict=answer.verdict,
            code=answer.code,
            cause=answer.cause,
        )
        command = Command(data, principal=inbound.source, correlation_id=self._message_id)
        await self._runtime.processor.execute(command)
        return format_code("donor")

    async def _bind(self, code: str) -> str:
        answer = await bind(self._runtime, self._inbound, code)
        await self._settle("binding", "understood")
        return answer

    async def _prove(self, code: str) -> str:
        answer = await prove(self._runtime, self._inbound, code)
        await self._settle("binding", "understood")
        return answer

    # --- what somebody needs, or needs no more ---

    async def _stop(self, thread: Correspondence) -> str | None:
        """“取消”: of a dialogue, which ends, or of what was recorded, which staff ask about."""
        answer: SenderAnswer = "ended" if thread.dialogue else "withdrawn"
        settled = await self._settle("needless", "unread", answer=answer, thread=thread)
        return None if settled is None else format_code(settled or answer)

    async def _ask_or_request(self, understood: text.Understood) -> str:
        """Read again where another message of the same sender came first."""
        for _ in range(READINGS_MAX):
            thread = await self._load_thread()
            answer = await self._continue(thread, understood)
            if answer is not None:
                return answer
        raise Transient("the dialogue changes too fast")

    async def _continue(self, thread: Correspondence, understood: text.Understood) -> str | None:
        """None: read again."""
        if isinstance(understood, ShortAnswer) and understood.sense is Sense.NEEDLESS:
            return await self._stop(thread)
        inbound, dialogue = self._inbound, thread.dialogue
        talk = add_message(open_talk(self._vault, thread), dialogue, understood, inbound)
        if dialogue and inbound.kind in PART_OF_REQUEST and not inbound.text:
            return await self._ask(thread, None, talk)
        now = await self._runtime.processor.now()
        id_ = find_request_of(thread, inbound, now)
        if id_ and not dialogue:
            is_seen = inbound.kind == "image"  # a person has to hear the others
            part: Reading = "part_of_request" if is_seen else "media"
            state = "understood" if is_seen else "unread"
            settled = await self._settle(part, state, thread=thread, request_id=id_, is_file=True)
            return None if settled is None else format_code(settled or self._name_kept())
        if not dialogue and isinstance(understood, SpokenPlace):
            return await self._add_to_case(thread, find_latest_request(thread, now))
        if not inbound.may_request or not (dialogue or may_begin(thread, understood, inbound, now)):
            if added_to := find_added_to(thread, inbound, now):
                return await self._add_to_case(thread, added_to)
            return await self._hand_over(thread, talk)
        before, missing = open_talk(self._vault, thread).draft, talk.draft.missing
        if not missing:
            return await self._submit_request(thread, talk)
        if missing[0] == "where" and inbound.place and list_nearest(inbound.place):
            return await self._ask(thread, SlotQuestion("where"), talk)
        question = choose_question(dialogue, before, talk.draft)
        if question is not None:
            return await self._ask(thread, question, talk)
        if dialogue and missing != before.missing:
            return await self._ask(thread, None, talk)
        return await self._hand_over(thread, talk)

    async def _ask(
        self, thread: Correspondence, question: SlotQuestion | None, talk: Talk
    ) -> str | None:
        """One thing at a time. question: None where the last one stays open."""
        earlier = thread.dialogue
        slots = earlier.asked if earlier else ()
        ids = earlier.message_ids if earlier else ()
        slot = question.slot if question else slots[-1]
        dialogue = Dialogue(
            slot=slot,
            asked=(*slots, slot) if question else slots,
            message_ids=(*ids, self._message_id),
            content=seal_talk(self._vault, self._point_id, talk),
        )
        settled = await self._settle(
            "part_of_request",
            "asked",
            answer=question.answer if question else None,
            town_code=talk.draft.town_code,
            thread=thread,
            dialogue=dialogue,
        )
        if settled is None:
            return None
        if question:
            return await self._format_question(question, talk)
        return format_code(self._name_kept())

    def _name_kept(self) -> str:
        """What is fetched after the answer is not here yet, and a video never comes."""
        kind = self._inbound.kind
        return "video" if kind == "video" else "file" if kind in FETCHED else "kept"

    async def _format_question(self, question: SlotQuestion, talk: Talk) -> str:
        if question.slot != "where" or not list_nearest(talk.place):
            return format_code(question.answer)
        may_number = not await self._is_awaited()
        return format_towns(list_nearest(talk.place), may_number=may_number)

    async def _hand_over(self, thread: Correspondence, talk: Talk) -> str | None:
        """To a person, with what was said so far."""
        reading: Reading = "unknown" if self._inbound.kind == "text" else "media"
        settled = await self._settle(
            reading, "unread", answer="unread", town_code=talk.draft.town_code, thread=thread
        )
        return format_code(settled or "unread") if settled is not None else None

    async def _add_to_case(self, thread: Correspondence, request_id: str | None) -> str | None:
        """To a person, with the request; None: with the case that is open, if there is one."""
        settled = await self._settle(
            "unknown", "unread", answer="unread", thread=thread, request_id=request_id, may_add=True
        )
        return None if settled is None else format_code(settled or "unread")

    async def _submit_request(self, thread: Correspondence, talk: Talk) -> str | None:
        """What is asked for besides, and of which it is not said how many, a person reads."""
        resumed = await self._resume()
        submitted = await submit_each(self._runtime.processor, self._inbound, talk)
        if not submitted.request_ids or not submitted.is_whole:
            await self._hand_over(thread, talk)
            return submitted.format()
        has_more = bool(list_besides_of(talk))
        settled = await self._settle(
            "request",
            "unread" if has_more else "understood",
            answer="resumed" if resumed else "added" if has_more else None,
            detail=format_reference(submitted.request_ids[0]) if has_more and not resumed else "",
            town_code=talk.draft.town_code,
            thread=thread,
            request_id=submitted.request_ids[0],
        )
        if settled is None:
            return None
        more = format_code("added") if has_more else ""
        return "\n".join(filter(None, (submitted.format(), more, resumed)))

    async def _resume(self) -> str:
        """Who wanted no notices and asks for something wants to hear of it. What he is told."""
        point = await mongo.load(self._runtime.database, ContactPoint, self._point_id)
        if point is None or not point.opted_out:
            return ""
        command = self._make_reply("resumed", ShortAnswer(Sense.START), message_id="")
        return format_answer(await self._runtime.processor.execute(command))
