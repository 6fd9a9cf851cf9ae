"""What notices say is changed without a release: by two people, within what providers take."""

from typing import Any

import pytest

from services.notify.limits import SEGMENTS_MAX
from services.notify.pages.wordings import describe, is_outdated
from services.notify.previews import FIELDS, build_preview
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES, name_template
from services.notify.wordbook import WordBook
from services.notify.wordings import (
    ApproveWords,
    DropWords,
    ProposeWords,
    Wording,
    find_template,
)
from shared.messaging.decision import Ref
from shared.security import Credential, Role
from tests.notify.decisions import DecisionHarness, make_rules

PURPOSE = "request_opened"
NEW = "您的诉求（{2}）已受理，正在落实，有进展会通知您。尾号{1}。"


NEXT = {"tencent_id": "2499002", "aliyun_id": "SMS_2499002"}
NONE = {"tencent_id": "", "aliyun_id": ""}


def propose(harness: DecisionHarness, principal: str = "lin", **changes: Any) -> tuple[int, Any]:
    template = TEMPLATES[PURPOSE]
    fields = {"sms": NEW, "title": template.title, "status": template.status}
    fields |= {"tencent_id": "2499001", "aliyun_id": "SMS_2499001"}
    data = ProposeWords.model_validate(
        {"purpose": PURPOSE, "hint": template.hint, **fields, **changes}
    )
    answer = harness.execute(data, principal)
    assert answer is not None
    return answer.status, answer.body


def approve(harness: DecisionHarness, principal: str, number: int = 1) -> int:
    answer = harness.execute(ApproveWords(purpose=PURPOSE, number=number), principal)
    assert answer is not None
    return answer.status


def get_wording(harness: DecisionHarness) -> Wording:
    wording = harness.states[Ref(Wording, PURPOSE)]
    assert isinstance(wording, Wording)
    return wording


def get_codes(body: Any) -> list[str]:
    return [problem["code"] for problem in body["problems"]]


def test_new_words_are_used_once_another_approved_them() -> None:
    harness = DecisionHarness()
    assert propose(harness)[0] == 200
    assert find_template(PURPOSE, get_wording(harness)) == TEMPLATES[PURPOSE]
    assert approve(harness, "lin") == 409
    assert approve(harness, "wu") == 200
    assert find_template(PURPOSE, get_wording(harness)).sms == NEW
    current = get_wording(harness).current
    assert current is not None
    assert (current.number, current.proposed_by, current.approved_by) == (1, "lin", "wu")


def test_every_version_says_who_changed_it() -> None:
    harness = DecisionHarness()
    propose(harness)
    approve(harness, "wu")
    assert propose(harness, "wu", sms=f"您好！{NEW}", **NEXT)[0] == 200
    assert approve(harness, "lin", 2) == 200
    versions = [(v.number, v.proposed_by) for v in get_wording(harness).versions]
    assert versions == [(1, "lin"), (2, "wu")]


def test_what_was_dropped_or_changed_since_is_not_approved() -> None:
    harness = DecisionHarness()
    propose(harness)
    assert propose(harness, "wu")[0] == 409
    assert harness.execute(DropWords(purpose=PURPOSE, number=1), "lin") is not None
    assert approve(harness, "wu") == 409
    propose(harness, sms=f"您好！{NEW}")
    assert approve(harness, "wu", 1) == 409
    assert approve(harness, "wu", 2) == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sms": "已受理。"}, "template_variables"),
        ({"sms": f"{NEW}{'很' * 40}"}, "template_long"),
        ({"sms": f"献爱心{NEW}"}, "template_appeals"),
        ({"hint": "请点 www.example.cn"}, "template_links"),
        ({"status": "字" * 21}, "template_field_long"),
        ({"purpose": "request_opend"}, "words_unknown"),
    ],
)
def test_what_a_provider_would_refuse_is_not_proposed(changes: dict[str, str], code: str) -> None:
    status, body = propose(DecisionHarness(), **changes)
    assert status in (404, 422)
    assert code in get_codes(body)


def test_the_same_again_is_no_change() -> None:
    status, body = propose(DecisionHarness(), sms=TEMPLATES[PURPOSE].sms, **NONE)
    assert (status, get_codes(body)) == (409, ["words_same"])


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        (NONE, ["tencent_id"]),
        ({"tencent_id": TEMPLATES[PURPOSE].sms_id}, ["tencent_id"]),
        ({"title": "诉求进展"}, ["wechat_id"]),
        ({"title": "诉求进展", "wechat_id": "new-1"}, []),
        (NONE | {"sms": TEMPLATES[PURPOSE].sms, "hint": "有进展会再通知您"}, []),
    ],
)
def test_a_text_goes_out_under_no_id_that_was_approved_with_another(
    changes: dict[str, str], fields: list[str]
) -> None:
    """Tencent sends alone; the providers send what they approved, not what is written here."""
    status, body = propose(DecisionHarness(), **changes)
    assert status == (422 if fields else 200), body
    assert [problem["field"] for problem in body.get("problems", [])] == fields
    assert not fields or set(get_codes(body)) == {"words_need_id"}


