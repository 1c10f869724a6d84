"""Where a study is kept: a journal on a file system that all workers see, or a database."""

import random
import time
from pathlib import Path
from typing import Any

from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from reid.errors import InputError
from reid.search.sqlite import PATIENCE, lock_whole_transactions

ATTEMPTS = 4


def open_storage(url: str) -> BaseStorage:
    """Open `journal:FILE` or a database, such as `sqlite:///search.db`; it is made if it does not exist.

    Raises:
        InputError: it is neither, or cannot be opened.
    """
    kind, colon, place = url.partition(":")
    try:
        if kind == "journal" and place:
            return _journal(Path(place))
        if colon and place.startswith("//"):
            return _database(url)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"--storage {url}: cannot be read or written as a study ({_line(error)})") from error
    except (SQLAlchemyError, OptunaError, ImportError, RuntimeError) as error:
        raise InputError(f"--storage {url}: this database cannot be opened ({_line(error)})") from error
    raise InputError(f"--storage {url}: expected journal:FILE, sqlite:///FILE, or the URL of another database")


def _journal(path: Path) -> JournalStorage:
    path.parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(str(path)))


def _database(url: str) -> RDBStorage:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _made(url, {})
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    storage = _made(url, {"connect_args": {"timeout": PATIENCE}})
    lock_whole_transactions(storage.engine)
    return storage


def _made(url: str, options: dict[str, Any]) -> RDBStorage:
    """Connect to a database; workers that begin at once get into each other's way when they make its tables."""
    for _ in range(ATTEMPTS - 1):
        try:
            return RDBStorage(url, options)
        except (SQLAlchemyError, OptunaError):
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311
    return RDBStorage(url, options)


def _line(error: Exception) -> str:
    """The first line of what went wrong, at its root."""
    root = error.__cause__ if isinstance(error.__cause__, Exception) else error
    return str(root).strip().partition("\n")[0] or type(root).__name__
