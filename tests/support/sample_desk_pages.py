"""The desk's pages rendered with samples, as `sample_pages` does the others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi.responses import HTMLResponse

from services.intake import model as intake
from services.intake.approvals.messages import DECLINE_REASONS, PART_REASONS, RETURN_REASONS
from services.intake.approvals.notes import Note
from services.intake.approvals.tasks import CaseTasks, TaskRow, build_task_row
from services.intake.clocks.messages import PAUSE_REASONS
from services.intake.clocks.words import describe_clock
from services.intake.decide.clocks import follow_case
from services.intake.history import NotePart
from services.intake.judgement import Guess, Judgement
from services.intake.model.attachment import Attachment
from services.intake.model.consent import Consent
from services.intake.model.regular import Finding, RegularWork, Service, Visit
from services.intake.model.task import CaseTask
from services.intake.pages import case, desk, entry, inbox, regular, uploads
from services.intake.pages.beside import AlikeRow, Beside, ReceivedRow
from services.intake.pages.consents import STAFF_WAYS, list_consents
from services.intake.pages.rows import STATES, build_row
from services.intake.regular.messages import END_REASONS, FINDINGS, KINDS, OUTCOMES
from services.intake.regular.store import Coverage, WorkFilters
from services.intake.settings import IntakeSettings
from services.intake.vault.persons import Contact
from services.intake.worklist import NO_FILTERS
from shared.calendar import find_day, find_end
from shared.catalogue import Entry, Unit
from shared.contracts.history import Part
from shared.contracts.values import Area, BeneficiaryClass, Category, Channel, Kind
from shared.policies import load_policies
from shared.towns import load_towns
from tests.support.readers import make_reader
from tests.support.sample_emergencies import make_emergency, render_emergencies
from tests.support.sample_person_pages import render_person_samples
from tests.support.sample_wordings import render_wordings

PHONE = "+8613800138000"
PROBLEMS = ("name", "reason", "q", "town", "nothing")


def make_files(words: str) -> list[Attachment]:
    """A picture, a PDF, and one that is being checked."""
    picture = Attachment(
        id="F-1",
        request_id="R-1",
        person_id="P-1",
        kind="before",
        media_type="image/jpeg",
        size=1,
        file_id="x",
        giver="staff",
        added_by=words,
        added_at=datetime(2022, 1, 20, 8, tzinfo=UTC),
        check="clean",
    )
    document = {"id": "F-2", "kind": "proof", "media_type": "application/pdf"}
    waiting = {"id": "F-3", "check": "waiting"}
    return [picture, *(picture.model_copy(update=each) for each in (document, waiting))]


def make_consent(words: str) -> Consent:
    at = datetime(2022, 1, 20, 8, tzinfo=UTC)
    return Consent(given_at=at, until=at + timedelta(days=1), way="paper", by=words)


def make_tasks(words: str, now: datetime) -> CaseTasks:
    """One that is open still, one that is overdue, of a case that is over."""

    def build(number: int, assignee: str, days: int) -> TaskRow:
        ends_at = find_end(find_day(now + timedelta(days=days)))
        task = CaseTask(
            number=number,
            at=now,
            by="s-1",
            assignee=assignee,
            ends_at=ends_at,
            record="note",
            cipher=b"",
        )
        return replace(build_task_row(task, now, is_here=False), text=words)

    rows = (build(1, "s-2", -2), build(2, "", 3))
    return CaseTasks(rows, {"s-2": ("s-2（镇街审批）", "s-2 (Town approver)")}, is_over=True)


def render_desk_samples(words: str, request: intake.Request) -> Mapping[str, HTMLResponse]:
    waiting = request.model_copy(
        update={
            "state": intake.RequestState.RECORDED,
            "waits_for": ("need_large",),
            "approval_level": "town",
            "recorded_by": "s-1",
        }
    )
    rules, now, same = IntakeSettings().clock, waiting.recorded_at, (words, words)
    waiting = follow_case(rules, waiting, now, is_new=True)
    emergency = make_emergency(words, now)
    tasks = make_tasks(words, now)
    row = build_row(waiting, now, [emergency])
    problems = [{"code": "x", "field": field, "zh": words, "en": words} for field in PROBLEMS]
    typed = dict.fromkeys(("name", "item", "text", "reason", "household"), words)
    lists = {
        "tabs": [(tab, names, 3) for tab, names in desk.TABS.items()],
        "counted_max": 100,
        "unread": {"total": 2, "urgent": 1},
        "late_tasks": 1,
        "form_token": words,
    }
    choices = {
        "categories": tuple(Category),
        "classes": tuple(BeneficiaryClass),
        "channels": tuple(Channel),
        "states": STATES,
        "towns": load_towns(),
    }
    guess = Guess(Category.MEDICAL, 0.72, (words, words))
    judgement = Judgement(category=guess, town=Guess("441900103", 0.5, (words,)), danger=(words,))
    shown = case.Case(
        row=row,
        contact=Contact(words, PHONE),
        erased=False,
        has_phone=True,
        text=words,
        earlier=[row],
        clock=describe_clock(rules, waiting, now),
        history=[
            Part(at=None, service="intake", zh=words[:300], en=words[:300]),
            Part(at=now, service="notify", zh=words[:300], en=words[:300], is_open=True),
            NotePart(at=now, service="intake", zh="备注", en="note", text=words),
            NotePart(
                at=now, service="intake", zh="任务已办（s-2）", en="task done (s-2)", text=words
            ),
        ],
        silent=[("对接", "matching")],
        notes=[Note(waiting.recorded_at, ("退回补正", "returned"), "s-1", words)],
        allowed=case.Allowed(
            refer=True,
            budget=True,
            report=True,
            approve=True,
            vouch=True,
            classify=True,
            withdraw=True,
            merge=True,
            pause=True,
            is_recorder=False,
            other_level=None,
        ),
        judgement=judgement,
        tasks=tasks,
        files=make_files(words),
        consents=list_consents({"handling": make_consent(words)}, waiting.recorded_at),
        beside=Beside(
            alike=[
                AlikeRow("R-9", words, (same,), 0.5, ((("所需", "Need"), same, same),)),
            ],
            received=[
                ReceivedRow(
                    "2026-01-01", 1, "床", words, "supplies", "441900103", words, ("已收到", "got")
                )
            ],
            followers=[("R-8", words)],
        ),
    )
    message = {
        **dict.fromkeys(("text", "reason", "handled_by", "kind_zh", "reading_zh"), words),
        "phone": PHONE,
        "message_id": "Y-1",
        "channel": "sms",
        "kind": "text",
        "reading": "unknown",
        "town_code": "441900103",
        "received_at": waiting.recorded_at,
        "state": "unread",
        "urgent": True,
        "forgotten": False,
        "handling": None,
        "handling_zh": None,
        "request_id": None,
        "place": {"label": words},
        "media": "",
    }
    conversation = {**message, "texts": [words, words], "count": 2}
    inbox_page = {"conversations": [conversation], "next": "Y-1", "total": 2, "urgent": 1}

    item = Entry(words, words, None, (words,), (words,), (words,))

    def render(template: str, **values: Any) -> HTMLResponse:
        """In the reader's language, as these pages always are."""
        return desk.PAGES.render_for(make_reader(), template, **values)

    return {
        **_render_regular(words),
        **render_emergencies(words, emergency, now),
        **render_wordings(words, now),
        "desk": render(
            "desk.html",
            **lists,
            **choices,
            tab="waiting",
            filters=NO_FILTERS,
            rows=[replace(row, tasks=tasks.open)],
            following="1_R-1",
            is_first=False,
            query={"tab": "waiting"},
            all_dues={"tab": "waiting"},
            dues=[(due, names, 3) for due, names in desk.DUES.items()],
            approves=True,
        ),
        "catalogue": render(
            "catalogue.html",
            groups=[(Category.SUPPLIES, (item,)), (None, (item,))],
            units=(Unit(words, (words,)),),
            text=words,
            may_see_unknown=True,
            path="/desk/catalogue",
        ),
        "catalogue_unknown": render(
            "catalogue_unknown.html",
            rows=[{"written": words, "count": 2, "category": "supplies", "item": words}],
            path="/desk/catalogue",
        ),
        "desk_found": render(
            "desk_found.html", **lists, rows=[row], is_full=True, text=words, problems=problems
        ),
        "case": render(
            "case.html",
            **choices,
            case=shown,
            path="/cases/R-1",
            done=None,
            act="decline",
            typed=typed,
            problems=problems,
            form_key="k",
            form_token=words,
            following="R-2",
            reasons=DECLINE_REASONS,
            pause_reasons=PAUSE_REASONS,
            part_reasons=PART_REASONS,
            budget_stops=case.STOPS,
            return_reasons=RETURN_REASONS,
            policies=load_policies(None).names,
            manners=case.MANNERS,
            bases=case.BASES,
            kinds=tuple(Kind),
            file_kinds=uploads.KINDS,
            ways=STAFF_WAYS,
            checks=True,
        ),
        **render_person_samples(words, request, render),
        "entry": render(
            "entry.html",
            **choices,
            typed=typed,
            problems=problems,
            fields=entry.FIELDS,
            first_wrong="name",
            done=None,
            count="",
            form_key="k",
            form_token=words,
        ),
        "inbox": render("inbox.html", page=inbox_page, is_first=False),
        "message": render(
            "message.html",
            **choices,
            message=message,
            conversation=[message, message | {"message_id": "Y-2", "text": ""}],
            is_urgent=True,
            ticked={"Y-1"},
            besides=[words],
            words={"name": words, "category": words},
            beside=[message | {"state": "unread"}],
            files={
                "Y-1": [each.model_copy(update={"kind": "other"}) for each in make_files(words)],
                "Y-2": [],
            },
            file_kinds=inbox.FILE_KINDS,
            checks=True,
            path="/inbox/Y-1",
            act="request",
            typed=typed,
            problems=problems,
            form_key="k",
            form_token=words,
            handlings=inbox.HANDLINGS,
            judgement=judgement,
            kinds=tuple(Kind),
            meanings=inbox.MEANINGS,
            senders=[{"name": words, "path": "/desk/persons/P-1"}],
            targets={"R-1": (words, words)},
            contacted=inbox.CONTACTED,
        ),
    }


