/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Whether a value is an object with fields. */
export function isObject(value: unknown): value is { [key: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** The JSON in a text; undefined when it is none. */
export function parseJson(text: string | undefined): Json | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
