"""Facts about the table of problems."""

from endpoint import problems
from endpoint.problems import TYPES, Problem


def test_each_problem_has_a_slug_of_its_own_and_texts_in_three_languages() -> None:
    assert len({found.slug for found in TYPES}) == len(TYPES)
    assert all(text for found in TYPES for text in (*found.titles, *found.help))
    assert all(400 <= found.status < 600 for found in TYPES)


def test_a_document_has_the_members_of_rfc_9457_and_its_own() -> None:
    problem = Problem("not-found", "No village/x.", extra={"nearest": ["y"]})
    assert problem.document(base="https://ex.org/", instance="/doc/village/x", language="nn") == {
        "type": "https://ex.org/problems#not-found",
        "title": "Fann ikkje det du spurde etter",
        "status": 404,
        "detail": "No village/x.",
        "instance": "/doc/village/x",
        "nearest": ["y"],
    }


def test_a_status_no_row_knows_becomes_the_general_problem_of_its_class() -> None:
    assert problems.of_status(418, "tea").type.slug == "bad-request"
    assert problems.of_status(599, "x").type.slug == "internal-error"
    assert problems.of_status(406, "x").type.slug == "not-acceptable"
