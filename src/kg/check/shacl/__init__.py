"""SHACL 1.0 over plain quads: shapes compiled to SPARQL; knows nothing of datasets and files."""

from kg.check.shacl.results import Outcome, Result

__all__ = ["Outcome", "Result"]
