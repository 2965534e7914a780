/** Names what was skipped and why, which Jest says only for a single file. */
export default class SkippedReporter {
  onRunComplete(_contexts, { testResults }) {
    const skipped = new Map()
    for (const { testResults: tests } of testResults) {
      for (const { status, ancestorTitles, title } of tests) {
        if (status !== 'pending') continue
        const name = [...ancestorTitles, title].find((part) => /not (reachable|found)/.test(part))
        const reason = name ?? [...ancestorTitles, title].join(' › ')
        skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
      }
    }
    for (const [reason, count] of skipped) {
      process.stderr.write(`skipped: ${reason} (${count})\n`)
    }
  }
}
