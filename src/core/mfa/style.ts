/** The stylesheet of the MFA pages. */
export const style = `:root {
  color-scheme: light dark;
  --text: #1d2129;
  --quiet: #555d6b;
  --page: #f4f5f7;
  --card: #fff;
  --line: #757d8a;
  --accent: #1a4fc4;
  --on-accent: #fff;
  --problem: #a4161a;
  font: 1rem/1.5 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #eceef2;
    --quiet: #b3bac6;
    --page: #14171c;
    --card: #1f242c;
    --line: #8b94a3;
    --accent: #8fb4ff;
    --on-accent: #10141b;
    --problem: #ff9a9d;
  }
}
* { box-sizing: border-box }
body { margin: 0; padding: 1rem; color: var(--text); background: var(--page) }
main { max-width: 26rem; margin: 8vh auto; padding: clamp(1.25rem, 5vw, 2rem); background: var(--card); border-radius: .75rem }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25 }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.125rem }
p, ul, ol, details, form { margin: 0 0 1rem }
ul:not(.codes) { padding: 0; list-style: none }
form + form { margin-block-start: 1.5rem }
main > :last-child { margin-block-end: 0 }
.problem { padding-inline-start: .75rem; border-inline-start: .25rem solid; color: var(--problem); font-weight: 600 }
.quiet { color: var(--quiet) }
label { display: block; margin-block-end: .25rem; font-weight: 600 }
input { width: 100%; margin-block-end: 1rem; padding: .625rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .375rem }
::placeholder { color: var(--quiet); opacity: 1 }
input.code { font-size: 1.25rem; letter-spacing: .2em; font-variant-numeric: tabular-nums }
button { width: 100%; min-height: 2.75rem; padding: .625rem 1rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .375rem; cursor: pointer }
button.other { color: var(--accent); background: transparent }
a { color: var(--accent) }
:focus-visible { outline: .1875rem solid var(--accent); outline-offset: .125rem }
img { display: block; width: 12.5rem; max-width: 100%; height: auto; margin: 0 auto 1rem; padding: .5rem; background: #fff }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
.codes { columns: 2 }
@media (max-width: 24rem) { .codes { columns: 1 } main { margin-block: 1rem } }
`
