"""What people call things, in the catalogue's words, with the reason."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue import PACKAGED, Catalogue, load_catalogue
from shared.catalogue.file import read_catalogue
from shared.errors import Invalid

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("item", "unit", "match", "named", "counted"),
    [
        ("棉被", "床", "named", "棉被", "床"),
        ("被子", "条", "synonym", "棉被", "床"),
        (" Ｎ95口罩", "只", "named", "N95口罩", "个"),
        ("a4 纸", "包", "named", "A4纸", "包"),
        ("大米", "公斤", "named", "大米", "公斤"),
        ("大米", "KG", "named", "大米", "公斤"),
        ("端木测红棉被", "床", "contained", "棉被", "床"),
        ("棉被2床给司徒甲", "床", "contained", "棉被", "床"),
        ("轮椅（联系李四）", "台", "contained", "轮椅", "台"),
        ("电动轮椅", "辆", "named", "电动轮椅", "台"),
        ("不要棉被", "床", "unknown", "", "床"),
        ("棉被和轮椅", "件", "contained", "轮椅", "件"),
        ("说法", "个", "unknown", "", "个"),
        ("司徒甲", "床", "unknown", "", "床"),
        ("棉被", "给李四", "named", "棉被", ""),
        ("陪诊", "小时", "named", "陪诊", "小时"),
        ("陪同看病", "次", "synonym", "陪诊", "次"),
        ("护工", "小时", "synonym", "陪护", "小时"),
        ("上门探访", "次", "synonym", "探访", "次"),
    ],
)
def test_what_is_written_is_named(
    item: str, unit: str, match: str, named: str, counted: str
) -> None:
    reading = CATALOGUE.read(item, unit)
    assert (reading.match, reading.item, reading.unit) == (match, named, counted)


def test_the_reason_is_said_in_words_of_the_catalogue() -> None:
    assert CATALOGUE.read("被子", "条").reason == "被子 → 棉被：别名；条 → 床：棉被的单位"
    assert CATALOGUE.read("棉被", "床").reason == ""
    assert "司徒甲" not in CATALOGUE.read("棉被给司徒甲", "床").reason


@given(st.text(max_size=30), st.text(max_size=10))
def test_only_words_of_the_catalogue_come_out(item: str, unit: str) -> None:
    reading = CATALOGUE.read(item, unit)
    assert reading.item in {"", *(entry.name for entry in CATALOGUE.entries)}
    units = {word for each in CATALOGUE.units for word in (each.name, *each.synonyms)}
    units |= {word for each in CATALOGUE.entries for word in (each.unit, *each.unit_synonyms)}
    assert reading.unit in {"", *units}
    again = CATALOGUE.read(reading.item, reading.unit)
    if reading.item and reading.unit:
        assert (again.item, again.unit) == (reading.item, reading.unit)


def test_naming_twice_is_naming_once() -> None:
    for word, entry in CATALOGUE.list_words():
        for unit in (entry.unit, *entry.unit_synonyms, "公斤", "小时"):
            once = CATALOGUE.read(word, unit)
            assert once.item == entry.name
            again = CATALOGUE.read(once.item, once.unit)
            assert (again.match, again.item, again.unit) == ("named", once.item, once.unit)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("棉被,床,,被子,,\n毛毯,条,,被子,,", "catalogue_word_ambiguous"),
        ("棉被,床,,,,毛毯", "catalogue_substitute_unknown"),
        ("棉被,床,不是类别,,,", "word_unknown"),
        ("棉被,,,,,", "value_missing"),
    ],
)
def test_a_file_that_says_two_things_is_refused(rows: str, code: str) -> None:
    header = "物品,单位,类别,别名,单位别名,可替代\n"
    with pytest.raises(Invalid) as refused:
        read_catalogue(f"{header}{rows}\n".encode())
    assert refused.value.problems[0].code == code


def test_a_file_of_ones_own_counts(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("物品,单位,别名\n香云纱,匹,莨纱\n", encoding="utf-8")
    assert load_catalogue(own).read("莨纱", "匹").item == "香云纱"
    assert load_catalogue(own).read("棉被", "床").match == "unknown"
    with pytest.raises(Invalid):
        load_catalogue(tmp_path / "absent.csv")


def test_the_installed_file_is_right() -> None:
    assert isinstance(read_catalogue(PACKAGED.read_bytes()), Catalogue)
    assert len(CATALOGUE.entries) > 100
