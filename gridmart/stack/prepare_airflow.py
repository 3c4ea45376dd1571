"""Airflow's metadata in one process: migrate, users. Runs in Airflow's environment, as a script.

The commands are Airflow's own; one process saves loading Airflow for each. Reads the password from its environment.
"""

import os

from airflow.cli.cli_parser import get_parser


def run(*words: str) -> None:
    """One command of Airflow's command line, in this process."""
    arguments = get_parser().parse_args(words)
    arguments.func(arguments)


def prepare() -> None:
    """Bring the metadata database up to date; create or correct the administrator."""
    run("db", "migrate")
    name, password = "airflow_admin", os.environ["GRIDMART_WEB_AIRFLOW_ADMIN"]
    person = ["--firstname", "gridmart", "--lastname", "admin", "--email", "airflow_admin@localhost"]
    run("users", "create", "--username", name, "--role", "Admin", "--password", password, *person)
    run("users", "reset-password", "--username", name, "--password", password)


if __name__ == "__main__":
    prepare()
