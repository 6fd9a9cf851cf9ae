"""How a page looks, and how a match is described on it."""

from html import escape

from fastapi.responses import HTMLResponse

from services.matching.model.match import STATE_LABELS, Match
from shared.contracts.values import LABELS, MONEY_UNIT
from shared.money import format_yuan

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


def amount(unit: str, quantity: int, item: str) -> str:
    if unit == MONEY_UNIT:
        return f"人民币 {format_yuan(quantity)} 元"
    return f"{item} {quantity} {unit}".strip()


def described(match: Match) -> str:
    rows = (
        ("类别 Category", LABELS[match.category]),
        ("镇街 Town", match.town_code),
        ("数量 Quantity", amount(match.unit, match.quantity, match.item)),
        ("状态 State", STATE_LABELS[match.state]),
    )
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return f"<dl>{cells}</dl>"


def form(action: str, inside: str) -> str:
    return f'<form method=post action="{escape(action)}">{inside}</form>'


def choice(name: str, options: tuple[str, ...]) -> str:
    """name: of the field; what is chosen is sent as it is shown."""
    shown = "".join(f"<option>{escape(option)}</option>" for option in options)
    return f"<select name={name}>{shown}</select>"


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    html = f"""<!doctype html><html lang=zh><meta charset=utf-8>
<meta name=viewport content="width=device-width"><title>{escape(title)}</title>
<style>body{{font:18px sans-serif;max-width:30em;margin:2em auto;padding:0 1em}}
dt{{color:#666}}dd{{margin:0 0 .7em}}button,select{{font:inherit;padding:.5em 1.2em}}
form{{margin:1em 0}}</style><h1>{escape(title)}</h1>{body}</html>"""
    return HTMLResponse(html, status_code=status, headers=HEADERS)
