import { listPath, makeApi, type Filled, type ListNamer } from '@punctual/portal-kit'
import type { components, paths } from './schema'

export type Schemas = components['schemas']
export type Answers = Filled<Schemas>

/** The organisation's back end, as its OpenAPI document describes it. */
export const api = makeApi<paths>()

export const list: ListNamer<paths> = listPath
