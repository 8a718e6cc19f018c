import type { ProxmoxRight } from '@fochista/api'
import { tr } from '../../locale.ts'
import { ok, wrong, type Finding } from './finding.ts'
import { grantCommands } from './pveum.ts'
import type { Target } from './target.ts'

const CHECK = 'proxmox.rights'

/** Each right by each path: what the token has, and the commands that grant exactly what lacks. */
export async function rightsFindings(target: Target, needed: readonly ProxmoxRight[]): Promise<Finding[]> {
  const [{ proxmoxRoles }, { missingRights }] = await Promise.all([
    import('@fochista/api'),
    import('@fochista/controllers'),
  ])
  const { name, proxmox, tokenId } = target
  const lacking = await missingRights({ privileges: (path) => privileges(target, path) }, needed)
  const findings = needed
    .filter(({ path }) => !lacking.some((one) => one.path === path))
    .map(({ path, privileges: has }) =>
      ok(CHECK, `${name}${path === '/' ? '/' : path}`, has.join(', '), { path, privileges: has }),
    )
  if (lacking.length === 0) return findings
  const whole = needed.filter(({ path }) => lacking.some((one) => one.path === path))
  const ofUser = await lackingOfUser(target, whole)
  const roles = await proxmox.get('/access/roles')
  const has = new Map(roles.map(({ roleid, privs }) => [roleid, (privs ?? '').split(/[,; ]+/)]))
  const next = tr(
    'Run these on any Proxmox host as root (fochista doctor -o pveum prints nothing else):',
    'Eseguili su un host Proxmox come root (fochista doctor -o pveum mostra solo questi):',
  )
  const seen = new Set<string>()
  for (const right of lacking) {
    const here = whole.filter(({ path }) => path === right.path)
    const commands = grantCommands(
      { tokenId, user: ofUser.filter(({ path }) => path === right.path), token: here },
      has,
      proxmoxRoles,
    ).filter((line) => !seen.has(line))
    for (const line of commands) seen.add(line)
    findings.push(
      wrong(
        CHECK,
        `${name}${right.path}`,
        `${tr('The token lacks', 'Al token manca')} ${right.privileges.join(', ')}.`,
        next,
        { commands, facts: { path: right.path, lacking: right.privileges } },
      ),
    )
  }
  return findings
}

/** Rights that the token's user lacks itself. All of them where it may not be asked: an entry that is there already does no harm. */
async function lackingOfUser(target: Target, needed: readonly ProxmoxRight[]): Promise<ProxmoxRight[]> {
  const [{ missingRights }, { isPermissionDenied }] = await Promise.all([
    import('@fochista/controllers'),
    import('@fochista/proxmox'),
  ])
  const user = target.tokenId.split('!')[0] ?? ''
  try {
    const missing = await missingRights({ privileges: (path) => privileges(target, path, user) }, needed)
    return needed.filter(({ path }) => missing.some((one) => one.path === path))
  } catch (error) {
    if (isPermissionDenied(error)) return [...needed]
    throw error
  }
}

async function privileges({ proxmox }: Target, path: string, userid?: string): Promise<string[]> {
  const answer = await proxmox.get('/access/permissions', {
    query: { path, ...(userid === undefined ? {} : { userid }) },
  })
  const here = answer[path]
  return typeof here === 'object' && here !== null ? Object.keys(here) : []
}
