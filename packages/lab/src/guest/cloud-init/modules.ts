import { gunzipSync } from 'node:zlib'
import type { Json, JsonObject } from '../../kubernetes/resources.ts'
import { asText, isObject } from '../../kubernetes/rest/json.ts'
import type { Disk } from '../disk.ts'
import { newUser, setPassword } from '../disk.ts'

/** The user that the distribution's image has. */
const DEFAULT_USER = 'debian'

const strings = (value: Json | undefined): string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((each) => typeof each === 'string')
      : []

/** Keys of a cloud-config that the emulation acts on; others are named on the console. */
export const HANDLED = new Set([
  'hostname',
  'fqdn',
  'preserve_hostname',
  'prefer_fqdn_over_hostname',
  'manage_etc_hosts',
  'users',
  'ssh_authorized_keys',
  'ssh_pwauth',
  'disable_root',
  'write_files',
  'bootcmd',
  'runcmd',
  'user',
  'password',
  'chpasswd',
])

/** `users`, `user` and `ssh_authorized_keys`. */
export function makeUsers(disk: Disk, config: JsonObject): void {
  const entries = Array.isArray(config['users']) ? config['users'] : ['default']
  const keys = strings(config['ssh_authorized_keys'])
  for (const entry of entries) {
    if (entry === 'default') {
      const name = asText(config['user']) || DEFAULT_USER
      const user = disk.users.get(name) ?? newUser(name, '/bin/bash')
      user.sudo = ['ALL=(ALL) NOPASSWD:ALL']
      user.groups = ['adm', 'sudo']
      user.sshAuthorizedKeys = [...new Set([...user.sshAuthorizedKeys, ...keys])]
      addUser(disk, user)
    } else if (isObject(entry) && typeof entry['name'] === 'string') {
      const user = disk.users.get(entry['name']) ?? newUser(entry['name'])
      if (typeof entry['shell'] === 'string') user.shell = entry['shell']
      user.groups = [
        ...new Set([...user.groups, ...strings(entry['groups']).flatMap((text) => text.split(/\s*,\s*/))]),
      ]
      user.sudo = strings(entry['sudo'])
      user.sshAuthorizedKeys = strings(entry['ssh_authorized_keys'])
      user.lockPassword = entry['lock_passwd'] !== false
      addUser(disk, user)
    }
  }
}

function addUser(disk: Disk, user: ReturnType<typeof newUser>): void {
  disk.users.set(user.name, user)
  const home = user.name === 'root' ? '/root' : `/home/${user.name}`
  disk.makeDirectory(home)
  const directory = disk.files.get(home)
  if (directory !== undefined) Object.assign(directory, { owner: user.name, group: user.name })
  if (user.sshAuthorizedKeys.length > 0)
    disk.write(`${home}/.ssh/authorized_keys`, `${user.sshAuthorizedKeys.join('\n')}\n`, {
      mode: 0o600,
      owner: user.name,
      group: user.name,
    })
  if (user.sudo.length > 0)
    disk.write(
      '/etc/sudoers.d/90-cloud-init-users',
      user.sudo.map((rule) => `${user.name} ${rule}\n`).join(''),
      { mode: 0o440, append: true },
    )
}

/** `password`, `chpasswd` and the passwords of `users`. */
export function setPasswords(disk: Disk, config: JsonObject): void {
  const set = (name: string, password: string): void => {
    if (name !== '' && password !== '') setPassword(disk, name, password, /^\$\w+\$/.test(password))
  }
  set(asText(config['user']) || DEFAULT_USER, asText(config['password']))
  for (const entry of Array.isArray(config['users']) ? config['users'].filter(isObject) : [])
    for (const key of ['passwd', 'hashed_passwd', 'plain_text_passwd'])
      set(asText(entry['name']), asText(entry[key]))
  const changes = isObject(config['chpasswd']) ? config['chpasswd'] : {}
  for (const line of strings(changes['list']).flatMap((text) => text.split('\n'))) {
    const at = line.indexOf(':')
    set(line.slice(0, Math.max(0, at)), line.slice(at + 1))
  }
  for (const entry of Array.isArray(changes['users']) ? changes['users'].filter(isObject) : [])
    set(asText(entry['name']), asText(entry['password']))
}

/** `write_files`: the deferred ones last, once the users are there. */
export function writeFiles(disk: Disk, config: JsonObject, deferred: boolean, problems: string[]): void {
  const entries = Array.isArray(config['write_files']) ? config['write_files'].filter(isObject) : []
  for (const entry of entries) {
    if ((entry['defer'] === true) !== deferred) continue
    const path = asText(entry['path'])
    if (path === '') {
      problems.push('No path provided to write for entry in write_files')
      continue
    }
    const [owner = 'root', group = owner] = (asText(entry['owner']) || 'root:root').split(':')
    if (!disk.users.has(owner)) {
      problems.push(
        `Failed to write ${path}: Unknown user or group: "getpwnam(): name not found: '${owner}'"`,
      )
      continue
    }
    const content = decode(asText(entry['content']), asText(entry['encoding']), path, problems)
    disk.write(path, content, {
      mode: modeOf(entry['permissions']),
      owner,
      group,
      append: entry['append'] === true,
    })
  }
}

function modeOf(value: Json | undefined): number {
  if (typeof value === 'number') return value
  const text = asText(value)
  return /^0?o?[0-7]{3,4}$/.test(text) ? Number.parseInt(text.replace('o', ''), 8) : 0o644
}

function decode(content: string, encoding: string, path: string, problems: string[]): Buffer {
  const kinds = encoding.toLowerCase().split(/[+]/)
  let bytes = Buffer.from(content)
  if (kinds.some((kind) => kind === 'b64' || kind === 'base64')) bytes = Buffer.from(content, 'base64')
  if (kinds.some((kind) => kind === 'gz' || kind === 'gzip')) {
    try {
      bytes = gunzipSync(bytes)
    } catch {
      problems.push(`Failed to decompress the content of ${path}`)
    }
  }
  return bytes
}

/** Commands of `runcmd` or `bootcmd` as programs with arguments. */
export function commandsOf(value: Json | undefined): string[][] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry): string[][] => {
    if (typeof entry === 'string') return [['sh', '-c', entry]]
    if (Array.isArray(entry)) return [entry.map((word) => asText(word))]
    return []
  })
}
