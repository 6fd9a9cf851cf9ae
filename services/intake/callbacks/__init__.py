"""What providers push: receipts and replies (Tencent, Aliyun), messages and events (WeChat)."""

from services.intake.callbacks import aliyun, tencent, wechat

ROUTERS = (tencent.router, aliyun.router, wechat.router)
