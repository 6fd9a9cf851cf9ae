"""Chinese titles, with English beside them, of what stands in the log as codes."""

from shared.contracts.ledger import Kind

TITLES: dict[Kind, str] = {
    "fund_opened": "设立基金 fund opened",
    "fund_carried": "基金结转 fund carried",
    "commitment_carried": "承诺结转 commitment carried",
    "goods_carried": "物资结转 goods carried",
    "donation_received": "收到捐赠 donation received",
    "goods_received": "收到物资 goods received",
    "commitment": "承诺资助 commitment",
    "disbursement": "拨付 disbursement",
    "release": "释放承诺 release",
    "goods_distributed": "发放物资 goods distributed",
    "transfer": "基金间划转 transfer",
    "management_fee": "管理费 management fee",
    "refund": "退回捐赠 refund",
    "reversal": "冲销更正 reversal",
    "refusal": "拒绝 refusal",
}
