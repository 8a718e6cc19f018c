import { start } from './start.ts'

// The sources as they are, for tests and for whoever changes them; a person runs the bundle of bin/fochista.cjs.
await start(process.argv.slice(2))
