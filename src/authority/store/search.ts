import type { ErrorType } from '../../wire/error-types.ts'
import type { SearchQuery } from '../../wire/search.ts'
import { OperationError } from '../domain/operation-error.ts'
import { containing } from './like-pattern.ts'
import { joined, list, raw, type Sql, sql } from './sql.ts'

/** At most `limit` results that come after this row. */
export interface Page {
  readonly limit: number
  readonly after: { readonly created_at: number; readonly id: string } | undefined
}

export interface MemberCondition extends Sql {
  /** Deleted members show only where `statuses` names them. */
  readonly withDeleted?: boolean
}

type Filter = (value: unknown) => Sql

const minFuzzyCharacters = 3
/** Longer than any name, e-mail address or domain. An engine rejects a pattern of tens of thousands. */
const maxPatternCharacters = 256
/** Each is a pattern of its own, and an engine rejects a condition of a thousand. */
const maxElements = 100

const all = sql`1 = 1`
const none = sql`1 = 0`

const organizationFilters: Readonly<Record<string, Filter>> = {
  organization_ids: anyOf((list) => sql`organization_id in (${list})`),
  organization_slugs: anyOf((list) => sql`organization_slug in (${list})`),
  organization_name_fuzzy: fuzzy((pattern) => sql`folded_name like ${pattern}`),
  organization_slug_fuzzy: fuzzy((pattern) => sql`lower(organization_slug) like ${pattern}`),
  member_emails: anyEmailOf((list) => hasMember(sql`email_address in (${list})`)),
  member_email_fuzzy: fuzzy((pattern) => hasMember(sql`email_address like ${pattern}`)),
  allowed_domains: anyElementOf(raw('email_allowed_domains')),
  allowed_domain_fuzzy: fuzzy((pattern) => sql`email_allowed_domains like ${pattern}`),
  claimed_email_domains: anyElementOf(raw('claimed_email_domains')),
  has_active_sso_connection: flag((wanted) => (wanted ? none : all)),
  sso_connection_id(value) {
    if (typeof value !== 'string') throw wrongValue()
    return none
  }
}

const memberFilters: Readonly<Record<string, Filter>> = {
  member_ids: anyOf((list) => sql`m.member_id in (${list})`),
  member_emails: anyEmailOf((list) => sql`m.email_address in (${list})`),
  member_email_fuzzy: fuzzy((pattern) => sql`m.email_address like ${pattern}`),
  member_is_breakglass: flag((wanted) => sql`m.is_breakglass = ${wanted ? 1 : 0}`),
  statuses: anyOf((list) => sql`m.status in (${list})`),
  member_phone_numbers: anyOf((list) => sql`m.mfa_phone_number in (${list})`),
  member_phone_number_fuzzy: fuzzy((pattern) => sql`m.mfa_phone_number like ${pattern}`)
}

function wrongValue(): OperationError {
  return new OperationError('search_invalid_filter_value')
}

export function organizationCondition(query: SearchQuery | undefined): Sql {
  return conditionOf(query, organizationFilters, 'organization_search_filter_name_not_recognized')
}

export function memberCondition(query: SearchQuery | undefined): MemberCondition {
  const condition = conditionOf(query, memberFilters, 'member_search_filter_name_not_recognized')
  return { ...condition, withDeleted: asksForDeleted(query) }
}

function asksForDeleted(query: SearchQuery | undefined): boolean {
  return (query?.operands ?? []).some(
    ({ filter_name, filter_value }) =>
      filter_name === 'statuses' && isTexts(filter_value) && filter_value.includes('deleted')
  )
}

function conditionOf(
  query: SearchQuery | undefined,
  filters: Readonly<Record<string, Filter>>,
  unknownFilter: ErrorType
): Sql {
  const parts = (query?.operands ?? []).map(({ filter_name, filter_value }) => {
    const filter = Object.hasOwn(filters, filter_name) ? filters[filter_name] : undefined
    if (filter === undefined) throw new OperationError(unknownFilter)
    return filter(filter_value)
  })
  if (parts.length === 0) return all
  return sql`(${joined(parts, query?.operator === 'OR' ? ' or ' : ' and ')})`
}

function anyOf(condition: (list: Sql) => Sql): Filter {
  return (value) => {
    if (!isTexts(value)) throw wrongValue()
    return value.length === 0 ? none : condition(list(value))
  }
}

/** E-mail addresses are kept in lower case. */
function anyEmailOf(condition: (list: Sql) => Sql): Filter {
  const filter = anyOf(condition)
  return (value) => filter(isTexts(value) ? value.map((text) => text.toLowerCase()) : value)
}

/**
 * Domains are kept in lower case and hold nothing that JSON escapes, so an element of the stored array stands between
 * its quotes.
 */
function anyElementOf(column: Sql): Filter {
  return (value) => {
    if (!isTexts(value) || value.length > maxElements || !value.every(fitsPattern)) {
      throw wrongValue()
    }
    if (value.length === 0) return none
    const parts = value.map((text) => sql`${column} like ${pattern(`"${text.toLowerCase()}"`)}`)
    return sql`(${joined(parts, ' or ')})`
  }
}

function fuzzy(condition: (pattern: Sql) => Sql): Filter {
  return (value) => {
    if (typeof value !== 'string' || value.length < minFuzzyCharacters || !fitsPattern(value)) {
      throw wrongValue()
    }
    return condition(pattern(value.toLowerCase()))
  }
}

function flag(condition: (wanted: boolean) => Sql): Filter {
  return (value) => {
    if (typeof value !== 'boolean') throw wrongValue()
    return condition(value)
  }
}

function hasMember(condition: Sql): Sql {
  return sql`exists (select 1 from members where members.project_id = organizations.project_id
    and members.organization_id = organizations.organization_id
    and members.${condition})`
}

function pattern(text: string): Sql {
  return sql`${containing(text)} escape '\\'`
}

function fitsPattern(text: string): boolean {
  return text.length <= maxPatternCharacters
}

function isTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.length <= 1000 && value.every((item) => typeof item === 'string')
  )
}
