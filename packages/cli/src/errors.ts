import { exitCodes, type ExitCode } from './exit-codes.ts'
import { tr } from './locale.ts'

/** A failure that the command explains itself: one sentence, and what to type or do next. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  /** The next thing to do, shown indented below the message. */
  readonly hint: string | undefined
  readonly exitCode: ExitCode

  constructor(
    message: string,
    options: { hint?: string | undefined; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.hint = options.hint
    this.exitCode = options.exitCode ?? exitCodes.failed
  }
}

/** The words of the command line are wrong; names the option, the value and the rule. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
}

/** The user stopped it (Ctrl-C). Nothing is printed about it but what was left. */
export class CancelledError extends CommandError {
  override readonly name = 'CancelledError'
  constructor(message = tr('Cancelled.', 'Annullato.')) {
    super(message, { exitCode: exitCodes.cancelled })
  }
}

/** What was asked for goes on, but the wait for it ended. */
export class StillInProgressError extends CommandError {
  override readonly name = 'StillInProgressError'
  constructor(message: string, hint?: string) {
    super(message, { hint, exitCode: exitCodes.stillInProgress })
  }
}

/** What `main` prints for any error and the code it exits with. SDK errors are told apart by name: no SDK is loaded to print one. */
export function explain(error: unknown): { message: string; hint?: string | undefined; exitCode: ExitCode } {
  if (error instanceof CommandError)
    return { message: error.message, hint: error.hint, exitCode: error.exitCode }
  if (!(error instanceof Error)) return { message: String(error), exitCode: exitCodes.failed }
  const status = 'status' in error ? error.status : undefined
  if (status === 401) {
    return {
      message: error.message,
      hint: tr(
        'The credentials were refused. Check the kubeconfig (KUBECONFIG) or token in use.',
        'Le credenziali sono state rifiutate. Controlla il kubeconfig (KUBECONFIG) o il token in uso.',
      ),
      exitCode: exitCodes.notSignedIn,
    }
  }
  if (error.name === 'AbortError')
    return { message: tr('Cancelled.', 'Annullato.'), exitCode: exitCodes.cancelled }
  if (/Tls/.test(error.name)) {
    return {
      message: error.message,
      hint: tr(
        'Pin the certificate with --fingerprint, give its CA with --ca-file, or (not for production) pass --insecure.',
        'Fissa il certificato con --fingerprint, indica la sua CA con --ca-file, oppure (mai in produzione) usa --insecure.',
      ),
      exitCode: exitCodes.failed,
    }
  }
  return { message: error.message, exitCode: exitCodes.failed }
}
