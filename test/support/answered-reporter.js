import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../test-output/answered/', import.meta.url))

const columns = ['sqlite sdk', 'sqlite ours', 'postgres sdk', 'postgres ours']

/**
 * Prints how often each operation was answered and refused, on each engine, to the official SDK and to our client. A
 * whole run fails where an operation was not answered in a column, but for those of our own that the SDK does not have.
 */
export default class AnsweredReporter {
  #isWhole
  #holes = []

  constructor({ testPathPatterns, testNamePattern }) {
    this.#isWhole = !testPathPatterns?.patterns?.length && !testNamePattern
  }

  onRunStart() {
    rmSync(folder, { recursive: true, force: true })
  }

  onRunComplete() {
    if (!this.#isWhole || !existsSync(folder)) return
    const { operations, own, counts } = readCounts()
    const used = columns.filter((column) =>
      [...counts.keys()].some((cell) => cell.endsWith(` ${column}`))
    )
    const rows = operations.map((operation) =>
      used.map((column) => counts.get(`${operation} ${column}`) ?? { answered: 0, refused: 0 })
    )
    print(operations, used, rows)
    const isCalled = (operation, column) => !(own.includes(operation) && column.endsWith(' sdk'))
    this.#holes = operations.filter((operation, index) =>
      used.some((column, at) => isCalled(operation, column) && rows[index][at].answered === 0)
    )
  }

  getLastError() {
    if (this.#holes.length === 0) return undefined
    return new Error(`Not answered on every engine to every client: ${this.#holes.join(', ')}`)
  }
}

function readCounts() {
  const counts = new Map()
  let operations = []
  let own = []
  for (const file of readdirSync(folder)) {
    const read = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    operations = read.operations
    own = read.own
    for (const [cell, { answered, refused }] of Object.entries(read.counts)) {
      const sum = counts.get(cell) ?? { answered: 0, refused: 0 }
      counts.set(cell, { answered: sum.answered + answered, refused: sum.refused + refused })
    }
  }
  return { operations, own, counts }
}

function print(operations, used, rows) {
  const width = Math.max(...operations.map((operation) => operation.length))
  const lines = rows.map((row, index) => {
    const cells = row.map(({ answered, refused }) => `${answered} / ${refused}`.padStart(16))
    return `${operations[index].padEnd(width)}${cells.join('')}`
  })
  const head = `${'answered / refused'.padEnd(width)}${used.map((name) => name.padStart(16)).join('')}`
  process.stderr.write(`${[head, ...lines].join('\n')}\n`)
}
