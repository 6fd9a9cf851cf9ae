"""What each service says of a request's way, and the page that puts it in order."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from services.audit.api import history as audit
from services.audit.model import Commitment, Payable
from services.intake.history import list_history, list_own
from services.intake.model import RequestState
from services.intake.resources import IntakeRuntime
from services.matching.api import history as matching
from services.matching.model.match import Match
from services.notify.history import make_part
from services.notify.model import Notice, PhoneTask
from shared.contracts.history import History
from shared.http import NoAnswerError, Reply
from tests.intake.builders import NOW
from tests.support.sample_pages import make_request

LATER = NOW + timedelta(hours=2)
MATCH = Match.model_validate(
    {
        "id": "M-1",
        "request_id": "R-1",
        "offer_id": "O-1",
        "person_id": "P-1",
        "donor_id": "P-donor",
        "unit": "fen",
        "quantity": 20_000,
        "category": "supplies",
        "beneficiary_class": "general",
        "town_code": "441900103",
        "source": "/partners/p",
        "state": "committed",
        "proposed_at": NOW,
        "expires_at": LATER,
        "changed_at": LATER,
    }
)


def test_matching_says_what_was_proposed_and_where_it_stands() -> None:
    proposed, committed = matching.list_parts(MATCH)
    assert (proposed.at, proposed.zh) == (NOW, "提出对接：200.00 元")
    assert (committed.at, committed.zh) == (LATER, "已落实：200.00 元")
    assert committed.is_open
    assert "P-donor" not in repr((proposed, committed))


def test_the_books_say_sums_and_the_number_of_the_entry() -> None:
    commitment = Commitment(
        id="M-1",
        fund_id="F-1",
        foundation="f",
        donor_id="P-donor",
        request_id="R-1",
        log="l",
        entry=7,
        reserved_fen=20_000,
        disbursed_fen=20_000,
        moved_at={"reserved_fen": NOW, "disbursed_fen": LATER},
    )
    parts = list(audit.list_parts(commitment))
    assert [part.at for part in parts] == [NOW, LATER]
    assert [part.zh for part in parts] == [
        "已为其预留 200.00 元，公开账本 #7",
        "已拨付 200.00 元",
    ]
    assert "P-donor" not in repr(parts)
    due = Payable(
        id="M-1",
        fund_id="F-1",
        foundation="f",
        donor_id="P-donor",
        due_at_day=NOW,
        log="l",
        entry=9,
        obligated_fen=20_000,
        paid_fen=20_000,
        moved_at={"obligated_fen": LATER},
    )
    both = list(audit.list_parts(commitment.model_copy(update={"disbursed_fen": 0}), due))
    assert [part.zh for part in both[1:]] == [
        "确认应付 200.00 元，公开账本 #9",
        "银行已付款 200.00 元",
    ]
    assert [part.at for part in both[1:]] == [LATER, None], "of before it was noted: no time"
    denied = commitment.model_copy(update={"entry": None, "refused_at": NOW})
    (refused,) = audit.list_parts(denied)
    assert refused.is_wrong
    assert refused.at == NOW


def test_notify_says_which_notice_and_whether_it_came_through() -> None:
    notice = Notice(
        id="N-1",
        person_id="P-1",
        purpose="request_opened",
        regarding="R-1",
        correlation_id="C-1",
        created_at=NOW,
        state="failed",
    )
    part = make_part(notice)
    assert part.zh == "通知“已受理，正在寻找帮助”：没有发出"
    assert part.is_wrong
    assert not part.is_open
    task = PhoneTask(why="no_contact")
    assert make_part(notice.model_copy(update={"task": task})).is_open, "somebody has to call"
    told = task.model_copy(update={"state": "done", "outcome": "told"})
    assert not make_part(notice.model_copy(update={"task": told})).is_open


class Answering:
    """An HttpClient: matching answers, audit answers nonsense, notify is not there."""

    async def post(self, url: str, _body: bytes, **_options: Any) -> Reply:
        if "matching" in url:
            history = History(parts=tuple(matching.list_parts(MATCH)))
            return Reply(200, {}, history.model_dump_json().encode())
        if "audit" in url:
            return Reply(200, {}, b"{}")
        raise NoAnswerError("nobody")


async def test_the_page_sorts_what_is_said_and_names_who_is_silent(tmp_path: Path) -> None:
    (tmp_path / "service.token").write_text("gj_x")
    settings = SimpleNamespace(
        matching_url="http://matching",
        audit_url="http://audit",
        notify_url="http://notify",
        secrets_dir=tmp_path,
    )
    runtime = cast(IntakeRuntime, SimpleNamespace(settings=settings, http=Answering()))
    request = make_request("大米", recorded_at=NOW + timedelta(hours=1))
    parts, silent = await list_history(runtime, request)
    assert [part.zh for part in parts] == [
        "提出对接：200.00 元",
        "登记：网格员巡查",
        "已落实：200.00 元",
    ]
    assert [zh for zh, _ in silent] == ["账目", "通知"]


def test_intake_says_who_decided() -> None:
    request = make_request("大米", approved_by="s-1", state=RequestState.DECLINED)
    assert [part.zh for part in list_own(request)][-1] == "未通过（s-1）"
