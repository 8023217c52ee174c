"""A page of HTML that needs nothing else: no script, no request, light and dark, for paper too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from graphnet.draw.shapes import Picture
from graphnet.draw.svg import style, svg
from graphnet.draw.theme import HEATS, THEME

#: What tells a report from a file of the user's own.
GENERATOR = '<meta name="generator" content="graphnet report">'

_CSS = """
:root{color-scheme:light dark;--page:#ffffff;--ink:#1b1f27;--muted:#4d5563;--rule:#d5dae1;
--soft:#f4f6f9;--link:#0b5cad}
@media (prefers-color-scheme:dark){:root{--page:#16181d;--ink:#eceff4;--muted:#a9b2c0;
--rule:#39404a;--soft:#20242b;--link:#7cb8f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,"Segoe UI",Helvetica,Arial,"Liberation Sans",sans-serif}
main,header,footer{max-width:64rem;margin:0 auto;padding:0 1rem}
h1{font-size:1.7rem;line-height:1.25;margin:1.5rem 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.25rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--rule)}
p{margin:.5rem 0;max-width:46rem}
a{color:var(--link)}
.lead,.note,figcaption,caption{color:var(--muted)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;margin:.75rem 0}
nav a{display:inline-block;padding:.25rem 0}
.scroll{overflow-x:auto;max-width:100%}
.scroll:focus-visible,a:focus-visible,summary:focus-visible{outline:2px solid var(--link);
outline-offset:2px}
figure{margin:1rem 0}
figure svg{display:block}
figcaption,caption{font-size:.875rem;text-align:left}
caption{padding:.25rem 0}
table{border-collapse:collapse;margin:.75rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .9rem .2rem 0;text-align:left;vertical-align:top}
thead th{border-bottom:1px solid var(--rule);font-weight:600}
tbody th{font-weight:400;white-space:nowrap}
.facts th{color:var(--muted);white-space:nowrap}
.facts td{overflow-wrap:anywhere}
th.n,td.n{text-align:right;white-space:nowrap}
.confusion td,.confusion thead th,.confusion tbody th{padding:.15rem .5rem;text-align:right;
border-bottom:0}
.confusion td{min-width:2.6rem;border:1px solid var(--rule)}
pre{background:var(--soft);padding:.75rem 1rem;overflow-x:auto;font-size:.875rem;line-height:1.4}
details{margin:.5rem 0}
summary{cursor:pointer;padding:.25rem 0}
.meter{display:inline-block;height:.7em;background:var(--link);min-width:1px}
footer{color:var(--muted);font-size:.875rem;padding:1rem;margin-top:2rem}
@media print{body{font-size:11pt}nav,.skip{display:none}h2{break-after:avoid}
figure,table{break-inside:avoid}.scroll{overflow:visible}figure svg{max-width:100%;height:auto}}
"""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        key: Its name in links.
        title: Its heading.
        body: HTML.
    """

    key: str
    title: str
    body: str


def page(title: str, lead: str, sections: Sequence[Section], foot: str) -> str:
    """The whole page.

    Args:
        title: Its heading.
        lead: HTML below it.
        sections: In order; those with an empty body are left out.
        foot: HTML at the end.
    """
    shown = [section for section in sections if section.body]
    links = "".join(f'<li><a href="#{s.key}">{escape(s.title)}</a></li>' for s in shown)
    parts = "\n".join(
        f'<section id="{s.key}" aria-labelledby="{s.key}-title">\n'
        f'<h2 id="{s.key}-title">{escape(s.title)}</h2>\n{s.body}\n</section>'
        for s in shown
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{GENERATOR}
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>{_CSS}{style()}{_heats()}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
{lead}
<nav aria-label="sections"><ul>{links}</ul></nav>
</header>
<main>
{parts}
</main>
<footer>{foot}</footer>
</body>
</html>
"""


def _heats() -> str:
    """The steps of heat as backgrounds of cells."""

    def rules(side: str) -> str:
        return "".join(
            f".h{i}{{background:{getattr(THEME[f'heat{i}'], side).fill}}}" for i in range(HEATS)
        )

    return f"{rules('light')}@media (prefers-color-scheme:dark){{{rules('dark')}}}"


def figure(picture: Picture, caption: str = "") -> str:
    """A picture that can be moved to the side where it is wider than the page."""
    drawn = svg(picture, has_background=False, has_style=False)
    said = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{scrolled(drawn, picture.title)}{said}</figure>"


def scrolled(body: str, name: str) -> str:
    """HTML that may be wider than the page, reachable by keyboard."""
    label = escape(name, quote=True)
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{body}</div>'


def facts_table(caption: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Names and texts, side by side."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>'
        for name, text in pairs
    )
    return f'<table class="facts">{_caption(caption)}<tbody>{rows}</tbody></table>'


def data_table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names its rows.

    Args:
        caption: What it shows.
        columns: The headings; ``>`` before those of numbers.
        rows: Texts.
    """
    if not rows:
        return ""
    sides = [' class="n"' if name[:1] == ">" else "" for name in columns]
    head = "".join(
        f'<th scope="col"{side}>{escape(name.removeprefix(">"))}</th>'
        for name, side in zip(columns, sides, strict=True)
    )
    lines = []
    for first, *others in rows:
        cells = "".join(
            f"<td{side}>{escape(cell)}</td>" for cell, side in zip(others, sides[1:], strict=True)
        )
        lines.append(f'<tr><th scope="row"{sides[0]}>{escape(first)}</th>{cells}</tr>')
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return scrolled(f"<table>{_caption(caption)}{body}</table>", caption)


def _caption(text: str) -> str:
    return f"<caption>{escape(text)}</caption>" if text else ""


def note(text: str) -> str:
    """A paragraph; line by line if it has several."""
    return f'<p class="note">{"<br>".join(map(escape, text.splitlines()))}</p>'


def folded(summary: str, text: str) -> str:
    """A text that is shown when asked for."""
    return f"<details><summary>{escape(summary)}</summary><pre>{escape(text)}</pre></details>"
