/** RFC 3339 in UTC with second precision, as the API writes every time. */
export function toTimestamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}
