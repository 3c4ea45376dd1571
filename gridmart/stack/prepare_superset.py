"""Superset's metadata in one process: migrate, permissions, users. Runs in Superset's environment, as a script.

Superset's own commands do the same in four starts of its application; loading it is most of their time.
Reads passwords from the environment of this one process.
"""

import os

from flask_migrate import upgrade
from superset.app import create_app


def prepare() -> None:
    """Bring the metadata database up to date; create or correct the users."""
    app = create_app()
    with app.app_context():
        from superset.extensions import appbuilder, security_manager

        upgrade()
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        # what a manager may do is written in superset/access.yaml and filled in by `gridmart dashboards sync`
        manager = security_manager.find_role("manager") or security_manager.add_role("manager")
        for name, role in (("superset_admin", security_manager.find_role("Admin")), ("superset_manager", manager)):
            password = os.environ[f"GRIDMART_WEB_{name.upper()}"]
            user = security_manager.find_user(username=name)
            if user is None:
                last = name.removeprefix("superset_")
                security_manager.add_user(name, "gridmart", last, f"{name}@localhost", role, password=password)
            else:
                security_manager.reset_password(user.id, password)


if __name__ == "__main__":
    prepare()
