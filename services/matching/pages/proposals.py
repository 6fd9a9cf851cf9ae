"""All that waits for one donor's answer, on one page: accept all, choose some, decline some.

One press is one decision for each proposal, as it would be on the proposal's own page. What was
answered, withdrawn or taken back meanwhile is said, and keeps nothing else from being decided.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from services.matching import store
from services.matching.messages import ACT_UNKNOWN, NOTHING_CHOSEN, REASON_UNKNOWN
from services.matching.model.labels import DECLINE_REASONS, DeclineReason, index_reasons
from services.matching.model.match import Match
from services.matching.pages.buttons import read_fields, render_done
from services.matching.pages.givers import GIVER_PATH, Giver, GiverDep, GiverRoute
from services.matching.proposals import Outcome, answer_each, keep_standing
from services.matching.resources import MatchingRuntimeDep
from shared.contracts.events import DonorVerdict
from shared.contracts.links import PROPOSALS
from shared.messaging.decision import Command
from shared.revocations import RevokeLinks
from shared.web.access import Router, respond
from shared.web.admission import takes_bytes
from shared.web.links import is_browser

router = Router(route_class=GiverRoute)

# What one page shows, and one press answers.
ROWS_MAX = 200
ANSWER_BYTES_MAX = 32 * 1024
"""All rows of a page by name, seen and chosen."""
LINK_ENDED = (
    "这个链接已停用，谁也不能再用它打开您的页面。下一次通知里会有新的链接。",
    "This link opens nothing any more. The next notice brings another.",
)


@router.get(PROPOSALS.route(), response_class=HTMLResponse)
@router.get(GIVER_PATH, response_class=HTMLResponse)
async def show_proposals(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    return await _show(request, runtime, giver)


@router.post(PROPOSALS.route("answer"), response_class=HTMLResponse)
@router.post(GIVER_PATH + "/answer", response_class=HTMLResponse)
@takes_bytes(ANSWER_BYTES_MAX)
async def answer_proposals(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    """Fields act (accept_all, accept, decline), match (several), seen (several), reason."""
    fields = await read_fields(request)
    chosen = fields.get("seen" if fields.get("act") == ["accept_all"] else "match", [])
    if not chosen:
        raise NOTHING_CHOSEN.invalid("match")
    act, reason = _parse_act(fields)
    outcome = await answer_each(
        runtime, giver.donor_id, chosen[:ROWS_MAX], act, reason, giver.principal
    )
    return await _show(request, runtime, giver, outcome)


@router.post(PROPOSALS.route("end"), response_class=HTMLResponse)
async def end_own_link(giver: GiverDep, request: Request, runtime: MatchingRuntimeDep) -> Response:
    """This one alone: those sent before and after it, and what he answered, stand."""
    command = Command(RevokeLinks(target=giver.way), principal=giver.principal)
    answer = await runtime.processor.execute(command)
    if not is_browser(request):
        return respond(answer)
    return render_done(request, LINK_ENDED)


def _parse_act(fields: Mapping[str, Sequence[str]]) -> tuple[DonorVerdict, DeclineReason]:
    """Raises Invalid. The reason counts where one declines."""
    act = next(iter(fields.get("act", ())), "")
    if act in ("accept", "accept_all"):
        return "accept", DECLINE_REASONS[-1]
    if act != "decline":
        raise ACT_UNKNOWN.invalid("act")
    text = next(iter(fields.get("reason", ())), "")
    reason = next((each for each in DECLINE_REASONS if each == text), None)
    if reason is None:
        raise REASON_UNKNOWN.invalid("reason")
    return "decline", reason


async def _show(
    request: Request,
    runtime: MatchingRuntimeDep,
    giver: Giver,
    outcome: Outcome | None = None,
) -> Response:
    now = await runtime.processor.now()
    rows = await store.find_proposals(runtime.database, giver.donor_id, now, ROWS_MAX + 1)
    matches = keep_standing(runtime, rows)
    if not is_browser(request):
        return JSONResponse(_build_body(matches, outcome))
    return render_proposals(matches, giver, runtime.settings.help_phone, outcome)


def _build_body(matches: Sequence[Match], outcome: Outcome | None) -> dict[str, object]:
    waiting = [
        {
            "match_id": match.id,
            "category": match.category,
            "town_code": match.town_code,
            "unit": match.unit,
            "item": match.item,
            "quantity": match.quantity,
            "expires_at": match.expires_at.isoformat(),
        }
        for match in matches[:ROWS_MAX]
    ]
    if outcome is None:
        return {"waiting": waiting}
    failed = [{"match_id": match.id, "code": problem.code} for match, problem in outcome.failed]
    return {"waiting": waiting, "act": outcome.act, "done": outcome.done, "failed": failed}


# --- rendering ----------------------------------------------------------------------------------


def render_proposals(
    matches: Sequence[Match], giver: Giver, help_phone: str, outcome: Outcome | None = None
) -> HTMLResponse:
    rows = matches[:ROWS_MAX]
    return giver.render(
        "proposals.html",
        rows=rows,
        sums=_sum_up(rows),
        has_more=len(matches) > ROWS_MAX,
        outcome=outcome,
        failures=_list_failures(outcome) if outcome else [],
        reasons=index_reasons(DECLINE_REASONS),
        help_phone=help_phone,
    )


def _sum_up(matches: Sequence[Match]) -> list[tuple[int, str, str]]:
    """What all of them come to: quantity, unit and item of each thing."""
    sums: Counter[tuple[str, str]] = Counter()
    for match in matches:
        sums[match.unit, match.item] += match.quantity
    return [(quantity, unit, item) for (unit, item), quantity in sums.items()]


def _list_failures(outcome: Outcome) -> list[tuple[Match, str, str]]:
    """(what, why, why in English)."""
    return [(match, problem.zh, problem.en) for match, problem in outcome.failed]
