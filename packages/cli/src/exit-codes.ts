/** What the command's exit code tells a script. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  cancelled: 2,
  notSignedIn: 4,
  stillInProgress: 8,
} as const

/** One of the exit codes. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
