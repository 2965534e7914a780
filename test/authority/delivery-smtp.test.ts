import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmailMessage, smtpSender } from 'membergate/authority'
import { sendEmail } from '../../src/authority/delivery/deliver.ts'

const from = 'Acme <no-reply@acme.example>'

const email: EmailMessage = {
  to: 'ada@acme.example',
  subject: 'Connexion à Acme',
  text: 'Ouvrez ce lien :\n\nhttps://app.example/?token=t\n',
  html: '<p><a href="https://app.example/?token=t">lien</a>',
  kind: 'login',
  locale: 'fr',
  link: 'https://app.example/?token=t',
  token: 't',
  project_id: 'project-test-1'
}

interface Mail {
  readonly commands: string[]
  readonly lines: string[]
}

/** As much of RFC 5321 as a client needs. */
function createSmtpServer(mails: Mail[], answers: Readonly<Record<string, string>>): Server {
  return createServer((socket) => {
    const mail: Mail = { commands: [], lines: [] }
    mails.push(mail)
    let isData = false
    const say = (line: string) => socket.write(`${line}\r\n`)
    socket.on('error', () => {})
    createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      if (isData && line !== '.') {
        mail.lines.push(line)
        return
      }
      if (isData) {
        isData = false
        say('250 Accepted')
        return
      }
      mail.commands.push(line)
      const [verb = ''] = line.toUpperCase().split(/[ :]/)
      isData = verb === 'DATA'
      say(answers[verb] ?? defaultAnswers[verb] ?? '250 OK')
      if (verb === 'QUIT') socket.end()
    })
    say('220 test')
  })
}

const defaultAnswers: Readonly<Record<string, string>> = {
  EHLO: '250-test\r\n250 AUTH PLAIN',
  AUTH: '235 Welcome',
  DATA: '354 Go on',
  QUIT: '221 Bye'
}

let mails: Mail[]
let answers: Record<string, string>
let server: Server
let host: string
const sockets = new Set<Socket>()

beforeEach(async () => {
  mails = []
  answers = {}
  server = createSmtpServer(mails, answers)
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise<void>((resolve) => server.close(() => resolve()))
})

describe('smtpSender', () => {
  test('sends both texts to the one address', async () => {
    await sendEmail(await smtpSender({ url: `smtp://${host}`, from }), email)
    const [{ commands, lines } = { commands: [], lines: [] }] = mails
    expect(commands.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      expect.stringMatching(/^MAIL FROM:<no-reply@acme\.example>/),
      expect.stringMatching(/^RCPT TO:<ada@acme\.example>/)
    ])
    expect(lines).toContain('From: Acme <no-reply@acme.example>')
    expect(lines).toContain('To: ada@acme.example')
    expect(lines).toContain('Subject: =?UTF-8?Q?Connexion_=C3=A0_Acme?=')
    expect(lines).toContain('Auto-Submitted: auto-generated')
    expect(lines.join('\n')).toMatch(/text\/plain[\s\S]*Ouvrez ce lien[\s\S]*text\/html[\s\S]*<p>/)
  })

  test('signs in with the user and password of the URL', async () => {
    const url = `smtp://ada%40acme:p%3Ass@${host}`
    await sendEmail(await smtpSender({ url, from }), email)
    const credentials = Buffer.from('\0ada@acme\0p:ss').toString('base64')
    expect(mails[0]?.commands).toContain(`AUTH PLAIN ${credentials}`)
  })

  test.each([
    'ada@acme.example, mallory@evil.example',
    'ada@acme.example\r\nBcc: mallory@evil.example'
  ])('reads %j as no second address', async (to) => {
    await sendEmail(await smtpSender({ url: `smtp://${host}`, from }), { ...email, to }).catch(
      () => {}
    )
    const sent = mails.flatMap(({ commands, lines }) => [...commands, ...lines])
    expect(sent.filter((line) => /^RCPT TO:<mallory|^Bcc/i.test(line))).toEqual([])
  })

  test('adds no header from a subject of several lines', async () => {
    const subject = 'Hello\r\nBcc: mallory@evil.example'
    await sendEmail(await smtpSender({ url: `smtp://${host}`, from }), { ...email, subject })
    expect(mails[0]?.lines.filter((line) => /^Bcc/i.test(line))).toEqual([])
  })

  test.each([
    ['MAIL', '550 no ada@acme.example', 'EENVELOPE'],
    ['RCPT', '550 no ada@acme.example', 'EENVELOPE'],
    ['DATA', '554 no ada@acme.example', 'EENVELOPE'],
    ['AUTH', '535 no p:ss', 'EAUTH']
  ])('fails when %s is refused, without the words of the server', async (verb, answer, code) => {
    answers[verb] = answer
    const deliver = await smtpSender({ url: `smtp://ada:secret@${host}`, from })
    const error = await sendEmail(deliver, email).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'DeliveryUnavailable', code })
    expect(String(Reflect.get(Object(error), 'stack'))).not.toMatch(/ada@|p:ss|token/)
  })

  test('says nothing to another machine that offers no TLS', async () => {
    // Another name of this machine, which nobody can tell from another machine.
    const url = `smtp://ada:secret@${host.replace('127.0.0.1', '0.0.0.0')}`
    answers.STARTTLS = '502 no'
    await expect(sendEmail(await smtpSender({ url, from }), email)).rejects.toMatchObject({
      code: 'ETLS'
    })
    expect(mails.flatMap(({ commands }) => commands)).not.toContainEqual(
      expect.stringMatching(/^(AUTH|MAIL|RCPT|DATA)/)
    )
  })

  test('fails when nobody listens', async () => {
    const deliver = await smtpSender({ url: 'smtp://127.0.0.1:1', from })
    await expect(sendEmail(deliver, email)).rejects.toMatchObject({ name: 'DeliveryUnavailable' })
  })
})

describe('smtpSender refuses', () => {
  test.each([
    [{ uri: 'smtp://127.0.0.1' }, /"url"/],
    [{ url: undefined }, /SMTP/],
    [{ url: 'https://mail.example' }, /SMTP/],
    [{ url: 'smtp://' }, /SMTP/],
    [{ url: 'smtp://mail.example/path' }, /host and port/],
    [{ url: 'smtp://mail.example?tls.rejectUnauthorized=false' }, /host and port/],
    [{ url: 'smtp://ada:%hunter2@mail.example' }, /percent/],
    [{ from: undefined }, /one address/],
    [{ from: 'Acme' }, /one address/],
    [{ from: 'a@acme.example, b@acme.example' }, /one address/],
    [{ from: 'Acme <a@acme.example>\r\nBcc: b@acme.example' }, /one address/]
  ])('%j', async (options, naming) => {
    const given = { url: 'smtp://127.0.0.1', from, ...(options as object) }
    const error = await smtpSender(given).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringMatching(naming) })
    expect(String(error)).not.toContain('hunter2')
  })
})
