"""The yield report: where documents are lost on their way to trajectories, and what the way costs.

The door to this room: it names what others call. Reading, figures and each form live in modules of their own.
"""

from pathlib import Path

from gem_assets.reports.markdown import render_markdown as render_markdown
from gem_assets.reports.model import YieldReport as YieldReport
from gem_assets.reports.page import render_html as render_html
from gem_assets.reports.reading import read_report as read_report
from gem_assets.reports.text import render_text as render_text
from gem_assets.store.connections import Connection
from gem_assets.store.files import write_text
from gem_assets.store.home import Home

PAGE = "yield_report.html"


def write_report(home: Home, connection: Connection) -> Path:
    """Write the page over what the connection sees; returns where it is."""
    path = home.reports / PAGE
    write_text(path, render_html(read_report(connection)))
    return path
