import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiSchema, PVE_VERSION } from '../schema/index.ts'
import { shortNames } from '../src/property-formats.ts'
import { printCalls, printFormats } from './types.ts'

const folder = join(import.meta.dirname, '..', 'src', 'generated')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'calls.ts'), printCalls(apiSchema, PVE_VERSION))
writeFileSync(join(folder, 'formats.ts'), printFormats(apiSchema, shortNames))
