"""WeChat's pushes against wechatpy, the published signature, and hostile XML."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy import parse_message as oracle_parse
from wechatpy.crypto import PrpCrypto
from wechatpy.crypto import WeChatCrypto as OracleCrypto
from wechatpy.utils import check_signature

from deploy.simulators.callbacks import format_wechat_xml
from services.intake.channels.wechat import (
    TemplateChoice,
    WeChatFollowed,
    WeChatLocation,
    WeChatMedia,
    WeChatOther,
    WeChatReceipt,
    WeChatReceipts,
    WeChatSubscription,
    WeChatText,
    WeChatUnfollowed,
    parse_message,
    parse_xml,
)
from services.intake.channels.wechat_crypto import (
    WeChatCrypto,
    compute_signature,
    read_echo,
    read_signed_time,
    verify_signature,
)
from shared.errors import Invalid

TOKEN, APPID = "AAAAA", "wx0123456789abcdef"
AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
AT = datetime(2024, 4, 25, 9, 24, 19, tzinfo=UTC)
FIELDS: dict[str, str | int] = {
    "ToUserName": "gh_dongguan",
    "FromUserName": "oPerson_000001",
    "CreateTime": 1714037059,
}
TEXT: dict[str, str | int] = FIELDS | {
    "MsgType": "text",
    "Content": "楼道漏水 <急>",
    "MsgId": 23637352235060880,
}
EVENT: dict[str, str | int] = FIELDS | {"MsgType": "event"}

# What XML can carry: no control characters, no half pairs; a lone CR is read as LF.
xml_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
)


def push(kind: str, name: str, rows: list[dict[str, str]], wrap: bool = True) -> bytes:
    """As WeChat nests it: one `List` for each row."""
    lists = "".join(
        f"<List>{''.join(f'<{k}><![CDATA[{v}]]></{k}>' for k, v in row.items())}</List>"
        for row in rows
    )
    body = format_wechat_xml(EVENT | {"Event": kind}).removesuffix(b"</xml>").decode()
    return f"{body}{f'<{name}>{lists}</{name}>' if wrap else lists}</xml>".encode()


YES = {"TemplateId": "T-1", "SubscribeStatusString": "accept", "PopupScene": "2"}
NO = {"TemplateId": "T-2", "SubscribeStatusString": "reject", "PopupScene": "2"}


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize("name", ["SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent"])
@pytest.mark.parametrize("rows", [[YES], [YES, NO], [NO, YES, NO]])
def test_what_he_chose_is_read_however_it_is_nested(
    name: str, rows: list[dict[str, str]], wrap: bool
) -> None:
    for kind in ("subscribe_msg_popup_event", "subscribe_msg_change_event"):
        pushed = parse_message(push(kind, name, rows, wrap))
        assert isinstance(pushed, WeChatSubscription)
        assert pushed.choices == tuple(
            TemplateChoice(row["TemplateId"], row is YES) for row in rows
        )


@pytest.mark.parametrize("said", ["ban", "filter", "", "ACCEPT"])
def test_what_is_no_plain_yes_is_a_no(said: str) -> None:
    row = YES | {"SubscribeStatusString": said}
    pushed = parse_message(push("subscribe_msg_popup_event", "SubscribeMsgPopupEvent", [row]))
    assert isinstance(pushed, WeChatSubscription)
    assert [choice.accepted for choice in pushed.choices] == [False]


def test_a_subscribe_messages_receipt_says_which_and_why() -> None:
    rows = [
        {
            "TemplateId": "T",
            "MsgID": "1700827132819554304",
            "ErrorCode": "0",
            "ErrorStatus": "success",
        },
        {"TemplateId": "T", "MsgID": "2", "ErrorCode": "20004", "ErrorStatus": "user block"},
        {"TemplateId": "T", "ErrorCode": "0"},
    ]
    pushed = parse_message(push("subscribe_msg_sent_event", "SubscribeMsgSentEvent", rows))
    assert isinstance(pushed, WeChatReceipts)
    assert [(r.provider_message_id, r.outcome, r.code) for r in pushed.receipts] == [
        ("1700827132819554304", "delivered", "0"),
        ("2", "failed", "20004 user block"),
    ]
    assert all(receipt.is_subscription for receipt in pushed.receipts)


def test_signature_is_the_published_one() -> None:
    assert compute_signature(TOKEN, "1714037059", "486452656") == (
        "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    )


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_wechatpy_accepts_our_signature(timestamp: str, nonce: str) -> None:
    check_signature(TOKEN, compute_signature(TOKEN, timestamp, nonce), timestamp, nonce)


def test_echo_answers_only_a_signed_get() -> None:
    query = {"timestamp": "1714037059", "nonce": "486452656", "echostr": "4375120948345356249"}
    signed = query | {"signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78"}
    assert read_echo(TOKEN, signed) == "4375120948345356249"
    for wrong in (query, signed | {"nonce": "1"}, signed | {"signature": "é"}, {}):
        with pytest.raises(Invalid):
            verify_signature(TOKEN, wrong)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_signature_is_believed_for_five_minutes(seconds: int) -> None:
    at = AT + timedelta(seconds=seconds)
    assert read_signed_time({"timestamp": str(int(at.timestamp()))}, AT) == at


@pytest.mark.parametrize(
    "timestamp",
    [
        *("1580515200", "1714036758", "1714037360", "-1714037059"),
        *("", "1714037059.0", "1_714_037_059", "１７１４０３７０５９", "1714037059\n"),
        *("9" * 11, "9" * 5000),
    ],
)
def test_signature_of_another_time_is_refused(timestamp: str) -> None:
    with pytest.raises(Invalid):
        read_signed_time({"timestamp": timestamp}, AT)


def test_text_message_is_read() -> None:
    assert parse_message(format_wechat_xml(TEXT)) == WeChatText(
        "oPerson_000001", "楼道漏水 <急>", "23637352235060880", AT
    )


@given(xml_text)
def test_any_text_arrives_as_wechatpy_reads_it(text: str) -> None:
    xml = format_wechat_xml(TEXT | {"Content": text})
    read, expected = parse_message(xml), oracle_parse(xml)
    assert isinstance(read, WeChatText)
    assert read.text == text
    assert (read.openid, read.message_id) == (expected.source, str(expected.id))
    # wechatpy strips the text and joins split CDATA sections with nothing lost.
    assert (expected.content or "").strip() == text.strip()


def test_location_is_read() -> None:
    place: dict[str, str | int] = {"Location_X": "23.02", "Location_Y": "113.75", "Label": "茶山镇"}
    xml = format_wechat_xml(FIELDS | {"MsgType": "location", "MsgId": 7} | place)
    assert parse_message(xml) == WeChatLocation("oPerson_000001", 23.02, 113.75, "茶山镇", "7", AT)


@pytest.mark.parametrize("latitude", ["91", "nan", "north", ""])
def test_place_that_is_none_is_refused(latitude: str) -> None:
    place: dict[str, str | int] = {"Location_X": latitude, "Location_Y": "113.75"}
    with pytest.raises(Invalid):
        parse_message(format_wechat_xml(FIELDS | {"MsgType": "location", "MsgId": 7} | place))


def test_events_are_read() -> None:
    openid = "oPerson_000001"
    assert parse_message(format_wechat_xml(EVENT | {"Event": "subscribe"})) == WeChatFollowed(
        openid, AT
    )
    assert parse_message(format_wechat_xml(EVENT | {"Event": "unsubscribe"})) == WeChatUnfollowed(
        openid, AT
    )
    assert parse_message(format_wechat_xml(EVENT | {"Event": "CLICK"})) == WeChatOther(
        openid, "CLICK", AT
    )


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("image", "image"),
        ("voice", "voice"),
        ("shortvideo", "video"),
        ("link", "link"),
        ("file", "file"),
        ("thought", "other"),
    ],
)
def test_whatever_is_sent_is_read_with_all_that_comes_along(type_: str, kind: str) -> None:
    sent: dict[str, str | int] = {"MsgType": type_, "MediaId": "m-1", "MsgId": 8}
    read = parse_message(format_wechat_xml(FIELDS | sent))
    assert isinstance(read, WeChatMedia)
    assert (read.kind, read.message_id) == (kind, "8")
    assert dict(read.fields) == {"MediaId": "m-1"}


def test_a_message_without_an_id_is_told_from_the_next() -> None:
    first, next_ = (
        parse_message(format_wechat_xml(FIELDS | {"MsgType": "image", "CreateTime": at}))
        for at in (1_642_000_000, 1_642_000_001)
    )
    assert isinstance(first, WeChatMedia)
    assert isinstance(next_, WeChatMedia)
    assert first.message_id != next_.message_id


def test_what_was_recognised_in_a_voice_is_its_text() -> None:
    sent: dict[str, str | int] = {"MsgType": "voice", "Recognition": "求一辆轮椅", "MsgId": 9}
    read = parse_message(format_wechat_xml(FIELDS | sent))
    assert isinstance(read, WeChatMedia)
    assert read.text == "求一辆轮椅"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("茶山镇\x1d 低保", "茶山镇 低保"),
        ("a\x02b\x00", "ab"),
        ("\ufffea", "a"),
        ("<a><![CDATA[x]]></a>", "<a><![CDATA[x]]></a>"),
    ],
)
def test_what_no_xml_takes_is_dropped_and_the_rest_is_read(content: str, text: str) -> None:
    xml = format_wechat_xml(TEXT | {"Content": "HERE"}).decode()
    read = parse_message(xml.replace("HERE", content).encode())
    assert isinstance(read, WeChatText)
    assert read.text == text


def test_nobody_writes_in_anothers_name() -> None:
    evil = "]]></Content><FromUserName><![CDATA[oVICTIM_01]]></FromUserName><Content><![CDATA[收到"
    xml = format_wechat_xml(TEXT | {"Content": "HERE"}).decode().replace("HERE", evil)
    assert parse_message(xml.encode()).openid == "oPerson_000001"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("success", "delivered"),
        ("failed:user block", "failed"),
        ("failed: system failed", "failed"),
    ],
)
def test_job_finished_is_a_receipt(status: str, outcome: str) -> None:
    finished = EVENT | {"Event": "TEMPLATESENDJOBFINISH", "MsgID": 200163836, "Status": status}
    receipt = parse_message(format_wechat_xml(finished))
    assert isinstance(receipt, WeChatReceipt)
    assert (receipt.provider_message_id, receipt.outcome) == ("200163836", outcome)
    assert receipt.code == status


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><xml><Content>&b;</Content></xml>',
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><xml/>',
        "<?x <![CDATA[ ?><!DOCTYPE a><?y ]]> ?><xml/>",
        "<!-- <![CDATA[ --><!DOCTYPE a><!-- ]]> --><xml/>",
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><xml/>',
    ],
)
def test_document_type_is_refused_however_it_hides(xml: str) -> None:
    for encoded in (xml.encode(), xml.encode("utf-16"), b"\xef\xbb\xbf" + xml.encode()):
        with pytest.raises(Invalid):
            parse_xml(encoded)


def test_person_may_write_a_document_type() -> None:
    read = parse_message(format_wechat_xml(TEXT | {"Content": "<!DOCTYPE a><?b?>]]>"}))
    assert isinstance(read, WeChatText)
    assert read.text == "<!DOCTYPE a><?b?>]]>"


@given(st.binary() | xml_text.map(lambda t: f"<xml>{t}</xml>".encode()))
def test_nothing_but_invalid_is_ever_raised(body: bytes) -> None:
    with pytest.raises(Invalid):
        parse_message(body)


def test_large_body_is_refused_unread() -> None:
    with pytest.raises(Invalid):
        parse_xml(b"<xml>" + b" " * 70_000 + b"</xml>")


@given(st.binary(max_size=300), st.binary(min_size=16, max_size=16))
def test_what_is_encrypted_is_decrypted(xml: bytes, first: bytes) -> None:
    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
    assert crypto.decrypt(crypto.encrypt(xml, first)) == xml


def test_encryption_is_wechatpys_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PrpCrypto, "get_random_string", lambda _: b"0123456789abcdef")
    xml = format_wechat_xml(TEXT)
    theirs = PrpCrypto(base64.b64decode(AES_KEY + "=")).encrypt(xml.decode(), APPID)
    ours = WeChatCrypto(TOKEN, AES_KEY, APPID).encrypt(xml, b"0123456789abcdef")
    assert ours.encode() == theirs


def test_wechatpy_opens_what_we_seal_and_we_open_what_it_seals() -> None:
    crypto, oracle = WeChatCrypto(TOKEN, AES_KEY, APPID), OracleCrypto(TOKEN, AES_KEY, APPID)
    xml = format_wechat_xml(TEXT)
    sealed, signed = crypto.seal(xml, "1714037059", "486452656")
    opened = oracle.decrypt_message(sealed, signed, "1714037059", "486452656")
    assert opened == xml.decode()

    theirs = oracle.encrypt_message(xml.decode(), "486452656", "1714037059").encode()
    query = {
        "timestamp": "1714037059",
        "nonce": "486452656",
        "msg_signature": parse_xml(theirs)["MsgSignature"],
    }
    assert crypto.open(theirs, query) == xml


def test_push_for_another_account_or_with_another_key_is_refused() -> None:
    sealed, signed = WeChatCrypto(TOKEN, AES_KEY, "wxanother").seal(b"<xml/>", "1", "2")
    query = {"timestamp": "1", "nonce": "2", "msg_signature": signed}
    other_key = base64.b64encode(bytes(32)).decode().rstrip("=")
    for crypto in (WeChatCrypto(TOKEN, AES_KEY, APPID), WeChatCrypto(TOKEN, other_key, APPID)):
        with pytest.raises(Invalid):
            crypto.open(sealed, query)
    with pytest.raises(Invalid):
        WeChatCrypto(TOKEN, AES_KEY, "wxanother").open(sealed, query | {"nonce": "3"})


@given(st.text(max_size=200) | st.binary(max_size=96).map(lambda b: base64.b64encode(b).decode()))
def test_any_cipher_is_refused_without_surprise(cipher: str) -> None:
    with pytest.raises(Invalid):
        WeChatCrypto(TOKEN, AES_KEY, APPID).decrypt(cipher)


@pytest.mark.parametrize("key", ["", "short", "*" * 43])
def test_key_of_another_length_is_refused_at_start(key: str) -> None:
    with pytest.raises(Invalid):
        WeChatCrypto(TOKEN, key, APPID)
