import { administrationRules } from './administration.ts'
import { factorRules } from './factors.ts'
import { fieldRules } from './fields.ts'
import { joiningRules } from './joining.ts'
import { permissionRules } from './permissions.ts'
import { providerRules } from './providers.ts'
import type { Rule } from './rule.ts'
import { sessionRules } from './sessions.ts'
import { tenancyRules } from './tenancy.ts'
import { transportRules } from './transport.ts'

/** Every rule of the API that a call can break, and by which operations. */
export const rules: readonly Rule[] = [
  ...transportRules,
  ...fieldRules,
  ...sessionRules,
  ...tenancyRules,
  ...permissionRules,
  ...factorRules,
  ...joiningRules,
  ...administrationRules,
  ...providerRules
]
