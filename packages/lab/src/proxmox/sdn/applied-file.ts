import type { Call, Handler, Handlers } from '../handler.ts'
import { sectionHandlers, shownOptions, type Section, type SectionFile } from '../sections.ts'
import { checkLockToken } from './lock.ts'
import { runningFile, stateOf, writtenFile, type Applied } from './running.ts'

/** A file of sections whose changes wait until they are applied; reads tell the state in force or what waits when they are asked to. */
export function appliedHandlers(file: Applied, facts: Omit<SectionFile, 'sections'>): Handlers {
  const sectionFile: SectionFile = { ...facts, sections: (world) => writtenFile(world, file) }
  const handlers = lockedHandlers(sectionFile)
  const one = `${facts.list}/{${facts.id}}`
  const reading = (path: string, read: Handler): Handler => {
    const plain = handlers[`GET ${path}`]
    return (call) => (call.flag('pending') || call.flag('running') ? read(call) : plain?.(call))
  }
  const sees = (call: Call, id: string, section: Section): boolean => facts.sees?.(call, id, section) ?? true
  const idOf = facts.idOf ?? ((call: Call) => call.text(facts.id))
  return {
    ...handlers,
    [`GET ${facts.list}`]: reading(facts.list, (call) => {
      const [written, running] = [writtenFile(call.world, file), runningFile(call.world, file)]
      const ids = call.flag('running') ? running.keys() : new Set([...running.keys(), ...written.keys()])
      return [...ids]
        .filter((id) => sees(call, id, running.get(id) ?? written.get(id) ?? {}))
        .map((id) => describe(call, sectionFile, file, id))
    }),
    [`GET ${one}`]: reading(one, (call) => {
      const id = idOf(call)
      const known = runningFile(call.world, file).has(id)
      if (!known && (call.flag('running') || !writtenFile(call.world, file).has(id))) facts.missing(id)
      return describe(call, sectionFile, file, id)
    }),
  }
}

/** Changes of a file that need the token of whoever holds the lock. */
export function lockedHandlers(file: SectionFile): Handlers {
  const handlers = sectionHandlers({
    ...file,
    passedOver: [...(file.passedOver ?? []), 'lock-token', 'pending', 'running'],
  })
  return Object.fromEntries(
    Object.entries(handlers).map(([key, handler]) => [
      key,
      key.startsWith('GET ')
        ? handler
        : (call: Call) => {
            checkLockToken(call)
            return handler(call)
          },
    ]),
  )
}

/** An entry as it is in force, and beside that what waits. */
function describe(call: Call, file: SectionFile, name: Applied, id: string): Record<string, unknown> {
  const running = runningFile(call.world, name).get(id)
  const written = writtenFile(call.world, name).get(id)
  const shown = (section: Section): Record<string, unknown> => shownOptions(file.list, section)
  const base = {
    [file.id]: id,
    type: (running ?? written)?.['type'],
    ...shown(running ?? {}),
    ...file.facts?.(call, id, running ?? written ?? {}),
  }
  const state = call.flag('running') ? undefined : stateOf(written, running)
  if (state === undefined) return base
  const names = new Set([...Object.keys(running ?? {}), ...Object.keys(written ?? {})])
  const waiting = [...names].filter(
    (option) => option !== 'type' && String(running?.[option]) !== String(written?.[option]),
  )
  const after = shown(written ?? {})
  const pending = Object.fromEntries(waiting.map((option) => [option, after[option] ?? 'deleted']))
  return { ...base, state, ...(state !== 'deleted' && { pending }) }
}
