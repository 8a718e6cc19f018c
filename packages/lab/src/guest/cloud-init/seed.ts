import { parse } from 'yaml'
import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import type { Json, JsonObject } from '../../kubernetes/resources.ts'
import { readIso } from '../iso9660.ts'

/** What cloud-init finds on a NoCloud drive. */
export interface SeedData {
  readonly instanceId: string
  readonly metaData: JsonObject
  readonly networkConfig: Json | undefined
  /** The cloud-config; undefined when there is none, or it is none. */
  readonly config: JsonObject | undefined
  /** A script given in place of a cloud-config. */
  readonly script: string | undefined
  /** What cloud-init complains of. */
  readonly problems: string[]
}

/** Reads the seed from the images in a VM's drives: the first whose volume is `cidata`. Undefined without one. */
export function readSeed(images: readonly Uint8Array[]): SeedData | undefined {
  for (const bytes of images) {
    const image = readIso(bytes)
    if (image === undefined || image.volume.toLowerCase() !== 'cidata') continue
    const text = (name: string): string | undefined => image.files.get(name)?.toString('utf8')
    const metaText = text('meta-data')
    // Without meta-data the drive is no NoCloud source.
    if (metaText === undefined) continue
    const problems: string[] = []
    const meta = parseYaml(metaText, 'meta-data', problems)
    const metaData = isObject(meta) ? meta : {}
    const networkText = text('network-config')
    const user = text('user-data') ?? ''
    return {
      instanceId: asText(metaData['instance-id']) || 'iid-datasource-none',
      metaData,
      networkConfig:
        networkText === undefined ? undefined : parseYaml(networkText, 'network-config', problems),
      ...readUserData(user, metaData, problems),
      problems,
    }
  }
  return undefined
}

function readUserData(
  text: string,
  metaData: JsonObject,
  problems: string[],
): { config: JsonObject | undefined; script: string | undefined } {
  const nothing = { config: undefined, script: undefined }
  const [first = '', ...rest] = text.split('\n')
  if (/^##\s*template:\s*jinja/.test(first))
    return readUserData(renderTemplate(rest.join('\n'), metaData), metaData, problems)
  if (first.startsWith('#cloud-config')) {
    const config = parseYaml(text, 'cloud-config', problems)
    if (isObject(config)) return { config, script: undefined }
    if (config !== null && config !== undefined) problems.push('cloud-config is not a mapping, it is ignored')
    return { config: {}, script: undefined }
  }
  if (first.startsWith('#!')) return { config: undefined, script: text }
  if (text.trim() !== '')
    problems.push(`Unhandled non-multipart (text/x-not-multipart) userdata: '${first.slice(0, 40)}...'`)
  return nothing
}

/** Fills in `{{ ds.meta_data.x }}` and `{{ v1.x }}`: what people's templates use. */
function renderTemplate(text: string, metaData: JsonObject): string {
  const names: JsonObject = Object.fromEntries(
    Object.entries(metaData).map(([key, value]) => [key.replaceAll('-', '_'), value]),
  )
  const data: JsonObject = {
    ds: { meta_data: names },
    v1: names,
    local_hostname: names['local_hostname'] ?? '',
    instance_id: names['instance_id'] ?? '',
  }
  return text.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (_match, path: string) =>
    asText(at(data, path.split('.'))),
  )
}

function parseYaml(text: string, what: string, problems: string[]): Json | undefined {
  try {
    return parse(text) as Json
  } catch (error) {
    problems.push(
      `Failed loading yaml blob of ${what}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
    )
    return undefined
  }
}
