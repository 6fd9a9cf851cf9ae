"""How people write yes and no with the number that they were sent."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.channels import donor_answers, text
from services.intake.channels.answers import Sense, ShortAnswer
from services.intake.channels.donor_answers import DonorAnswer, read_donor_answer


@pytest.mark.parametrize(
    "written",
    [
        "Y 4821",
        "y4821",
        "Ｙ　4821",
        "Y-4821",
        "Y：４８２１",
        "同意4821",
        "同意 4821。",
        "4821 同意",
        "4821，同意！",
        "我们同意4821，谢谢",
        "接受 4821",
        "接受 Y4821",
        "同意Y4821",
        "Y4821😊",
        "4821 Y 👍",
        "得 4821",
        "全部接受4821",
        "都同意 4821 谢谢你们",
        "回复Y4821",
        "“Y4821”",
        "yes 4821",
        "可以 4821",
        "4821愿意",
        "願意4821",
        "公司同意 编号4821",
        "【Y4821】",
        "\u202dY4821\u202c",
        "Y加4821",
        "Y 加 4821",
        "Y加数字4821",
        "Y加数字：4821",
        "“Y加4821”",
        "回复Y加4821",
        "Y+4821",
        "4821加Y",
        "Y4821接受",
        "回复Y4821接受",
        "Y4821全部接受",
        "Y4821，我们全部接受，谢谢",
        "回复Y4821全部接受",
        "Y4821 我接受",
        "我愿意接受4821",
        "我们愿意接受全部4821",
        "确认接受4821",
        "我确认同意4821",
        "決定接受4821",
        "想要接受 4821",
        "可以接受4821",
        "4821这项我们接受",
        "4821我愿意接受",
        "同意对接4821",
        "接受4821这项对接",
        *("我们商会接受4821", "确认4821", "4821确认", "4821 对接", "接收4821", "我来4821"),
        *("4821我来", "支持4821", "同意4821，请安排", "收到，同意4821", "好的同意4821"),
        *("同意4821，请尽快安排", "4821通过", "嗯4821可以", "您好，我司接受4821"),
    ],
)
def test_a_yes(written: str) -> None:
    assert read_donor_answer(written) == DonorAnswer("accept", "4821")
    assert text.understand(written) == DonorAnswer("accept", "4821")


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("N 4821", "other"),
        ("n4821", "other"),
        ("N4821 太远了", "scope"),
        *((text, "other") for text in ("不，4821", "抱歉，4821不行", "不好意思4821不方便")),
        *((text, "other") for text in ("4821算了", "暂不4821", "无法提供4821", "4821做不了")),
        *((text, "other") for text in ("不接4821", "N4821没有轮椅了")),
        *((text, "capacity") for text in ("N4821已经捐过了", "N4821太多了")),
        ("不同意 4821", "other"),
        ("唔得 4821", "other"),
        ("不同意N4821", "other"),
        ("不同意4821，最近资金紧张", "capacity"),
        ("4821 不接受", "other"),
        ("婉拒4821", "other"),
        ("4821拒绝，不在我们的服务范围", "scope"),
        ("不能4821 没空", "capacity"),
        ("不同意全部 4821", "other"),
        ("都不同意4821", "other"),
        ("謝絕4821", "other"),
        ("N加4821", "other"),
        ("N加数字4821", "other"),
        ("回复N加4821", "other"),
        ("N4821婉拒", "other"),
        ("N4821全部婉拒", "other"),
        ("N4821 我们不接受", "other"),
        ("N4821 不愿意接受", "other"),
        ("N+4821 太远", "scope"),
        ("不需要4821", "other"),
        ("不想接受4821", "other"),
        ("我们暂不接受4821", "other"),
        ("暂时不能接受4821，资金紧张", "capacity"),
        ("无法接受4821", "other"),
        ("没办法接受4821", "other"),
        ("確認不接受4821", "other"),
        ("放弃4821", "other"),
        ("4821 我不愿意接受", "other"),
        ("4821这个不需要", "other"),
    ],
)
def test_a_no_and_why(written: str, cause: str) -> None:
    answer = read_donor_answer(written)
    assert answer is not None
    assert (answer.verdict, answer.code, answer.cause) == ("decline", "4821", cause)


@pytest.mark.parametrize(
    "written",
    [
        "4821",
        "同意",
        "都同意",
        "Y482",
        "Y482199",
        "Y 4821 4822",
        "Y4821 N4822",
        "Y4821👎",
        "同意N4821",
        "不同意Y4821",
        "N4821 打错了，同意",
        "N4821 但是另一个可以",
        "同意4821，但是要下周",
        "Y4821吗？那个地址在哪里",
        "不要2000元",
        "可以 1000 元吗",
        "同意5000个",
        "收到 4821",
        "没收到 4821",
        "张三同意4821元",
        "我不同意你们的做法，电话4821",
        "Y4821接受，N4821婉拒",
        "回复Y4821接受，N4821婉拒。",
        "Y4821全部接受，N4821全部婉拒",
        "Y或N加4821",
        "Y加4821加4822",
        "Y4821 不接受",
        "Y4821 全部婉拒",
        "N4821 接受",
        "N4821 全部接受",
        "Y4821接受吗",
        "能不能接受4821",
        "不能不接受4821",
        "我愿意接受4821元",
        "确认收到4821",
        "不需要4821床",
        *("同意4821？", "Y4821?", "能不同意4821吗", "确认收到4821了", "为什么4821"),
        *("怎么同意4821", "明天答复4821", "同意不了4821", "4821不一定", "支持4821元"),
        "",
    ],
)
def test_what_is_no_such_answer_is_read_as_before(written: str) -> None:
    assert read_donor_answer(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "不行12345，我不想活了",
        "不能 12345 救命 着火了",
        "N4821 我想自杀",
        "Y4821 救命",
        "4821 no sos",
    ],
)
def test_a_cry_for_help_comes_before_any_number(written: str) -> None:
    answer = text.understand(written)
    assert isinstance(answer, ShortAnswer)
    assert answer.sense is Sense.EMERGENCY


@pytest.mark.parametrize(
    "written",
    [
        "不要 4821 我没收到钱 被骗了",
        "不行12345，我没收到钱",
        "不要4821 没收到",
        "N4821 你们骗人",
        "N4821 我要投诉",
        "N4821 老人病重没人管",
        "不能12345 家里断水三天了",
    ],
)
def test_what_says_more_than_a_reason_is_read_by_a_person(written: str) -> None:
    understood = text.understand(written)
    assert isinstance(understood, text.Unclear), understood


@pytest.mark.parametrize(
    "why", ["我们最近没空，不好意思", "仓库没货了", "距离太远，车送不到", "谢谢"]
)
def test_a_plain_reason_is_still_a_no(why: str) -> None:
    answer = text.understand(f"N4821 {why}")
    assert isinstance(answer, DonorAnswer)
    assert answer.verdict == "decline"


# --- what is written to keep the reader busy ---


@pytest.mark.parametrize(
    "written",
    [
        "Y4821" + "好的" * 22 + "x",
        "Y4821" + "好的" * 15 + "x",
        "N4821" + "太远" * 19 + "x",
        "Y4821" + "全部接受" * 9 + "x",
        "N4821" + "不愿意接受" * 7 + "x",
        "我愿意" * 20 + "接受4821",
        "你们好的" * 1000,
        "我这边" * 19 + "x",
        "刚刚" * 29 + "x",
        "呢啊" * 29 + "x",
        "送来" * 29 + "x",
        "给我们" * 19 + "x",
        "收到了啊" * 14 + "x",
        "一个两份" * 14 + "x",
        "收" + "都没" * 28 + "x",
    ],
)
def test_words_repeated_without_end_are_read_at_once(written: str) -> None:
    """Each ran for seconds to centuries where a loop of words could be read in two ways.

    The bound is on the processor's time of this thread, and thousands of times what it takes.
    """
    began = time.thread_time()
    text.understand(written)
    assert time.thread_time() - began < 2


LOOPS = re.compile(r"\(\?:[^()]*\|[^()]*\)\*(?!\+)")


@pytest.mark.parametrize("name", ["_COURTESY", "_WHY"])
def test_a_loop_of_words_gives_nothing_back(name: str) -> None:
    assert LOOPS.search("(?:a|aa)*")
    assert not LOOPS.search(getattr(donor_answers, name).pattern)


RHYTHM = (
    "好的",
    "好",
    "的",
    "太远",
    "刚刚",
    "我",
    "我这边",
    "送来",
    "呢啊",
    "啊",
    "一个",
    "两份",
    "都",
    "没",
)


@settings(deadline=None, max_examples=60)
@given(
    head=st.sampled_from(["", "Y4821", "N4821 ", "4821 不同意", "绑定", "收到"]),
    words=st.lists(
        st.sampled_from(RHYTHM),
        min_size=1,
        max_size=3,
    ),
    times=st.sampled_from([7, 14, 28, 2000]),
    end=st.sampled_from(["", "x", "?"]),
)
def test_no_rhythm_of_words_keeps_it_busy(
    head: str, words: list[str], times: int, end: str
) -> None:
    text.understand((head + "".join(words) * times)[:4000] + end)


@given(st.text(max_size=80))
def test_no_text_breaks_it(written: str) -> None:
    answer = read_donor_answer(written)
    assert answer is None or answer.code.isdecimal() or (not answer.code and answer.has_letter)


@given(
    code=st.from_regex(r"[1-9][0-9]{3,4}", fullmatch=True),
    words=st.sampled_from(["y", "Y", "同意", "接受", "n", "N", "不同意", "不接受", "婉拒", "拒绝"]),
    blank=st.sampled_from(["", " ", "　", "，", "：", "-", "\t"]),
    turned=st.booleans(),
)
def test_a_no_is_never_a_yes(code: str, words: str, blank: str, turned: bool) -> None:
    written = f"{code}{blank}{words}" if turned else f"{words}{blank}{code}"
    answer = read_donor_answer(written)
    assert answer is not None
    is_yes = words in ("y", "Y", "同意", "接受")
    assert (answer.code, answer.verdict) == (code, "accept" if is_yes else "decline")


@pytest.mark.parametrize("text", ["Y", "y", "Ｙ", "yes", "Y。", "Y😊", "回复Y", "Y 谢谢"])
def test_a_yes_alone_has_no_number(text: str) -> None:
    answer = read_donor_answer(text)
    assert answer == DonorAnswer("accept", "")
    assert answer.has_letter


@pytest.mark.parametrize("written", ["N", "n", "Ｎ", "no", "n.", "N，谢谢", "回复N"])
def test_a_no_alone_is_a_donors_no_and_no_stop(written: str) -> None:
    answer = text.understand(written)
    assert answer == DonorAnswer("decline", "")
    assert isinstance(answer, DonorAnswer)
    assert answer.has_letter


@pytest.mark.parametrize("text", ["NN", "同意", "好的", "Y?", "Y吗", "yes or no", "YY", "Y1"])
def test_other_words_alone_are_no_donors_answer(text: str) -> None:
    assert read_donor_answer(text) is None
