"""Double-random draws (双随机): freeze, seed, draw; and verification of anybody's draw.

A draw made here lies in memory and in files. One that counts in law is made in a store by
`xhcredit draw`, with actors, a chained activity log, pauses and coverage by law.

```python
from datetime import UTC, datetime
from pathlib import Path

import yaml

import xhcredit

district = xhcredit.open_warehouse("out/warehouse")
scored = xhcredit.score_enterprises(district, as_of="2026-06-30")
folder = Path("data/sample/draw")
frozen = xhcredit.freeze_draw(
    yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8")),
    scored.frame["tier"],
    as_of="2026-06-30",
    draw="example-2026-07",
    inspectors=(folder / "inspectors.csv").read_bytes(),
    recusals=(folder / "recusals.csv").read_bytes(),
    committed_at=datetime(2026, 7, 1, 9, tzinfo=UTC),
)
drawn = xhcredit.run_draw(frozen, "3-1-4-1-5-9-2", entered_at=datetime(2026, 7, 3, 9, tzinfo=UTC))
print(drawn.selected.groupby("tier").size())
drawn.write("out/draw")
print(xhcredit.verify_draw("out/draw").checks)
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from xhcredit.api.days import Day, as_day, rules_or_shipped
from xhcredit.domain.disk import disk_error, not_writable
from xhcredit.domain.files import write_whole
from xhcredit.draws import record as draw_record
from xhcredit.draws import strata
from xhcredit.draws.commitment import canonical, commitment, digest_of
from xhcredit.draws.frame import Frame, frame_in_bulk
from xhcredit.draws.plan import Plan, read_plan
from xhcredit.draws.selection import STRATIFIED
from xhcredit.draws.tickets import seed_text
from xhcredit.draws.verify import PublishedFiles, json_of, record_checks, standalone_verifier
from xhcredit.errors import BadInput, BadPlan
from xhcredit.jobs.draws.estimates import estimate
from xhcredit.jobs.draws.steps import FreezeRequest, People, refuse_unqualified, salts, terms_of
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.hash_chain import START, format_moment

#: files of a draw beside its record, as ``verify_draw`` looks for them
_FILES = {
    "commitment": "commitment.json",
    "frame": "frame.csv",
    "inspectors": "inspectors.csv",
    "recusals": "recusals.csv",
}
_RECORD = "record.json"


@dataclass(frozen=True)
class FrozenDraw:
    """A frame that can be drawn from, fixed before there is a seed.

    Publish ``commitment`` (plain values; ``files["commitment.json"]`` byte by byte) before the
    seed exists, or nobody can know that the frame was not chosen to fit. ``strata``: index ``id``,
    with ``tier``, ``size``, ``ratio`` (decimal text); internal, since it tells the tiers.
    """

    commitment: Mapping[str, Any]
    strata: pd.DataFrame
    files: Mapping[str, bytes] = field(repr=False)
    frame: Frame = field(repr=False)


@dataclass(frozen=True)
class DrawnList:
    """A draw: ``record`` (plain values, what anybody needs to draw again) and ``selected``.

    ``selected``: index ``code``, with ``stratum``, ``tier``, ``ticket``, ``inclusion_probability``
    (decimal text) and ``inspectors``.
    """

    record: Mapping[str, Any]
    selected: pd.DataFrame
    files: Mapping[str, bytes] = field(repr=False)

    def write(self, folder: Path | str) -> list[Path]:
        """Write all files and the stand-alone verifier ``verify_draw.py``; the frame is internal.

        Raises:
            NotWritable, DiskFull: the folder cannot be written.
        """
        target = Path(folder)
        files = {**self.files, "verify_draw.py": standalone_verifier()}
        try:
            target.mkdir(parents=True, exist_ok=True)
            return [write_whole(target / name, content) for name, content in files.items()]
        except OSError as error:
            raise disk_error(error) or not_writable(str(target), str(error)) from None


@dataclass(frozen=True)
class DrawVerification:
    """Outcome of a verification: ``checks`` one by one (``holds``, ``zh``, ``en``).

    ``against`` names the files that were at hand besides the record; without ``frame`` it is what
    the public can check.
    """

    checks: pd.DataFrame
    against: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return bool(self.checks["holds"].all())


def freeze_draw(
    plan: Mapping[str, Any],
    tiers: pd.Series[str] | Mapping[str, str],
    *,
    as_of: Day,
    draw: str,
    inspectors: bytes,
    recusals: bytes,
    committed_at: datetime,
    rules: Rulebook | None = None,
) -> FrozenDraw:
    """Freeze who may be drawn under a plan, and commit to it.

    One stratum per tier, with the plan's ratio; nobody is in a pause and no coverage by law falls
    due, since nothing is known of earlier draws here. Salts are random: freezing twice gives two
    commitments.

    Args:
        plan: the plan's fields, as in ``data/sample/draw/plan.yaml``; design ``stratified``.
        tiers: tier (A–D) by code of everybody in the frame; the plan's scope is not applied again.
        as_of: day of the frame.
        draw: id of the draw: small letters, digits, hyphens.
        inspectors: the file ``inspector,qualifications,unit,capacity``.
        recusals: the file ``inspector,code,reason``; its header alone if nobody is recused.
        committed_at: the moment, with its time zone.
        rules: a rulebook; the shipped one by default.

    Raises:
        BadPlan: what the rules do not allow, a tier without a ratio, a code that is none, or a
            draw of individual odds.
        BadInput: a list cannot be read, or the moment has no time zone.
    """
    day = as_day(as_of)
    rulebook = rules_or_shipped(rules)
    checked_plan = read_plan(plan, rulebook, as_day(plan.get("published_on", day), "published_on"))
    if checked_plan.design != STRATIFIED:
        raise BadPlan('only the design "stratified" is drawn in memory; use xhcredit draw')
    people = People(inspectors, recusals)
    refuse_unqualified(people.read()[0], checked_plan)
    frame, described = _frame_of(checked_plan, pd.Series(tiers, dtype=object))
    plan_digest = digest_of(canonical(checked_plan.model_dump(mode="json")))
    terms = terms_of(FreezeRequest(checked_plan.id, draw, day, people), checked_plan, plan_digest)
    ratios = {row["id"]: row["ratio"] for row in described}
    committed = commitment(terms, frame, ratios, _moment(committed_at), START)
    files = {
        "commitment.json": canonical(committed),
        "frame.csv": frame.encoded(),
        "inspectors.csv": inspectors,
        "recusals.csv": recusals,
    }
    return FrozenDraw(committed, pd.DataFrame(described).set_index("id"), files, frame)


def _frame_of(plan: Plan, tiers: pd.Series[str]) -> tuple[Frame, list[dict[str, Any]]]:
    """A frame with one stratum per tier, and its strata."""
    unknown = sorted(set(tiers) - set(plan.by_tier), key=str)
    if unknown:
        raise BadPlan(f'tier "{unknown[0]}" has no ratio in the plan; tiers are A, B, C, D')
    kinds = [strata.Kind(tier, "", False, False, ()) for tier in sorted(set(tiers))]
    # Numbered by a salted hash, so that the ids of strata tell no tier.
    (salt,) = salts(1)
    id_by_tier = {kind.tier: id for kind, id in strata.stratum_ids(kinds, salt).items()}
    codes = [str(code) for code in tiers.index]
    frame = frame_in_bulk(codes, [id_by_tier[tier] for tier in tiers], salts(len(codes)))
    described = [
        {"id": id, "tier": tier, "size": frame.sizes[id], "ratio": plan.by_tier[tier]}
        for tier, id in sorted(id_by_tier.items(), key=lambda item: item[1])
    ]
    return frame, described


def _moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise BadInput(f"{moment} has no time zone; add one, such as tzinfo=datetime.UTC")
    return format_moment(moment)


def run_draw(frozen: FrozenDraw, seed: str, *, entered_at: datetime) -> DrawnList:
    """Draw enterprises and assign inspectors; the same frozen draw and seed give the same list.

    Args:
        frozen: from ``freeze_draw``.
        seed: as the announced source of the plan gave it.
        entered_at: the moment of entering, with its time zone; after the commitment.

    Raises:
        BadPlan: it is no seed, or it was entered before the commitment.
        BadInput: the moment has no time zone.
        Unstaffable: no assignment of inspectors meets the constraints.
    """
    committed, seeded_at = frozen.commitment, _moment(entered_at)
    if seeded_at <= committed["committed_at"]:
        committed_at = committed["committed_at"]
        problem = f"the seed of {seeded_at} is not later than the commitment of {committed_at}"
        raise BadPlan(f"{problem}; freeze first, publish the commitment, then draw")
    people, recusals = People(frozen.files["inspectors.csv"], frozen.files["recusals.csv"]).read()
    seed_entry = {
        "value": seed_text(seed),
        "source": committed["seed_source"],
        "entered_at": seeded_at,
    }
    no_log = {"previous": START, "digest": START}
    record = draw_record.record(frozen.frame, committed, seed_entry, people, recusals, no_log)
    columns = ["code", "stratum", "ticket", "inclusion_probability", "inspectors"]
    selected = pd.DataFrame(record["selected"], columns=columns).set_index("code")
    selected.insert(1, "tier", selected["stratum"].map(frozen.strata["tier"]))
    return DrawnList(record, selected, {**frozen.files, _RECORD: canonical(record)})


def verify_draw(folder: Path | str) -> DrawVerification:
    """Verify the record of a draw against whatever lies beside it; a refuted one is an answer.

    Args:
        folder: with ``record.json``, and as far as they are at hand ``commitment.json``,
            ``frame.csv`` (then the whole draw is made again), ``inspectors.csv``, ``recusals.csv``.

    Returns:
        A ``DrawVerification``: ``holds``, ``checks``, ``against``.

    Raises:
        BadInput: there is no record, or it is no JSON.
    """
    source = Path(folder)
    content = {name: _content(source / file) for name, file in _FILES.items()}
    record_bytes = _content(source / _RECORD)
    if record_bytes is None:
        raise BadInput(f'"{source}" holds no {_RECORD}; name the folder of a published draw')
    files = PublishedFiles(**content, record=record_bytes)
    checks = [check._asdict() for check in record_checks(json_of(record_bytes), files)]
    at_hand = tuple(name for name in _FILES if content[name] is not None)
    return DrawVerification(pd.DataFrame(checks), at_hand)


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


@dataclass(frozen=True)
class DrawEstimates:
    """What a draw says of everybody in its frame, without the bias of whom it visited.

    ``whole`` and each row of ``groups`` (a frame per column asked about, index ``group``):
    ``enterprises``, ``visits``, ``violations_found``, ``rate`` with its 95 % interval ``low`` …
    ``high`` (shares 0–1; missing: nobody visited), ``total``. ``violations`` is the
    Horvitz-Thompson total with ``standard_error``. ``comparison`` (with other ways of drawing) and
    ``score`` (weighted AUC) need ``risk``.
    """

    whole: Mapping[str, Any]
    groups: Mapping[str, pd.DataFrame]
    violations: float
    standard_error: float
    drawn: int
    without_result: int
    comparison: Mapping[str, Any] | None
    score: Mapping[str, Any] | None


def estimate_draw(
    frame: pd.DataFrame, *, design: Literal["stratified", "individual"] = "stratified"
) -> DrawEstimates:
    """Estimate from the results of a draw how many violations there are in the whole frame.

    Args:
        frame: one row per enterprise of the frame: ``code``, ``stratum``, ``odds`` (inclusion
            probability in this draw, decimal text), ``drawn``, ``failed`` (missing: no result).
            Optional: ``tier``, ``field``, ``street`` (groups), ``risk`` (high is risky),
            ``probability`` (of a violation, as the score promises).
        design: ``stratified`` or ``individual``.

    Raises:
        BadInput: a column is missing, a code comes twice, or one that was not drawn has a result.
        NothingKnown: nobody drawn has a result yet.
    """
    estimates = estimate(frame, design=design)
    groups: dict[str, pd.DataFrame] = {
        name: pd.DataFrame(rows).set_index("group") for name, rows in estimates["groups"].items()
    }
    return DrawEstimates(
        whole=estimates["whole"],
        groups=groups,
        violations=estimates["total"]["violations"],
        standard_error=estimates["total"]["standard_error"],
        drawn=estimates["drawn"],
        without_result=estimates["without_result"],
        comparison=estimates["comparison"],
        score=estimates["score"],
    )
