import { choice, command, flag, integer, text, textOr } from '../command.ts'
import { tr } from '../locale.ts'
import { untilAborted } from '../wait.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** `fochista serve`: the controllers, until a signal. They read only ProxmoxClusters: there is no second source of truth. */
export const serve = command({
  path: 'serve',
  summary: tr('run the controllers', 'esegue i controller'),
  options: {
    identity: textOr(
      '--identity <name>',
      tr('name in the leader election Lease', 'nome nella Lease di elezione del leader'),
      '',
    ),
    noLeaderElection: flag(
      '--no-leader-election',
      tr('do not take the Lease (one process only)', 'non prende la Lease (un solo processo)'),
    ),
    concurrency: integer('--concurrency <n>', tr('machines worked on at once', 'macchine trattate insieme'), {
      min: 1,
      max: 256,
    }),
    healthPort: integer(
      '--health-port <port>',
      tr(
        'answer /healthz, /readyz and /metrics on this port; 0 takes a free one (default: do not)',
        'risponde a /healthz, /readyz e /metrics su questa porta; 0 ne prende una libera (predefinito: no)',
      ),
      { min: 0, max: 65_535 },
    ),
    logFile: text(
      '--log-file <file>',
      tr(
        'write the log there instead of standard error',
        'scrive il log in questo file invece che su standard error',
      ),
    ),
    logLevel: choice('--log-level <level>', tr('what is logged', 'cosa si registra'), levels, 'info'),
  },
  examples: ['fochista serve', 'fochista serve --log-level debug'],
  run: async (context, _args, options) => {
    const [{ createHealth, serveHealth, startControllers }, { pino }, { hostname }] = await Promise.all([
      import('@fochista/controllers'),
      import('pino'),
      import('node:os'),
    ])
    const logger = pino(
      { level: options.logLevel },
      options.logFile
        ? pino.destination({ dest: options.logFile, sync: false })
        : pino.destination({ fd: 2, sync: false }),
    )
    const health = options.healthPort === undefined ? undefined : createHealth()
    const probes =
      health && options.healthPort !== undefined ? await serveHealth(health, options.healthPort) : undefined
    try {
      const controllers = await startControllers({
        kubernetes: await context.kubernetes(),
        identity: options.identity || `${hostname()}-${process.pid}`,
        leaderElection: !options.noLeaderElection,
        concurrency: options.concurrency,
        logger,
        health,
      })
      if (probes)
        context.io.note(
          `${tr('Health and metrics', 'Salute e metriche')}: http://localhost:${probes.port}/readyz, /healthz, /metrics`,
        )
      context.io.note(
        tr('The controllers run. Ctrl-C stops them.', 'I controller sono in esecuzione. Ctrl-C li ferma.'),
      )
      try {
        await Promise.race([untilAborted(context.signal), controllers.done])
      } finally {
        await controllers.stop()
      }
    } finally {
      await probes?.stop()
    }
  },
})
