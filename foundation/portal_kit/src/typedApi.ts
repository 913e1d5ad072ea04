import createClient, { type RequestBodyOption, type RequestOptions } from 'openapi-fetch'
import type { PathsWithMethod, ResponseObjectMap, SuccessResponse } from 'openapi-typescript-helpers'
import { fetchAnswer, type ListPath, type Page } from './api.ts'

type Method = 'get' | 'post' | 'put' | 'delete'
type Operation<Paths, Path extends keyof Paths, M extends Method> =
  Paths[Path] extends Record<M, infer Found> ? Found : never

/** A schema as answers hold it: fields with defaults are optional in the document, and always sent. */
export type Filled<T> = T extends object ? { [K in keyof T]-?: Filled<T[K]> } : T

/** What a call answers: the JSON of its 2xx responses, or nothing. */
type Answer<Paths, Path extends keyof Paths, M extends Method> = Filled<
  SuccessResponse<ResponseObjectMap<Operation<Paths, Path, M>>, 'application/json'>
>

/** What an operation takes: the values of its path and query, and its body. */
type Init<Op> = (Op extends { parameters: infer Parameters }
  ? Pick<Parameters, keyof Parameters & ('path' | 'query')>
  : object) &
  RequestBodyOption<Op> &
  Pick<RequestOptions<Op>, 'bodySerializer' | 'parseAs' | 'headers'> & { signal?: AbortSignal | undefined }
type Args<I> = object extends I ? [init?: I] : [init: I]

type Call<Paths extends object, M extends Method> = <Path extends PathsWithMethod<Paths, M>>(
  path: Path,
  ...init: Args<Init<Operation<Paths, Path, M>>>
) => Promise<Answer<Paths, Path, M>>

type Values = Record<string, unknown>

/** A call to each operation of an OpenAPI document: its answer, or a ProblemError. */
export type Api<Paths extends object> = { [M in Method]: Call<Paths, M> }

/** `Paths` is what openapi-typescript makes of the document; `baseUrl` is this page's own origin unless given. */
export function makeApi<Paths extends object>(baseUrl = ''): Api<Paths> {
  const client = createClient<Record<string, Record<Method, object>>>({ baseUrl, fetch: fetchAnswer })
  const call =
    (method: Method) =>
    async (address: string, { path, query = {}, ...rest }: { path?: Values; query?: Values } = {}) => {
      // An empty text is no filter: the back end would look for it.
      const asked = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
      return (await client.request(method, address, { params: { path, query: asked }, ...rest })).data
    }
  return { get: call('get'), post: call('post'), put: call('put'), delete: call('delete') } as unknown as Api<Paths>
}

type RowOf<Answer> = Answer extends Page<infer Row> ? Row : never

/** Names a list of the document, so that a table of it knows its rows; `at` fills the braces of the path. */
export type ListNamer<Paths extends object> = <Path extends PathsWithMethod<Paths, 'get'> & string>(
  path: Path,
  at?: Record<string, string>,
) => ListPath<RowOf<Answer<Paths, Path, 'get'>>>

export const listPath = (path: string, at: Record<string, string> = {}): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(at[name] ?? ''))

/** A body as multipart/form-data, for operations that take a file. */
export function multipart(parts: object): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(parts) as [string, string | Blob][]) form.append(name, value)
  return form
}
