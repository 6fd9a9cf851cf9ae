"""The frame of every page: templates with what they can call, the stylesheet, the headers.

A service makes one `Pages` of its package and renders the templates of its own `templates/`, which
extend `frame.html` and use the macros of `parts.html`. There is no inline style or script; a page
that needs a script names a file of `static/` and is sent with `SCRIPT_HEADERS`.
Every page is in the reader's language, with the other one tap away: `render` one behind a link,
`render_for` any other.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared.contracts.values import LABELS, MONEY_UNIT, Category
from shared.dates import Language, format_clock, format_day, format_moment, format_month
from shared.money import format_yuan
from shared.security import Credential
from shared.towns import CITY_WIDE, index_codes_by_name, town_name
from shared.units import name_unit
from shared.villages import format_place, village_name
from shared.web.access import Router
from shared.web.compiled import CompiledTemplates
from shared.web.sessions import begin_visit, find_form_token, name_cookie
from shared.web.tiles import Tile, list_roles, list_tiles

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Of every page, and of what is downloaded from one."""
SCRIPT_HEADERS = {
    "Content-Security-Policy": (
        HEADERS["Content-Security-Policy"].replace(
            "default-src 'none';", "default-src 'none'; script-src 'self'; connect-src 'self';"
        )
    ),
}
"""Over those, of a page with a script of ours, a file of `static/`."""

router = Router(include_in_schema=False)


# --- what the stylesheet and the icon are ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of `static/`. Its address changes with its content, so it can be cached for ever."""

    name: str
    media_type: str
    content: bytes
    digest: str

    @property
    def url(self) -> str:
        return f"/static/{self.name}?v={self.digest}"


def _read_asset(name: str, media_type: str) -> Asset:
    content = (files("shared.web") / "static" / name).read_bytes()
    return Asset(name, media_type, content, hashlib.sha256(content).hexdigest()[:16])


ASSETS = {
    asset.name: asset
    for asset in (
        _read_asset("guanjia.css", "text/css"),
        _read_asset("guanjia.svg", "image/svg+xml"),
        _read_asset("verify.js", "text/javascript"),
        _read_asset("live.js", "text/javascript"),
        _read_asset("draft.js", "text/javascript"),
        _read_asset("place.js", "text/javascript"),
        _read_asset("subscribe.js", "text/javascript"),
    )
}
CACHED_FOR_EVER = "public, max-age=31536000, immutable"
CACHED_SHORTLY = "public, max-age=300"


