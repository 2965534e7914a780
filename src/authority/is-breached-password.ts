/** Asks a service, or a list, whether a password is known to have leaked somewhere. */
export type IsBreachedPassword = (password: string) => Promise<boolean>
