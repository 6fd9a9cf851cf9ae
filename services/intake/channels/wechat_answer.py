"""WeChat's passive reply: the answer to a push that the person reads in the same conversation."""

from datetime import datetime


def text_answer(*, to: str, account: str, text: str, at: datetime) -> bytes:
    """to: the openid; account: the official account the push was sent to."""
    return (
        f"<xml><ToUserName>{_cdata(to)}</ToUserName><FromUserName>{_cdata(account)}</FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType>{_cdata('text')}</MsgType>"
        f"<Content>{_cdata(text)}</Content></xml>"
    ).encode()


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
