"""Pages in the reader's language: what was typed does nothing, and one goes nowhere else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.routing import Route

from services.intake.pages.accounts import PAGES
from services.intake.pages.own import render_erased
from services.intake.sign_in.views import describe_account, describe_key
from shared.actions import ActionQuery
from shared.contracts.addresses import find_target
from shared.security import STAFF, Credential, Role
from shared.web.links import FRAME
from shared.web.pages import LANGUAGES
from shared.web.staff import HOME_PATH, find_local_path
from shared.web.tiles import PUBLIC_TILES, TILES, list_tiles
from tests.contracts.test_pages import HOSTILE
from tests.support.readers import make_reader

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
BANK = Credential(id="icbc", secret_sha256="", roles=frozenset({Role.BANK}), source="/banks/icbc")
OPERATOR = Credential(id="operator", secret_sha256="", roles=frozenset({Role.OPERATOR}))


def render_sign_in(words: str, **reader: Any) -> HTMLResponse:
    return PAGES.render_for(
        make_reader(**reader),
        "sign_in.html",
        problems=[{"zh": words, "en": words}],
        done=None,
        name=words,
        back="/home",
        asks_code=True,
        password_path="/sign-in/password",
        organisation_path="/sign-in/organisation",
        is_out=True,
    )


def render_actions(words: str, **reader: Any) -> HTMLResponse:
    row = {"at": NOW, "who": words, "action_zh": words, "action": words, "targets": [words]}
    return FRAME.render_for(
        make_reader(Role.AUDITOR, **reader),
        "actions.html",
        rows=[{**row, "done": False, "status": 403}],
        query=ActionQuery(words, words, ""),
        next="0" * 24,
        may_see_all=True,
        service="intake",
        services=[("intake", ("诉求", "Requests"))],
    )


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("render", [render_sign_in, render_actions])
def test_hostile_words_are_words(render: Any, words: str) -> None:
    html, plain = bytes(render(words).body).decode(), bytes(render("x").body).decode()
    for tag in ("<img", "<input", "<a ", "<svg", "<script"):
        assert html.count(tag) == plain.count(tag), tag
    assert " style=" not in html


def test_a_page_has_the_readers_language_and_leads_to_the_other() -> None:
    chinese = bytes(render_sign_in("x").body).decode()
    english = bytes(render_sign_in("x", language="en").body).decode()
    assert '<html lang="zh-CN">' in chinese
    assert "工作人员登录" in chinese
    assert "Staff sign-in" not in chinese
    assert '<html lang="en">' in english
    assert "Staff sign-in" in english
    assert "工作人员登录" not in english
    assert "/language/en?next=/home" in chinese
    assert "/language/zh?next=/home" in english


def test_so_has_a_page_behind_a_link() -> None:
    """And it asks its reader not to pass the link on."""
    chinese, english = (
        bytes(render_erased(make_reader(language=each, path="/r/t/own"), "12345").body).decode()
        for each in LANGUAGES
    )
    assert "请勿转发" in chinese
    assert "do not pass it on" not in chinese
    assert "/language/en?next=/r/t/own" in chinese
    assert "do not pass it on" in english
    assert "请勿转发" not in english
    assert "/language/zh?next=/r/t/own" in english


async def open_form(_request: Request) -> HTMLResponse:
    raise NotImplementedError


@pytest.mark.parametrize(("path", "leads"), [("/r/t/own", True), ("/r/t/own/code", False)])
def test_what_only_answers_a_form_leads_to_no_address_that_nobody_can_open(
    path: str, leads: bool
) -> None:
    request = make_reader(path=path)
    request.scope["method"] = "POST"
    request.app.routes = [
        Route("/r/t/own", open_form),
        Route("/r/t/own", open_form, methods=["POST"]),
        Route("/r/t/own/code", open_form, methods=["POST"]),
    ]
    assert ("/language/en" in bytes(render_erased(request, "12345").body).decode()) == leads


def test_accounts_offer_to_operators_what_auditors_only_read() -> None:
    row = describe_account(OPERATOR, None, True, NOW)
    key = describe_key(BANK, NOW, None)
    for may_end in (True, False):
        page = PAGES.render_for(
            make_reader(Role.OPERATOR),
            "accounts.html",
            rows=[row],
            keys=[key],
            silent=[("账目", "Ledger")],
            may_end=may_end,
        )
        assert (b"/accounts/operator/unlock" in page.body) == may_end
        assert "/banks/icbc" in bytes(page.body).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "home",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/x\\y",
        "https://elsewhere.example/",
        "javascript:alert(1)",
        "/home\r\nSet-Cookie: a=b",
        "/\t/elsewhere.example",
        "/" + "x" * 1001,
    ],
)
def test_nobody_is_led_elsewhere(text: str) -> None:
    assert find_local_path(text) == HOME_PATH


def test_one_is_led_back_to_where_one_was() -> None:
    assert find_local_path("/cases/R-1?tab=notes") == "/cases/R-1?tab=notes"


def test_tiles_lead_to_addresses_of_the_table_and_every_role_has_some() -> None:
    for tile in (*TILES, *PUBLIC_TILES):
        assert find_target(tile.path) is not None, tile.path
    for role in STAFF | {Role.DONOR_PARTNER}:
        caller = OPERATOR.model_copy(update={"roles": frozenset({role})})
        assert list_tiles(caller), role


def test_what_has_no_area_has_no_tile_for_who_has_one() -> None:
    of_town = OPERATOR.model_copy(update={"area": "441900103"})
    assert "/accounts" in {tile.path for tile in list_tiles(OPERATOR)}
    assert "/accounts" not in {tile.path for tile in list_tiles(of_town)}
