/** Carries the IP address of the person whom a call is made for, beside the project's credentials. */
export const clientIpHeader = 'X-Membergate-Client-IP'
