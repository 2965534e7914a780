import { attemptStatements } from './statements/attempts.ts'
import { credentialStatements } from './statements/credentials.ts'
import { externalIdentityStatements } from './statements/external-identity.ts'
import { memberStatements } from './statements/members.ts'
import { messageStatements } from './statements/messages.ts'
import { organizationStatements } from './statements/organizations.ts'
import type { Statements } from './statements/prepared.ts'
import { projectStatements } from './statements/projects.ts'
import { sessionStatements } from './statements/sessions.ts'
import { upkeepStatements } from './statements/upkeep.ts'

/** One conditional statement for every write. */
export const statements: Statements = {
  ...projectStatements,
  ...organizationStatements,
  ...memberStatements,
  ...credentialStatements,
  ...attemptStatements,
  ...sessionStatements,
  ...messageStatements,
  ...externalIdentityStatements,
  ...upkeepStatements
}
