import type { CodePurpose, LinkRecord, OneTimeCodeRecord } from '../../domain/records.ts'
import { readLink, readOneTimeCode } from '../records.ts'
import type { Reader } from './reader.ts'

/** Links and codes that were sent. */
export function messageReads({ one }: Reader) {
  return {
    /** Also one that was used or has ended: those are answered differently from one that never was. */
    findLink(token_hash: string): Promise<LinkRecord | undefined> {
      return one(
        readLink,
        'select * from links where project_id = $1 and token_hash = $2',
        token_hash
      )
    },

    /** Also one that was used or has ended. */
    findOneTimeCode(purpose: CodePurpose, subject: string): Promise<OneTimeCodeRecord | undefined> {
      return one(
        readOneTimeCode,
        'select * from one_time_codes where project_id = $1 and purpose = $2 and subject = $3',
        purpose,
        subject
      )
    },

    /** The newest code that was sent to prove the address as the new one of a member of the organization. */
    findEmailUpdateCode(
      organization_id: string,
      email_address: string
    ): Promise<OneTimeCodeRecord | undefined> {
      return one(
        readOneTimeCode,
        `select c.* from one_time_codes c
         join members m on m.project_id = c.project_id and m.member_id = c.member_id
         where c.project_id = $1 and m.organization_id = $2 and c.recipient = $3
           and c.purpose = 'email_update'
         order by c.created_at desc, c.code_id limit 1`,
        organization_id,
        email_address
      )
    }
  }
}
