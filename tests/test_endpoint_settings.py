"""Facts about the table of settings."""

import pytest

from endpoint import settings
from kg.errors import ConfigError


def test_without_anything_given_each_setting_has_its_default() -> None:
    assert settings.load({}, {}) == settings.Settings()


def test_an_option_beats_the_environment_which_beats_the_default() -> None:
    found = settings.load({"port": 9001, "host": None}, {"KG_PORT": "9002", "KG_HOST": "0.0.0.0"})
    assert (found.port, found.host, found.threads) == (9001, "0.0.0.0", 8)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"KG_PORT": "http"}, "port (KG_PORT) is 'http'. It must be a whole number, such as 8000."),
        ({"KG_PORT": "0"}, "port is 0. It must be from 1 to 65535."),
        ({"KG_PAGE_SIZE": "1"}, "page_size is 1. It must be from 5 to 1000."),
        ({"KG_QUERY_BYTES": "1"}, "query_bytes is 1. It must be at least 1024."),
        ({"KG_ROOT_PATH": "kg/"},
         "root_path is 'kg/'. It must look like /kg: begin with / and not end with it."),
        ({"KG_HOSTS": "https://x"},
         "hosts is 'https://x'. It must be names such as data.example.org,www.example.org:8000."),
        ({"KG_CONTACT": "javascript:x"},
         "contact is 'javascript:x'. It must begin with mailto:, https:// or http://."),
    ],
)  # fmt: skip
def test_a_wrong_value_stops_the_start_and_says_what_it_may_be(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load({}, environ)
    assert str(caught.value) == message


def test_each_setting_has_a_help_text_and_is_shown() -> None:
    shown = settings.show(settings.Settings(port=9000))
    assert all(row.help.endswith(".") and row.env in shown for row in settings.SETTINGS)
    assert "* port           9000           KG_PORT            Port to listen on." in shown.splitlines()
