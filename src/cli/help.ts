export const help = `membergate: the authority as a server, on one SQLite file or PostgreSQL

Usage
  membergate serve --outbox                      develop: nothing to configure, nothing kept
  membergate serve --outbox --database dev.db    the same, kept in a file
  MEMBERGATE_KEY=… MEMBERGATE_DATABASE=postgres://… membergate serve
  membergate keys rotate --database …            publish a new key for session JWTs; it signs a day later
  membergate keys rotate --now --database …      a key has leaked: end every other in seconds
  membergate keys rewrap --database …            encrypt with the first of MEMBERGATE_KEYS what another encrypted
  membergate members erase --member <id> --database …
                                                 take away for good what is stored of a deleted member
  membergate members unlock --member <id> --database …
                                                 end the locks of a member; --email: of the codes to an address
  membergate roles restore <id> --database …     let a role that was removed from a policy be had again
  membergate audit --database …                  who signed in, failed, was locked, changed what; the newest last

Options
  --port <number>        default 4100; 0 takes a free one
  --host <address>       default 127.0.0.1
  --database <where>     a SQLite file, :memory: or postgres://…; default MEMBERGATE_DATABASE, with --outbox :memory:;
                         every user of the machine sees flags, so a password belongs in the variable
  --dangerously-allow-unverified-database
                         lets sslmode=disable and sslmode=no-verify reach a PostgreSQL on another machine
  --seed <file>          JSON of one project: its policy, organizations and members
  --project-id <id>      default STYTCH_PROJECT_ID, else that of the seed or of the database, else a new one
  --secret <secret>      default STYTCH_SECRET, else that of the seed, else a new one for a new project;
                         prefer the variable, as above
  --sms-webhook <url>    hands text messages to an endpoint of yours, signed with MEMBERGATE_WEBHOOK_SECRET
  --email-webhook <url>  the same for e-mail
  --email-from <address> who writes the e-mail that goes to MEMBERGATE_SMTP_URL
  --outbox               develop: nothing is sent, codes and links are shown at a page whose address is printed; needs
                         no key, and the server stays on 127.0.0.1
  --json                 print one line of JSON: {"url","project_id","secret","outbox_url"} when ready, or what became of the keys or
                         the member; of audit, a line for each event
  --now                  keys rotate only
  --member <id>          members: which one; audit: about that member, or by it
  --email <address>      members unlock only: instead of --member
  --organization <id>    roles: whose role it is, if not the project's; audit: of that organization
  --kind <kind>, --since <day>
                         audit only: such as sign_in; 2026-01-31, or a time with its time zone
  --follow               audit only: goes on printing
  --help, --version

keys take --database, --project-id, --outbox and --json; members, roles and audit take --database, --project-id and --json,
and roles also --organization. All work beside a server, and take what is said of --database.

Environment
  MEMBERGATE_DATABASE    as --database; a password of PostgreSQL may also stand in ~/.pgpass or the file PGPASSFILE
  MEMBERGATE_KEY         32 random bytes in base64url, which encrypt secrets in the database. Make one with
                         node -p "crypto.randomBytes(32).toString('base64url')"
  MEMBERGATE_KEYS        to rotate: several, separated by commas; the first encrypts, all decrypt
  MEMBERGATE_WEBHOOK_SECRET
                         whsec_ and 24 to 64 random bytes in base64, as Standard Webhooks says
  MEMBERGATE_SMTP_URL    sends e-mail: smtps://user:password@host; needs the package nodemailer
  STYTCH_PROJECT_ID, STYTCH_SECRET
`
