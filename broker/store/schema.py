"""The schema's versions, by Alembic: nothing to configure, nothing to run by hand but `broker db upgrade`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from broker.errors import StoreError
from broker.store.deployment import hold
from broker.store.engine import Database

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """To head, in one transaction; of several processes doing so at once one works and the others wait."""
    database.make_file()
    with database.core(alone=True) as connection:
        hold(database.link(connection), "schema")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def empty(database: Database) -> bool:
    """No table at all; a SQLite file that is not there yet is empty too."""
    if database.missing():
        return True
    with database.core() as connection:
        return not inspect(connection).get_table_names()


def require_head(database: Database) -> None:
    """Raises StoreError `not_at_head`."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.core() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
    if at != head:
        raise StoreError(
            "not_at_head",
            "The database was made by another version of the broker. Run: broker db upgrade",
            detail=f"schema {at}, wanted {head}",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
