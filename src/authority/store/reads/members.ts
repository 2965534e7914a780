import type { MemberRecord } from '../../domain/records.ts'
import { endingWith } from '../like-pattern.ts'
import type { MemberCondition, Page } from '../search.ts'
import { list, raw, type Sql, sql } from '../sql.ts'
import { readMember } from '../tables.ts'
import type { Found, Reader } from './reader.ts'

const lock = `'{"type":"' || f.type || '","created_at":' || f.lock_created_at
  || ',"expires_at":' || coalesce(cast(f.lock_expires_at as text), 'null') || '}'`
/** As JSON. A member id is no e-mail address. */
const locks = `coalesce((select '[' || string_agg(${lock}, ',') || ']' from failed_attempts f
  where f.project_id = m.project_id and f.subject in (m.member_id, m.email_address)
    and f.lock_created_at is not null), '[]')`
const memberColumns = raw(`m.*, ${locks} as locks, p.member_password_id, t.totp_registration_id`)
const membersAndTheirs = (members: string) =>
  raw(`${members} m
  left join passwords p on p.project_id = m.project_id and p.member_id = m.member_id
  left join totps t on t.project_id = m.project_id and t.member_id = m.member_id and t.active = 1`)
const memberTables = membersAndTheirs('members')
const memberTablesWithDeleted = membersAndTheirs(
  '(select * from members union all select * from deleted_members)'
)
const selectMembers = raw(`select ${memberColumns.text} from ${memberTables.text}`)
const selectMembersWithEmails = raw(`${selectMembers.text}
  join member_emails e on e.project_id = m.project_id and e.member_id = m.member_id`)

/** The member `m` has a verified e-mail address of the domain. */
export function isDomainMember(domain: string): Sql {
  return sql`m.status = 'active' and m.email_address_verified = 1
    and m.email_address like ${endingWith(`@${domain}`)} escape '\\'`
}

/** No member of the project has the address now, has it retired, or is deleted with it. */
export function isOfNoMember(email_address: string): Sql {
  return sql`not exists (select 1 from member_emails e
      where e.project_id = $1 and e.email_address = ${email_address})
    and not exists (select 1 from deleted_members d
      where d.project_id = $1 and d.email_address = ${email_address})`
}

/** Members, by their identifiers and their e-mail addresses. */
export function memberReads({ all, one, exists, find }: Reader) {
  return {
    /** By id or external id, within the organization. */
    async findMember(
      organization_id: string,
      identifier: string
    ): Promise<MemberRecord | undefined> {
      const rows = await all(sql`
        ${selectMembers} where m.project_id = $1 and m.organization_id = ${organization_id}
          and (m.member_id = ${identifier} or m.external_id = ${identifier})`)
      const row = rows.find(({ member_id }) => member_id === identifier) ?? rows[0]
      return row && readMember(row)
    },

    /** By id alone, in any organization. */
    findMemberById(member_id: string): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        sql`${selectMembers} where m.project_id = $1 and m.member_id = ${member_id}`
      )
    },

    findDeletedMember(member_id: string): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        sql`select *, '[]' as locks from deleted_members
          where project_id = $1 and member_id = ${member_id}`
      )
    },

    findMemberByPassword(
      organization_id: string,
      member_password_id: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        sql`${selectMembers} where m.project_id = $1 and m.organization_id = ${organization_id}
          and p.member_password_id = ${member_password_id}`
      )
    },

    async countMembers(organization_id: string): Promise<number> {
      const [row] = await all(sql`
        select count(*) as total from members
        where project_id = $1 and organization_id = ${organization_id}`)
      return Number(row?.total)
    },

    /** Whether a member of the organization has verified the number. */
    isPhoneNumberTaken(organization_id: string, mfa_phone_number: string): Promise<boolean> {
      return exists(sql`
        select 1 as taken from members where project_id = $1
          and organization_id = ${organization_id} and mfa_phone_number = ${mfa_phone_number}
          and mfa_phone_number_verified = 1`)
    },

    /** By current e-mail address, not by a retired one. */
    findMemberByEmail(
      organization_id: string,
      email_address: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        sql`${selectMembersWithEmails} and e.email_address = m.email_address
          where e.project_id = $1 and e.organization_id = ${organization_id}
            and e.email_address = ${email_address}`
      )
    },

    /** The member that has the e-mail address, or had it before. */
    findMemberByAnyEmail(
      organization_id: string,
      email_address: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        sql`${selectMembersWithEmails}
          where e.project_id = $1 and e.organization_id = ${organization_id}
            and e.email_address = ${email_address}`
      )
    },

    /** The members that are about to take the e-mail address, by a link or a code that is still good. */
    async listPendingEmailOwners(
      organization_id: string,
      email_address: string,
      now: number
    ): Promise<readonly string[]> {
      const rows = await all(sql`
        select m.member_id from members m join (
          select project_id, member_id from links where kind = 'email_update'
            and email_address = ${email_address} and used_at is null and expires_at > ${now}
          union select project_id, member_id from one_time_codes where purpose = 'email_update'
            and recipient = ${email_address} and used_at is null and expires_at > ${now}
        ) u on u.project_id = m.project_id and u.member_id = m.member_id
        where m.project_id = $1 and m.organization_id = ${organization_id}`)
      return rows.map(({ member_id }) => String(member_id))
    },

    /** By current e-mail address, in every organization of the project, the oldest first. */
    async listMembersByEmail(
      email_address: string,
      limit: number
    ): Promise<readonly MemberRecord[]> {
      const rows = await all(sql`
        ${selectMembers} where m.project_id = $1 and m.email_address = ${email_address}
          and m.member_id in (select member_id from member_emails
            where project_id = $1 and email_address = ${email_address})
        order by m.created_at, m.member_id limit ${limit}`)
      return rows.map(readMember)
    },

    /** Whether a member of the organization has the e-mail address, or had it. */
    wasEmailUsed(organization_id: string, email_address: string): Promise<boolean> {
      return exists(sql`
        select 1 from member_emails where project_id = $1
          and organization_id = ${organization_id} and email_address = ${email_address}`)
    },

    /** Whether an active member has a verified e-mail address of the domain. */
    hasVerifiedMember(organization_id: string, domain: string): Promise<boolean> {
      return exists(sql`
        select 1 from members m where m.project_id = $1
          and m.organization_id = ${organization_id} and ${isDomainMember(domain)} limit 1`)
    },

    searchMembers(
      organization_ids: readonly string[],
      condition: MemberCondition,
      page: Page
    ): Promise<Found<MemberRecord>> {
      return find(readMember, page, {
        columns: memberColumns,
        source: sql`${condition.withDeleted ? memberTablesWithDeleted : memberTables}
          where m.project_id = $1 and ${condition}
            and m.organization_id in (${list(organization_ids)})`,
        order: raw('m.created_at, m.member_id')
      })
    }
  }
}
