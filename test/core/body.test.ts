import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { readFields } from '../../src/core/request/body.ts'
import { serve } from '../support/listen.ts'

const form = 'application/x-www-form-urlencoded; charset=utf-8'
const json = 'application/json'

function arriving(type: string, ...chunks: string[]) {
  const headers = { 'content-type': type }
  return Object.assign(Readable.from(chunks.map(Buffer.from)), { headers, rawHeaders: [] })
}

test.each([
  ['JSON that arrives in pieces', json, ['{"code":', '"1"}'], undefined],
  ['a form', form, ['code=1'], undefined],
  ['what a parser read', json, [], { code: '1' }],
  ['what a parser of Express 4 left', form, ['code=1'], {}],
  ['what a text parser read', form, [], 'code=1'],
  ['what a raw parser read', json, [], Buffer.from('{"code":"1"}')]
])('the fields of a body: %s', async (_, type, chunks, parsed) => {
  expect(await readFields(arriving(type, ...chunks), parsed)).toEqual({ code: '1' })
})

test.each([
  ['no JSON', json, '{'],
  ['no object', json, '["code"]'],
  ['of another type', 'text/plain', 'code=1'],
  ['JSON of another type', 'text/plain', '{"code":"1"}'],
  ['with a field twice', form, 'code=1&code=2'],
  ['too large', json, `{"code":"${'1'.repeat(4096)}"}`]
])('a body that is refused: %s', async (_, type, text) => {
  await expect(readFields(arriving(type, text), undefined)).rejects.toMatchObject({
    code: 'request_malformed',
    status: 400
  })
})

test('what a parser read is no longer than what is read here', async () => {
  const text = `{"code":"${'1'.repeat(4096)}"}`
  for (const parsed of [text, Buffer.from(text)]) {
    await expect(readFields(arriving(json), parsed)).rejects.toMatchObject({
      code: 'request_malformed'
    })
  }
})

test('a body that was read to its end is not waited for', async () => {
  const read = arriving(json)
  read.resume()
  await new Promise((resolve) => read.once('end', resolve))
  expect(await readFields(read, {})).toEqual({})
})

test('a body that breaks off is rejected', async () => {
  const broken = Object.assign(new Readable({ read() {} }), {
    headers: { 'content-type': json },
    rawHeaders: []
  })
  const fields = readFields(broken, undefined)
  broken.destroy()
  await expect(fields).rejects.toMatchObject({ code: 'request_malformed' })
})

test('a body is not waited for whose client went away before it was to be read', async () => {
  let tell: (req: IncomingMessage) => void
  const closed = new Promise<IncomingMessage>((resolve) => {
    tell = resolve
  })
  const served = await serve((req) => req.once('close', () => tell(req)))
  const { hostname, port } = new URL(served.url)
  const client = connect(Number(port), hostname)
  client.write(
    `POST / HTTP/1.1\r\nHost: app\r\nContent-Type: ${json}\r\nContent-Length: 9\r\n\r\n{`
  )
  setTimeout(() => client.destroy(), 50)
  await expect(readFields(await closed, undefined)).rejects.toMatchObject({
    code: 'request_malformed'
  })
  await served.close()
})
