"""Opens the pages of each record as people with different roles, in both languages."""

from __future__ import annotations

import hashlib
import html
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import openpyxl
import pypdf
from starlette.testclient import TestClient
from xhcredit_serving.auth.permissions import ROLES
from xhcredit_serving.console.shell.language import catalogue

from tests.serving.district import ACT
from tests.serving.visitors import person
from tests.walk.records import Inventory, Record, day
from tests.walk.routes import PDF, SHEET, Entry

FULL = os.environ.get("XHCREDIT_WALK") == "full"
LANGUAGES = ("zh", "en")
STRANGER, OF_BUREAU = "stranger", "viewer_of_a_bureau"
PEOPLE = (*ROLES, STRANGER)
_SHORT = 60  #: characters of text below which a page is called empty
_HEADINGS = re.compile(
    r"<(h1|h2|h3|th|label|button|summary|legend|caption)\b[^>]*>(.*?)</\1>", re.S
)
_LINKS = re.compile(r'<a [^>]*href="(/[^"#]+)')
_TAGS = re.compile(r"<[^>]+>")
_CHINESE = re.compile(r"[一-鿿]")


@dataclass(frozen=True)
class Cell:
    """One visit: who, in which language, to which record."""

    person: str
    language: str
    record: Record


@dataclass
class Walker:
    """Visits in process; complaints are gathered, so that a run names everything that is wrong."""

    client: TestClient
    cookies: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  #: address to who saw it first
    walked: set[str] = field(default_factory=set)  #: addresses of records that were opened

    def __post_init__(self) -> None:
        self.inventory = Inventory(self.client)
        self.bureau = self.inventory.listed[0]["bureau"]
        for role, granted, bureau in (
            *((r, r, "") for r in ROLES),
            (OF_BUREAU, "viewer", self.bureau or "*"),
        ):
            login = f"walk.{role}"
            person(self.client, login, (granted, bureau))
            user = self.client.store.access.get_user(login)
            opened = self.client.store.sessions.open(ACT, user, "127.0.0.1", "password")
            self.cookies[role] = f"xhcredit={opened.cookie}; "

    def get(self, cell: Cell) -> Any:
        """One answer; nothing of it is remembered by the client."""
        self.client.cookies.clear()
        sent = self._sent(cell.person, cell.language)
        return self.client.get(cell.record.address, headers=sent, follow_redirects=False)

    def follow(self, address: str, who: str, language: str) -> tuple[str, int]:
        """Where an address leads somebody, and the status there."""
        answer = self.get(Cell(who, language, Record(address)))
        while answer.is_redirect:
            address = answer.headers["location"]
            answer = self.get(Cell(who, language, Record(address)))
        return address, answer.status_code

    def _sent(self, who: str, language: str) -> dict[str, str]:
        cookie = self.cookies.get(who, "") + f"xhcredit_language={language}"
        return {"Cookie": cookie, "X-Purpose": "walk"}

    def walk(self, entry: Entry) -> list[str]:
        """Every record of a route by somebody who may see it; complaints."""
        may = [p for p in PEOPLE if allowed(entry, p)]
        records = list(entry.records(self.inventory))
        cells = (c for record in records for c in _cells(record, may))
        return [c for cell in cells for c in self._complaints(entry, cell)]

    def refused(self, entry: Entry) -> list[str]:
        """One record of a route, by its hash, by everybody who may not see it; complaints."""
        records = [r for r in entry.records(self.inventory) if r.status == 200][
            : None if FULL else 1
        ]
        refusals = []
        for cell in _everybody(records, [p for p in PEOPLE if not allowed(entry, p)]):
            answer = self.get(cell)
            if cell.person == STRANGER:
                right = answer.status_code == (303 if _console(cell) else 401)
            else:
                right = answer.status_code == 403
            frame = (cell.record.address, day(self.inventory))
            facts = (f for f in cell.record.facts if not any(f in part for part in frame))
            facts_shown = [f for f in facts if f in answer.text]
            if not right or facts_shown:
                refusals.append(f"{_named(cell)}: {answer.status_code}, tells {facts_shown}")
            elif _console(cell) and answer.status_code == 403:
                refusals += [f"{_named(cell)}: {c}" for c in of_page(answer.text, cell.language)]
        return refusals

    def apart(self, entry: Entry) -> list[str]:
        """A record of an officer's own bureau, and one of another, which is as if it were not."""
        if entry.permission not in ROLES["viewer"]:
            return []
        leaks, records = [], [r for r in entry.records(self.inventory) if r.status == 200]
        for status, bureaus in (
            (200, {self.bureau}),
            (404, self.inventory.bureaus - {self.bureau}),
        ):
            of_these = [r for r in records if r.bureau in bureaus]
            is_foreign = status == 404
            of_these = [r for r in of_these if not (is_foreign and self.bureau in r.supervisors)]
            for record in of_these[:1]:
                answer = self.get(Cell(OF_BUREAU, "zh", record))
                if answer.status_code != status:
                    leaks.append(f"{record.address}: {answer.status_code} for {status}")
        return leaks

    def dead_links(self) -> list[str]:
        """Links of the pages walked so far that lead nowhere; what was walked itself is not."""
        dead = []
        for link, who in self.links.items():
            if link not in self.walked and not link.startswith("/console/enterprises/"):
                answer = self.get(Cell(who, "zh", Record(link)))
                if answer.status_code >= 400:
                    dead.append(f"{link} [{who}]: {answer.status_code}")
        return dead

    def _complaints(self, entry: Entry, cell: Cell) -> Iterator[str]:
        self.walked.add(cell.record.address)
        answer = self.get(cell)
        wanted = cell.record.status
        if answer.status_code != wanted:
            yield f"{_named(cell)}: {answer.status_code} for {wanted} {self._why(answer)}"
            return
        page = answer.headers["content-type"].startswith("text/html") and _console(cell)
        text = html.unescape(answer.text) if page else text_of(answer, entry.media)
        missing = [f for f in cell.record.facts if f and f not in text]
        if missing:
            yield f"{_named(cell)}: without {missing}"
        if page or entry.media == PDF:
            figures = long_figures(plain(text))
            yield from (f"{_named(cell)}: {f} has more digits than people write" for f in figures)
        if page:
            yield from (f"{_named(cell)}: {c}" for c in of_page(answer.text, cell.language))
            for link in _LINKS.findall(answer.text):
                self.links.setdefault(html.unescape(link), cell.person)
        elif not text.strip():
            yield f"{_named(cell)}: empty"

    def _why(self, answer: Any) -> str:
        """The end of the incident in the log, or what the page says."""
        number = answer.headers.get("x-request-id", "")
        lines = [json.loads(x) for x in self.client.log.getvalue().splitlines() if number in x]
        log_errors = [x.get("exception") or x.get("error") for x in lines]
        known = next((t for t in log_errors if t), "")
        return known.strip().splitlines()[-1] if known else plain(answer.text)[-200:]


