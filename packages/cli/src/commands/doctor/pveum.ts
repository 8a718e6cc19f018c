import type { ProxmoxRight, ProxmoxRole } from '@fochista/api'

/** Who is to get rights. */
export interface Grantee {
  /** `user@realm!name`. */
  readonly tokenId: string
  /** Rights that the user itself lacks; the token can have no more than its user. */
  readonly user: readonly ProxmoxRight[]
  /** Rights that the token lacks. */
  readonly token: readonly ProxmoxRight[]
}

/**
 * The commands that grant what is lacking: a role where there is none of its name or it holds too little, then an entry for each path.
 * Each entry has the whole of what is needed on its path, for it replaces what was inherited there.
 * @param has Roles that Proxmox has, with their privileges. @param roles What ours should hold.
 */
export function grantCommands(
  { tokenId, user, token }: Grantee,
  has: ReadonlyMap<string, readonly string[]>,
  roles: Readonly<Record<ProxmoxRole, readonly string[]>>,
): string[] {
  const paths = new Map<string, { roles: readonly ProxmoxRole[]; user: boolean; token: boolean }>()
  for (const [rights, who] of [[user, 'user'] as const, [token, 'token'] as const])
    for (const right of rights) {
      const known = paths.get(right.path) ?? { roles: right.roles, user: false, token: false }
      paths.set(right.path, { ...known, [who]: true })
    }
  const used = [...new Set([...paths.values()].flatMap((one) => one.roles))]
  const owner = tokenId.split('!')[0] ?? ''
  return [
    ...used.flatMap((role) => roleCommand(role, roles[role], has.get(role))),
    ...[...paths].map(([path, entry]) =>
      [
        `pveum acl modify ${quoted(path)}`,
        ...(entry.user ? [`--users ${quoted(owner)}`] : []),
        ...(entry.token ? [`--tokens ${quoted(tokenId)}`] : []),
        `--roles ${entry.roles.join(',')}`,
      ].join(' '),
    ),
  ]
}

function roleCommand(role: string, wanted: readonly string[], has: readonly string[] | undefined): string[] {
  if (!has) return [`pveum role add ${role} --privs ${quoted(wanted.join(' '))}`]
  const lacking = wanted.filter((one) => !has.includes(one))
  return lacking.length === 0
    ? []
    : [`pveum role modify ${role} --privs ${quoted(lacking.join(' '))} --append 1`]
}

/** The commands that make a user and its privilege-separated token, which prints its secret, once. */
export function tokenCommands(tokenId: string): string[] {
  const [user = '', name = ''] = tokenId.split('!')
  return [
    `pveum user add ${quoted(user)} --comment 'Fochista controllers'`,
    `pveum user token add ${quoted(user)} ${quoted(name)} --privsep 1`,
  ]
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
