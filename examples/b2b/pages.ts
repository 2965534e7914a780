/** Every page. They are pure: what they show comes in, HTML goes out. */
export { account, changePassword } from './pages/account.ts'
export { choose, switcher } from './pages/organizations.ts'
export { notAllowed, problem } from './pages/problem.ts'
export { follow, forgot, password, primary, reset, sent, signIn } from './pages/sign-in.ts'
export { members, overview, reports } from './pages/workspace.ts'