def allowed(entry: Entry, person: str) -> bool:
    """Whether the product promises a route to a person: by its permission, or to everybody."""
    if entry.permission is None:
        return True
    if person == STRANGER:
        return False
    return entry.permission in ROLES[person] or entry.permission == ""


def _cells(record: Record, may: list[str]) -> Iterator[Cell]:
    """By whom and in which language a record is opened: once, by its hash; or by everybody."""
    if FULL:
        yield from _everybody([record], may)
        return
    number = int.from_bytes(hashlib.sha256(record.address.encode()).digest()[:8], "big")
    yield Cell(may[number // 2 % len(may)], LANGUAGES[number % 2], record)


def _everybody(records: list[Record], people: list[str]) -> Iterator[Cell]:
    for record in records:
        spoken = LANGUAGES if record.address.startswith("/console") else LANGUAGES[:1]
        yield from (Cell(who, language, record) for who in people for language in spoken)


def _console(cell: Cell) -> bool:
    return cell.record.address.startswith("/console")


def _named(cell: Cell) -> str:
    return f"{cell.record.address} [{cell.person}, {cell.language}]"


def plain(text: str) -> str:
    """The words of a page."""
    return " ".join(html.unescape(_TAGS.sub(" ", text)).split())


def long_figures(text: str) -> list[str]:
    """Figures with so many decimals that nobody rounded them; addresses and versions are none."""
    return re.findall(r"(?<![\w.])\d+\.\d{5,}(?![\w.])", text)


def text_of(answer: Any, media: str) -> str:
    """What stands in a file, opened as what it is."""
    if media == SHEET or answer.headers["content-type"].endswith("spreadsheetml.sheet"):
        book = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True)
        rows = (row for sheet in book for row in sheet.iter_rows(values_only=True))
        name = answer.headers.get("content-disposition", "")
        return name + " ".join(str(cell) for row in rows for cell in row if cell is not None)
    if media == PDF or answer.headers["content-type"] == "application/pdf":
        pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
        return "\n".join(page.extract_text() for page in pages)
    if answer.headers["content-type"].startswith("application/json"):
        return json.dumps(answer.json(), ensure_ascii=False)
    return str(answer.text)


def of_page(text: str, language: str) -> Iterator[str]:
    """What is wrong with a page: its language, headings of the other one, emptiness."""
    whole = text.lstrip().startswith("<!doctype")
    lang, other = ("zh-CN", "English") if language == "zh" else ("en", "中文")
    if whole and f'<html lang="{lang}">' not in text:
        yield f"not in {language}"
    if whole and f">{other}</a>" not in text:
        yield "no way to the other language"
    main = text.partition("<main")[2].partition("</main>")[0] if whole else text
    if len(plain(main)) < _SHORT:
        yield f"empty: {plain(main)}"
    if "Undefined" in main or re.search(r">\s*None\s*<", main):
        yield "a value that is not there is shown as such"
    yield from _foreign(main, language)


def _foreign(main: str, language: str) -> Iterator[str]:
    """Headings and labels that are a text of the other language."""
    texts = foreign_texts(language)
    for _, inner in _HEADINGS.findall(main):
        words = plain(inner)
        if words in texts:
            yield f"heading in the other language: {words}"


@cache
def foreign_texts(language: str) -> frozenset[str]:
    """Texts of the catalogue that a page in a language must not show as a heading or label."""
    pairs = [(i, s) for i, s in catalogue().items() if i != s]
    return frozenset(i for i, _ in pairs) if language == "zh" else frozenset(s for _, s in pairs)
