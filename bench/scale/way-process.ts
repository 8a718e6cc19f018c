import { wayOf } from './way.ts'

// Measures the ways of as many machines as it is asked for, one world after the other.

process.on('message', (machines: number) => {
  // What an earlier world has left is not this one's.
  globalThis.gc?.()
  void wayOf(machines).then((seconds) => process.send?.(seconds))
})
