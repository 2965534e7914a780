import type { CodePurpose, LinkRecord, OneTimeCodeRecord } from '../../domain/records.ts'
import type { SendCount } from '../../domain/send-limit-end.ts'
import { list, sql } from '../sql.ts'
import { integer, rowReader, string } from '../table.ts'
import { links, oneTimeCodes } from '../tables.ts'
import type { Reader } from './reader.ts'

const readSendCount = rowReader<SendCount>({
  counter: string(),
  first_at: integer(),
  last_at: integer(),
  sent: integer(),
  first_before: integer(),
  last_before: integer(),
  sent_before: integer()
})

/** Links and codes that were sent, and how many messages there were. */
export function messageReads({ one, all }: Reader) {
  return {
    /** Also one that was used or has ended: those are answered differently from one that never was. */
    findLink(token_hash: string): Promise<LinkRecord | undefined> {
      return one(
        links.read,
        sql`select * from links where project_id = $1 and token_hash = ${token_hash}`
      )
    },

    /** Also one that was used or has ended. */
    findOneTimeCode(purpose: CodePurpose, subject: string): Promise<OneTimeCodeRecord | undefined> {
      return one(
        oneTimeCodes.read,
        sql`select * from one_time_codes
          where project_id = $1 and purpose = ${purpose} and subject = ${subject}`
      )
    },

    /** The newest code that was sent to verify the e-mail address as the new one of a member of the organization. */
    findEmailUpdateCode(
      organization_id: string,
      email_address: string
    ): Promise<OneTimeCodeRecord | undefined> {
      return one(
        oneTimeCodes.read,
        sql`select c.* from one_time_codes c
          join members m on m.project_id = c.project_id and m.member_id = c.member_id
          where c.project_id = $1 and m.organization_id = ${organization_id}
            and c.recipient = ${email_address} and c.purpose = 'email_update'
          order by c.created_at desc, c.code_id limit 1`
      )
    },

    async listSendCounts(counters: readonly string[]): Promise<readonly SendCount[]> {
      const rows = await all(
        sql`select * from send_counts where project_id = $1 and counter in (${list(counters)})`
      )
      return rows.map(readSendCount)
    }
  }
}
