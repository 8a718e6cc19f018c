import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare, type Figure } from './figure.ts'
import { startListServer } from './list-server.ts'

const packages = join(import.meta.dirname, '..', 'packages')
/** What runs of a package that is installed, and of the image. */
const published = ['cli/bin', 'cli/dist/bundle', 'cli/package.json', 'proxmox/schema']

/**
 * How long a command takes beside kubectl's like. As it is published: in a clone it looks first whether a source is newer, for some 5 ms.
 */
export async function commandStart(): Promise<Figure[]> {
  if (spawnSync('kubectl', ['version', '--client']).status !== 0)
    throw new Error('NEEDS kubectl, beside which the commands are measured')
  execFileSync(process.execPath, [join(packages, 'cli', 'bundle', 'build.ts')])
  const folder = mkdtempSync(join(tmpdir(), 'fochista-bench-'))
  for (const path of published) cpSync(join(packages, path), join(folder, path), { recursive: true })
  const program = join(folder, 'cli', 'bin', 'fochista.cjs')
  const ca = join(packages, 'proxmox', 'src', 'testdata', 'ca.crt')
  const pem = (name: string): string => readFileSync(join(ca, '..', name), 'utf8')
  const server = await startListServer(1000)
  const secure = await startListServer(1000, { cert: pem('server.crt'), key: pem('server.key') })
  // Nothing else of this machine's environment: some of it is read by one of the two alone, such as further CAs by Node.
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_STATE_HOME: folder,
    KUBECONFIG: join(folder, 'none'),
    PROXMOX_URL: server.url,
    PROXMOX_TOKEN_ID: 'bench@pve!list',
    PROXMOX_SECRET: 'none',
  }
  const overTls = { ...env, PROXMOX_URL: secure.url, PROXMOX_CA: ca }
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf(secure.url, ca))
  const ofKube = { ...env, KUBECONFIG: kubeconfig }
  const run = (file: string, ...args: string[]): Buffer => execFileSync(file, args, { env })
  const built = (...args: string[]): Buffer => run(process.execPath, program, ...args)
  const listed = (output: Buffer): void => {
    const lines = output.toString().trimEnd().split('\n').length
    if (lines !== 1001) throw new Error(`${lines} lines were printed`)
  }
  try {
    return [
      await compare('fochista --version', 1, () => built('--version'), {
        name: 'kubectl version --client',
        run: () => run('kubectl', 'version', '--client'),
      }),
      await compare('fochista vm list, 1,000 VMs', 1, () => listed(built('vm', 'list')), {
        name: 'kubectl get pods, 1,000 Pods',
        run: () => listed(run('kubectl', '--server', server.url, 'get', 'pods', '--namespace', 'default')),
      }),
      await compare(
        'fochista vm list, 1,000 VMs, over TLS',
        1,
        () => listed(execFileSync(process.execPath, [program, 'vm', 'list'], { env: overTls })),
        {
          name: 'kubectl get pods, 1,000 Pods, over TLS',
          run: () => {
            const trust = ['--certificate-authority', ca, '--token', 'bench']
            listed(run('kubectl', '--server', secure.url, ...trust, 'get', 'pods', '--namespace', 'default'))
          },
        },
      ),
      // What it says of Pods is the server's own table, as with kubectl; libraries in JavaScript read the kubeconfig and speak HTTP.
      await compare(
        'fochista kube pods, 1,000 Pods, over TLS',
        1.25,
        () => listed(execFileSync(process.execPath, [program, 'kube', 'pods'], { env: ofKube })),
        {
          name: 'kubectl get pods, 1,000 Pods, over TLS',
          run: () => listed(execFileSync('kubectl', ['get', 'pods'], { env: ofKube })),
        },
      ),
      await compare('fochista pool scale --help', 2.5, () => built('pool', 'scale', '--help'), {
        name: 'kubectl scale --help',
        run: () => run('kubectl', 'scale', '--help'),
      }),
    ]
  } finally {
    await server.stop()
    await secure.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A kubeconfig as kubectl writes it. */
function kubeconfigOf(server: string, ca: string): string {
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority: ${ca}
    server: ${server}
  name: bench
contexts:
- context:
    cluster: bench
    namespace: default
    user: bench
  name: bench
current-context: bench
kind: Config
users:
- name: bench
  user:
    token: bench
`
}
