"""The page behind a donor's signed link: his gift as it stands on the public log.

No personal data: what, how much, to which fund, when, and how to check it without us.
"""

from html import escape
from typing import Any

from fastapi.responses import HTMLResponse

from services.audit.ledger.receipts import Receipt, describe_receipt
from services.audit.tlog.checkpoint import Checkpoint

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_STYLE = """body{font:18px sans-serif;max-width:34em;margin:2em auto;padding:0 1em}
dt{color:#666}dd{margin:0 0 .7em;overflow-wrap:anywhere}code{overflow-wrap:anywhere}"""


def receipt_page(entry: Any, receipt: Receipt, vkeys: list[str], file: str) -> HTMLResponse:
    """file: where the receipt itself is, relative to the page."""
    checkpoint = Checkpoint.unverified(receipt.checkpoint)
    rows = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>"
        for label, text in describe_receipt(entry, checkpoint)
    )
    keys = "".join(f" --vkey {escape(vkey)}" for vkey in vkeys)
    body = f"""<dl>{rows}</dl>
<p><a href="{escape(file)}" download>下载凭证 Download the receipt</a></p>
<p>凭证可离线核验，不必相信我们 · The receipt can be checked offline, without trusting us:</p>
<p><code>guanjia audit check-receipt receipt.tlog-proof{keys}</code></p>"""
    return page("捐赠凭证 Donation receipt", body)


def link_invalid_page() -> HTMLResponse:
    text = "链接无效或已过期 · this link is not valid, or not any more"
    return page("莞家 Guanjia", f"<p>{text}</p>", 401)


def not_yet_page() -> HTMLResponse:
    text = "凭证正在公布，请稍后再看 · the receipt is being published, come back in a moment"
    return page("莞家 Guanjia", f"<p>{text}</p>", 503)


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    html = f"""<!doctype html><html lang=zh><meta charset=utf-8>
<meta name=viewport content="width=device-width"><title>{escape(title)}</title>
<style>{_STYLE}</style><h1>{escape(title)}</h1>{body}</html>"""
    return HTMLResponse(html, status_code=status, headers=HEADERS)
