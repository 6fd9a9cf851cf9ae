"""WeChat's signatures and its encrypted mode (消息加解密, AES-256-CBC).

A query as given by the web framework goes in; `Invalid` comes out when it is not WeChat's.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from services.intake.channels.messages import (
    AES_KEY_WRONG,
    BODY_NOT_DECRYPTABLE,
    SIGNATURE_DIFFERENT,
    TIME_NOT_UNIX,
    TIMESTAMP_FAR,
)
from services.intake.channels.wechat import parse_xml

BLOCK = 32  # WeChat pads to 32, not to AES's 16
SIGNED_WITHIN = timedelta(minutes=5)
"""How far from now, before or after, a signature's time may lie."""

_UNIX_SECONDS = re.compile(r"[0-9]{1,11}")


def compute_signature(*parts: str) -> str:
    """sha1 over the sorted parts: token, timestamp, nonce and, in encrypted mode, the cipher."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def verify_signature(token: str, query: Mapping[str, str]) -> None:
    """The plain signature that every push and the first GET carry."""
    expected = compute_signature(token, query.get("timestamp", ""), query.get("nonce", ""))
    _check_same(expected, query.get("signature", ""), "signature")


def read_signed_time(query: Mapping[str, str], now: datetime) -> datetime:
    """The time a signature is of. Raises Invalid when it does not lie within SIGNED_WITHIN."""
    timestamp = query.get("timestamp", "")
    if not _UNIX_SECONDS.fullmatch(timestamp):
        raise TIME_NOT_UNIX.invalid("timestamp")
    at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(at - now) > SIGNED_WITHIN:
        raise TIMESTAMP_FAR.invalid("timestamp", minutes=SIGNED_WITHIN // timedelta(minutes=1))
    return at


def read_echo(token: str, query: Mapping[str, str]) -> str:
    """The answer to WeChat's GET when the address is entered in its console."""
    verify_signature(token, query)
    return query.get("echostr", "")


class WeChatCrypto:
    """Opens and seals encrypted pushes of one account. Pure but for the random bytes."""

    def __init__(self, token: str, encoding_aes_key: str, appid: str) -> None:
        self._token, self._appid = token, appid
        try:
            self._key = base64.b64decode(f"{encoding_aes_key}=", validate=True)
        except binascii.Error:
            self._key = b""
        if len(self._key) != 32:
            raise AES_KEY_WRONG.invalid()

    def open(self, body: bytes, query: Mapping[str, str]) -> bytes:
        """The XML inside an encrypted push, once msg_signature and appid are right."""
        cipher = parse_xml(body).get("Encrypt", "")
        expected = compute_signature(
            self._token, query.get("timestamp", ""), query.get("nonce", ""), cipher
        )
        _check_same(expected, query.get("msg_signature", ""), "msg_signature")
        return self.decrypt(cipher)

    def seal(self, xml: bytes, timestamp: str, nonce: str) -> tuple[bytes, str]:
        """An encrypted envelope and its msg_signature, as WeChat pushes or takes as an answer."""
        cipher = self.encrypt(xml, secrets.token_bytes(16))
        signed = compute_signature(self._token, timestamp, nonce, cipher)
        envelope = (
            f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{signed}]]></MsgSignature>"
            f"<TimeStamp>{escape(timestamp)}</TimeStamp>"
            f"<Nonce><![CDATA[{nonce.replace(']]>', '')}]]></Nonce></xml>"
        )
        return envelope.encode(), signed

    def encrypt(self, xml: bytes, first: bytes) -> str:
        """first: 16 random bytes."""
        content = first + len(xml).to_bytes(4, "big") + xml + self._appid.encode()
        missing = BLOCK - len(content) % BLOCK
        encryptor = self._make_cipher().encryptor()
        sealed = encryptor.update(content + bytes([missing]) * missing) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def decrypt(self, cipher: str) -> bytes:
        try:
            sealed = base64.b64decode(cipher, validate=True)
            decryptor = self._make_cipher().decryptor()
            content = decryptor.update(sealed) + decryptor.finalize()
        except (binascii.Error, ValueError):
            raise BODY_NOT_DECRYPTABLE.invalid() from None
        return self._unpack(content)

    def _unpack(self, content: bytes) -> bytes:
        padding = content[-1] if content else 0
        if not 1 <= padding <= BLOCK or content[-padding:] != bytes([padding]) * padding:
            raise BODY_NOT_DECRYPTABLE.invalid()
        content = content[:-padding]
        length = int.from_bytes(content[16:20], "big")
        xml, appid = content[20 : 20 + length], content[20 + length :]
        if len(xml) != length or appid != self._appid.encode():
            raise BODY_NOT_DECRYPTABLE.invalid()
        return xml

    def _make_cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))


def _check_same(expected: str, actual: str, name: str) -> None:
    if not hmac.compare_digest(expected.encode(), actual.encode()):
        raise SIGNATURE_DIFFERENT.invalid(name)
