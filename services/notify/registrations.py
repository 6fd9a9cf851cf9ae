"""What is registered with a provider before it carries a notice: each text, in the provider's own
way of writing variables, and under which id it is sent now."""

import re
from collections.abc import Iterator, Mapping

from services.notify.model import ProviderName
from services.notify.previews import FIELDS, build_preview
from services.notify.templates import TEMPLATES, Template, find_purpose
from shared.contracts.values import NoticeLanguage, Value

_PLACE = re.compile(r"\{(\d+)\}")


class Registration(Value):
    """template: its name with us. id: under which it is sent now; ours, which no provider knows,
    unless `is_approved`; empty where none is used. variables: what each stands for, in order.
    """

    template: str
    purpose: str
    language: NoticeLanguage
    id: str
    is_approved: bool
    title: str
    text: str
    variables: str


VARIABLES_ZH: Mapping[str, str] = {
    "donor": "捐赠方",
    "code": "验证码",
    "count": "项数",
    "detail": "数量或日期",
    "total": "项数",
    "sum": "金额",
    "what": "类别",
    "thing": "物品或类别",
    "office": "办理部门",
    "quantity": "物品和数量",
    "town": "镇街",
    "until": "截止日期",
    "day": "日期",
    "answer": "答复数字",
    "answer_again": "答复数字",
}


def list_registrations(
    provider: ProviderName,
    templates: Mapping[str, Template],
    ids: Mapping[str, str],
    sign_name: str,
) -> Iterator[Registration]:
    """templates: as they are sent now, by name. ids: of this provider."""
    for name, template in templates.items():
        id_ = ids.get(name, "")
        text, variables = _describe(provider, template, sign_name)
        yield Registration(
            template=name,
            purpose=find_purpose(name),
            language=template.language,
            id=id_,
            is_approved=bool(id_) and id_ != _find_own_id(provider, name),
            title=template.title if provider == "wechat" else sign_name,
            text=text,
            variables=variables,
        )


def _describe(provider: ProviderName, template: Template, sign_name: str) -> tuple[str, str]:
    """The text and what its variables are. WeChat's has fields alone."""
    if provider == "wechat":
        fields = build_preview(template, sign_name, 0, "0769-12345").fields
        text = "\n".join(f"{FIELDS[field][0]}：{{{{{field}.DATA}}}}" for field, _ in fields)
        return text, "；".join(f"{field}={value}" for field, value in fields)
    mark = r"${v\1}" if provider == "aliyun" else r"{\1}"
    first = "时刻" if template.has("count") else "编号尾号"
    names = (first, *(VARIABLES_ZH[each] for each in template.sms_variables))
    listed = "；".join(f"{number}={name}" for number, name in enumerate(names, 1))
    return _PLACE.sub(mark, template.sms), listed


def _find_own_id(provider: ProviderName, name: str) -> str:
    template = TEMPLATES[name]
    own = {"tencent": template.sms_id, "aliyun": template.aliyun_id, "wechat": template.wechat_id}
    return own[provider]
