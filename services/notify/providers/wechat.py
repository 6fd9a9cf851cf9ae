"""WeChat official account: template and subscribe messages with a cached stable access token.

Source: developers.weixin.qq.com, "getStableAccessToken", "sendTemplateMessage" and
"sendSubscribeMessage" (bizsend).
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence

from services.notify.providers.protocol import (
    Message,
    Outcome,
    Ruling,
    classify_failure,
    classify_status,
    redact,
)
from services.notify.providers.wechat_tokens import (
    Token,
    TokenCache,
    TokenRefusedError,
    TokenSource,
)
from shared.http import CallError, HttpClient, Reply

ENDPOINT = "https://api.weixin.qq.com"
JSON: Mapping[str, str] = {"Content-Type": "application/json"}
TOKEN_REJECTED = frozenset({40001, 40014, 42001})

CODES: Mapping[int, Ruling] = {
    0: Ruling("sent"),
    -1: Ruling("retry", 5),
    40001: Ruling("retry", 30),  # only after a fresh token was rejected too
    40014: Ruling("retry", 30),
    42001: Ruling("retry", 30),
    45011: Ruling("retry", 60),
    40003: Ruling("refused"),
    43004: Ruling("refused"),
    43101: Ruling("refused"),
    40037: Ruling("misconfigured"),
    40033: Ruling("misconfigured"),
    # The day's quota is gone: use another channel, and ask for no more of this one for a while.
    45009: Ruling("misconfigured", 3600),
    47003: Ruling("misconfigured"),
}
# A non-zero errcode says it was not sent; one that we do not know needs a person.
UNLISTED = Ruling("misconfigured")

BAD_FIELD = 47003
WRITTEN_BY_PEOPLE = frozenset({"thing5", "thing6", "thing10"})
"""Fields of a donor's name, a thing and a reason: what is wrong there is wrong in one message."""
OF_THIS_MESSAGE = Ruling("refused", blames_name=True)

_NAMED_FIELD = re.compile(r"data\.([a-z_]+\d*)\b")
_FIELD_KIND = re.compile(r"([a-z_]+?)\d*")
_HANZI = re.compile(r"[\u4e00-\u9fff]")
EMPTY = "无"
NO_IDS: Mapping[str, str] = {}

# A shortened sentence still says something; a shortened number or date says something else. So
# `thing`, `phrase`, `name` and `symbol` are cut, and a fact that is too long is refused.
# Prose: cut to so many characters.
CUT_AT: Mapping[str, int] = {"thing": 20, "symbol": 5, "phrase": 5, "name": 10}
LATIN_NAME_MAX = 20
"""Of a name in ASCII alone."""

