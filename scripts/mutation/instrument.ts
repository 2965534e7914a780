import type { Check } from './find-checks.ts'

/** The source with a switch around each of its checks: see `environment.js` for what `mutants` does. */
export function instrument(source: string, checks: readonly Check[]): string {
  const inserts = checks.flatMap((check) => {
    const [before, after] = switchOf(check)
    return [
      { at: check.start, isEnd: false, text: before },
      { at: check.end, isEnd: true, text: after }
    ]
  })
  inserts.sort((one, other) => one.at - other.at || Number(other.isEnd) - Number(one.isEnd))
  const bytes = Buffer.from(source)
  let done = 0
  let text = ''
  for (const insert of inserts) {
    text += bytes.subarray(done, insert.at).toString() + insert.text
    done = insert.at
  }
  return text + bytes.subarray(done).toString()
}

function switchOf({ id, off, text }: Check): readonly [before: string, after: string] {
  const name = `'${id}'`
  switch (off) {
    case 'nothing':
      return text.startsWith('throw')
        ? [`{ if (mutants.isOn(${name})) { mutants.fire(${name}); `, ' } }']
        : [
            `{ if (mutants.isOn(${name})) try { `,
            ` } catch (error) { throw mutants.fire(${name}, error) } }`
          ]
    case 'undefined':
      return [`(mutants.isOn(${name}) ? mutants.watch(${name}, () => `, ') : undefined)']
    case 'false':
      return [`(mutants.isOn(${name}) && mutants.ask(${name}, true, (`, ')))']
    case 'true':
      return [`(!mutants.isOn(${name}) || mutants.ask(${name}, false, (`, ')))']
  }
}
