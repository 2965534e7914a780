import type { Page } from 'playwright-core'

/** What is wrong with a page for people who see little, use no mouse, or hear it read. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  return [...((await page.evaluate(inPage)) as string[]), ...(await focusProblems(page))]
}

/** Every control is reached by the tab key, in the order of the page, and shows that it has the focus. */
async function focusProblems(page: Page): Promise<string[]> {
  const controls = Number(await page.evaluate(`${listControls}.length`))
  await page.evaluate('document.body.tabIndex = -1, document.body.focus()')
  const problems: string[] = []
  for (let index = 0; index < controls; index += 1) {
    await page.keyboard.press('Tab')
    const found = await page.evaluate(`(() => {
      const element = document.activeElement
      return [
        ${listControls}.indexOf(element),
        parseFloat(getComputedStyle(element).outlineWidth) >= 2,
        element.outerHTML
      ]
    })()`)
    const [reached, isSeen, html] = found as [number, boolean, string]
    if (reached !== index) problems.push(`The focus is at ${reached}, not ${index}: ${html}`)
    if (!isSeen) problems.push(`No focus is seen on ${html}.`)
  }
  await page.evaluate("document.body.removeAttribute('tabindex')")
  return problems
}

const listControls = `[...document.querySelectorAll('a[href], button, summary, input:not([type=hidden])')]
  .filter((element) => element.checkVisibility())`

/** Text for the page, where there is no compiler: names, headings, and contrast by WCAG 2.2 (1.4.3, 1.4.11). */
const inPage = `(() => {
  const problems = []
  const say = (problem, element) => problems.push(problem + ': ' + (element?.outerHTML ?? ''))
  const all = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility())

  if (document.documentElement.lang === '') say('no language')
  if (document.title === '') say('no title')
  if (all('h1').length !== 1 || all('main').length !== 1) say('not one heading and one main part')
  const levels = all('h1, h2, h3').map((element) => Number(element.tagName[1]))
  if (levels.some((level, index) => level > (levels[index - 1] ?? 0) + 1)) say('a heading is skipped')
  for (const input of all('input:not([type=hidden])')) {
    if (input.labels.length !== 1) say('no label', input)
    if (!input.autocomplete) say('no autocomplete', input)
    const id = input.getAttribute('aria-describedby')
    if (id !== null && document.getElementById(id) === null) say('described by nothing', input)
  }
  for (const image of all('img')) if (!image.alt) say('no alternative', image)
  for (const control of all('a, button')) if (control.textContent.trim() === '') say('no name', control)
  const ids = all('[id]').map(({ id }) => id)
  if (new Set(ids).size < ids.length) say('an id twice')
  for (const control of all('button, summary, input:not([type=hidden])')) {
    if (control.getBoundingClientRect().height < 24) say('too small to touch', control)
  }

  const parse = (color) => color.match(/[\\d.]+/g).map(Number)
  const under = (element) => {
    const [r, g, b, a = 1] = parse(getComputedStyle(element).backgroundColor)
    return a === 0 && element.parentElement ? under(element.parentElement) : [r, g, b]
  }
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((x, y) => x - y)
    return (light + 0.05) / (dark + 0.05)
  }
  const check = (element, color, ground, least, what) => {
    const ratio = contrast(parse(color).slice(0, 3), ground)
    if (ratio < least) say(what + ' has a contrast of ' + ratio.toFixed(2), element)
  }
  for (const element of all('main *')) {
    const style = getComputedStyle(element)
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
    if (hasText) check(element, style.color, under(element), 4.5, 'text')
  }
  for (const input of all('input:not([type=hidden])')) {
    check(input, getComputedStyle(input).borderColor, under(input.parentElement), 3, 'a border')
    check(input, getComputedStyle(input).color, under(input), 4.5, 'what is typed')
    if (input.placeholder) check(input, getComputedStyle(input, '::placeholder').color, under(input), 4.5, 'a placeholder')
  }
  return problems
})()`
