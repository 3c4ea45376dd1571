"""A `gridmart` command as a task.

DAGs run commands of the warehouse environment (`bin/gridmart …`). A command prints one JSON object
as its last line; its `from` and `to` travel to the next DAG in the extra of the asset event.
"""

import json
import shlex
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException
from wiring import HOME, run_range

GRIDMART = HOME / "bin" / "gridmart"


class Command(BashOperator):
    """One `gridmart` command as a task.

    `arguments` are words of the command line; with `ranged` the run's `--from` and `--to` are added.
    Its XCom is the JSON object that the command printed last. Assets in `outlets` receive the range.
    With `announce_if` set, outlets are announced only if that key of the result is true or the run
    was started for a given range.
    """

    template_fields = ("arguments", *BashOperator.template_fields)

    def __init__(self, *, arguments: list[str], ranged: bool = False, announce_if: str = "", **kwargs: Any) -> None:
        super().__init__(bash_command="", cwd=str(HOME), **kwargs)
        self.arguments = arguments
        self.ranged = ranged
        self.announce_if = announce_if

    def execute(self, context: Context) -> Any:
        """Run the command; return its JSON result and announce the outlets."""
        dates = run_range(context) if self.ranged else {}
        words = [str(GRIDMART), *self.arguments]
        for name, value in dates.items():
            words += [f"--{name}", value]
        self.bash_command = shlex.join(words)
        output = super().execute(context)
        result = json.loads(output) if output and output.startswith("{") else {}
        if self.outlets and self.announce_if and not (result.get(self.announce_if) or dates):
            raise AirflowSkipException("nothing new: the next DAG is not started")
        covered = {name: result[name] for name in ("from", "to") if result.get(name)} or run_range(context)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = covered
        return result
