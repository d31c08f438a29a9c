"""Option groups: fields of a class are options of every command that takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from xhcredit.cli.option_groups import with_option_groups


@dataclass(frozen=True)
class Desk:
    actor: Annotated[str, typer.Option("--by", help="Who does it.")]
    limit: Annotated[int, typer.Option(help="At most so many.")] = 3


@with_option_groups
def show(
    number: Annotated[int, typer.Argument(help="Number of the case.")],
    why: Annotated[str, typer.Option(help="Why.")] = "asked",
    *,
    desk: Desk,
) -> None:
    """Show a case."""
    typer.echo(f"{number} {why} {desk}")


@pytest.fixture
def app():
    application = typer.Typer()
    application.command()(show)
    return application


def test_fields_are_read_as_options_and_come_together(app):
    outcome = CliRunner().invoke(app, ["7", "--by", "li", "--limit", "5"])

    assert outcome.output == "7 asked Desk(actor='li', limit=5)\n"


def test_a_default_of_a_field_is_that_of_its_option(app):
    assert "limit=3" in CliRunner().invoke(app, ["7", "--by", "li", "--why", "x"]).output


@pytest.mark.parametrize(
    ("words", "message"),
    [(["7"], "Missing option '--by'"), (["--by", "li"], "Missing argument")],
)
def test_what_has_no_default_must_be_given(app, words, message):
    outcome = CliRunner().invoke(app, words)

    assert outcome.exit_code == 2
    assert message in outcome.output


def test_help_tells_options_of_the_group_and_the_docstring_of_the_command(app):
    printed = CliRunner().invoke(app, ["--help"], env={"TERMINAL_WIDTH": "200"}).output

    assert all(words in printed for words in ("--by", "Who does it.", "--limit", "Show a case."))
    assert "desk" not in printed.lower()
