"""Words on the command line: what they print, where, and the exit code."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kg import cli
from kg.check.lint import RULES
from kg.cli.options import told

from .conftest import ROOT, SMALL


def kg(*words: str | Path, cwd: Path = ROOT, text: str | None = None) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "kg", *map(str, words)],
        capture_output=True, text=True, input=text, cwd=cwd, env=environment, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_check_of_clean_data_says_so_and_exits_0(small: Path) -> None:
    done = kg("check", small)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Nothing to remark.")


def test_check_of_wrong_data_shows_the_place_and_exits_1(small: Path) -> None:
    (small / "data/village/budalen.ttl").write_text(
        SMALL["data/village/budalen.ttl"] + "village:x a .\n", "utf-8"
    )
    done = kg("check", small, "--format", "github")
    assert done.returncode == 1
    assert "file=data/village/budalen.ttl,line=9" in done.stdout


def test_check_names_files_as_the_current_folder_sees_them(small: Path) -> None:
    (small / "data/village/budalen.ttl").write_text("<urn:a> a .\n", "utf-8")
    words = ("check", small.name, "--format", "csv", "--shapes", f"{small.name}/../s.ttl")
    (small.parent / "s.ttl").write_text("<urn:s> <urn:p> .", "utf-8")
    above, inside = kg(*words, cwd=small.parent), kg("check", "--format", "csv", cwd=small)
    rows = (csv.DictReader(done.stdout.splitlines()) for done in (above, inside))
    files = [[row["file"] for row in each if row["severity"] == "violation"] for each in rows]
    assert files == [[f"{small.name}/data/village/budalen.ttl", "s.ttl"], ["data/village/budalen.ttl"]]


def test_check_loads_neither_the_index_nor_the_search_nor_what_runs_queries() -> None:
    code = "import sys, kg.cli.checking; print(*(name for name in sys.modules))"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path},
                          capture_output=True, text=True, check=True)  # fmt: skip
    heavy = {
        "kg.index",
        "kg.search",
        "kg.query",
        "kg.snapshot",
        "rdflib",
        "rich",
        "rapidfuzz",
        "csvw",
        "asyncio",
    }
    assert heavy & set(done.stdout.split()) == set()


def test_check_explains_a_rule_in_the_language_of_choice() -> None:
    done = kg("check", "--language", "nn", "--explain", "orphan")
    assert done.returncode == 0
    assert done.stdout.startswith("## orphan\n\n*merknad*. Ein ting i dataa som ikkje lenkjer til noko")
    everything = kg("check", "--explain", "all").stdout
    assert everything.count("\n## ") == len(RULES) - 1


def test_build_publishes_once_and_then_finds_nothing_changed(small: Path, home: Path) -> None:
    first = json.loads(kg("build", small, "--snapshots", home, "--json").stdout)
    again = json.loads(kg("build", small, "--snapshots", home, "--json").stdout)
    assert (first["new"], again["new"], first["id"] == again["id"]) == (True, False, True)
    assert set(first["seconds"]) >= {
        "read",
        "lint",
        "shapes",
        "canonicalise",
        "derive",
        "store",
        "index",
        "dumps",
    }


def test_build_of_wrong_data_keeps_what_was_published(small: Path, home: Path) -> None:
    first = json.loads(kg("build", small, "--snapshots", home, "--json").stdout)
    (small / "data/village/budalen.ttl").write_text("<a> <b> .", "utf-8")
    done = kg("build", small, "--snapshots", home)
    assert done.returncode == 1
    assert "1 violations: nothing was published. A snapshot that was published before stays" in done.stderr
    listed = json.loads(kg("snapshots", small, "--snapshots", home, "--json").stdout)
    assert [(row["id"], row["current"]) for row in listed] == [(first["id"], True)]


def test_query_reads_a_file_or_standard_input(small: Path, home: Path) -> None:
    asked = ("--dataset", small, "--snapshots", home, "--format", "csv", "--quiet")
    expected = "village\nhttps://ex.org/id/village/budalen\nhttps://ex.org/id/village/lonset\n"
    from_file = kg("query", small / "queries/villages.rq", *asked)
    from_input = kg("query", "-", *asked, text=SMALL["queries/villages.rq"])
    assert [d.stdout.replace("\r", "") for d in (from_file, from_input)] == [expected, expected]


def test_a_query_that_is_no_sparql_says_where(small: Path, home: Path) -> None:
    done = kg(
        "query", "-", "--dataset", small, "--snapshots", home, "--quiet", text="SELECT *\nWHERE { ?s ?p }"
    )
    assert done.returncode == 2
    assert "line 2" in done.stderr


def test_describe_finds_by_the_end_of_the_iri(small: Path, home: Path) -> None:
    done = kg("describe", "lonset", "--dataset", small, "--snapshots", home)
    assert done.returncode == 0
    assert "Lønset  <https://ex.org/id/village/lonset>" in done.stdout
    assert "grunnlagt" in done.stdout
    assert "01900" in done.stdout


def test_describe_of_something_unknown_suggests(small: Path, home: Path) -> None:
    done = kg("describe", "Lønset i Oppdal", "--dataset", small, "--snapshots", home, "--quiet")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: Nothing is known of 'Lønset i Oppdal'.")


def test_describe_gives_rdf_with_literals_as_written(small: Path, home: Path) -> None:
    done = kg(
        "describe", "village/lonset", "--dataset", small, "--snapshots", home, "--format", "nt", "--quiet"
    )
    assert '"01900"^^<http://www.w3.org/2001/XMLSchema#integer>' in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "/nowhere"), "Error: /nowhere: there is no such file or folder."),
        (("check", "."), "Error: There is no RDF file in .. Give a folder with ontology/, shapes/ and data/"),
        (("check", "--base", "x", "."), "Error: --base is 'x'. It must be an http(s) IRI that ends in '/'"),
        (("nonsense",), "Error: No such command 'nonsense'."),
    ],
)
def test_what_cannot_run_is_one_sentence_and_exit_code_2(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    done = kg(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(message)


def test_a_fault_of_the_program_does_not_look_like_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.commands, "main", lambda **_: 1 // 0)
    with pytest.raises(SystemExit) as raised:
        cli.main()
    assert raised.value.code == 2


def test_snapshots_that_cannot_be_written_are_one_sentence(small: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = kg("build", small, "--snapshots", tmp_path / "file" / "home", "--quiet")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: Snapshots cannot be written to ")
    assert "Name another folder with --snapshots." in done.stderr


def test_a_page_of_the_catalogue_is_imported_for_review(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(
        "Prøvebygda\n\nPeriode: 2006 – 2010\n\nAktiviteter\n\n • Eget nettsted\n • Noe ganske ukjent\n",
        "utf-8",
    )
    done = kg("import", "page", page, "--source", "https://example.no/provebygda", "--quiet")
    assert done.returncode == 1
    assert "bg:usesActivity activity:own-website" in done.stdout
    assert '"2006"^^xsd:gYear' in done.stdout


def test_an_imported_page_is_written_once_and_what_a_person_changed_is_left_alone(tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    shutil.copytree(ROOT / "ontology", dataset / "ontology")
    shutil.copy(ROOT / "kg.toml", dataset)
    page = tmp_path / "page.txt"
    page.write_text("Prøvebygda\n\nPeriode: 2006 – 2010\n", "utf-8")
    words = ("import", "page", page, "--source", "https://example.no/provebygda", "--write")
    files = ["data/project/provebygda.ttl", "data/entry/provebygda.ttl"]
    assert kg(*words, "--dataset", dataset, "--quiet").stdout.splitlines() == files
    again = kg(*words, "--dataset", dataset, "--quiet")
    assert (again.stdout, again.stderr) == ("", "")
    (dataset / files[0]).write_text("# Read by a person.\n", "utf-8")
    once_more = kg(*words, "--dataset", dataset, "--quiet")
    assert once_more.stderr == f"{files[0]} is there and differs: left as it is.\n"
    assert (dataset / files[0]).read_text("utf-8") == "# Read by a person.\n"


def test_a_page_without_its_address_is_not_imported_for_none_is_made_up(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("Prøvebygda\n\nPeriode: 2006 – 2010\n", "utf-8")
    done = kg("import", "page", page)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing option '--source'" in done.stderr


TABLE = """{
  "@context": "http://www.w3.org/ns/csvw",
  "url": "t.csv",
  "tableSchema": {
    "aboutUrl": "http://x/{id}",
    "primaryKey": "id",
    "columns": [
      {"name": "id", "titles": "id", "required": true, "suppressOutput": true},
      {"name": "n", "titles": "n", "datatype": "integer", "propertyUrl": "http://x/n"}
    ]
  }
}"""


def test_a_table_is_imported_or_its_bad_rows_are_listed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,n\na,1\nb,two\n", "utf-8")
    (tmp_path / "t.csv-metadata.json").write_text(TABLE, "utf-8")
    strict = kg("import", "table", tmp_path / "t.csv", "--quiet")
    assert (strict.returncode, strict.stdout) == (1, "")
    assert "row 3, column n" in strict.stderr
    lenient = kg("import", "table", tmp_path / "t.csv", "--keep-going", "--quiet")
    assert (lenient.returncode, lenient.stdout) == (
        1,
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n<http://x/a> <http://x/n> 1 .\n",
    )
    assert "row 3, column n" in lenient.stderr


def test_imports_tell_what_they_are_doing_unless_they_are_to_be_quiet(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,n\na,1\n", "utf-8")
    (tmp_path / "t.csv-metadata.json").write_text(TABLE, "utf-8")
    (tmp_path / "page.txt").write_text("Prøvebygda\n\nPeriode: 2006 – 2010\n", "utf-8")
    table = ("import", "table", tmp_path / "t.csv")
    page = ("import", "page", tmp_path / "page.txt", "--source", "https://example.no/provebygda")
    assert kg(*table).stderr == "rows ...\n"
    assert kg(*page).stderr.startswith("reading what the dataset knows ...\n")
    assert [kg(*words, "--quiet").stderr for words in (table, page)] == ["", ""]


@pytest.mark.parametrize(
    ("done", "total", "said"), [(0, 0, "rows"), (3000, 0, "rows 3000"), (2, 9, "rows 2/9")]
)
def test_progress_says_how_far_it_is_as_well_as_is_known(done: int, total: int, said: str) -> None:
    assert told("rows", done, total) == said


def test_a_table_without_metadata_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id\n", "utf-8")
    done = kg("import", "table", tmp_path / "t.csv")
    assert done.returncode == 2
    assert "t.csv-metadata.json beside it" in done.stderr
