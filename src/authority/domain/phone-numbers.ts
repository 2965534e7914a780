import { getSupportedRegionCodes, parsePhoneNumber } from 'awesome-phonenumber'
import { OperationError } from './operation-error.ts'
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

/** Neither premium nor shared-cost nor personal numbers, which earn; nor numbers that show no messages. */
const readableTypes = ['mobile', 'fixed-line-or-mobile', 'fixed-line', 'voip']

/**
 * Text messages are sent to the number: it is a number that exists, in its only spelling, and in a country of the
 * setting. Satellite and other international networks are in no country.
 */
export function assertSmsDestination(
  phoneNumber: string,
  sms_country_codes: readonly string[]
): void {
  const { isNumber, isInCountry, isReadable } = traitsOf(phoneNumber, sms_country_codes)
  if (!isNumber) throw new OperationError('invalid_phone_number')
  if (!isInCountry) throw new OperationError('invalid_phone_number_country_code')
  if (!isReadable) {
    throw new OperationError(
      'invalid_phone_number',
      'Text messages are not sent to numbers of this kind.'
    )
  }
}

/** The same as a question, for a sign-in that goes on without a message. */
export function isSmsDestination(
  phoneNumber: string,
  sms_country_codes: readonly string[]
): boolean {
  const { isNumber, isInCountry, isReadable } = traitsOf(phoneNumber, sms_country_codes)
  return isNumber && isInCountry && isReadable
}

/** ISO 3166 code of the country that a number belongs to. */
export function countryOf(phoneNumber: string): string | undefined {
  return parsePhoneNumber(phoneNumber).regionCode
}

function traitsOf(phoneNumber: string, sms_country_codes: readonly string[]) {
  const { valid, regionCode = '', type, number } = parsePhoneNumber(phoneNumber)
  return {
    isNumber: valid && number.e164 === phoneNumber,
    isInCountry:
      sms_country_codes.includes(regionCode) && !unsupportedCountries.includes(regionCode),
    isReadable: type !== undefined && readableTypes.includes(type)
  }
}

/** The number that a code is sent to: the member's, or the one that the request brings where there is none. */
export function numberToVerify(
  { mfa_phone_number }: MemberRecord,
  given: string | undefined
): string {
  if (mfa_phone_number === '') {
    if (given === undefined) throw new OperationError('phone_number_not_found')
    return given
  }
  if (given !== undefined && given !== mfa_phone_number) {
    throw new OperationError('duplicate_member_phone_number_for_member')
  }
  return mfa_phone_number
}
