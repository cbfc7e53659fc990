"""How the page looks: its style sheet, light and dark, wide and narrow, and on paper."""

from xlt_flax.analysis.drawing import PALETTE

_STYLE = """
:root { color-scheme: light dark; --natural: 100%;
  --font: system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", "DejaVu Sans", sans-serif; --page: #f5f7f9; --tint: #eef2f6; --warn: #8a5300;
  --warn-ground: #fff4dc; LIGHT }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --tint: #1e2530; --warn: #f2c265;
  --warn-ground: #2c2413; DARK } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 var(--font); }
main, header, footer { max-width: 88rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; padding-bottom: 1.5rem; }
h1 { font-size: clamp(1.6rem, 4vw, 2.3rem); line-height: 1.15; margin: 0 0 .75rem;
  letter-spacing: -.015em; }
h2 { font-size: 1.35rem; margin: 3rem 0 1rem; letter-spacing: -.01em; scroll-margin-top: 1rem; }
a { color: var(--two); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--two);
  outline-offset: 2px; }
.setting { display: flex; flex-wrap: wrap; gap: .4rem 1.75rem; margin: 0 0 1.25rem; padding: 0; }
.setting div { display: flex; gap: .45rem; }
.setting dt { color: var(--muted); }
.setting dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 1rem 0 0;
  padding: .7rem 0; border-block: 1px solid var(--grid); font-size: .92rem; }
.card { background: var(--surface); border: 1px solid var(--grid); border-radius: 10px;
  padding: 1.1rem 1.25rem; min-width: 0; }
.warn { background: var(--warn-ground); border: 1px solid var(--warn); border-radius: 10px;
  padding: .8rem 1.1rem; margin: 0 0 1rem; }
.warn strong { color: var(--warn); }
.warn p { margin: 0; } .warn details { margin-top: .4rem; }
.lead { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.15fr); gap: 1.25rem;
  align-items: start; }
.answers { margin: 0; padding: 0; list-style: none; }
.answers li { padding: .7rem 0; border-bottom: 1px solid var(--grid); }
.answers li:first-child { padding-top: 0; } .answers li:last-child { border: 0; padding-bottom: 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 39rem), 1fr));
  gap: 1.25rem; align-items: start; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
figure { margin: 0; }
.figure { margin-bottom: 1.25rem; }
figcaption { color: var(--muted); font-size: .9rem; margin-top: .6rem; }
figure svg { display: block; width: 100%; height: auto; max-width: var(--natural); }
.scroll { overflow-x: auto; }
.big svg { min-width: min(52rem, var(--natural)); }
table { border-collapse: collapse; width: 100%; font-size: .86rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 650; font-size: 1rem; padding-bottom: .55rem; }
th, td { padding: .32rem .36rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; padding-left: .2rem; }
thead th { color: var(--muted); font-weight: 500; vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 500; white-space: normal; min-width: 5rem; position: sticky; left: 0;
  background: var(--surface); }
tr.mean > * { font-weight: 700; background: var(--tint); }
tr.unfinished > * { color: var(--warn); font-style: italic; }
tbody tr:last-child > * { border-bottom: 0; }
.words td, .words thead th { text-align: left; white-space: normal; vertical-align: top; }
td.sentence { text-align: left; white-space: normal; }
td.real { font-weight: 700; background: var(--tint); }
.notes { margin: .75rem 0 0; padding-left: 1.1rem; color: var(--muted); font-size: .85rem; }
details > summary { cursor: pointer; font-weight: 600; }
details[open] > summary { margin-bottom: .75rem; }
.stack > * + * { margin-top: 1.25rem; }
footer { color: var(--muted); font-size: .85rem; padding-block: 2.5rem; }
@media (max-width: 60rem) { .lead { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) { .card { padding: .9rem; } body { font-size: 15px; }
  .lead svg { min-width: 0; } }
@media print { body { background: none; } .card { break-inside: avoid; } nav { display: none; } }
"""


def css() -> str:
    """The style sheet, with a variable for each of the figures' colours."""
    light, dark = (
        " ".join(f"--{name}: {pair[index]};" for name, pair in PALETTE.items()) for index in (0, 1)
    )
    return _STYLE.replace("LIGHT", light).replace("DARK", dark)