@router.get("/static/{name}")
async def read_asset(name: str, request: Request, v: str = "") -> Response:
    asset = ASSETS.get(name)
    if asset is None:
        raise HTTPException(404)
    headers = {
        "Cache-Control": CACHED_FOR_EVER if v == asset.digest else CACHED_SHORTLY,
        "ETag": f'"{asset.digest}"',
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


# --- rendering ------------------------------------------------------------------------------------


LANGUAGES: tuple[Language, Language] = ("zh", "en")
COMPILED = CompiledTemplates()
_NUMBER = re.compile(r"(?:[A-Z]-)+[0-9A-Za-z-]{12,}|[0-9a-f]{40,}")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in, as the frame shows him. roles: Chinese and English."""

    name: str
    roles: tuple[tuple[str, str], ...]
    area: str
    tiles: tuple[Tile, ...]


class Pages:
    """package: whose `templates/` hold the pages, such as `services.intake`."""

    def __init__(self, package: str) -> None:
        self._package = package

    def render(
        self, request: Request, template: str, /, status: int = 200, **values: object
    ) -> HTMLResponse:
        """For whoever has the link; the frame asks him not to pass it on."""
        context = {"here": _find_address(request), "is_link": True, **values}
        return self._render(find_language(request), template, status, context)

    def render_for(
        self, request: Request, template: str, /, status: int = 200, **values: object
    ) -> HTMLResponse:
        """In the reader's language, with what he may go to; `form_token` for its forms."""
        context = {
            "viewer": find_viewer(request),
            "here": _find_address(request),
            "form_token": find_form_token(request),
            **values,
        }
        response = self._render(find_language(request), template, status, context)
        begin_visit(request, response)
        return response

    def render_with_script(
        self, request: Request, template: str, /, status: int = 200, **values: object
    ) -> HTMLResponse:
        """As `render_for`, of a page with a script of ours."""
        response = self.render_for(request, template, status, **values)
        response.headers.update(SCRIPT_HEADERS)
        return response

    def render_part(self, request: Request, template: str, /, **values: object) -> str:
        """HTML that stands within a page, in the reader's language."""
        templates = self.open_templates(find_language(request))
        return templates.get_template(template).render(values)

    def open_templates(self, language: Language) -> Environment:
        return _open_templates(self._package, language)

    def _render(
        self, language: Language, template: str, status: int, values: Mapping[str, object]
    ) -> HTMLResponse:
        html = self.open_templates(language).get_template(template).render(values)
        return HTMLResponse(html, status_code=status, headers=HEADERS)


@cache
def _open_templates(package: str, language: Language) -> Environment:
    """One for all pages of a service: frame and parts are compiled once."""
    templates = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("shared.web")]),
        bytecode_cache=COMPILED,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {
        "asset_url": _find_asset_url,
        "language": language,
        "viewer": None,
        "here": "",
        "is_link": False,
        "form_token": "",
    }
    filters: dict[str, Callable[..., object]] = {
        "day": partial(format_day, language),
        "moment": partial(format_moment, language),
        "label": partial(_name_code, language),
        "quantity": partial(format_quantity, language),
        "unit": partial(_name_unit, language),
        "town": partial(_name_town, language),
        "towns": partial(_list_towns, language),
        "village": partial(_name_village, language),
        "place": partial(_name_place, language),
        "choices": partial(_list_choices, language),
        "clock": partial(format_clock, language),
        "month": partial(format_month, language),
        "many": _count_things,
        "yuan": format_yuan,
    }
    templates.tests |= {"sentence": _is_sentence, "numbered": _is_number}
    templates.filters |= {name: _apply_late(filter_) for name, filter_ in filters.items()}
    return templates


def _is_sentence(value: object) -> bool:
    """Of clauses: it breaks where a line is full, unlike a date, a name or a town."""
    return any(sign in str(value) for sign in "，；：")


def _is_number(value: object) -> bool:
    """Of ours, such as P-0123456789abcdef0123, or a digest: in letters small enough for a line."""
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def _apply_late(filter_: Callable[..., object]) -> Callable[..., object]:
    """At rendering alone: Jinja applies a filter to a constant when it compiles, and the words of
    today would stand in what is stored."""

    @pass_context
    def apply(_context: Context, *values: object, **named: object) -> object:
        return filter_(*values, **named)

    return apply


def find_language(request: Request) -> Language:
    """Chinese, unless the reader chose English."""
    return "en" if request.cookies.get(name_cookie(request, "language")) == "en" else "zh"


def _find_address(request: Request) -> str:
    """Where the page can be opened again; empty of what only answers a form."""
    if request.method == "GET":
        return request.url.path
    scope = {**request.scope, "method": "GET"}
    is_page = any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    return request.url.path if is_page else ""


def find_viewer(request: Request) -> Viewer | None:
    """None where nobody is known."""
    caller = getattr(request.state, "credential", None)
    if not isinstance(caller, Credential):
        return None
    area = format_town(caller.area[:9]) if caller.area else ""
    return Viewer(caller.principal, list_roles(caller), area, list_tiles(caller))


def format_quantity(language: Language, quantity: int, unit: str, item: str = "") -> str:
    """人民币 1,200.00 元, CNY 1,200.00; 大米 2 袋, 大米 2 bags. The item is as people wrote it."""
    is_english = language == "en"
    if unit == MONEY_UNIT:
        yuan = format_yuan(quantity)
        return f"CNY {yuan}" if is_english else f"人民币 {yuan} 元"
    if (unit, item) == UNCLEAR_NEED:
        return "need to be clarified" if is_english else "需求待核实"
    counted = name_unit(unit, quantity) if is_english else unit
    return f"{isolate(item)} {quantity} {isolate(counted)}".strip()


