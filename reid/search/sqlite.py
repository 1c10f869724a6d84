"""SQLite for several workers at once."""

import sqlite3

from sqlalchemy import Connection, Engine, event

PATIENCE = 60.0
"""Seconds that a worker waits for another that holds the file."""


def lock_whole_transactions(engine: Engine) -> None:
    """Let every transaction hold the file from its first statement on, also if that only reads.

    Optuna reads a state and then writes it, and relies on row locks in between. SQLite has none: two workers could take
    the same trial.
    """
    event.listen(engine, "connect", _begin_nothing)
    event.listen(engine, "begin", _begin_at_once)
    engine.dispose()  # connections that were made before this


def _begin_nothing(connection: sqlite3.Connection, _record: object) -> None:
    """Keep the module from beginning transactions when it sees fit."""
    connection.isolation_level = None


def _begin_at_once(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