# Facts: what the whole value has to look like.
SHAPES: Mapping[str, re.Pattern[str]] = {
    "number": re.compile(r"[0-9.,+-]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "character_string": re.compile(r"[\x21-\x7e]{1,32}"),
    "amount": re.compile(r"[^\d\s.]?(?=[0-9.]{1,11}元?$)[0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": re.compile(r"[0-9+() -]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
}


def parse_wechat_reply(body: bytes, *private: str, names_message: bool = True) -> Outcome:
    """private: words that must not appear in the outcome, such as the openid. names_message: a
    template message that was taken has an id; WeChat tells none of a subscribe message."""
    try:
        answer = json.loads(body)
        outcome = _build_outcome(int(answer["errcode"]), answer, private)
        if names_message and outcome.kind == "sent" and outcome.provider_message_id is None:
            raise KeyError("msgid")
        return outcome
    except (ValueError, KeyError, TypeError, RecursionError):
        return Outcome("unknown", code="unreadable", detail="the answer is not WeChat's")


def _build_outcome(code: int, answer: Mapping[str, object], private: tuple[str, ...]) -> Outcome:
    ruling = CODES.get(code, UNLISTED)
    if ruling.kind == "sent":
        message_id = answer.get("msgid")
        return Outcome("sent", None if message_id is None else str(message_id), str(code))
    detail = redact(str(answer.get("errmsg", "")), *private)
    return Outcome(ruling.kind, None, str(code), detail, ruling.retry_after_s)


class WeChatTemplate:
    """Sends template messages. Share one per process: the token is fetched once for all.

    templates: our template name -> WeChat's template id; subscriptions: of subscribe messages.
    tokens: shared with others; None: it fetches its own. elapsed: a monotonic clock in seconds, for
    the token's lifetime only.
    """

    name = "wechat"

    def __init__(
        self,
        http: HttpClient,
        endpoint: str,
        appid: str,
        secret: str,
        templates: Mapping[str, str],
        *,
        subscriptions: Mapping[str, str] = NO_IDS,
        tokens: TokenSource | None = None,
        elapsed: Callable[[], float] = time.monotonic,
        timeout_s: float = 10,
    ) -> None:
        self._http, self._endpoint = http, endpoint.rstrip("/")
        self._appid, self._secret, self._templates = appid, secret, templates
        self._subscriptions = subscriptions
        self._timeout_s = timeout_s
        self.token = TokenCache(self._fetch_token, tokens, elapsed)

    async def send(self, message: Message) -> Outcome:
        try:
            body = self._build_body(message)
        except ValueError as error:
            return Outcome("misconfigured", code=str(error), detail=message.template)
        outcomes: list[Outcome] = []
        try:
            await self._send_with_fresh_token(message, body, outcomes)
        except TokenRefusedError as refused:
            return _find_unclear(outcomes) or refused.outcome
        return _pick_final(outcomes)

    async def _send_with_fresh_token(
        self, message: Message, body: bytes, outcomes: list[Outcome]
    ) -> None:
        """Appends the outcome of each post to `outcomes`. Raises TokenRefusedError."""
        token = await self.token.get()
        await self._post_twice_if_unclear(message, body, token, outcomes)
        if _is_token_rejected(outcomes[-1]):
            token = await self.token.get(rejected=token)
            await self._post_twice_if_unclear(message, body, token, outcomes)

    async def _post_twice_if_unclear(
        self, message: Message, body: bytes, token: str, outcomes: list[Outcome]
    ) -> None:
        """Posts again after an ambiguous end: client_msg_id makes WeChat drop the repetition. A
        subscribe message has none, and is never posted again."""
        outcomes.append(await self._post(message, body, token))
        if outcomes[-1].kind == "unknown" and not message.as_subscription:
            outcomes.append(await self._post(message, body, token))

    async def _post(self, message: Message, body: bytes, token: str) -> Outcome:
        path = "subscribe/bizsend" if message.as_subscription else "template/send"
        try:
            reply = await self._http.post(
                f"{self._endpoint}/cgi-bin/message/{path}",
                body,
                headers=JSON,
                params={"access_token": token},
                timeout_s=self._timeout_s,
            )
        except CallError as error:
            return classify_failure(error)
        private, names_message = (message.recipient, token), not message.as_subscription
        outcome = classify_status(reply) or parse_wechat_reply(
            reply.body, *private, names_message=names_message
        )
        return _blame_message(outcome, message)

    def _build_body(self, message: Message) -> bytes:
        """Raw UTF-8, for WeChat refuses \\u escapes. Raises ValueError(code) if it cannot fit."""
        templates = self._subscriptions if message.as_subscription else self._templates
        if message.template not in templates:
            raise ValueError("no_template")
        content: dict[str, object] = {
            "touser": message.recipient,
            "template_id": templates[message.template],
            "data": dict(_build_field(p) for p in message.parameters),
        }
        if not message.as_subscription:
            content["client_msg_id"] = message.notice_id
        if message.url:
            content["page" if message.as_subscription else "url"] = message.url
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    async def _fetch_token(self) -> Token:
        try:
            reply = await self._http.post(
                f"{self._endpoint}/cgi-bin/stable_token",
                self._build_token_body(),
                headers=JSON,
                timeout_s=self._timeout_s,
            )
            answer = reply.json()
            return Token(str(answer["access_token"]), float(answer["expires_in"]))
        except CallError as error:
            raise TokenRefusedError(Outcome("retry", code=str(error), detail="no token")) from None
        except (ValueError, KeyError, TypeError):
            raise TokenRefusedError(_explain_no_token(reply)) from None

    def _build_token_body(self) -> bytes:
        content = {
            "grant_type": "client_credential",
            "appid": self._appid,
            "secret": self._secret,
            "force_refresh": False,
        }
        return json.dumps(content, separators=(",", ":")).encode()


def _pick_final(outcomes: Sequence[Outcome]) -> Outcome:
    """A post that may have gone out stays unclear, unless WeChat then answers sent or refused."""
    last = outcomes[-1]
    return last if last.kind in ("sent", "refused") else _find_unclear(outcomes) or last


def _find_unclear(outcomes: Sequence[Outcome]) -> Outcome | None:
    return next((outcome for outcome in outcomes if outcome.kind == "unknown"), None)


def _blame_message(outcome: Outcome, message: Message) -> Outcome:
    """What WeChat says of a field that people filled is no fault of the account's."""
    field = _NAMED_FIELD.search(outcome.detail)
    if outcome.code != str(BAD_FIELD) or field is None or field[1] not in WRITTEN_BY_PEOPLE:
        return outcome
    sent = {each[0] for each in message.parameters if not isinstance(each, str)}
    if field[1] not in sent:
        return outcome
    return OF_THIS_MESSAGE.build_outcome(outcome.code, outcome.detail)


def _is_token_rejected(outcome: Outcome) -> bool:
    return outcome.code.isdigit() and int(outcome.code) in TOKEN_REJECTED


def _explain_no_token(reply: Reply) -> Outcome:
    """No message has left, so only retry or misconfigured."""
    outcome = classify_status(reply) or parse_wechat_reply(reply.body)
    if outcome.kind == "unknown":
        return Outcome("retry", None, outcome.code, "no token", 5)
    # 40001 here means a wrong secret, not a spent token.
    if _is_token_rejected(outcome):
        return Outcome("misconfigured", None, outcome.code, "appid or secret is wrong")
    return outcome


def _build_field(parameter: str | tuple[str, str]) -> tuple[str, dict[str, str]]:
    if isinstance(parameter, str):
        raise ValueError("parameter_without_field_name")
    name, value = parameter
    return name, {"value": fit_field(name, value)}


def fit_field(field: str, value: str) -> str:
    """The value as WeChat accepts it. Raises ValueError(code) for a fact that does not fit."""
    value = " ".join(value.split()) or EMPTY
    match = _FIELD_KIND.fullmatch(field)
    kind = match[1] if match else field
    if kind in SHAPES and not SHAPES[kind].fullmatch(value):
        raise ValueError(f"field_does_not_fit.{field}")
    if kind == "phrase":
        value = "".join(_HANZI.findall(value)) or EMPTY
    if kind == "name" and value.isascii():
        return value[:LATIN_NAME_MAX].rstrip()  # an ellipsis would make it one of ten characters
    return _cut(value, CUT_AT.get(kind))


def _cut(value: str, length_max: int | None) -> str:
    if length_max is None or len(value) <= length_max:
        return value
    # Five characters are a word, not a sentence: an ellipsis would take a fifth of it.
    if length_max <= 5:
        return value[:length_max].rstrip()
    return value[: length_max - 1].rstrip() + "…"
