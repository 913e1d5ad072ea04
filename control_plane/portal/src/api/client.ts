import { listPath, makeApi, type ListNamer } from '@punctual/portal-kit'
import type { components, paths } from './schema'

export type Schemas = components['schemas']

/** The control plane, as its OpenAPI document describes it. */
export const api = makeApi<paths>()

export const list: ListNamer<paths> = listPath
