export {
  confirmIdentity,
  onConfirmationWanted,
  onSignedOut,
  readJson,
  readPage,
  withQuery,
  type ListPath,
  type Page,
  type Query,
} from './api.ts'
export { listPath, makeApi, multipart, type Filled, type ListNamer } from './typedApi.ts'
export { AppearanceProvider, useAppearance } from './appearance.tsx'
export { Chip, type Tone } from './Chip.tsx'
export { saveText } from './csv.ts'
export { ConfirmButton } from './ConfirmButton.tsx'
export { ErrorPanel } from './ErrorPanel.tsx'
export { Age, Instant, useNow, useZone, WallTime, ZoneProvider } from './Moment.tsx'
export { EmptyState, Facts, LinkButton, PageHeader, Panel, type Fact } from './Panel.tsx'
export { mountPortal } from './PortalRoot.tsx'
export { asProblem, ProblemError, type FieldReason } from './problem.ts'
export { Field, ResourceForm } from './ResourceForm.tsx'
export { Cards, listKey, ResourceTable, Rows, type Selection } from './ResourceTable.tsx'
export { rememberOrganisationName, SessionGate, signOut } from './session.tsx'
export type { NavEntry, NavGroup, NavItem } from './MainNav.tsx'
export { Banner, Shell } from './Shell.tsx'
export { Lookup, useSettled } from './TableFilters.tsx'
export type { Column, Filter, Option } from './tableTypes.ts'
export { useAction } from './useAction.ts'
export { useLive } from './useLive.ts'
export type { LivePhase, LiveState } from './liveSocket.ts'
export { useIsNarrow, useMedia } from './useMedia.ts'
export * from './dayTimes.ts'
export * from './zoned.ts'
