"""The yield report: where documents are lost on their way to trajectories, and what the way costs.

The door to this room: it names what others call. Reading, figures and each form live in modules of their own.
"""

from pathlib import Path

from gem_assets.reports.comparison.comparing import read_comparisons as read_comparisons
from gem_assets.reports.comparison.text import render_comparisons as render_comparisons
from gem_assets.reports.yields.detail import read_detail
from gem_assets.reports.yields.markdown import render_markdown as render_markdown
from gem_assets.reports.yields.model import YieldReport as YieldReport
from gem_assets.reports.yields.page import render_html as render_html
from gem_assets.reports.yields.reading import read_report as read_report
from gem_assets.reports.yields.text import render_text as render_text
from gem_assets.store.connections import Connection
from gem_assets.store.files import write_text
from gem_assets.store.home import Home

PAGE = "yield_report.html"


def write_report(home: Home, connection: Connection, compare: tuple[str, str] | None = None) -> Path:
    """Write the page over what the connection sees; returns where it is.

    `compare` names two versions of a stage (the beginning of a prompt version, model or code version) to set
    side by side instead of the newest with those before it; raises StoreError where they cannot be.
    """
    path = home.reports / PAGE
    write_text(path, render_html(read_report(connection), read_detail(home, connection, compare)))
    return path
