"""The page of every enterprise of a district opens, whomever it hangs together with."""

import re
import shutil

import pytest
from xhcredit_serving.restoration.candidates import RestorableLists

from tests.serving.district import BUREAUS, CODES, served
from tests.serving.visitors import visitor


@pytest.fixture(scope="module")
def client(published, nights):
    """One for all: reading changes nothing but the journal."""
    file = shutil.copy(published, nights / "enterprise-pages.db")
    with served(str(file), warehouse=nights / "warehouse") as client:
        yield client


def pages_of(browser, code):
    """The file and the drawer of an enterprise, in both languages."""
    for language in ("zh", "en"):
        for part in ("", "/drawer"):
            yield browser.get(f"/console/enterprises/{code}{part}?lang={language}")


def test_every_file_opens_and_names_neighbours_with_their_tiers(client):
    viewer = visitor(client, "every.file", ("viewer", ""))
    neighbours = 0
    for code in CODES:
        enterprise_file = client.get(f"/v1/enterprises/{code}/file").json()
        for page in pages_of(viewer, code):
            assert page.status_code == 200, (code, page.text[-500:])
            assert code in page.text
        page = " ".join(viewer.get(f"/console/enterprises/{code}?lang=en").text.split())
        for other in (n for r in enterprise_file["relations"] for n in r["neighbours"]):
            neighbours += 1
            row = f'{other["name"] or other["code"]}</a> <span class="tier {other["tier"]}"'
            assert row in page, (code, other)
    assert neighbours


def test_a_bureau_opens_its_own_files_though_neighbours_are_of_others(client):
    bureau_viewer = visitor(client, "own.files", ("viewer", BUREAUS[0]))
    opened = {code for code in CODES for p in pages_of(bureau_viewer, code) if p.status_code == 200}

    assert opened == set(CODES[:: len(BUREAUS)])


@pytest.mark.parametrize("bureau", ["", BUREAUS[0]])
def test_a_file_shows_the_same_restorable_records_before_the_whole_list_is_made(client, bureau):
    officer = visitor(client, f"restores.{bureau or 'all'}", ("restoration_officer", bureau))
    client.app.state.restorable = RestorableLists()
    alone = {code: applications_of(officer, code) for code in CODES}
    assert officer.get("/v1/restoration/restorable-records").status_code == 200

    assert {code: applications_of(officer, code) for code in CODES} == alone
    # the organs that decided are of no bureau here: its officer sees none of them
    assert any(alone.values()) == (not bureau)


def applications_of(browser, code):
    """Where the file leads to apply for a restoration, in order."""
    page = browser.get(f"/console/enterprises/{code}").text
    return re.findall(r"/console/restoration/apply[^\"]*", page)
