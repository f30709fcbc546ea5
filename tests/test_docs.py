"""What the documents say is so: examples give what they show, and nothing a user can type is left out."""

import json
import re
import tomllib
from pkgutil import resolve_name

import pytest
from flask.testing import FlaskClient

from endpoint import openapi, serve
from endpoint.doctor import command as doctor
from endpoint.export import command as export
from endpoint.negotiate import DOCUMENTS, MEMBERS, OWN, PROFILES
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg import cli
from kg.index import Index
from kg.snapshot import Snapshot
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


@pytest.mark.parametrize("name", sorted({*cli.OWN, "serve", "doctor", "publish"}))
def test_every_command_is_in_the_reference(name: str) -> None:
    assert f"`kg {name}" in (ROOT / "docs/commands.md").read_text("utf-8")


def test_every_command_explains_itself_and_its_options() -> None:
    commands = [*map(resolve_name, cli.OWN.values()), serve.command, doctor.command, export.command]
    silent = [c.name for c in commands if not c.help]
    options = [
        f"{command.name} {option.name}"
        for command in commands
        for option in command.params
        if option.param_type_name == "option" and not getattr(option, "help", None)
    ]
    assert (silent, options) == ([], [])


HTTP = (ROOT / "docs/http.md").read_text("utf-8")


@pytest.fixture(scope="module")
def client(published: Snapshot) -> FlaskClient:
    """Give a client of the site of this repository's dataset."""
    return serve.application(Site(Settings(), Published(published, Index(published.index)))).test_client()


@pytest.mark.parametrize("path", re.findall(r"^    GET (\S+)", HTTP, re.MULTILINE))
def test_every_address_in_the_documents_answers_in_the_form_that_it_names(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    form = re.search(r"\.(\w+)(?:\?|$)", path)
    assert answer.status_code == 200
    assert answer.data
    if form:
        named = [one for one in (*DOCUMENTS, *MEMBERS, *openapi.API) if one.suffix == form[1]]
        assert answer.mimetype in {one.media_type for one in named} | {"application/xml"}


def test_a_year_in_the_documents_narrows_the_list_that_it_is_shown_with(client: FlaskClient) -> None:
    (path,) = re.findall(r"^    GET (/projects.json\S+)", HTTP, re.MULTILINE)
    narrowed, every = (json.loads(client.get(one).data) for one in (path, "/projects.json"))
    assert 0 < len(narrowed) < len(every)


def test_every_form_and_profile_is_in_the_documents() -> None:
    suffixes = {form.suffix for form in DOCUMENTS if form.profile == OWN.token}
    assert [suffix for suffix in sorted(suffixes) if f"`.{suffix}`" not in HTTP] == []
    assert [profile.token for profile in PROFILES if f"| `{profile.token}` |" not in HTTP] == []


def test_the_entry_points_are_what_they_say() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["kg.commands"] == {
        "doctor": "endpoint.doctor.command:command",
        "publish": "endpoint.export.command:command",
        "serve": "endpoint.serve:command",
    }
