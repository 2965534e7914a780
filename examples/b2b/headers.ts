/**
 * Nothing runs, nothing is loaded but the stylesheet, and no other page may frame these. Links in e-mails carry a token in
 * their address: with `strict-origin` no request tells where it came from, and forms still say of which site they are.
 */
export const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'strict-origin',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store'
}
