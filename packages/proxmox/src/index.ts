// The public surface of the Proxmox VE SDK.
export { createProxmox, type CallOptions, type Proxmox, type ProxmoxConfig } from './client.ts'
export type { Credentials } from './auth.ts'
export type { TlsConfig } from './tls.ts'
export type { ParamValue } from './encode.ts'
export * from './errors.ts'
export { isUpid, parseUpid, printUpid, type Upid } from './upid.ts'
export type { Tasks, TaskStatus, WaitOptions } from './task.ts'
export type { UploadOptions } from './upload.ts'
export {
  parseDrive,
  parsePropertyString,
  parseSize,
  printPropertyString,
  type Drive,
  type PropertyValues,
} from './property-string.ts'
export {
  createObserver,
  type ClusterResource,
  type ClusterTask,
  type ObservedChange,
  type Observer,
  type ObserverClock,
  type ObserverOptions,
} from './observer/observer.ts'
export type { DeleteCalls, GetCalls, PostCalls, PutCalls } from './generated/calls.ts'
export { generatedFrom } from './generated/calls.ts'
