import type { MemberRecord } from '../../domain/records.ts'
import { endingWith } from '../like-pattern.ts'
import { readMember } from '../records.ts'
import type { MemberCondition, Page } from '../search.ts'
import type { Found, Reader } from './reader.ts'

const memberColumns = 'm.*, p.member_password_id, t.totp_registration_id'
const membersAndTheirs = (members: string) => `${members} m
  left join passwords p on p.project_id = m.project_id and p.member_id = m.member_id
  left join totps t on t.project_id = m.project_id and t.member_id = m.member_id and t.active = 1`
const memberTables = membersAndTheirs('members')
const memberTablesWithDeleted = membersAndTheirs(
  '(select * from members union all select * from deleted_members)'
)

/** The member `m` has a verified address of the domain. */
export function isColleague(pattern: string): string {
  return `m.status = 'active' and m.email_address_verified = 1
    and m.email_address like ${pattern} escape '\\'`
}

/** Members, by what names them. */
export function memberReads({ all, one, find }: Reader) {
  return {
    /** By id or external id, within the organization. */
    async findMember(organization_id: string, address: string): Promise<MemberRecord | undefined> {
      const rows = await all(
        `select ${memberColumns} from ${memberTables} where m.project_id = $1 and m.organization_id = $2
         and (m.member_id = $3 or m.external_id = $3)`,
        organization_id,
        address
      )
      const row = rows.find(({ member_id }) => member_id === address) ?? rows[0]
      return row && readMember(row)
    },

    /** By id alone, in whichever organization. */
    findMemberById(member_id: string): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables} where m.project_id = $1 and m.member_id = $2`,
        member_id
      )
    },

    findDeletedMember(member_id: string): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        'select * from deleted_members where project_id = $1 and member_id = $2',
        member_id
      )
    },

    findMemberByPassword(
      organization_id: string,
      member_password_id: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables} where m.project_id = $1
         and m.organization_id = $2 and p.member_password_id = $3`,
        organization_id,
        member_password_id
      )
    },

    async countMembers(organization_id: string): Promise<number> {
      const [row] = await all(
        'select count(*) as total from members where project_id = $1 and organization_id = $2',
        organization_id
      )
      return Number(row?.total)
    },

    /** Whether a member of the organization has it. */
    async isPhoneNumberTaken(organization_id: string, mfa_phone_number: string): Promise<boolean> {
      const owners = await all(
        `select 1 as taken from members
         where project_id = $1 and organization_id = $2 and mfa_phone_number = $3`,
        organization_id,
        mfa_phone_number
      )
      return owners.length > 0
    },

    /** By current address, not by a retired one. */
    findMemberByEmail(
      organization_id: string,
      email_address: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables}
         join member_emails e on e.project_id = m.project_id and e.member_id = m.member_id
           and e.email_address = m.email_address
         where e.project_id = $1 and e.organization_id = $2 and e.email_address = $3`,
        organization_id,
        email_address
      )
    },

    /** The member that has the address, or had it before. */
    findMemberByAnyEmail(
      organization_id: string,
      email_address: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables}
         join member_emails e on e.project_id = m.project_id and e.member_id = m.member_id
         where e.project_id = $1 and e.organization_id = $2 and e.email_address = $3`,
        organization_id,
        email_address
      )
    },

    /** The members that are about to take the address, by a link or a code that is still good. */
    async listEmailClaimants(
      organization_id: string,
      email_address: string,
      now: number
    ): Promise<readonly string[]> {
      const rows = await all(
        `select m.member_id from members m join (
           select project_id, member_id from links where kind = 'email_update'
             and email_address = $3 and used_at is null and expires_at > $4
           union select project_id, member_id from one_time_codes where purpose = 'email_update'
             and recipient = $3 and used_at is null and expires_at > $4
         ) u on u.project_id = m.project_id and u.member_id = m.member_id
         where m.project_id = $1 and m.organization_id = $2`,
        organization_id,
        email_address,
        now
      )
      return rows.map(({ member_id }) => String(member_id))
    },

    /** By current address, in every organization of the project, the oldest first. */
    async listMembersByEmail(
      email_address: string,
      limit: number
    ): Promise<readonly MemberRecord[]> {
      const rows = await all(
        `select ${memberColumns} from ${memberTables}
         where m.project_id = $1 and m.email_address = $2
           and m.member_id in (select member_id from member_emails
             where project_id = $1 and email_address = $2)
         order by m.created_at, m.member_id limit $3`,
        email_address,
        limit
      )
      return rows.map(readMember)
    },

    /** Whether a member of the organization has the address, or had it. */
    async wasEmailUsed(organization_id: string, email_address: string): Promise<boolean> {
      const rows = await all(
        `select 1 from member_emails
         where project_id = $1 and organization_id = $2 and email_address = $3`,
        organization_id,
        email_address
      )
      return rows.length > 0
    },

    /** Whether an active member has a verified address of the domain. */
    async hasVerifiedMember(organization_id: string, domain: string): Promise<boolean> {
      const rows = await all(
        `select 1 from members m where m.project_id = $1 and m.organization_id = $2
           and ${isColleague('$3')} limit 1`,
        organization_id,
        endingWith(`@${domain}`)
      )
      return rows.length > 0
    },

    searchMembers(
      organization_ids: readonly string[],
      condition: MemberCondition,
      page: Page
    ): Promise<Found<MemberRecord>> {
      const first = condition.values.length + 2
      const list = organization_ids.map((_, index) => `$${first + index}`).join(', ')
      return find(readMember, page, {
        columns: memberColumns,
        source: `${condition.withDeleted ? memberTablesWithDeleted : memberTables} where m.project_id = $1 and ${condition.sql}
          and m.organization_id in (${list})`,
        values: [...condition.values, ...organization_ids],
        order: 'm.created_at, m.member_id'
      })
    }
  }
}
