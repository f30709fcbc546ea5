"""The recipes of docs/check.md and the hooks for pre-commit parse, and what they run does what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from kg import rdfio
from kg.check.render import FORMATS

from .conftest import ROOT

PAGE = (ROOT / "docs/check.md").read_text("utf-8")
RECIPES = [
    yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
]
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}


def scripts(recipe: object) -> Iterator[str]:
    """Yield the shell commands of a recipe, wherever they stand in it."""
    if isinstance(recipe, dict):
        yield from (recipe[key] for key in ("run",) if key in recipe)
        yield from recipe.get("script", ())
        for value in recipe.values():
            yield from scripts(value)
    elif isinstance(recipe, list):
        for value in recipe:
            yield from scripts(value)


COMMANDS = sorted({line for recipe in RECIPES for line in scripts(recipe) if line.startswith("kg ")})


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which `kg` is this checkout's."""
    command = tmp_path / "bin" / "kg"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kg "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def run(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip


def test_there_are_three_recipes_and_their_commands() -> None:
    assert len(RECIPES) == 3
    assert COMMANDS == [
        "kg check . --format junit > findings.xml",
        "kg check . --format sarif > findings.sarif",
        "kg fmt --check .",
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_recipes_pass_clean_data(
    command: str, small: Path, shell: dict[str, str]
) -> None:
    run("kg fmt .", small, shell)
    done = run(command, small, shell)
    assert (done.returncode, done.stderr.count("Error")) == (0, 0)


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("kg check ")])
def test_the_commands_of_the_recipes_fail_wrong_data_and_leave_a_report(
    command: str, small: Path, shell: dict[str, str]
) -> None:
    (small / "data/bad.ttl").write_text("no Turtle", "utf-8")
    assert run(command, small, shell).returncode == 1
    report = (small / command.split()[-1]).read_text("utf-8")
    assert "data/bad.ttl" in report
    if command.endswith(".xml"):
        assert ElementTree.fromstring(report).get("failures") == "1"


def test_the_hooks_are_those_that_the_recipe_names() -> None:
    [used] = [recipe["repos"][0]["hooks"] for recipe in RECIPES if "repos" in recipe]
    assert [hook["id"] for hook in used] == list(HOOKS)


def test_the_hook_looks_at_every_format_that_is_read() -> None:
    pattern = re.compile(HOOKS["kg-check"]["files"])
    names = [f"data/x.{suffix}{gz}" for f in rdfio.FORMATS for suffix in f.suffixes for gz in ("", ".gz")]
    assert [n for n in (*names, "data/x.csv", "data/x.csv-metadata.json", "kg.toml", "queries/a.rq")
            if not pattern.search(n)] == []  # fmt: skip
    assert not pattern.search("README.md")


def entry(hook: dict[str, Any], *files: str) -> str:
    return " ".join(
        [hook["entry"], *hook.get("args", ()), *(files if hook.get("pass_filenames", True) else ())]
    )


def test_the_checking_hook_passes_clean_data_silently_and_fails_wrong_data(
    small: Path, shell: dict[str, str]
) -> None:
    command = entry(HOOKS["kg-check"], "data/village/lonset.ttl")
    clean = run(command, small, shell)
    assert (clean.returncode, clean.stdout, clean.stderr) == (0, "", "")
    (small / "data/bad.ttl").write_text("no Turtle", "utf-8")
    assert run(command, small, shell).returncode == 1


def test_the_formatting_hook_takes_files_of_one_name_and_keeps_to_the_dataset_s_prefixes(
    small: Path, shell: dict[str, str]
) -> None:
    (small / "kg.toml").write_text(
        'base = "https://ex.org/"\n[prefixes]\nex = "https://ex.org/def#"\n', "utf-8"
    )
    for folder in ("a", "b"):
        (small / "data" / folder).mkdir()
        (small / "data" / folder / "x.ttl").write_text(
            "<https://ex.org/s> a <https://ex.org/def#Place>.\n", "utf-8"
        )
    done = run(entry(HOOKS["kg-fmt"], "data/a/x.ttl", "data/b/x.ttl"), small, shell)
    assert (done.returncode, done.stderr) == (0, "")
    laid_out = "@prefix ex: <https://ex.org/def#> .\n\n<https://ex.org/s> a ex:Place .\n"
    assert {(small / f"data/{folder}/x.ttl").read_text("utf-8") for folder in ("a", "b")} == {laid_out}


def test_every_format_of_reports_is_described() -> None:
    table = PAGE[PAGE.index("| format | for |") :]
    assert set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines()))) == set(
        FORMATS
    )


def test_pre_commit_takes_the_hooks() -> None:
    manifest = str(ROOT / ".pre-commit-hooks.yaml")
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-manifest", manifest], check=True)
