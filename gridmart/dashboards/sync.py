"""Superset made equal to Git: import, prune, roles; and a proof that every chart returns data."""

from collections.abc import Callable
from dataclasses import dataclass

from gridmart.dashboards import access, bundle, compare, marts, organisations, references, validate
from gridmart.dashboards.client import Superset
from gridmart.dashboards.source import Source, load
from gridmart.errors import GridmartError

Say = Callable[[str], None]
SHOWN = 20


@dataclass(frozen=True)
class Synced:
    """What a sync did."""

    imported: int
    pruned: list[compare.Stale]
    access_changes: list[str]


@dataclass(frozen=True)
class ChartData:
    """Answer of one chart: rows, or the error."""

    chart: str
    rows: int
    error: str = ""


def valid_source() -> Source:
    """The files in Git; GridmartError lists their problems if there are any."""
    source = load()
    problems = validate.problems(source, marts.relations())
    if problems:
        lines = [f"{each.path.relative_to(source.root.parent)}: {each.what}" for each in problems[:SHOWN]]
        raise GridmartError(
            f"The dashboards have {len(problems)} problems:\n" + "\n".join(lines),
            "Run `gridmart dashboards validate` for each problem's next step.",
        )
    return source


def sync(client: Superset, source: Source, say: Say) -> Synced:
    """Import if anything differs or does not answer, prune what Git dropped, set roles. Idempotent."""
    expected = bundle.files(source, masked=True)
    live = client.export_assets()
    differing = compare.differences(expected, live)
    imported = 0
    if differing or not connection_works(client, source):
        things = sorted({difference.thing for difference in differing})
        say(f"importing {len(expected)} objects ({len(things)} differ from Git)")
        client.import_assets(bundle.archive(source))
        imported = len(expected)
        live = client.export_assets()
    pruned = prune(client, expected, live, say)
    left = compare.differences(expected, live)
    if left:
        first = left[0]
        raise GridmartError(
            f"{len(left)} differences stay after the import, first {first.thing} {first.where}: "
            f"Git {first.git!r}, live {first.live!r}.",
            "Another version of Superset may have renamed the field: compare with its export, correct the file.",
        )
    return Synced(imported, pruned, access.apply(client, source) + organisations.apply(client, source))


def prune(client: Superset, expected: compare.Files, live: compare.Files, say: Say) -> list[compare.Stale]:
    """Delete what gridmart imported once and Git no longer has; people's own objects stay."""
    gone = compare.stale(expected, live)
    for each in gone:
        rows = client.listing(f"/api/v1/{each.kind}/", ["id", "uuid"])
        for row in rows:
            if row["uuid"] == each.uuid:
                say(f"deleting {each.kind} {each.title}: no longer in Git")
                client.delete(each.kind, row["id"])
    return gone


def connection_works(client: Superset, source: Source) -> bool:
    """Whether Superset reads marts with the password it holds (an export masks it, so only a query can tell)."""
    rows = client.listing("/api/v1/dataset/", ["id", "uuid"])
    ids = {row["uuid"]: row["id"] for row in rows}
    for dashboard in source.dashboards.values():
        for chart in dashboard.charts.values():
            dataset_id = ids.get(source.datasets[chart.content["dataset"]].content["uuid"])
            if dataset_id is None:
                return False
            try:
                # `force`: an answer from the cache would prove nothing
                client.chart_data(references.query_context(source, chart, dataset_id, 0) | {"force": True})
            except GridmartError:
                return False
            return True
    return False


def check(client: Superset, source: Source, say: Say) -> list[ChartData]:
    """Ask for the data of every chart, which also warms Superset's cache; an error of one does not stop the rest."""
    datasets = {row["uuid"]: row["id"] for row in client.listing("/api/v1/dataset/", ["id", "uuid"])}
    charts = {row["uuid"]: row["id"] for row in client.listing("/api/v1/chart/", ["id", "uuid"])}
    answers = []
    for dashboard in source.dashboards.values():
        for chart in dashboard.charts.values():
            say(chart.slug)
            dataset_id = datasets.get(source.datasets[chart.content["dataset"]].content["uuid"])
            chart_id = charts.get(chart.content["uuid"])
            if dataset_id is None or chart_id is None:
                answers.append(ChartData(chart.slug, 0, "not in Superset; run `gridmart dashboards sync`"))
                continue
            try:
                results = client.chart_data(references.query_context(source, chart, dataset_id, chart_id))
            except GridmartError as error:
                answers.append(ChartData(chart.slug, 0, error.cause))
                continue
            errors = [str(result["error"]) for result in results if result.get("error")]
            answers.append(
                ChartData(chart.slug, sum(len(result.get("data") or []) for result in results), "; ".join(errors))
            )
    return answers
