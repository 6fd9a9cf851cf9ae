"""订阅微信通知: who reads this inside WeChat consents to one more message of each template.

What he taps, WeChat pushes to intake; nothing is sent from this page, and it names nobody.
docs/decisions/0415.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.notify.providers.wechat_pages import PageSignature
from services.notify.purposes import BY_NAME
from services.notify.resources import NotifyRuntimeDep
from services.notify.templates import Template, find_purpose
from services.notify.wordbook import WordBook
from shared.contracts.values import NoticeLanguage
from shared.web.access import Router, check_rate_limit
from shared.web.callers import find_address
from shared.web.links import LinkRoute
from shared.web.pages import HEADERS, Pages
from shared.web.sessions import is_signed_in

router = Router(route_class=LinkRoute, include_in_schema=False)
PAGES = Pages("services.notify")
SUBSCRIBE_PATH = "/notify/subscribe"
SDK = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"
SDK_PATH = "/open/js/jweixin-1.6.0.js"
"""Of WeChat's script at its simulator."""
WECHAT = "MicroMessenger"
"""In the name that WeChat's browser gives itself."""
TEMPLATES_MAX = 3
"""Of one button: WeChat refuses more."""
EXAMPLES_MAX = 3

RECIPIENTS: Mapping[str, tuple[str, str]] = {
    "applicant": ("申请帮助的人", "Who asked for help"),
    "donor": ("捐赠方", "Donors"),
    "person": ("合并发送的通知", "Several notices together"),
    "staff": ("工作人员", "Staff"),
    "member": ("联席会议成员", "Members of a joint meeting"),
}
PROBLEMS: Mapping[str, tuple[str, str]] = {
    "needless": (
        "目前不需要订阅，有进展会直接通知您。",
        "Nothing needs your consent now: you are told as things go on.",
    ),
    "elsewhere": (
        "请在微信里打开本页：关注公众号后，点公众号菜单里的“订阅通知”。没有微信的，进展用短信通知，不用订阅。",
        "Open this page inside WeChat, from the menu of our account. Without WeChat you are told "
        "by SMS and need to consent to nothing.",
    ),
    "signed_in": (
        "您在这个浏览器里登录着，为了安全，请先退出，或在微信里重新打开本页。",
        "You are signed in here: to be safe sign out first, or open this page in WeChat anew.",
    ),
    "away": (
        "微信暂时没有回应，请过一会儿再打开。没有订阅也不要紧，进展会用短信通知您。",
        "WeChat does not answer just now: open this page later. Without it you are told by SMS.",
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One template: its title, and what it brings, by examples."""

    title: str
    examples: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What one button asks consent for."""

    recipient: tuple[str, str]
    template_ids: tuple[str, ...]
    lines: tuple[Line, ...]


def list_offers(subscribe_ids: Mapping[str, str], words: WordBook) -> list[Offer]:
    """By who gets them and in which language, three templates at a time; several notices may go by
    one template, and then a consent is for whichever comes first."""
    groups: dict[tuple[NoticeLanguage, str], dict[str, list[Template]]] = {}
    for name, template_id in subscribe_ids.items():
        template = words.get(name)
        recipient = BY_NAME[find_purpose(name)].recipient
        group = groups.setdefault((template.language, recipient), {})
        group.setdefault(template_id, []).append(template)
    return [
        _build_offer(recipient, list(group.items())[start : start + TEMPLATES_MAX])
        for (_, recipient), group in groups.items()
        for start in range(0, len(group), TEMPLATES_MAX)
    ]


def _build_offer(recipient: str, rows: Sequence[tuple[str, list[Template]]]) -> Offer:
    lines = tuple(
        Line(templates[0].title, _join([template.status for template in templates]))
        for _, templates in rows
    )
    return Offer(RECIPIENTS[recipient], tuple(id_ for id_, _ in rows), lines)


def _join(statuses: Sequence[str]) -> str:
    examples = "；".join(dict.fromkeys(statuses[:EXAMPLES_MAX]))
    return f"{examples} …" if len(statuses) > EXAMPLES_MAX else examples


@router.get(SUBSCRIBE_PATH)
async def show_subscribe(request: Request, runtime: NotifyRuntimeDep) -> Response:
    """WeChat's script is for its own browser alone, and for nobody who is signed in: it runs beside
    our pages."""
    await check_rate_limit(request, f"reader:{find_address(request)}")
    settings, resources = runtime.settings, runtime.resources
    offers = list_offers(resources.subscribe_ids, resources.words)
    is_simulated = not settings.wechat_endpoint
    sdk = f"{settings.simulators_url.rstrip('/')}{SDK_PATH}" if is_simulated else SDK
    if obstacle := find_obstacle(request, offers, is_simulated=is_simulated):
        return render_subscribe(request, offers, obstacle)
    resources.ticket.open(runtime.processor)
    signature = await resources.pages.sign(
        find_page_url(request, settings.find_public_url("notify"))
    )
    if signature is None:
        return render_subscribe(request, offers, "away")
    return render_subscribe(request, offers, signature=signature, sdk=sdk)


def find_obstacle(request: Request, offers: Sequence[Offer], *, is_simulated: bool) -> str:
    """Why there are no buttons, of PROBLEMS; empty where there are. Any browser is
    a simulator's."""
    if not offers:
        return "needless"
    if is_signed_in(request):
        return "signed_in"
    is_wechat = is_simulated or WECHAT in request.headers.get("user-agent", "")
    return "" if is_wechat else "elsewhere"


def find_page_url(request: Request, base: str) -> str:
    """As the browser has it: WeChat adds to a query, and signs what it sees."""
    query = request.url.query
    return f"{base}{SUBSCRIBE_PATH}{f'?{query}' if query else ''}"


def render_subscribe(
    request: Request,
    offers: Sequence[Offer],
    why_not: str = "",
    *,
    signature: PageSignature | None = None,
    sdk: str = "",
) -> HTMLResponse:
    """why_not: of PROBLEMS. sdk: WeChat's script."""
    page = PAGES.render(
        request,
        "subscribe.html",
        offers=offers,
        problem=PROBLEMS.get(why_not),
        signature=signature,
        sdk=sdk,
    )
    if signature:
        page.headers.update(build_headers(sdk))
    return page


def build_headers(sdk: str) -> Mapping[str, str]:
    """WeChat's button draws itself in a frame without an address, evaluates and has a style of its
    own; a policy that names frames at all hides it. Our own pages it cannot fetch.

    developers.weixin.qq.com/community, "wx-open-launch-app 对网站csp有要求".
    """
    parts = urlsplit(sdk)
    origin = f"{parts.scheme}://{parts.netloc}"
    theirs = f"{origin} https://*.qq.com"
    policy = (
        f"script-src 'self' 'unsafe-eval' {origin}; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: {theirs}; connect-src {theirs}; object-src 'none'; "
        "worker-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )
    return HEADERS | {"Content-Security-Policy": policy}
