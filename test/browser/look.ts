import { expect } from '@jest/globals'
import type { Locator, Page } from 'playwright-core'

const screens = [
  { name: 'wide', width: 1280, height: 800, colorScheme: 'light' },
  { name: 'wide-dark', width: 1280, height: 800, colorScheme: 'dark' },
  { name: 'phone', width: 320, height: 640, colorScheme: 'light' },
  { name: 'phone-dark', width: 320, height: 640, colorScheme: 'dark' }
] as const

/** Shows a page on one screen after the other: one journey is enough to see all of them. */
export async function onEachScreen(
  page: Page,
  look: (screen: string) => Promise<void>
): Promise<void> {
  for (const { name, width, height, colorScheme } of screens) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    await look(name)
  }
}

/** Follows what leads to another page, and waits for that page: a click by itself may return before it. */
export async function clickThrough(page: Page, control: Locator): Promise<void> {
  const arrival = page.waitForEvent('framenavigated')
  await control.click()
  await arrival
  await page.waitForLoadState()
}

/** Keeps pictures, and checks what is easily measured in them. */
export function lookAt(page: Page, picture: string): Promise<void> {
  return onEachScreen(page, async (name) => {
    await page.screenshot({ path: `test-output/b2b/${picture}-${name}.png`, fullPage: true })
    const faults = await page.evaluate(findFaults)
    expect({ picture, name, faults }).toEqual({ picture, name, faults: [] })
  })
}

/** Nothing is cut off, every field has a label, a page has one heading, and text has a contrast of 4.5 (WCAG 2.2, 1.4.3). */
const findFaults = `(() => {
  const faults = []
  if (document.documentElement.scrollWidth > innerWidth) faults.push('cut off at the side')
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1')
  if (document.documentElement.lang === '') faults.push('no lang')
  if (document.querySelector('main') === null) faults.push('no main')
  if (document.querySelector('script') !== null) faults.push('a script')
  for (const input of document.querySelectorAll('input:not([type=hidden])')) {
    if (input.labels.length === 0) faults.push('no label: ' + input.name)
  }
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number)
  const luminance = ([r, g, b]) => [r, g, b]
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0)
  const backgroundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor)
      if (colour[3] !== 0) return colour
    }
    return [255, 255, 255]
  }
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
    if (!hasText || element.closest('.skip') !== null) continue
    const [one, other] = [luminance(numbers(getComputedStyle(element).color)), luminance(backgroundOf(element))]
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    if (contrast < 4.5) faults.push('contrast ' + contrast.toFixed(2) + ': ' + element.textContent.trim().slice(0, 40))
  }
  return faults
})()`
