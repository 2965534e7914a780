/** Where browsers are sent, for `createMemberAuth`. */
export const paths = { loginPath: '/sign-in', organizationsPath: '/organizations' }
