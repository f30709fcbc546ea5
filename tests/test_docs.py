"""What the documents say is so: examples give what they show, and nothing a user can type is left out."""

import re
import tomllib

import pytest

from endpoint import serve
from endpoint.doctor import command as doctor
from endpoint.export import command as export
from kg import cli
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_s_question_has_the_answer_it_shows() -> None:
    shown = re.search(r"<!-- answer -->\n(.*?)\n\n(?! )", README, re.DOTALL)
    assert shown
    lines = [line.removeprefix("    ") for line in shown[1].splitlines()]
    expected = (ROOT / "tests/queries/01-villages-then-and-now.csv").read_text("utf-8")
    assert lines == expected.splitlines()


def test_every_file_that_the_readme_points_to_is_there() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("name", sorted({*cli.commands.commands, "serve", "doctor", "publish"}))
def test_every_command_is_in_the_reference(name: str) -> None:
    assert f"`kg {name}" in (ROOT / "docs/commands.md").read_text("utf-8")


def test_every_command_explains_itself_and_its_options() -> None:
    commands = [*cli.commands.commands.values(), serve.command, doctor.command, export.command]
    silent = [c.name for c in commands if not c.help]
    options = [
        f"{command.name} {option.name}"
        for command in commands
        for option in command.params
        if option.param_type_name == "option" and not getattr(option, "help", None)
    ]
    assert (silent, options) == ([], [])


def test_the_entry_points_are_what_they_say() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["kg.commands"] == {
        "doctor": "endpoint.doctor.command:command",
        "publish": "endpoint.export.command:command",
        "serve": "endpoint.serve:command",
    }
