import { storageConfigHandlers } from './config.ts'
import { contentHandlers } from './content.ts'
import { volumeCopyHandlers } from './copy.ts'
import { downloadHandlers } from './download.ts'
import { storageListHandlers } from './list.ts'
import { uploadHandlers } from './upload.ts'
import { volumeHandlers } from './volume.ts'
import type { Handlers } from '../handler.ts'

/** Storages: their configuration, their state on hosts, and what they hold. */
export const storageHandlers: Handlers = {
  ...contentHandlers,
  ...downloadHandlers,
  ...storageConfigHandlers,
  ...storageListHandlers,
  ...uploadHandlers,
  ...volumeCopyHandlers,
  ...volumeHandlers,
}
