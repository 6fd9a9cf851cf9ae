"""`guanjia topics`: what travels where, who writes it, who reads it, for how long."""

from deploy.commands.tables import make_console, make_table
from shared.contracts.topics import DAY_MS, TOPICS


def print_topics() -> None:
    """消息主题一览。The table of topics."""
    rows = make_table(
        "主题 topic", "键 key", "写 producer", "读 consumers", "分区 partitions", "保留天数 days"
    )
    for topic in TOPICS:
        rows.add_row(
            topic.name,
            topic.key,
            topic.producer,
            "、".join(topic.consumers),
            str(topic.partitions),
            str(topic.retention_ms // DAY_MS),
        )
    make_console().print(rows)
