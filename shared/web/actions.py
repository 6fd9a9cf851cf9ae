"""The log of what staff did, for each of them his own, for auditors and operators everybody's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared.actions import Action, ActionQuery, list_actions
from shared.contracts.topics import SERVICES
from shared.contracts.values import CHINA
from shared.runtime import Runtime
from shared.security import STAFF, Credential, Role
from shared.web.access import Router, RuntimeDep, allow
from shared.web.links import FRAME
from shared.web.staff import PageRouter

ROWS = 50
Staff = Annotated[Credential, Depends(allow(*STAFF))]
Word = Annotated[str, Query(max_length=100)]
Before = Annotated[str, Query(pattern=r"^([0-9a-f]{24})?$")]

SERVICE_NAMES = {
    "intake": ("诉求", "Requests"),
    "matching": ("对接", "Matching"),
    "notify": ("通知", "Notices"),
    "audit": ("账目", "Ledger"),
}
# By the last word of a route; what has none is shown as it is.
VERBS = {
    "accept": ("接受", "accept"),
    "approve": ("批准", "approve"),
    "batch": ("批量登记", "enter many"),
    "check": ("核对", "check"),
    "confirm": ("代为确认", "confirm"),
    "decline": ("不予通过", "decline"),
    "deliver": ("登记送达", "deliver"),
    "discard": ("放弃死信", "discard a dead letter"),
    "donors": ("加入捐赠方", "add a donor"),
    "end": ("结束", "end"),
    "erase": ("删除个人信息", "erase a person"),
    "find": ("查找", "look up"),
    "give-up": ("不再补送", "give up"),
    "menu-link": ("发菜单链接", "make a menu link"),
    "offers": ("登记资源", "register an offer"),
    "parties": ("登记捐赠方", "register a party"),
    "pause": ("暂停", "pause"),
    "rate": ("代为评价", "rate"),
    "receipt-link": ("发回执链接", "make a receipt link"),
    "reopen": ("登记未送到", "reopen"),
    "replay": ("重放死信", "replay a dead letter"),
    "requests": ("登记诉求", "record a request"),
    "resolve": ("处理通知", "resolve a notice"),
    "resume": ("恢复", "resume"),
    "revoke": ("停用链接", "revoke links"),
    "sign-in": ("登录", "sign in"),
    "sign-out": ("退出登录", "sign out"),
    "unlock": ("解锁账号", "unlock an account"),
    "vouch": ("核实担保", "vouch"),
    "withdraw": ("撤回", "withdraw"),
    "campaigns": ("开展专项行动", "begin a campaign"),
    "clear": ("解除利害关系", "clear a relation"),
    "correct": ("更正资料", "correct a person"),
    "corrections": ("更正导入的行", "correct rows"),
    "declare": ("确认启动应急", "confirm an emergency"),
    "emergencies": ("提出应急", "propose an emergency"),
    "erasure": ("提出删除个人信息", "propose to erase a person"),
    "export": ("导出个人资料", "export a person's data"),
    "funds": ("设立基金", "open a fund"),
    "handle": ("处理来信", "handle a message"),
    "import": ("上传表格", "upload a sheet"),
    "mandates": ("登记授权", "propose a mandate"),
    "merge": ("认定为同一", "merge"),
    "new": ("登记诉求", "record a request"),
    "offer_id": ("更改资源", "change an offer"),
    "phone": ("查看电话", "look at a phone"),
    "relations": ("登记利害关系", "declare a relation"),
    "remove": ("移出登记簿", "remove from the register"),
    "request": ("来信登记为诉求", "make a message a request"),
    "resend": ("重发事件", "send events again"),
    "reversals": ("冲正账目", "reverse an entry"),
    "search": ("查找诉求或人", "search"),
    "second-payments": ("再次拨付", "pay a second time"),
    "separate": ("认定为不同", "keep apart"),
    "staff": ("登记职责", "put a member of staff"),
    "start": ("开始导入", "begin an import"),
    "transfers": ("基金之间划转", "transfer"),
    "unmerge": ("分开", "unmerge"),
    "whole": ("对接一轮", "run a round"),
    "word_id": ("核对口述的验证码", "check a spoken code"),
    "words": ("发电话代办验证码", "send a code for a word by phone"),
}


def build_routers(service: str) -> tuple[APIRouter, APIRouter]:
    """For programs at `/actions`, for people at `/<service>/actions`."""
    programs = Router(tags=["operations"])
    programs.add_api_route("/actions", read_actions)
    people = PageRouter()
    people.add_api_route(f"/{service}/actions", show_actions)
    return programs, people


async def read_actions(
    caller: Staff, runtime: RuntimeDep, who: Word = "", target: Word = "", before: Before = ""
) -> dict[str, object]:
    """Latest first; `next` is the `before` of the page after."""
    rows = await _find(runtime, caller, ActionQuery(who, target, before))
    return {"actions": [_describe(row) for row in rows], "next": _find_next(rows)}


async def show_actions(
    caller: Staff,
    request: Request,
    runtime: RuntimeDep,
    who: Word = "",
    target: Word = "",
    before: Before = "",
) -> Response:
    query = ActionQuery(who.strip(), target.strip(), before)
    rows = await _find(runtime, caller, query)
    return FRAME.render_for(
        request,
        "actions.html",
        rows=[_describe(row) for row in rows],
        query=query,
        next=_find_next(rows),
        may_see_all=_may_see_all(caller),
        service=runtime.name,
        services=[(name, SERVICE_NAMES[name]) for name in SERVICES],
    )


def _may_see_all(caller: Credential) -> bool:
    """Rows have no area."""
    return not caller.area and not caller.roles.isdisjoint({Role.AUDITOR, Role.OPERATOR})


async def _find(runtime: Runtime, caller: Credential, query: ActionQuery) -> list[Action]:
    if not _may_see_all(caller):
        query = ActionQuery(caller.principal, query.target, query.before)
    return list(await list_actions(runtime.database, query, ROWS))


def _find_next(rows: list[Action]) -> str | None:
    return rows[-1].id if len(rows) == ROWS else None


def _describe(action: Action) -> dict[str, object]:
    word = action.route.rstrip("/").rpartition("/")[2].strip("{}")
    plain = f"{action.method} {action.route}"
    zh, en = VERBS.get(word, (plain, plain))
    return {
        "at": f"{action.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        "who": action.who,
        "by": action.by,
        "action_zh": zh,
        "action": en,
        "route": plain,
        "targets": list(action.targets),
        "status": action.status,
        "done": action.is_done,
    }