def _render_regular(words: str) -> Mapping[str, HTMLResponse]:
    """Regular work: the list, an entry of a plan with findings, entering one, coverage."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    finding = Finding(code="fire", found_on="2026-03-02", due_on="2026-03-23", by=words)
    work = RegularWork(
        id="G-1",
        kind="plan",
        area=Area(town_code="441900103"),
        title=words,
        person_id="P-1",
        service=Service(item=words[:50] or "x", unit=words[:10] or "x", total=1720),
        every_days=30,
        registered_by=words,
        registered_at=at,
        next_at=at,
        findings=(finding,),
    )
    visit = Visit(
        id="G-1-1",
        work_id="G-1",
        number=1,
        on="2026-03-02",
        by=words,
        logged_at=at,
        outcome="findings",
        quantity=20,
        found=("fire",),
        resolved=("food",),
        state="logged",
    )
    line = regular.build_line(work, at)
    problems = [{"code": "x", "field": "on", "zh": words, "en": words}]
    typed = dict.fromkeys(("title", "name", "service", "unit", "village"), words)
    shared: dict[str, Any] = {"kinds": KINDS, "towns": load_towns(), "form_token": words}

    def render(template: str, **values: Any) -> HTMLResponse:
        return regular.PAGES.render_for(make_reader(), template, **shared | values)

    return {
        "regular": render(
            "regular.html",
            rows=[line],
            following="1_G-1",
            is_first=False,
            filters=WorkFilters(),
            shows=regular.SHOWS,
            query={"show": "active"},
        ),
        "regular_work": render(
            "regular_work.html",
            line=line,
            village=words,
            contact=Contact(words, PHONE),
            visits=[(visit, True)],
            path="/regular/G-1",
            done=None,
            typed=typed,
            problems=problems,
            form_key="k",
            may_end=True,
            outcomes=OUTCOMES,
            finding_words=FINDINGS,
            findable=tuple(FINDINGS),
            end_reasons=END_REASONS,
        ),
        "regular_new": render("regular_new.html", typed=typed, problems=problems, form_key="k"),
        "regular_coverage": render(
            "regular_coverage.html",
            rows=[Coverage("441900103", {"plan": 3}, {"plan": 1}, 2)],
            expected=regular.EXPECTED,
        ),
    }
