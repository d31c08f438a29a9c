"""A server's disk that is full or forbidden is told in words, to programs and on pages."""

from __future__ import annotations

import tempfile

import pytest

from tests.cramped import small_disk
from tests.serving.district import headers, new_key, problem
from tests.serving.visitors import visitor

EXPORT = "/v1/watchlist.csv"


@pytest.fixture
def reader(steady):
    return headers(new_key(steady.store, roles=["viewer"]))


def test_an_export_that_finds_no_room_answers_507_in_words(steady, reader, tmp_path, monkeypatch):
    with small_disk(tmp_path / "small", 4096) as mounted:
        if not mounted:  # the kinds of errors are tested where they are told apart
            return
        (tmp_path / "small" / "full").write_bytes(b"x" * 4096)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "small"))
        refusal = problem(steady.get(EXPORT, headers=reader), 507, "disk_full")

    assert "no room" in refusal["detail"]
    assert "磁盘空间不足" in refusal["title"]
    assert str(tmp_path) not in str(refusal)  # where it lies is the operator's business
    assert str(tmp_path) in steady.log.getvalue()


def test_a_folder_that_cannot_be_used_answers_503_in_words(steady, reader, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    refusal = problem(steady.get(EXPORT, headers=reader), 503, "not_writable")

    assert "不可写" in refusal["title"]


def test_who_looks_at_a_page_gets_a_page(steady, tmp_path, monkeypatch):
    officer = visitor(steady, "no-room", ("viewer", ""))
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    answer = officer.get(EXPORT, headers={"accept": "text/html"})

    assert answer.status_code == 503
    assert "not_writable" in answer.text or "不可写" in answer.text
