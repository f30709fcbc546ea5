"""SHACL 1.0 over plain quads: shapes compiled to SPARQL; knows nothing of datasets and files."""

from kg.check.shacl.engine import validate
from kg.check.shacl.results import Outcome, Path, Result
from kg.check.shacl.shapes import BeyondError, ShapeError

__all__ = ["BeyondError", "Outcome", "Path", "Result", "ShapeError", "validate"]
