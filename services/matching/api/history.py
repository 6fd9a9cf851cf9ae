"""What matching says of a request's way, for the page of the case."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends

from services.matching.model.labels import STATE_LABELS
from services.matching.model.match import Match
from shared import mongo
from shared.contracts.history import HISTORY_PATH, PARTS_MAX, History, HistoryQuery, Part
from shared.dates import name_day
from shared.money import format_yuan
from shared.security import Credential, Role
from shared.web.access import Router, RuntimeDep, allow

router = Router(include_in_schema=False)
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]


@router.post(HISTORY_PATH)
async def read_history(query: HistoryQuery, _caller: OwnService, runtime: RuntimeDep) -> History:
    """Of each match: when it was proposed, and where it stands."""
    matches = await mongo.find(
        runtime.database,
        Match,
        {"request_id": query.request_id},
        sort=[("_id", 1)],
        limit=PARTS_MAX // 2,
    )
    return History(parts=tuple(part for match in matches for part in list_parts(match)))


def list_parts(match: Match) -> Iterator[Part]:
    zh, en = _format_quantity(match)
    yield Part(
        at=match.proposed_at,
        service="matching",
        zh=f"提出对接：{zh}",
        en=f"proposed: {en}",
        match_id=match.id,
    )
    if match.state == "proposed":
        return
    comes_zh, comes_en = _format_coming(match)
    yield Part(
        at=match.changed_at,
        service="matching",
        zh=f"{STATE_LABELS[match.state]}：{zh}{comes_zh}",
        en=f"{match.state}: {en}{comes_en}",
        is_wrong=match.state == "reopened",
        is_open=match.state in ("committed", "delivered", "confirmed"),
        match_id=match.id,
    )


def _format_quantity(match: Match) -> tuple[str, str]:
    if match.is_money:
        yuan = format_yuan(match.quantity)
        return f"{yuan} 元", f"CNY {yuan}"
    text = f"{match.item} {match.quantity} {match.unit}"[:200]
    return text, text


def _format_coming(match: Match) -> tuple[str, str]:
    if match.state != "committed" or not match.comes_on:
        return "", ""
    zh, en = name_day(match.comes_on)
    return f"，{zh}送达", f", comes on {en}"
