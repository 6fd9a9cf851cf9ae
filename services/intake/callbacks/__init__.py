"""What providers push: receipts and replies (Tencent), messages and events (WeChat)."""

from services.intake.callbacks import tencent, wechat

ROUTERS = (tencent.router, wechat.router)
