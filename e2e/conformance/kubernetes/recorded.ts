/** One line of a recording of the API server. */
export interface Recorded {
  n: number
  title: string
  request?: { method: string; path: string; headers: [string, string][]; body?: string }
  response?: RecordedResponse
  /** Bytes as they were on the connection, of exchanges that were recorded so. */
  raw_request?: string
  raw_response?: Pick<RecordedResponse, 'frames'>
  /** What the webhook server was sent since the line before. */
  webhook?: { body: string }
  /** The exchange stayed open until this line was done. */
  open_until?: number
  /** A command of another program, which stands there instead of a request. */
  client?: { command: string }
  /** What the recorder did besides. */
  note?: string
  /** Values of the request that came out of earlier answers. */
  uses?: { value: string; from: number; at: string }[]
}

/** The recorded answer: whole (`body`) or as a stream (`frames`). */
export interface RecordedResponse {
  status: number
  /** Reason phrase; not compared where it was not recorded. */
  reason?: string
  headers?: [string, string][]
  body?: string
  frames?: { t: number; data: string }[]
  closed_by?: 'server' | 'client'
  closed_after_s?: number
  /** What the recorder's program said where no answer came; there is no status then. */
  error?: string
}

/** Whether a text was cut by the recorder. */
export function isCut(text: string | undefined): boolean {
  return /\.\.\.\[\d+ bytes\]$/.test(text ?? '')
}
