/** Whether it is a whole number from `least` to `most`. */
export function isInRange(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
