"""Persons are keyed hashes, equal in Python and in SQL."""

import stat

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xhcredit.domain.persons import (
    KEY_VARIABLE,
    hmac_pads,
    key_check,
    keyed_hash,
    keyed_hash_sql,
    person_key,
)
from xhcredit.errors import BadInput

KEY = b"a key of the test"


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])), st.binary(max_size=90))
def test_python_and_sql_hash_alike(person, key):
    with duckdb.connect() as con:
        for name, pad in zip(("person_inner", "person_outer"), hmac_pads(key), strict=True):
            con.execute(f"SET VARIABLE {name} = ?", [pad])
        found = con.execute(f"SELECT {keyed_hash_sql('?')}", [person]).fetchone()

    assert found == (keyed_hash(person, key),)


def test_another_key_gives_another_hash():
    assert keyed_hash("张三", KEY) != keyed_hash("张三", KEY + b"!")
    assert key_check(KEY) != key_check(KEY + b"!")


def test_the_key_file_is_made_once_and_private(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    key = person_key(tmp_path)

    assert key == person_key(tmp_path)
    assert stat.S_IMODE((tmp_path / "person.key").stat().st_mode) == 0o600


def test_the_environment_goes_first(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "sixteen bytes or more")

    assert person_key(tmp_path) == b"sixteen bytes or more"
    assert not (tmp_path / "person.key").exists()


def test_a_short_key_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(BadInput, match=r"XHCREDIT_PERSON_KEY.* has 5 bytes; give it at least 16"):
        person_key(tmp_path)
