/** Where browsers are sent, for `createMemberAuth`. */
export const paths = { loginPath: '/sign-in', organizationsPath: '/organizations' }

/** The first page of an organization. */
export function homeOf({ organization_slug }: { readonly organization_slug: string }): string {
  return `/o/${encodeURIComponent(organization_slug)}`
}
