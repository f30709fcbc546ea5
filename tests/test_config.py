"""What a dataset may say in kg.toml."""

import json
from pathlib import Path

import pytest

from kg import config
from kg.config import Publisher
from kg.errors import ConfigError


def load(tmp_path: Path, text: str) -> config.Config:
    (tmp_path / "kg.toml").write_text(text, "utf-8")
    return config.load(tmp_path / "kg.toml")


def test_settings_are_read_by_name(tmp_path: Path) -> None:
    found = load(tmp_path, 'base = "https://ex.org/"\ntitle.nb = "Hei"\n[publisher]\nname = "Vi"\n')
    assert (found.base, dict(found.title), found.publisher) == (
        "https://ex.org/",
        {"nb": "Hei"},
        Publisher("Vi"),
    )


def test_a_dataset_s_prefixes_join_the_table(tmp_path: Path) -> None:
    found = load(tmp_path, '[prefixes]\nex = "https://ex.org/def#"\n')
    assert (found.prefixes["ex"], found.prefixes["skos"]) == (
        "https://ex.org/def#",
        "http://www.w3.org/2004/02/skos/core#",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base =", "not TOML"),
        ('bases = "x"', "unknown setting 'bases'.*There are: base"),
        ('languages = "nb"', "languages must be a list of strings"),
        ("version = 1", "version must be a string"),
        ('publisher = "x"', "publisher must be a table with name"),
        ('base = "https://ex.org"', "ends in '/'"),
        ('[catalogue]\ntheme = "x"', "catalogue must be a table with any of access_rights, activity"),
        ('[catalogue]\nthemes = ["REGI"]', r"catalogue\.themes must be an http\(s\) IRI"),
        ('[catalogue]\nspatial = "https://ex.org/x"', r"catalogue\.spatial must be a list of strings"),
        ('[catalogue]\nfrequency = "often"', r"catalogue\.frequency must be an http\(s\) IRI"),
        ('[catalogue]\ncontact_email = "me"', r"catalogue\.contact_email must be an e-mail address"),
        (
            '[catalogue]\ntemporal_start = "1.1.2006"',
            r"catalogue\.temporal_start must be a year, a month or a day",
        ),
        ('[catalogue]\nkeywords = ["a"]', r"catalogue\.keywords must be lists of strings by language"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_may_be(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text)


def test_what_a_catalogue_wants_to_know_is_read_and_kept(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        'base = "https://ex.org/"\n[publisher]\nname = "Vi"\n[catalogue]\ncontact_name.nb = "Oss"\n'
        'themes = ["https://ex.org/theme"]\nkeywords.nb = ["a", "b"]\ntemporal_end = "2010-06"\n',
    )
    assert (dict(found.catalogue.keywords), found.catalogue.themes, found.catalogue.temporal_end) == (
        {"nb": ("a", "b")},
        ("https://ex.org/theme",),
        "2010-06",
    )
    assert config.of_row(json.loads(json.dumps(config.to_row(found)))) == found
