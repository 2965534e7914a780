import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TestEnvironment } from 'jest-environment-node'

/**
 * Runs a suite in one of two ways, as its plan says:
 *
 * - It notes, for each check, the tests that reach it, and those in which it fires: in which it throws, or its question
 *   has the answer that rejects.
 * - It tries each check with some of its tests: the check is switched off while the test runs. At the end each of those
 *   tests runs once more with everything on, which shows whether a check that was off has left something behind.
 */
export default class MutationEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context)
    const { folder } = config.projectConfig.testEnvironmentOptions
    const { testPath: suite } = context
    const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))[suite]
    this.tries = plan?.tries
    this.report = join(folder, 'report.json')
    this.suite = suite
    this.seen = {}
    this.results = []
    this.killed = new Set()
    this.failing = new Set()
    this.test = undefined
    this.off = undefined
    this.global.mutants = this.switches()
  }

  /** What the instrumented sources call. */
  switches() {
    const note = (id, kind) => {
      if (this.tries !== undefined || this.test === undefined) return
      this.seen[id] ??= { fired: [], reached: [] }
      const tests = this.seen[id][kind]
      if (tests.length < 40 && !tests.includes(this.test)) tests.push(this.test)
    }
    const fire = (id, error) => {
      note(id, 'fired')
      return error
    }
    return {
      isTrying: this.tries !== undefined,
      isOn: (id) => {
        note(id, 'reached')
        return id !== this.off
      },
      fire,
      ask: (id, firing, answer) => {
        if (Boolean(answer) === firing) fire(id)
        return answer
      },
      watch: (id, call) => {
        try {
          const result = call()
          if (typeof result?.then === 'function') result.then(undefined, () => fire(id))
          return result
        } catch (error) {
          throw fire(id, error)
        }
      }
    }
  }

  /** A test that fails with everything on says nothing about a check. */
  seenByPassingTests() {
    const passing = (tests) => tests.filter((test) => !this.failing.has(test))
    return Object.fromEntries(
      Object.entries(this.seen).map(([id, { fired, reached }]) => [
        id,
        { fired: passing(fired), reached: passing(reached) }
      ])
    )
  }

  handleTestEvent(event, { rootDescribeBlock }) {
    switch (event.name) {
      case 'run_start':
        this.began = Date.now()
        if (this.tries !== undefined) repeatTests(rootDescribeBlock, this.tries)
        break
      case 'test_start':
        if (this.killed.has(event.test.mutant)) event.test.mode = 'skip'
        this.test = nameOf(event.test)
        this.off = event.test.mutant
        break
      case 'test_done': {
        const { mutant, errors, isControl } = event.test
        if (errors.length > 0) this.failing.add(this.test)
        if (mutant !== undefined || isControl) {
          const failed = errors.length > 0
          if (failed && mutant !== undefined) this.killed.add(mutant)
          this.results.push({ mutant, test: this.test, failed })
        }
        this.test = undefined
        this.off = undefined
        break
      }
      case 'run_finish': {
        const seconds = (Date.now() - this.began) / 1000
        const { suite, results } = this
        const seen = this.seenByPassingTests()
        writeFileSync(this.report, JSON.stringify({ suite, seconds, seen, results }))
      }
    }
  }
}

/** Leaves the tests that are tried: once for each check that is off, and once for none. */
function repeatTests(root, tries) {
  const controls = []
  walk(root)
  for (const [block, test] of controls) block.children.push(copyOf(test, { isControl: true }))

  function walk(block) {
    block.children = block.children.flatMap((child) => {
      if (child.type === 'describeBlock') {
        walk(child)
        return [child]
      }
      const mutants = tries[nameOf(child)]
      if (mutants === undefined || ['skip', 'todo'].includes(child.mode)) return []
      controls.push([block, child])
      return mutants.map((mutant) => copyOf(child, { mutant }))
    })
  }
}

function copyOf(test, marks) {
  return { ...test, errors: [], unhandledRejectionErrorByPromise: new Map(), ...marks }
}

function nameOf(test) {
  const names = []
  for (let node = test; node?.parent !== undefined; node = node.parent) names.unshift(node.name)
  return names.join(' ')
}
