import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { DeliveryUnavailable, sendNotice } from '../delivery/deliver.ts'
import { noticeText, textLocale } from '../delivery/texts.ts'
import { noticeFailed } from '../domain/audit.ts'
import type { Notice } from '../domain/notices.ts'
import { OperationError } from '../domain/operation-error.ts'
import { countNotice } from '../domain/send-limits.ts'
import { writeAudit } from './audited.ts'
import { reportError } from './report-error.ts'

/** More than these wait for a sender that has stopped answering: the next ones are not sent. */
const maxInFlight = 1000

/** The call that brought notices about. */
export interface NotifyingCall {
  readonly request_id: string
  readonly locale: string | undefined
}

export interface NoticeSender {
  /** Sends what the call has noted. The call does not wait for it, and does not hear of it. */
  send(context: Context, call: NotifyingCall): void
  /** Resolves when everything was sent, or was not. */
  settled(): Promise<void>
}

export function createNoticeSender(): NoticeSender {
  const inFlight = new Set<Promise<void>>()
  return {
    send(context, call) {
      if (context.delivery.notice === undefined) return
      for (const notice of context.notices) {
        const work = inFlight.size < maxInFlight ? send : writeOverload
        const sending = work(context, notice, call).finally(() => inFlight.delete(sending))
        inFlight.add(sending)
      }
    },
    async settled() {
      await Promise.all(inFlight)
    }
  }
}

async function send(context: Context, notice: Notice, call: NotifyingCall): Promise<void> {
  try {
    await countAndSend(context, notice, call.locale)
  } catch (error) {
    await writeFailure(context, notice, call, error)
  }
}

function writeOverload(context: Context, notice: Notice, call: NotifyingCall): Promise<void> {
  return writeFailure(context, notice, call, new DeliveryUnavailable('TOO_MANY_NOTICES'))
}

async function countAndSend(
  { store, delivery, project, now }: Context,
  { kind, to, organization, member_id }: Notice,
  wanted: string | undefined
): Promise<void> {
  const { organization_id, organization_name } = organization
  await store.run(countNotice({ to, organization_id }, project.settings, now))
  const locale = textLocale(wanted)
  const text = noticeText(kind, organization_name, locale)
  const ids = { project_id: project.project_id, organization_id, member_id }
  await sendNotice(delivery, { to, ...text, locale, kind, ...ids })
}

/** What happened has happened, and its caller was told: that the member did not hear of it stands in the audit. */
async function writeFailure(
  { store, environment, now }: Context,
  { organization: { organization_id }, member_id }: Notice,
  { request_id }: NotifyingCall,
  error: unknown
): Promise<void> {
  if (error instanceof DeliveryUnavailable) reportError(error, request_id, noticeFailed)
  const record = {
    event_id: newId('audit-event', environment),
    occurred_at: now,
    request_id,
    kind: 'message',
    operation: noticeFailed,
    outcome: 'refused',
    error_type: error instanceof OperationError ? error.error_type : 'server_unavailable',
    organization_id,
    member_id,
    member_session_id: null,
    caller_member_id: null,
    occurrences: 1
  } as const
  await writeAudit(store, [record]).catch((unwritten: unknown) => {
    reportError(unwritten, request_id, noticeFailed)
  })
}
