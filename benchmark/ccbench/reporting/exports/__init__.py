"""The tables of a run for other software: R, JASP, SPSS, spreadsheets and LaTeX."""

from ccbench.reporting.exports.folder import FORMATS, Format, write_export
from ccbench.reporting.exports.tables import ExportTable, export_tables

__all__ = ["FORMATS", "ExportTable", "Format", "export_tables", "write_export"]
