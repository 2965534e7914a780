import type { Context } from '../context.ts'
import { sendEmail } from '../delivery/deliver.ts'
import type { EmailKind } from '../delivery/delivery.ts'
import { emailText, textLocale } from '../delivery/texts.ts'
import type { OrganizationRecord } from '../domain/records.ts'
import { countEmail } from '../domain/send-limits.ts'
import { countMessage } from './count-message.ts'

/** An e-mail to be sent: what for, to whom, and the link or code that it brings. */
export interface Mail {
  readonly kind: EmailKind
  readonly to: string
  readonly brings: { readonly link: string; readonly token: string } | { readonly code: string }
  /** How long the link or code is good. */
  readonly minutes: number
  readonly locale: string | undefined
  /** Whether it goes to a person who is not an active member, where the kind does not say so. */
  readonly signsUp?: boolean
  /** For what belongs to an organization and one of its members. */
  readonly about?: { readonly organization: OrganizationRecord; readonly member_id: string }
}

/** Counts an e-mail, then sends it. What it brings is stored only afterwards: when this fails, nothing has changed. */
export async function mail(
  context: Context,
  { kind, to, brings, minutes, locale: wanted, signsUp, about }: Mail
): Promise<void> {
  const { delivery, project, ipKey, now } = context
  const { project_id, settings } = project
  const counted = { kind, to, signsUp, organization_id: about?.organization.organization_id }
  await countMessage(context, countEmail(counted, { settings, ipKey, now }))
  const locale = textLocale(wanted)
  const named =
    about === undefined ? {} : { organization_name: about.organization.organization_name }
  const ids =
    about === undefined
      ? {}
      : { organization_id: about.organization.organization_id, member_id: about.member_id }
  await sendEmail(delivery, {
    to,
    ...emailText(kind, { ...brings, ...named, minutes }, locale),
    locale,
    kind,
    ...brings,
    project_id,
    ...ids
  })
}
