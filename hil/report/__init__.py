"""The report: a verdict table for the terminal, and one self-contained page made from results.json alone (HIL-6)."""

from hil.report.console import print_verdicts
from hil.report.html import write_html

__all__ = ["print_verdicts", "write_html"]
