"""Writes the state of a campaign as one HTML file: no network, no script, readable on a phone, every text escaped."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from alft.campaign.picture import svgs
from alft.campaign.status import Status
from alft.campaign.words import Table
from alft.system.visible import visible

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 72rem; }
body { color: #1b1f24; background: #fff; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.word { border-left: .4rem solid #3f90da; background: #eef5fc; padding: .6rem .9rem; }
.word b { display: inline-block; }
.word b::first-letter { text-transform: uppercase; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
img { width: 100%; height: auto; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #d9dde2; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { font-weight: 600; background: #f4f6f8; }
.ids { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
"""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may load for the page: nothing from elsewhere, and no script."""


def page(title: str, status: Status, sentences: Iterable[str], tables: Iterable[Table]) -> str:
    """The page.

    Args:
        title: Name of the campaign.
        status: Its state.
        sentences: What to tell about it.
        tables: Its tables; an empty one is left out.
    """
    parts = [
        f"<h1>{_safe(title)}</h1>",
        f'<p class="word"><b>{_safe(status.outlook.word)}</b>: {_safe(status.outlook.reason)}</p>',
    ]
    parts.append(f'<div class="pictures">{"".join(_image(*one) for one in svgs(status))}</div>')
    parts += [_table(*table) for table in tables if table[2]]
    parts.append("<h2>In words</h2><ul>" + "".join(f"<li>{_safe(one)}</li>" for one in sentences) + "</ul>")
    if status.ask_again:
        ids = " ".join(map(_safe, status.ask_again))
        count = f"{len(status.ask_again)} text{'s' if len(status.ask_again) > 1 else ''}"
        parts.append(f'<details><summary>Tied, to ask again: {count}</summary><p class="ids">{ids}</p></details>')
    return _whole(title, "\n".join(parts))


def _whole(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _image(description: str, content: bytes) -> str:
    """An image within the page: as a data address, whose identifiers cannot collide with those of other images."""
    return f'<img alt="{_safe(description)}" src="data:image/svg+xml;base64,{b64encode(content).decode()}">'


def _table(heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{_safe(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_safe(cell)}</td>' for cell in row)}</tr>" for row in rows)
    inner = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<h2>{_safe(heading)}</h2><div class="table">{inner}</div>'


def _safe(text: str) -> str:
    return escape(visible(text), quote=True)
