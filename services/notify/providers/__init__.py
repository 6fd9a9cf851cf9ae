"""Outbound adapters: one message in, one `Outcome` out, over the provider's real wire format.

An adapter never retries what may already have been sent. It reports what happened, and
notify's own rules decide whether to wait, to try again or to use another channel.
"""

from services.notify.providers.aliyun import AliyunSms
from services.notify.providers.protocol import Message, Outcome, Provider
from services.notify.providers.tencent import TencentSms
from services.notify.providers.wechat import WeChatTemplate
from services.notify.providers.wechat_pages import PageSigner

__all__ = [
    "AliyunSms",
    "Message",
    "Outcome",
    "PageSigner",
    "Provider",
    "TencentSms",
    "WeChatTemplate",
]
