import { Answer } from './handler.ts'
import type { ApiError } from './api-error.ts'

/** An answer in one of the formats of the API. */
export interface Rendered {
  readonly status: number
  readonly reason: string
  readonly contentType: string
  readonly body: string | Uint8Array
}

/** How a format shows a result and an error. */
export interface Formatter {
  readonly success: (result: unknown) => Rendered
  readonly failure: (error: ApiError) => Rendered
}

const JSON_TYPE = 'application/json;charset=UTF-8'
const HTML_TYPE = 'text/html;charset=UTF-8'

const json: Formatter = {
  success: (result) => ok(JSON_TYPE, JSON.stringify(envelope(result))),
  failure: (error) => ({
    status: error.status,
    reason: error.message,
    contentType: JSON_TYPE,
    body: JSON.stringify({ data: null, message: error.message, errors: error.errors }),
  }),
}

/** Always `200 OK`: success and status are inside, as browsers of the original want it. */
const extjs: Formatter = {
  success: (result) => ok(JSON_TYPE, JSON.stringify({ ...envelope(result), success: 1 })),
  failure: (error) => ok(JSON_TYPE, JSON.stringify(extjsError(error))),
}

const htmljs: Formatter = {
  success: (result) => ok(HTML_TYPE, escapeHtml(JSON.stringify({ ...envelope(result), success: 1 }))),
  failure: (error) => ok(HTML_TYPE, escapeHtml(JSON.stringify(extjsError(error)))),
}

/** A plain page in place of the original's API viewer: its data, readable. */
const html: Formatter = {
  success: (result) => ok(HTML_TYPE, page(JSON.stringify(envelope(result).data, null, 2))),
  failure: (error) => ({
    status: error.status,
    reason: error.message,
    contentType: HTML_TYPE,
    body: page(error.message),
  }),
}

const png: Formatter = {
  success: (result) => {
    const image = (envelope(result)['data'] as { image?: unknown } | null)?.image
    return ok('image/png', typeof image === 'string' ? Buffer.from(image, 'latin1') : '')
  },
  failure: json.failure,
}

const spiceconfig: Formatter = {
  success: (result) =>
    ok(
      'application/x-virt-viewer;charset=UTF-8',
      `[virt-viewer]\n${Object.entries((envelope(result).data ?? {}) as Record<string, unknown>)
        .map(([key, value]) => `${key}=${String(value)}\n`)
        .join('')}`,
    ),
  failure: json.failure,
}

/** The formats by name; others are refused with 501. */
export const FORMATTERS: Readonly<Record<string, Formatter | undefined>> = {
  json,
  extjs,
  htmljs,
  html,
  png,
  spiceconfig,
}

function ok(contentType: string, body: string | Uint8Array): Rendered {
  return { status: 200, reason: 'OK', contentType, body }
}

function envelope(result: unknown): Record<string, unknown> {
  if (result instanceof Answer) return { data: result.data ?? null, ...result.extra }
  return { data: result ?? null }
}

/** Codes that were raised are text here; those of run-time failures are numbers. */
function extjsError({ status, message, errors }: ApiError): Record<string, unknown> {
  const raised = status !== 500 && status !== 501
  return { data: null, success: 0, status: raised ? String(status) : status, message, errors }
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)
}

function page(text: string): string {
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Proxmox VE API</title>
  </head>
  <body>
    <pre>${escapeHtml(text)}</pre>
  </body>
</html>
`
}
