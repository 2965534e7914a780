import { getSupportedRegionCodes, parsePhoneNumber } from 'awesome-phonenumber'
import { type Problem, problem } from './problem.ts'
import type { MemberRecord } from './records.ts'

/**
 * Countries that no setting opens: those under comprehensive sanctions, and those where messages are mostly sent to earn
 * from their delivery.
 */
const unsupportedCountries = [
  ...['CU', 'IR', 'KP', 'SY'],
  ...[
    'AF',
    'AZ',
    'BD',
    'BY',
    'DZ',
    'ER',
    'IQ',
    'KG',
    'LY',
    'MM',
    'SD',
    'SO',
    'TJ',
    'TM',
    'UZ',
    'YE'
  ]
]

/** ISO 3166 codes of every country that has numbers. */
export const countryCodes: readonly string[] = getSupportedRegionCodes().sort()

export function isCountryCode(text: string): boolean {
  return countryCodes.includes(text)
}

/** Neither premium nor shared-cost nor personal numbers, which earn; nor what nobody reads messages on. */
const readableTypes = ['mobile', 'fixed-line-or-mobile', 'fixed-line', 'voip']

/**
 * Whether text messages are sent to the number: it is a number that exists, in its only spelling, and in a country of
 * the setting. Satellite and other international networks are in no country.
 */
export function refuseDestination(
  phoneNumber: string,
  sms_country_codes: readonly string[]
): Problem | undefined {
  const { valid, regionCode = '', type, number } = parsePhoneNumber(phoneNumber)
  if (!valid || number.e164 !== phoneNumber) return problem('invalid_phone_number')
  if (!sms_country_codes.includes(regionCode) || unsupportedCountries.includes(regionCode)) {
    return problem('invalid_phone_number_country_code')
  }
  return readableTypes.includes(type)
    ? undefined
    : problem('invalid_phone_number', 'Text messages are not sent to numbers of this kind.')
}

/** The number that a code is sent to: the member's, or the one that the request brings where there is none. */
export function numberToProve(
  { mfa_phone_number }: MemberRecord,
  given: string | undefined
): string | Problem {
  if (mfa_phone_number === '') return given ?? problem('phone_number_not_found')
  return given === undefined || given === mfa_phone_number
    ? mfa_phone_number
    : problem('duplicate_member_phone_number_for_member')
}
