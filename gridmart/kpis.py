"""The KPI dictionary: one definition each, from which pages, Superset's metrics and values come.

The definitions are data (`dbt/seeds/kpis/kpi.csv`); the warehouse shows them as `marts.dim_kpi`.
"""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR
from gridmart.warehouse.database import connect

FILE = PROJECT_DIR / "dbt" / "seeds" / "kpis" / "kpi.csv"
ARROWS = {"up": "↑", "down": "↓", "none": ""}


@dataclass(frozen=True)
class Kpi:
    """A KPI: `expression` over the rows of `mart` that meet `condition`, dated by `date_column`.

    direction: up (more is good), down or none; format: of d3, for charts.
    """

    kpi_code: str
    name_zh: str
    name_en: str
    formula_zh: str
    formula_en: str
    unit: str
    grain: str
    direction: str
    owner: str
    mart: str
    date_column: str
    condition: str
    expression: str
    format: str

    @property
    def title(self) -> str:
        """Both names, with the unit where it is one."""
        unit = "" if self.unit in ("share", "ratio", "") else f" ({self.unit})"
        return f"{self.name_zh} {self.name_en}{unit}"

    @property
    def metric(self) -> dict[str, str]:
        """The KPI as a metric of a Superset dataset; its formula is the tooltip."""
        return {
            "metric_name": self.kpi_code,
            "verbose_name": self.title,
            "expression": self.expression,
            "description": f"{self.name_zh} = {self.formula_zh}。{self.formula_en}.",
            "d3format": self.format,
        }

    def query(self, schema: str, month: str = "%(month)s") -> str:
        """SQL of the KPI's value in the month that begins on `month`, by default a parameter."""
        condition = f" and ({self.condition})" if self.condition else ""
        return (
            f"select {self.expression} from {schema}.{self.mart} "
            f"where {self.date_column} >= {month} and {self.date_column} < {month} + interval '1 month'{condition}"
        )


@cache
def kpis() -> dict[str, Kpi]:
    """All KPIs by code, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {row["kpi_code"]: Kpi(**row) for row in csv.DictReader(lines)}


def values(month: date, schema: str = "marts", role: str = "bi_reader") -> dict[str, Decimal | int | None]:
    """Values of all KPIs for the whole company in a month (its first day), by code; None where there is nothing."""
    if month.day != 1:
        raise GridmartError(f"{month} is not the first day of a month", "give the month as YYYY-MM", 2)
    with connect(role) as connection:
        found = {}
        for code, kpi in kpis().items():
            row = connection.execute(kpi.query(schema).encode(), {"month": month}).fetchone()
            found[code] = row[0] if row else None
        return found


def shown(kpi: Kpi, value: Decimal | float | None) -> str:
    """A value as a person reads it; a dash where there is nothing."""
    if value is None:
        return "–"
    form = kpi.format.removesuffix("d") + ".0f" if kpi.format.endswith("d") else kpi.format
    return format(float(value), form)


def latest_month(role: str = "bi_reader") -> date:
    """First day of the latest month with published readings."""
    with connect(role) as connection:
        row = connection.execute(
            "select date_trunc('month', max(business_date))::date from marts.fct_point_day"
        ).fetchone()
    if row is None or row[0] is None:
        raise GridmartError("nothing is published yet", "run the pipeline first: gridmart run --from DATE --to DATE")
    return row[0]


def page() -> str:
    """The text of docs/kpis.md."""
    lines = [
        "# KPIs 指标字典",
        "",
        "Written from `dbt/seeds/kpis/kpi.csv` by `make format`. The same definitions are `marts.dim_kpi`, the metrics",
        "of Superset (the formula is the tooltip) and what `gridmart kpi` prints. A test works them out again from",
        "raw tables by another way; billing errors, by scenarios of bills ([billing](billing.md)).",
        "",
        "| 指标 KPI | formula | unit | good | told for | owner | mart |",
        "|---|---|---|---|---|---|---|",
    ]
    for kpi in kpis().values():
        lines.append(
            f"| **{kpi.name_zh}** {kpi.name_en} `{kpi.kpi_code}` | {kpi.formula_zh}<br>{kpi.formula_en} | {kpi.unit} | "
            f"{ARROWS[kpi.direction]} | {kpi.grain} | {kpi.owner} | `{kpi.mart}` |"
        )
    return "\n".join(lines) + "\n"


def docs() -> str:
    """The text of dbt's docs blocks, one a KPI: `kpi_<code>`."""
    blocks = [
        f"{{% docs kpi_{kpi.kpi_code} %}}{kpi.name_zh} = {kpi.formula_zh}。{kpi.formula_en}.{{% enddocs %}}"
        for kpi in kpis().values()
    ]
    return "\n".join(blocks) + "\n"
