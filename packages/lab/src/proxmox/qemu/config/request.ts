import { ApiError, die, parameterError } from '../../api-error.ts'
import type { Call } from '../../handler.ts'
import { checkSshKeys } from '../cloudinit/ssh-keys.ts'
import { checkDriveSyntax } from '../disks.ts'
import { isDriveKey } from '../drive.ts'
import { vmOf } from '../vm.ts'
import {
  checkBridgeAccess,
  checkHookscript,
  checkOptionRights,
  checkStorageAccess,
  rootOnly,
} from './rights.ts'
import { isExtraParameter, optionOf } from './values.ts'

/** What a call wants changed. */
export interface ConfigRequest {
  /** Options to set, as sent. */
  readonly set: Readonly<Record<string, string>>
  readonly remove: readonly string[]
  readonly revert: readonly string[]
  /** Removed drives lose their volume. */
  readonly force: boolean
  readonly digest: string | undefined
  readonly skiplock: boolean
  /** Parameters as the task's log prints them. */
  readonly printed: string
}

/** Reads a change and refuses what is wrong with it before the configuration is looked at. Throws 400, 403 or 500. */
export function readRequest(call: Call): ConfigRequest {
  rootOnly(call, 'skiplock')
  const set: Record<string, string> = {}
  for (const [key, value] of Object.entries(call.params)) {
    if (isExtraParameter(key)) continue
    set[key] = typeof value === 'string' ? value : value.join(',')
  }
  const remove = listOf(call, 'delete')
  const revert = listOf(call, 'revert')
  const printed = printParameters(call)
  if (set['cdrom'] !== undefined) {
    set['ide2'] = `${set['cdrom']},media=cdrom`
    delete set['cdrom']
  }
  if (Object.keys(set).length === 0 && remove.length === 0 && revert.length === 0) die('no options specified')
  checkSshKeys(set['sshkeys'])
  checkLists(set, remove, revert)
  const drives = Object.entries(set)
    .filter(([key]) => isDriveKey(key))
    .map(([key, value]) => checkDriveSyntax(key, value))
  const { vmid } = vmOf(call)
  checkHookscript(call)
  checkOptionRights(call, { vmid }, [...remove, ...revert, ...Object.keys(set)])
  checkStorageAccess(call, vmid, drives)
  checkBridgeAccess(call, set)
  return {
    set,
    remove,
    revert,
    force: call.flag('force'),
    digest: call.optional('digest'),
    skiplock: call.flag('skiplock'),
    printed,
  }
}

function listOf(call: Call, name: string): string[] {
  const value = call.params[name]
  const text = typeof value === 'string' ? value : (value?.join(',') ?? '')
  return text
    .split(/[,;\s]+/)
    .filter(Boolean)
    .map((key) => (key === 'cdrom' ? 'ide2' : key))
}

function printParameters(call: Call): string {
  const hidden = new Set(['node', 'vmid', 'digest', 'background_delay', 'skiplock', 'import-working-storage'])
  return Object.keys(call.params)
    .filter((key) => !hidden.has(key))
    .toSorted()
    .map((key) => {
      const value = call.params[key]
      return `-${key} ${key === 'cipassword' ? '<hidden>' : typeof value === 'string' ? value : value?.join(',')}`
    })
    .join(' ')
}

function checkLists(
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
  revert: readonly string[],
): void {
  const refuse = (name: 'delete' | 'revert', text: string): never => parameterError({ [name]: text })
  for (const key of revert) {
    if (!optionOf(key)) refuse('revert', `unknown option '${key}'`)
    if (remove.includes(key))
      refuse('revert', `you can't use '-delete ${key}' and -revert ${key}' at the same time`)
    if (set[key] !== undefined)
      refuse('delete', `you can't use '-${key}' and -revert ${key}' at the same time`)
  }
  for (const key of remove) {
    if (set[key] !== undefined)
      refuse('delete', `you can't use '-${key}' and -delete ${key}' at the same time`)
    if (!optionOf(key)) refuse('delete', `unknown option '${key}'`)
  }
}

/** Refuses a configuration that somebody else has changed meanwhile. `text` is the call's own wording. */
export function checkDigest(
  given: string | undefined,
  now: string,
  text = 'checksum mismatch (file change by other user?)',
): void {
  if (given !== undefined && given !== now) throw new ApiError(500, `${text}\n`)
}
