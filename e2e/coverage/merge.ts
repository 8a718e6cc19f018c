import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kinds, mergeCalls, readCalls, writeCalls, type Kind } from './calls.ts'

// Takes over which calls the labs of one kind's tests answered: `node merge.ts conformance FOLDER`, FOLDER being what
// FOCHISTA_CALLED named when the tests ran.
const [kind = '', folder = ''] = process.argv.slice(2)
if (!kinds.includes(kind as Kind)) throw new TypeError(`"${kind}" is not one of ${kinds.join(', ')}`)
const made = readdirSync(folder).flatMap((file) =>
  readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean),
)
const merged = mergeCalls(readCalls(), kind as Kind, made)
writeCalls(merged)
process.stdout.write(`${kind}: ${new Set(made).size} calls of Proxmox\n`)
