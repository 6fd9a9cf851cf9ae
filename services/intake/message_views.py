"""Messages of people as staff and services read them."""

from services.intake.model import Correspondence, Message
from services.intake.model.preference import Preference
from services.intake.vault.messages import open_address, open_message
from services.intake.vault.sealing import Vault
from shared.contracts.values import LABELS
from shared.text import clean_lines
from shared.towns import town_name

MESSAGE_STATES: dict[str, str] = {
    "unread": "待查看",
    "asked": "等待对方答复",
    "understood": "已自动处理",
    "handled": "已由工作人员处理",
}
READINGS: dict[str, str] = {
    "unknown": "未能识别",
    "received": "收到帮助",
    "not_received": "没有收到",
    "partly": "只收到部分或有问题",
    "no": "答复含义不明",
    "opted_out": "退订通知",
    "resumed": "恢复通知",
    "thanks": "致谢",
    "needless": "不再需要",
    "call": "请求回电",
    "emergency": "可能有人身危险",
    "binding": "绑定联系方式或验证本人",
    "donor": "捐赠方答复对接",
    "request": "诉求",
    "part_of_request": "诉求的一部分",
    "media": "图片、语音等",
}
MESSAGE_KINDS: dict[str, str] = {
    "text": "文字",
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "location": "位置",
    "link": "链接",
    "file": "文件",
    "other": "其他",
}
HANDLINGS: dict[str, str] = {
    "request": "登记为诉求",
    "answer": "作为收货答复",
    "note": "作为备注",
    "opt_out": "停止通知",
    "opt_in": "恢复通知",
    "nothing": "无需处理",
}


def describe_message(message: Message) -> dict[str, object]:
    """Everything but what is personal."""
    return {
        "message_id": message.id,
        "channel": message.channel.value,
        "channel_zh": LABELS[message.channel],
        "kind": message.kind,
        "kind_zh": MESSAGE_KINDS[message.kind],
        "state": message.state,
        "state_zh": MESSAGE_STATES[message.state],
        "reading": message.reading,
        "reading_zh": READINGS[message.reading],
        "urgent": message.urgent,
        "received_at": message.received_at,
        "town_code": message.town_code,
        "town_zh": town_name(message.town_code) or "未写明镇街",
        "request_id": message.request_id,
        "match_id": message.match_id,
        "handling": message.handling,
        "handling_zh": HANDLINGS[message.handling] if message.handling else None,
        "handled_by": message.handled_by or None,
        "handled_at": message.handled_at,
        "reason": message.reason,
        "contacted": message.contacted,
        "media": message.media,
        "attachments": list(message.attachments),
    }


def describe_content(vault: Vault, message: Message) -> dict[str, object]:
    """What those who work on it read besides; None where it was forgotten."""
    content = open_message(vault, message)
    if content is None:
        return {"text": None, "phone": None, "fields": None, "place": None, "forgotten": True}
    return {
        "text": clean_lines(content["text"] or ""),
        "phone": content["phone"],
        "fields": content.get("fields"),
        "place": content.get("place"),
        "forgotten": False,
    }


def describe_sent(vault: Vault, message: Message) -> dict[str, object]:
    """For its sender: what he wrote and what became of it, without what staff noted."""
    content = describe_content(vault, message)
    return {
        "message_id": message.id,
        "received_at": message.received_at,
        "channel": message.channel.value,
        "channel_zh": LABELS[message.channel],
        "kind": message.kind,
        "kind_zh": MESSAGE_KINDS[message.kind],
        "state_zh": MESSAGE_STATES[message.state],
        "request_id": message.request_id,
        "text": content["text"],
        "place": content["place"],
    }


def describe_address(vault: Vault, thread: Correspondence) -> dict[str, object]:
    """Of a contact point, to answer what was written from it; as `describe_contact`."""
    address = open_address(vault, thread)
    return {
        "person_id": thread.id,
        "phone": address.get("phone"),
        "openid": address.get("openid"),
        "point_id": thread.id if address.get("phone") else None,
        "opted_out": False,
        "wechat_opted_out": False,
        "erased": not address,
    } | Preference().as_fields()
