"""One self-contained page of explanations, which opens from disk in any browser."""

from explain.report.content import Heatmap, Panel, Question, RankedItem, Ranking, Report, Verdict
from explain.report.page import render, write_report

__all__ = ["Heatmap", "Panel", "Question", "RankedItem", "Ranking", "Report", "Verdict", "render", "write_report"]
