"""The KPI dictionary: complete, bilingual, fits the marts, and stands in every page that is written from it."""

import pytest
import sqlglot
from sqlglot import exp

from gridmart import kpis
from gridmart.dashboards import marts, source
from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR

ALL = kpis.kpis()
# the terms of the trade: one KPI or more each
GLOSSARY = {
    "采集覆盖率", "采集成功率", "抄表率", "估算率", "供电量", "售电量", "线损率", "高损台区", "负损台区", "电费回收率",
    "电费差错率", "均价", "配变最高负载率", "重载配变", "过载配变", "三相不平衡度", "月平均功率因数", "供电可靠率",
    "户均停电时间", "户均停电次数", "平均修复时间", "业扩时限达标率",
}  # fmt: skip


def test_every_term_has_its_kpi() -> None:
    assert {kpi.name_zh for kpi in ALL.values()} == GLOSSARY


@pytest.mark.parametrize("kpi", ALL.values(), ids=ALL)
def test_a_kpi_is_told_in_both_languages_and_fits_its_mart(kpi: kpis.Kpi) -> None:
    assert all((kpi.name_zh, kpi.name_en, kpi.formula_zh, kpi.formula_en, kpi.unit, kpi.grain, kpi.owner, kpi.format))
    assert kpi.direction in kpis.ARROWS
    columns = marts.relations()[kpi.mart]
    assert columns[kpi.date_column] == "date"
    for text in filter(None, (kpi.expression, kpi.condition)):
        used = {column.name for column in sqlglot.parse_one(text, read="postgres").find_all(exp.Column)}
        assert used and used <= set(columns)


def test_pages_are_written_from_the_dictionary() -> None:
    assert (PROJECT_DIR / "docs" / "kpis.md").read_text(encoding="utf-8") == kpis.page()
    blocks = PROJECT_DIR / "dbt" / "models" / "marts" / "_kpis.md"
    assert blocks.read_text(encoding="utf-8") == kpis.docs()


def test_no_dataset_defines_a_kpi_again() -> None:
    for dataset in source.load().datasets.values():
        for metric in dataset.content.get("metrics", []):
            same = [kpi for kpi in ALL.values() if kpi.mart == dataset.name and kpi.expression == metric["expression"]]
            assert not same or metric == same[0].metric


def test_values_are_shown_as_people_read_them() -> None:
    assert kpis.shown(ALL["loss_rate"], 0.04321) == "4.32%"
    assert kpis.shown(ALL["high_loss_areas"], 1234) == "1,234"
    assert kpis.shown(ALL["mttr_hours"], None) == "–"


def test_a_month_begins_on_its_first_day() -> None:
    from datetime import date

    with pytest.raises(GridmartError, match="first day of a month"):
        kpis.values(date(2026, 9, 2))
