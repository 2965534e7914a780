/** What each route does, from the form to the API, the cookies and the next page. No framework. */
export { changePassword, endSessions, showAccount, showChangePassword } from './steps/account.ts'
export { createOrganization, showOrganizations } from './steps/organizations.ts'
export {
  resetPassword,
  sendReset,
  showForgot,
  showPassword,
  showReset,
  signInWithPassword
} from './steps/passwords.ts'
export { addLink, addPassword } from './steps/primary.ts'
export {
  followLink,
  followMemberLink,
  sendLink,
  showLink,
  showSent,
  showSignIn
} from './steps/sign-in.ts'
export { inviteMember, showMembers, showOverview, showReports } from './steps/workspace.ts'