def _name_unit(language: Language, unit: str) -> str:
    """Beside a field for a number."""
    if unit == MONEY_UNIT:
        return "yuan" if language == "en" else "元"
    return name_unit(unit, 2) if language == "en" else unit


def isolate(text: str) -> str:
    """Text that turns the direction of writing turns nothing around it, not even a number."""
    turns = any(unicodedata.bidirectional(sign) in _TURNING for sign in text)
    return f"\u2068{text}\u2069" if turns else text


UNCLEAR_NEED = ("项", LABELS[Category.OTHER])
"""What somebody asked for in his own words, until a member of staff wrote what it is."""
_TURNING = frozenset({"R", "AL", "RLE", "LRE", "RLO", "LRO", "RLI", "LRI", "FSI", "PDF", "PDI"})


TOWN_DIGITS = 9
NO_TOWNS: Mapping[str, str] = {
    "全市": "whole city",
    "其他地区": "elsewhere",
    "东莞市": "Dongguan",
}
"""What is said of a code that is no town's, with its English."""


def format_town(town_code: str) -> str:
    """The town's name, never its code."""
    return town_name(town_code) or ("全市" if town_code == CITY_WIDE else "其他地区")


def name_town(town_code: str) -> tuple[str, str]:
    """Chinese and English: 茶山镇, Chashan; 全市, whole city."""
    zh = format_town(town_code)
    return zh, town_name(town_code, "en") or NO_TOWNS[zh]


def _name_town(language: Language, town: str) -> str:
    """town: its code or its Chinese name."""
    if town in NO_TOWNS:
        zh, en = town, NO_TOWNS[town]
    else:
        zh, en = name_town(index_codes_by_name().get(town, town))
    return zh if language == "zh" else en


def _list_towns(language: Language, towns: Iterable[str]) -> list[tuple[str, str]]:
    """Towns by code or name, each with its name to read, for a list to choose from."""
    return [(town, _name_town(language, town)) for town in towns]


def name_place(code: str) -> tuple[str, str]:
    """A town's or village's code: 茶山镇增埗村, Chashan 增埗村."""
    town_code, village_code = code[:TOWN_DIGITS], code if len(code) > TOWN_DIGITS else None
    village = _name_village("en", village_code)
    place = Markup("{} {}").format(name_town(town_code)[1], village).strip()
    return format_place(town_code, village_code), place


def _name_place(language: Language, code: str) -> str:
    return name_place(code)[language == "en"]


def _name_village(language: Language, code: str | None) -> str:
    """Villages have Chinese names alone, which an English page marks as Chinese."""
    name = village_name(code)
    if language != "en" or not name or name.isascii():
        return name
    return Markup('<span lang="zh-CN">{}</span>').format(name)


def _list_choices(
    language: Language, codes: Iterable[str], words: Mapping[str, tuple[str, str]] | None = None
) -> list[tuple[str, str]]:
    """Codes with their words, for a list to choose from. words: Chinese and English, where the
    common table does not have them."""
    if words:
        return [(str(code), words[code][language == "en"]) for code in codes]
    return [(str(code), _name_code(language, code)) for code in codes]


def _count_things(count: int, thing: str) -> str:
    """1 case, 2 cases: for the English; Chinese counts one as many."""
    return f"{count:,} {thing}{'s' if count != 1 else ''}"


def _name_code(language: Language, code: str) -> str:
    """A kind, channel, class or category in words; home_adaptation: 适老化改造, home adaptation."""
    return name_code(code)[language == "en"]


def name_code(code: str) -> tuple[str, str]:
    """Chinese and English."""
    return LABELS[code], code.replace("_", " ")


def _find_asset_url(name: str) -> str:
    return ASSETS[name].url
