"""Persons are keyed hashes, equal in Python and in SQL."""

import hashlib
import hmac
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
        hash_row = con.execute(f"SELECT {keyed_hash_sql('?')}", [person]).fetchone()

    assert hash_row == (keyed_hash(person, key),)


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


def test_the_hash_is_the_first_half_of_the_keyed_digest_of_the_text():
    whole = hmac.new(KEY, "张三".encode(), "sha256").hexdigest()

    assert keyed_hash("张三", KEY) == whole[:32]
    assert key_check(KEY) == keyed_hash("xhcredit: is this the same key?", KEY)[:12]


def test_a_key_that_was_made_is_long_and_leaves_no_unfinished_file(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    folder = tmp_path / "a" / "b"
    key = person_key(folder)

    assert len(bytes.fromhex(key.decode())) == 32
    assert [f.name for f in folder.iterdir()] == ["person.key"]
    assert person_key(tmp_path) != key


@pytest.mark.parametrize(("length", "good"), [(15, False), (16, True)])
def test_a_key_has_at_least_sixteen_bytes(tmp_path, monkeypatch, length, good):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / "person.key").write_bytes(b"k" * length + b"\n")
    if good:
        assert person_key(tmp_path) == b"k" * length
    else:
        with pytest.raises(BadInput, match=r'for persons in ".*person.key" has 15 bytes'):
            person_key(tmp_path)


@pytest.mark.parametrize("length", [0, 63, 64, 65])
def test_the_pads_are_those_of_rfc_2104(length):
    key = b"k" * length
    block = (hashlib.sha256(key).digest() if length > 64 else key).ljust(64, b"\0")
    inner, outer = hmac_pads(key)

    assert inner == bytes(b ^ 0x36 for b in block)
    assert outer == bytes(b ^ 0x5C for b in block)
