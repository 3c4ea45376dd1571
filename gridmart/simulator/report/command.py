"""`gridmart simulate report`."""

from pathlib import Path

import typer


def default_data() -> Path | None:
    """Folder of public data beside the project, None where there is none."""
    from gridmart.settings import PROJECT_DIR

    folder = PROJECT_DIR.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def add_command(simulate: typer.Typer) -> None:
    """Add `report` to `gridmart simulate`."""

    @simulate.command()
    def report(
        into: Path = typer.Option(None, help="Folder of the utility; default: this installation's."),
        data: Path = typer.Option(None, help="Folder of real series; default: ../shared/data where it exists."),
        out: Path = typer.Option(None, help="The page; default: report.html in the folder of the utility."),
    ) -> None:
        """Compare the simulated load with published facts and real series, with pictures; a line of JSON.

        Example: gridmart simulate report --out /tmp/report.html
        """
        import time

        from rich.console import Console
        from rich.progress import Progress

        from gridmart.settings import settings
        from gridmart.simulator.report import loader, page, real
        from gridmart.simulator.report.facts import facts

        console = Console(stderr=True, highlight=False)
        began = time.monotonic()
        folder = into or settings().var_dir
        target = out or folder / "report.html"
        given = data or default_data()
        with Progress(console=console) as bars:
            bar = bars.add_task("reading meter files", total=None)
            utility = loader.load(folder, advance=lambda done, of: bars.update(bar, completed=done, total=of))
        series = real.read(given)
        if not series:
            where = f"in {given}" if given else "(no --data, and no ../shared/data)"
            console.print(f"[yellow]no real series[/] {where}: the report stands without them", soft_wrap=True)
        for note in utility.notes:
            console.print(note, soft_wrap=True)
        with console.status("working out facts and pictures"):
            found = facts(utility)
            text = page.render(utility, series, found, given, folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
        outside = [fact for fact in found if fact.verdict == "outside"]
        for fact in outside:
            sure = "" if fact.is_read else " (u)"
            console.print(
                f"outside: {fact.title_en}: {fact.value:.3g} {fact.unit.strip('1')}, "
                f"published {fact.low:g} to {fact.high:g}{sure}", soft_wrap=True,
            )  # fmt: skip
        console.print(f"{target} in {time.monotonic() - began:.1f} s", soft_wrap=True)
        print(page.summary(utility, series, found, target))
