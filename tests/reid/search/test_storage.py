"""Storages are opened or refused in one line, and a study admits only trials of one kind."""

from pathlib import Path

import pytest

from reid.errors import InputError
from reid.search.storage import open_storage
from reid.search.study import exists, join
from tests.reid.search.hills import plan

WRONG = {
    "study.log": "expected journal:FILE, sqlite:///FILE",
    "journal:": "expected journal:FILE",
    "journal:{0}/page.html": "cannot be read or written as a study",
    "journal:{0}": "cannot be read or written as a study",
    "sqlite:///{0}/page.html": "cannot be opened (file is not a database)",
    "nosuch://host/name": "cannot be opened",
}


@pytest.mark.parametrize("url", WRONG)
def test_a_storage_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    (tmp_path / "page.html").write_text("<!DOCTYPE html>\n<html>\n")
    with pytest.raises(InputError) as caught:
        open_storage(url.format(tmp_path))
    assert WRONG[url] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folders_are_made(tmp_path: Path) -> None:
    assert not exists(open_storage(f"journal:{tmp_path}/a/study.log"), "toy")
    assert not exists(open_storage(f"sqlite:///{tmp_path}/b/study.db"), "toy")


OTHERS = {
    "objective was height and is mAP": {"objective": "mAP"},
    "direction was maximize and is minimize": {"direction": "minimize"},
    "seed was 0 and is 1": {"seed": 1},
    "space beta was": {"space": plan().space[:2]},
    "net.width was 3 and is 4": {"settings": {"net.width": 4}},
}


@pytest.mark.parametrize("difference", OTHERS)
def test_a_study_of_something_else_is_refused(tmp_path: Path, difference: str) -> None:
    url = f"journal:{tmp_path}/study.log"
    join(open_storage(url), plan())
    join(open_storage(url), plan())
    with pytest.raises(InputError, match=f"not comparable: {difference}"):
        join(open_storage(url), plan()._replace(**OTHERS[difference]))  # type: ignore[arg-type]