def test_each_provider_in_use_approves_a_new_text_under_an_id_of_its_own() -> None:
    rules = make_rules(
        sms_shares={"tencent": 50, "aliyun": 50},
        sms_template_ids={PURPOSE: "1110001"},
        aliyun_template_ids={PURPOSE: "SMS_1110001"},
    )
    status, body = propose(DecisionHarness(rules), **NONE)
    fields = [problem["field"] for problem in body["problems"]]
    assert (status, fields) == (422, ["tencent_id", "aliyun_id"])
    assert "1110001" in body["problems"][0]["zh"]
    of_file = {"tencent_id": "1110001", "aliyun_id": "SMS_1110001"}
    assert propose(DecisionHarness(rules), **of_file)[0] == 422
    assert propose(DecisionHarness(rules), tencent_id="2499001", aliyun_id="")[0] == 422
    assert propose(DecisionHarness(rules))[0] == 200


def test_an_earlier_text_comes_back_under_its_earlier_id() -> None:
    harness = DecisionHarness()
    propose(harness)
    approve(harness, "wu")
    another = f"您好！{NEW}"
    assert propose(harness, sms=another)[0] == 422, "the id of version 1"
    assert propose(harness, sms=another, **NEXT)[0] == 200
    assert approve(harness, "wu", 2) == 200
    file = TEMPLATES[PURPOSE].sms
    assert propose(harness, sms=file, **NEXT)[0] == 422, "as the form has it filled in"
    assert propose(harness, sms=file, **NONE)[0] == 200
    assert approve(harness, "wu", 3) == 200
    assert propose(harness)[0] == 200


def test_a_change_proposed_before_ids_were_checked_is_not_approved_without_them() -> None:
    harness = DecisionHarness()
    propose(harness)
    waiting = get_wording(harness)
    assert waiting.proposal is not None
    bare = waiting.proposal.model_copy(update={"ids": {}})
    harness.states[Ref(Wording, PURPOSE)] = waiting.model_copy(update={"proposal": bare})
    assert approve(harness, "wu") == 422


def test_of_words_approved_before_without_ids_the_page_says_that_the_old_text_goes_out() -> None:
    harness = DecisionHarness()
    propose(harness)
    approve(harness, "wu")
    wording = get_wording(harness)
    assert wording.current is not None
    caller = Credential(id="c", secret_sha256="", roles=frozenset({Role.OPERATOR}))
    bare = wording.current.model_copy(update={"ids": {}})
    of_before = wording.model_copy(update={"versions": (bare,)})
    pages = [describe(each, NotifySettings(), caller, {}) for each in (wording, of_before)]
    file = TEMPLATES[PURPOSE]
    assert [each["id_clashes"] for each in pages] == [
        {},
        {"tencent": file.sms_id, "aliyun": file.aliyun_id},
    ]


def test_senders_use_the_words_and_ids_of_the_latest_version() -> None:
    harness = DecisionHarness()
    book = WordBook()
    ids = book.overlay("tencent", {PURPOSE: "old", "match_proposed": "other"})
    propose(harness, tencent_id="new-1")
    approve(harness, "wu")
    book.update([get_wording(harness), Wording(id="purpose_of_before")])
    assert book.get(PURPOSE).sms == NEW
    assert (ids[PURPOSE], ids["match_proposed"]) == ("new-1", "other")
    book.update([])
    assert (book.get(PURPOSE), ids[PURPOSE]) == (TEMPLATES[PURPOSE], "old")


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_notice_can_be_previewed_with_its_price(name: str) -> None:
    preview = build_preview(TEMPLATES[name], "东莞民政", 5)
    assert "{" not in preview.text
    segments_max = SEGMENTS_MAX[TEMPLATES[name].language]
    assert 1 <= preview.segments <= segments_max
    assert preview.price_fen == 5 * preview.segments
    assert preview.fields


def test_words_of_before_that_leave_out_what_it_says_today_are_not_used() -> None:
    """A release gave the notice one more place: a provider refuses the old sentence by its id."""
    harness = DecisionHarness()
    propose(harness, tencent_id="new-1")
    approve(harness, "wu")
    stored = get_wording(harness)
    assert stored.current is not None
    short = stored.current.model_copy(update={"sms": "您的诉求已受理。"})
    outdated = stored.model_copy(update={"versions": (short,)})
    book = WordBook()
    ids = book.overlay("tencent", {PURPOSE: "of the house"})
    book.update([outdated])
    assert (book.get(PURPOSE), ids[PURPOSE]) == (TEMPLATES[PURPOSE], "of the house")
    assert is_outdated(outdated)
    assert not is_outdated(stored)


def test_a_change_proposed_before_a_release_is_checked_again_when_it_is_approved() -> None:
    harness = DecisionHarness()
    propose(harness)
    waiting = get_wording(harness)
    assert waiting.proposal is not None
    short = waiting.proposal.model_copy(update={"sms": "您的诉求已受理。"})
    harness.states[Ref(Wording, PURPOSE)] = waiting.model_copy(update={"proposal": short})
    assert approve(harness, "wu") == 422


def test_every_notice_is_there_in_both_languages_and_says_the_same() -> None:
    chinese = {name: each for name, each in TEMPLATES.items() if each.language == "zh"}
    for name, template in chinese.items():
        english = TEMPLATES[name_template(name, "en")]
        assert english.extras == template.extras, name
        assert not (set(english.status + english.title) & set("的您已请")), name
    assert len(TEMPLATES) == 2 * len(chinese)


def test_every_field_of_a_notice_has_a_name_for_people() -> None:
    for name, template in TEMPLATES.items():
        fields = build_preview(template, "东莞民政", 5).fields
        assert {field for field, _ in fields} <= FIELDS.keys(), name


def test_a_preview_has_the_number_that_a_donor_answers_with() -> None:
    text = build_preview(TEMPLATES["match_asked"], "东莞民政", 5).text
    assert "Y4821接受" in text
    assert "N4821婉拒" in text
