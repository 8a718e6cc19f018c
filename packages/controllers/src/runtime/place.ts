import { AsyncLocalStorage } from 'node:async_hooks'

/** The place of one key among those that are worked on at once. */
interface Place {
  /** Runs something during which the place is another's: whoever waits for somebody slow must not keep the rest from working. */
  lend<T>(run: () => Promise<T>): Promise<T>
  /** The work is over; what of it still runs has no place any more. */
  end(): void
}

/** Makes a place. `change` hears +1 when it is lent and -1 when it is taken back, however many calls are under way at once. */
export function createPlace(change: (by: 1 | -1) => void): Place {
  let waiting = 0
  let ended = false
  return {
    lend: async (run) => {
      if (ended) return run()
      waiting += 1
      if (waiting === 1) change(1)
      try {
        return await run()
      } finally {
        waiting -= 1
        if (waiting === 0 && !ended) change(-1)
      }
    },
    end: () => {
      ended = true
      if (waiting > 0) change(-1)
    },
  }
}

const places = new AsyncLocalStorage<Place>()

/** Runs the work of a place. */
export const withPlace = <T>(place: Place, run: () => Promise<T>): Promise<T> => places.run(place, run)

/** Waits for somebody who may be slow, with the place lent meanwhile. Outside a queue it only waits. */
export const lendingPlace = <T>(run: () => Promise<T>): Promise<T> => places.getStore()?.lend(run) ?? run()
