"""What rings and what does not: words of danger in Mandarin and Cantonese."""

import time

import pytest

from services.intake.channels.danger import find_danger

RINGS = """
孩子打游戏上瘾说不想活了
儿子玩游戏上瘾要跳楼
老人看电视中突然昏迷
去年老伴走了，昨天我摔倒起不来
三个月前做手术，现在摔倒动不了
我会不会自杀
奶奶吃了野蘑菇会不会中毒
昨晚不小心火灾
差点打死我不敢回家
我不想活了，没有人管我
没脸活了
照顾好我的孩子，我先走了
我走了，不要找我
我割手了
吃了好多药
喝了消毒水
孩子误食老鼠药
我妈摔了一跤起不来
奶奶躺在地上
胸口痛得厉害喘不上气
羊水破了
孩子从楼上掉下来
孩子不小心从窗口摔下去了
敲门不应
阿婆家敲门没反应
有人摸我女儿
老公打我，要不要报警
他说要弄死我
隔壁着火了
老人晕倒在卫生间
没自杀成，现在在家
三天没吃饭
我三日冇食飯
我個仔打我
我个仔打我
老公成日打我
佢話要斬死我
我畀人打
我俾人打
唔想捱落去
活唔落去
我活着冇意思
唔想活喇
食咗成樽安眠藥
火燭呀
阿婆暈咗
老豆唔見咗
困咗喺𨋢度
有人喺屋企打我
阿妈跌咗起唔到身，起不来
我没有钱，不想活了
电影里说的没错，我不想活了
家里没有火灾报警器，现在起火了
""".strip().splitlines()

QUIET = """
谢谢你们的救命之恩
想去游乐场坐跳楼机
跳楼价大甩卖
手机被打爆了
电话被打爆了
看了一部讲自杀的电影
电影里有人跳楼，孩子怕得睡不着
孩子玩游戏里被打死了，不肯睡
小说里有人中毒，是假的
家里没有着火，是邻居烧纸
你们放心，我不会自杀的
没有人打我，是我自己摔的
想参加消防演习
想办一场防溺水讲座
想装一个火灾报警器
社区要做家暴知识宣传
去年摔了一跤，走路不方便，想要轮椅
我爸去年从梯子上摔下来，瘫痪了，想要护理床
吃了很多药都没用，想申请医药费
吃了好多药还是不见好
衣服从楼上掉下来，晾衣架坏了
孩子躺在地上玩，想要爬行垫
打八折
打死都不去
没米没油，想要一袋米
食品和零食
想食碗粥
老鼠好多，想要老鼠药
我走了很远才到社区
请照顾好我的孩子，谢谢你们
敲门没人开，请改约时间
透析每个月要3000多，撑不住了
12月3日没吃上爱心餐，请补发
想請人幫手攞返部電風扇
老豆想要張輪椅
喺屋企等你哋
唔該畀兩張棉被我
老婆生仔，想要奶粉
吃饭84元
小心火烛
孩子头晕，想看医生
一个女人打电话来问
""".strip().splitlines()


@pytest.mark.parametrize("text", RINGS)
def test_somebody_may_be_in_danger(text: str) -> None:
    assert find_danger(text)


@pytest.mark.parametrize("text", QUIET)
def test_nobody_is_in_danger(text: str) -> None:
    assert find_danger(text) == ()


@pytest.mark.parametrize(
    "part", ["孩子丢了", "没有", "我从", "摔", "月前摔", "电影里", "吃了很多药"]
)
def test_long_words_are_read_in_their_own_time(part: str) -> None:
    """Twice the text takes no more than a few times as long: no part of it is read over again."""

    def count(length: int) -> float:
        text = part * (length // len(part))
        started = time.process_time()
        find_danger(text)
        return time.process_time() - started

    count(1_000)
    assert count(16_000) < 1
